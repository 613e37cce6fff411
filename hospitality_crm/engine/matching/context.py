"""What depends on the population: how many names use a contact, how many persons bear a name."""

from functools import partial

import numpy as np

from .arrays import begins, runs
from .keys import address_keys, in_threads
from .person import SURE
from .table import TAIL
from .vocabulary import mix


class Counts:
    """Numbers by 64-bit key, looked up for whole arrays; what is unknown counts as ``default``."""

    def __init__(self, keys=(), values=(), default=1):
        keys, values = np.asarray(keys, np.int64), np.asarray(values, np.int32)
        order = np.argsort(keys, kind="stable")
        self.keys, self.values, self.default = keys[order], values[order], default

    @classmethod
    def distinct(cls, keys, members, default=1):
        """Count the distinct ``members`` of each key; zeros on either side count for nothing."""
        keys, members = np.asarray(keys, np.int64).ravel(), np.asarray(members, np.int64).ravel()
        kept = np.flatnonzero((keys != 0) & (members != 0))
        keys, members = keys[kept], members[kept]
        order = np.lexsort((members, keys))
        keys, members = keys[order], members[order]
        if not len(keys):
            return cls(default=default)
        fresh, starts = begins(keys, members), np.flatnonzero(begins(keys))
        return cls(keys[starts], np.add.reduceat(fresh.astype(np.int32), starts), default)

    def __call__(self, keys):
        if not len(self.keys):
            return np.full(np.shape(keys), self.default, np.int32)
        found = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[found] == keys, self.values[found], self.default)


class Context:
    """Counts over a population of records.

    :param Counts contacts: distinct names per :func:`contact_keys`
    :param Counts persons: persons per :func:`name_keys` and :func:`word_keys`
    :param int total: persons in all
    :param int cap: records of a block above which it is skipped
    :param Counts roles: +1 for words that are mostly given names, -1 for family names, by :func:`word_keys`
    """

    def __init__(self, contacts=None, persons=None, total=1000, cap=60, roles=None):
        self.contacts = contacts or Counts()
        self.roles = roles or Counts(default=0)
        self.persons = persons or Counts()
        self.total = total
        self.cap = cap

    @classmethod
    def of(cls, table, labels=None, cap=60, threads=1):
        """Return the context of a table.

        :param labels: person of each record where it is known, any whole numbers; else every record counts as one
        """
        labels = np.arange(len(table)) if labels is None else labels
        counts = in_threads([count_names, partial(count_persons, labels=labels), count_roles], table, threads=threads)
        contacts, (persons, total), roles = counts
        return cls(contacts, persons, total, cap, roles)

    @classmethod
    def of_counts(cls, contacts=None, persons=None, total=1000, cap=60):
        """Return the context of counts kept elsewhere.

        :param dict contacts: distinct names by key of :func:`contact_keys`
        :param dict persons: persons by key of :func:`name_keys` and :func:`word_keys`
        """
        contacts, persons = contacts or {}, persons or {}
        return cls(
            Counts(list(contacts), list(contacts.values())), Counts(list(persons), list(persons.values())), total, cap
        )

    def recount(self, table, labels, census=None):
        """Return the context with persons counted by the clusters of ``labels``."""
        return Context(self.contacts, *count_persons(table, labels, census), self.cap, self.roles)

    def save(self, path):
        """Write the context to an ``.npz`` file."""
        parts = {"size": np.array([self.total, self.cap])}
        for key in ("contacts", "persons", "roles"):
            counts = getattr(self, key)
            parts |= {f"{key}_keys": counts.keys, f"{key}_values": counts.values}
        np.savez(path, **parts)

    @classmethod
    def load(cls, path):
        """Read what :meth:`save` wrote."""
        with np.load(path) as data:
            contacts, persons, roles = (
                Counts(data[f"{key}_keys"], data[f"{key}_values"], default)
                for key, default in (("contacts", 1), ("persons", 1), ("roles", 0))
            )
            return cls(contacts, persons, *map(int, data["size"]), roles)


