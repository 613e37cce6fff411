"""Which profiles of a small graph are one guest: newcomers and the stored profiles they may belong to."""

from itertools import chain

import numpy as np

from ...engine import matching
from ...engine.matching.arrays import among
from ...engine.matching.context import Counts, name_keys, word_keys
from ...engine.matching.guards import CONTACT_SLOTS
from ...engine.matching.model import _value as get_value
from ...engine.matching.model import household_pairs
from ...engine.matching.slots import own_contact, same_contact
from .run_data import get_chains

# Profiles of one guest belong together whatever the engine thinks of them.
CERTAIN = 1000.0
# In a block of so many profiles of one batch nobody is told apart by it.
LOCAL_CAP = 200
# What is known to be used by too many guests.
MANY = 1000
# A handful of guests says little about how rare a name is.
LEAST_TOTAL = 1000


class Judgement:
    """Scores and clusters of newcomers and the stored profiles of the guests they may be.

    :param list newcomers: :class:`~.newcomer.Newcomer`; those with ``partner_id`` are stored themselves
    :param list nodes: :class:`~.newcomer.Node`
    :param weights: the engine's weights with thresholds
    :param set hubs: keys that too many guests share
    :param vetoes: pairs of guests that are different
    """

    def __init__(self, newcomers, nodes, weights, hubs=frozenset()):
        self.newcomers = newcomers
        self.nodes = [*newcomers, *nodes]
        self.weights = weights
        self.hubs = np.fromiter(hubs, np.int64, len(hubs))
        self.context = matching.Context()
        self.table = matching.Table.of([node.normal for node in self.nodes])
        self.partners = np.array([node.partner_id or 0 for node in self.nodes], np.int64)
        self.names = name_keys(self.table)
        self.words = word_keys(self.table)
        self.labels = np.arange(len(self.nodes))
        self.score = np.zeros(0, np.float32)
        self.household = np.zeros(0, bool)
        self._find_pairs()

    def get_name_keys(self):
        """Return the keys of names and words whose number of guests matters."""
        keys = np.unique(np.concatenate([self.names, *self.words]))
        return keys[keys != 0].tolist()

    def judge(self, counts, total, get_vetoes):
        """Score and cluster.

        :param dict counts: guests per key of :meth:`get_name_keys`
        :param int total: guests in all
        :param get_vetoes: function of a set of partner ids that returns the pairs of them that are different guests;
            called where several would be one
        """
        if len(self.left):
            persons = np.where(self.partners > 0, self.partners, -1 - np.arange(len(self.partners)))
            self.context = self._get_context(persons, counts, total)
            self._score()
            strong = self.score >= self.weights.auto
            if strong.any():
                guests = {*self.partners[self.left[strong]].tolist(), *self.partners[self.right[strong]].tolist()} - {0}
                self._cluster(get_vetoes(guests) if len(guests) > 1 else ())

    def _get_context(self, persons, counts, total):
        context = matching.Context.of(self.table, persons)
        contacts = dict(zip(context.contacts.keys.tolist(), context.contacts.values.tolist(), strict=True))
        contacts |= dict.fromkeys(self.hubs.tolist(), MANY)
        known = dict(zip(context.persons.keys.tolist(), context.persons.values.tolist(), strict=True))
        # All who bear a whole name are here; of a word of a name the few who are here say nothing.
        words = set(np.concatenate(self.words).tolist())
        known = {key: count for key, count in known.items() if key not in words}
        for key, count in counts.items():
            known[key] = max(known.get(key, 0), count)
        for key in self.hubs.tolist():
            if key in known:
                known[key] = max(known[key], LOCAL_CAP)
        return matching.Context(
            Counts(list(contacts), list(contacts.values())),
            Counts(list(known), list(known.values())),
            max(total, LEAST_TOTAL),
            roles=context.roles,
        )

    def _find_pairs(self):
        """Find the pairs of newcomers with each other and with stored profiles of other guests."""
        sizes = [len(node.keys) for node in self.nodes]
        keys = np.fromiter(chain.from_iterable(node.keys for node in self.nodes), np.int64, sum(sizes))
        rows = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        if len(self.hubs):
            kept = ~np.isin(keys, self.hubs)
            keys, rows = keys[kept], rows[kept]
        left, right = matching.candidates(keys, rows, cap=LOCAL_CAP)
        # Stored profiles have been compared with each other before.
        fresh = (left < len(self.newcomers)) & (
            (self.partners[left] == 0) | (self.partners[right] != self.partners[left])
        )
        fresh &= self.table.kind[left] == self.table.kind[right]
        self.left, self.right = left[fresh], right[fresh]

    def _get_chains(self):
        later, before = get_chains(self.partners)
        stored = self.partners[later] > 0
        return later[stored], before[stored]

    def _score(self):
        later, before = self._get_chains()
        labels = matching.clusters.components(len(self.nodes), later, before)
        self.slots = matching.features(self.table, self.left, self.right, self.context, labels)
        self.score = score_slots(self.table, self.left, self.right, self.slots, self.weights)
        self.barred = self.slots["guard"] > 0
        known = ~self.barred & (self.partners[self.left] == 0) & has_own_contact(self.slots)
        self.score[known] = np.maximum(self.score[known], self.weights.auto)
        self.household = household_pairs(self.slots) & (self.table.kind[self.left] == 0)

    def _cluster(self, vetoes):
        later, before = self._get_chains()
        rows = {}
        for row, partner_id in enumerate(self.partners.tolist()):
            rows.setdefault(partner_id, row)
        pairs = [(rows[one], rows[other]) for one, other in vetoes if one in rows and other in rows]
        joins = ~self.household
        found = matching.cluster(
            self.table,
            np.concatenate([before, self.left[joins]]),
            np.concatenate([later, self.right[joins]]),
            np.concatenate([np.full(len(later), CERTAIN, np.float32), self.score[joins]]),
            self.weights.auto,
            self.context,
            pairs,
            barred=np.concatenate([np.zeros(len(later), bool), self.barred[joins]]),
        )
        self.labels = found.labels

    def get_clusters(self):
        """Return ``{label: [rows]}`` of the clusters with a newcomer."""
        clusters = {}
        for row, label in enumerate(self.labels.tolist()):
            clusters.setdefault(label, []).append(row)
        wanted = set(self.labels[: len(self.newcomers)].tolist())
        return {label: rows for label, rows in clusters.items() if label in wanted}

    def get_best_partner(self, rows):
        """Return the guest whose profiles fit the newcomers of a cluster best, the oldest of equals."""
        partners = {int(self.partners[row]) for row in rows} - {0}
        if len(partners) == 1:
            return partners.pop()
        inside = np.zeros(len(self.nodes), bool)
        inside[rows] = True
        best = {}
        for position in np.flatnonzero(inside[self.left] & inside[self.right]).tolist():
            for row in (self.left[position], self.right[position]):
                partner_id = int(self.partners[row])
                if partner_id:
                    best[partner_id] = max(best.get(partner_id, -CERTAIN), float(self.score[position]))
        return min(partners, key=lambda partner_id: (-best.get(partner_id, -CERTAIN), partner_id))

    def get_questions(self):
        """Return ``[(row, row, score, band, evidence)]`` for people, of each two guests their best pair.

        Guests are told by ``partner_id`` or, of newcomers without one, by their ``group``.
        """
        asked = np.flatnonzero((self.score >= self.weights.ask) | self.household)
        asked = asked[np.argsort(-self.score[asked], kind="stable")]
        owners = [
            node.partner_id or ("new", getattr(node, "group", None) if row < len(self.newcomers) else None)
            for row, node in enumerate(self.nodes)
        ]
        best, questions = set(), []
        evidence = Evidence(self.slots, self.weights) if len(asked) else None
        for position in asked.tolist():
            one, other = int(self.left[position]), int(self.right[position])
            pair = frozenset((owners[one], owners[other]))
            if len(pair) == 1 or pair in best:
                continue
            best.add(pair)
            score = float(self.score[position])
            if self.household[position]:
                band = "household"
            else:
                band = "merge" if score >= self.weights.auto and not self.barred[position] else "ask"
            pieces = evidence.get(position, score, self.nodes[one].normal, self.nodes[other].normal)
            questions.append((one, other, score, band, pieces))
        return questions


