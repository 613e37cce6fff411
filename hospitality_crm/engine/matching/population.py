"""How many persons bear a name, and what is known of the clusters that two rows belong to."""

from typing import NamedTuple

import numpy as np

from .context import name_keys, word_keys

RARITIES = ("1", "2", "3", "5", "9", "17", "33", "65", "129")
_RARITY_EDGES = np.array([1, 2, 3, 5, 9, 17, 33, 65, 129])
CHANCES = ("0", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3", "10", "30")
_CHANCE_EDGES = np.array([0, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30], np.float32)
SIZES = ("1", "2", "4", "8")
_SIZE_EDGES = np.array([1, 2, 4, 8])
OTHERS = ("0", "1", "2", "4", "8")
_OTHERS_EDGES = np.array([0, 1, 2, 4, 8])

_UNSEEN = 100

# The slots that follow from counts of persons, computed anew when these change.
COUNTED = {
    "rarity": ("none", *(f"{kind}:{rarity}" for kind in ("same", "near", "part") for rarity in RARITIES)),
    "entity": (
        "none",
        *(
            f"{size}+{least}:{others}:{apart}"
            for size in SIZES
            for least in ("1", "2")
            for others in OTHERS
            for apart in ("0", "1", "2")
        ),
    ),
    "chance": ("none", *(f"{kind}:{chance}" for kind in ("alone", "with") for chance in CHANCES)),
}


class Population(NamedTuple):
    """What the counted slots need of each row.

    ``whole``: persons of its name, 0 without a whole one; ``rare``: persons of the rarer of its words; ``expected``:
    persons who would bear the name if given and family names were independent; ``labels``, ``sizes``: cluster and
    rows of the cluster; ``phones``, ``emails``: whether its cluster has any.
    """

    whole: np.ndarray
    rare: np.ndarray
    expected: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray
    phones: np.ndarray
    emails: np.ndarray

    @classmethod
    def of(cls, table, context, labels=None):
        """Return the population by the counts of a context."""
        keys, words = name_keys(table), word_keys(table)
        whole = np.where(keys != 0, context.persons(keys), 0)
        given, family = (np.where(column != 0, context.persons(column), 0) for column in words)
        return cls.counted(table, whole, given, family, context.total, labels)

    @classmethod
    def of_census(cls, census, labels):
        """Return the population with persons counted by clusters."""
        names, words, total = census.persons(labels)
        columns = names[census.name], words[census.given], words[census.family]
        return cls.counted(census.table, *columns, total, labels)

    @classmethod
    def counted(cls, table, whole, given, family, total, labels=None):
        """Return the population by persons per name and word of each row, 0 where a row has none."""
        labels = np.arange(len(table)) if labels is None else np.asarray(labels)
        many = 1 << 30
        rare = np.minimum(np.where(given > 0, given, many), np.where(family > 0, family, many))
        # Few persons cannot show that a name is rare in the world.
        expected = np.maximum(given.astype(np.float32) * family, _UNSEEN) / max(total, 1)
        expected = np.where(whole > 0, expected, 0).astype(np.float32)
        known = []
        for column in (table.phone[:, 0] != 0, table.email[:, 0] >= 0):
            has = np.zeros(len(table), bool)
            has[labels[column]] = True
            known.append(has[labels])
        sizes = np.bincount(labels, minlength=len(table))[labels].astype(np.int32)
        return cls(whole.astype(np.int32), rare.astype(np.int32), expected, labels, sizes, *known)

    def codes(self, left, right, kind, some):
        """Return the codes of the counted slots of pairs.

        :param kind: of :func:`name_kinds`
        :param some: of :func:`evidence_of_contact`
        """
        count = np.maximum(self.whole[left], self.whole[right])
        # Of a part of a name the word that both have decides: the rarer one of either record.
        part = np.flatnonzero(kind == 3)
        count[part] = np.maximum(self.rare[left[part]], self.rare[right[part]])
        count = np.where((count == 0) | (count >= 1 << 30), 1, count)
        bucket = _bucket(_RARITY_EDGES, count)
        rarity = np.where(kind > 0, (kind.astype(np.int16) - 1) * len(RARITIES) + bucket + 1, 0).astype(np.uint8)
        chance = _bucket(_CHANCE_EDGES, np.maximum(self.expected[left], self.expected[right]))
        full = (kind == 1) | (kind == 2)
        chance = np.where(full, some * len(CHANCES) + chance + 1, 0).astype(np.uint8)
        alone = np.flatnonzero(full & ~some)
        entity = np.zeros(len(left), np.uint8)
        entity[alone] = self._entities(left[alone], right[alone], count[alone])
        return {"rarity": rarity, "entity": entity, "chance": chance}

    def _entities(self, left, right, persons):
        size, other = self.sizes[left], self.sizes[right]
        apart = (self.phones[left] & self.phones[right]).astype(np.int16) + (self.emails[left] & self.emails[right])
        most = _bucket(_SIZE_EDGES, np.maximum(size, other))
        least = np.minimum(size, other) > 1
        others = _bucket(_OTHERS_EDGES, np.maximum(persons - 2, 0))
        code = ((most * 2 + least) * len(OTHERS) + others) * 3 + apart + 1
        return np.where(self.labels[left] == self.labels[right], 0, code)


def _bucket(edges, values):
    """Position of the last edge that is not above each value."""
    return (np.searchsorted(edges, values, side="right") - 1).astype(np.int16)