class Census:
    """Counts persons per name and word for changing clusters of one table.

    ``names`` and ``words`` are the distinct :func:`name_keys` and :func:`word_keys`, ``name``, ``given`` and ``family``
    the position of each record's there.
    """

    def __init__(self, table):
        self.table = table
        self.names, self.name = np.unique(name_keys(table), return_inverse=True)
        self.words, codes = np.unique(_keys_of_words(table.words), return_inverse=True)
        self.given, self.family = codes[table.given], codes[table.family]

    def persons(self, labels):
        """Return persons per name and per word, 0 for none, and the number of persons.

        :param labels: person of each record, from 0 to the number of records
        """
        labels = np.asarray(labels, np.int64)
        names = self._count(self.names, self.name, labels)
        words = self._count(self.words, np.concatenate([self.given, self.family]), np.concatenate([labels, labels]))
        return names, words, int(np.count_nonzero(np.bincount(labels)))

    @staticmethod
    def _count(keys, codes, labels):
        pairs = codes.astype(np.int64) << 32 | labels
        pairs.sort()
        pairs = pairs[begins(pairs)]
        counts = np.bincount(pairs >> 32, minlength=len(keys))
        counts[keys == 0] = 0
        return counts


def count_persons(table, labels, census=None):
    """Return the :class:`Counts` of persons per name and word by clusters, and the number of persons."""
    if census is None:
        census, labels = Census(table), np.unique(labels, return_inverse=True)[1]
    names, words, total = census.persons(labels)
    keys, counts = np.concatenate([census.names, census.words]), np.concatenate([names, words])
    return Counts(keys[counts > 0], counts[counts > 0]), total


def name_keys(table):
    """Return one key per record for the whole name: the same for every order and script, 0 for a part of a name."""
    words = table.words
    one, other = words.sound[table.given], words.sound[table.family]
    whole = (words.length[table.given] > 1) & (words.length[table.family] > 1)
    key = mix("name", np.minimum(one, other), np.maximum(one, other))
    chinese = np.where((words.chinese[table.given] != 0) & (words.chinese[table.family] != 0), table.bag, 0)
    return np.where(whole, np.where(chinese != 0, mix("bag", chinese), key), 0)


def skeleton_keys(table):
    """Return one key per record that forgives spelling, for counting the names that use a contact."""
    words = table.words
    one, other = words.skeleton[table.given], words.skeleton[table.family]
    whole = (words.length[table.given] > 1) & (words.length[table.family] > 1)
    return np.where(whole, mix("skeleton", np.minimum(one, other), np.maximum(one, other)), 0)


def count_names(table):
    """Return the :class:`Counts` of distinct names by :func:`contact_keys`."""
    contacts = contact_keys(table)
    return Counts.distinct(contacts, np.repeat(skeleton_keys(table), contacts.shape[1]))


def count_roles(table):
    """Return the :class:`Counts` of roles: what at least two of three sources that keep the parts apart say."""
    sure = np.flatnonzero(table.flags & SURE)
    given, family = (column[sure] for column in word_keys(table))
    keys = np.concatenate([given, family])
    votes = np.concatenate([np.ones(len(given), np.int32), -np.ones(len(family), np.int32)])
    order = np.argsort(keys, kind="stable")
    keys, votes = keys[order], votes[order]
    kept = keys != 0
    keys, votes = keys[kept], votes[kept]
    if not len(keys):
        return Counts(default=0)
    starts, total = runs(keys)
    lead = np.add.reduceat(votes, starts)
    return Counts(keys[starts], np.where(np.abs(lead) * 3 >= total, np.sign(lead), 0) * (total > 1), 0)


def word_keys(table):
    """Return the keys of the given and the family name of each record."""
    keys = _keys_of_words(table.words)
    return [keys[table.given], keys[table.family]]


def _keys_of_words(words):
    return np.where(words.length > 1, mix("word", words.sound), 0)


def contact_keys(table):
    """Return the keys of e-mail addresses, numbers, documents, cards and the address, one column each."""
    columns = [mix("email", table.hashes("emails")[column]) for column in table.email.T]
    columns += [mix("phone", column % TAIL) for column in table.phone.T]
    columns += [mix("document", table.hashes("documents")[column]) for column in table.document.T]
    columns += [mix("loyalty", column) for column in table.loyalty.T]
    columns.append(table.cached("address", address_keys))
    return np.stack(columns, 1)