class Evidence:
    """What speaks for and against pairs as it is stored.

    :param slots: codes of the pairs
    :param weights: the engine's weights
    """

    def __init__(self, slots, weights):
        self.weights = weights
        # Per slot the codes, and what is known of each level met so far.
        self.columns = [(slot, codes.tolist(), {}) for slot, codes in slots.items()]

    def get(self, position, score, one, other):
        """Return the evidence of a pair, strongest first; the weights sum to the score.

        :param int position: which of the pairs
        :param one, other: normal forms of its profiles, for the values
        """
        bias = self.weights.bias
        pieces = [{"code": "prior", "weight": round(bias, 2), "left": "", "right": ""}]
        rest = score - bias
        values = {}
        for slot, codes, known in self.columns:
            level = codes[position]
            described = known.get(level)
            if described is None:
                described = known[level] = self._describe(slot, level)
            if described:
                code, weight, shown = described
                rest -= weight
                if shown not in values:
                    values[shown] = get_value(one, shown), get_value(other, shown)
                left, right = values[shown]
                pieces.append({"code": code, "weight": round(weight, 2), "left": left, "right": right})
        if abs(rest) > 0.05:
            company = {"left": one.company, "right": other.company}
            pieces.append({"code": "organisation", "weight": round(rest, 2), **company})
        return sorted(pieces, key=lambda piece: (-abs(piece["weight"]), piece["code"]))

    def _describe(self, slot, level):
        """Return ``(code, weight, slot whose values are shown)`` of what counts, else ``()``."""
        weight = float(self.weights.tables[slot][level])
        if not weight and not (slot == "guard" and level):
            return ()
        name = matching.slots.SLOTS[slot][level]
        shown = slot
        if slot == "guard":  # it names what it is about
            shown = "name" if name in ("word", "contact") else name
        return f"{slot}.{name}", weight, shown


def has_own_contact(slots):
    """Whether both records have one name and an address or number that few others use.

    Such a newcomer belongs to the guest, also when he has moved house meanwhile.
    """
    same = _EQUAL[slots["given"]] & _EQUAL[slots["family"]] & ~_BORN_ELSE[slots["birth"]]
    return same & np.logical_or.reduce([own_contact(slots[part]) for part in CONTACT_SLOTS])


def score_slots(table, left, right, slots, weights):
    """Return the scores of pairs; companies are one when name and a contact or number are the same."""
    score = weights.score(slots)
    if score is None or not len(left):
        return np.zeros(len(left), np.float32)
    companies = np.flatnonzero((table.kind[left] > 0) & (table.kind[right] > 0))
    if len(companies):
        a, b = left[companies], right[companies]
        same = (table.company[a] == table.company[b]) & (table.company[a] != 0) & (table.kind[a] == table.kind[b])
        number = slots["document"][companies] == 2
        contact = np.logical_or.reduce([same_contact(slots[part][companies]) for part in CONTACT_SLOTS])
        score[companies] = np.select(
            [same & (contact | number), same | number], [weights.auto + 2, weights.ask + 1], weights.ask - 5
        )
    return score


# Levels of names and of birth dates.
_EQUAL, _BORN_ELSE = among(1, 2), among(4, 5)
