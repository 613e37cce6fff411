"""What matching works on: profiles as nodes of a small graph, and what it finds out about them."""

from ...engine import matching


class Newcomer:
    """A profile that looks for its guest.

    :ivar key: sorts newcomers, so that the result doesn't depend on the order of arrival
    :ivar normal: normal form of its values
    :ivar keys: its block keys
    :ivar partner_id: its guest, None until known
    :ivar group: equal for newcomers who form one new guest
    :ivar low: lowest profile id it must be compared with
    :ivar torn: whether it fits several guests, so that these must be compared too
    :ivar proposals: :class:`Proposal` with profiles of other guests
    :ivar counted: keys of its name, to be counted for a new guest
    """

    __slots__ = ("key", "normal", "keys", "partner_id", "group", "low", "torn", "proposals", "counted")

    def __init__(self, key, normal, partner_id=None, low=0):
        self.key = key
        self.normal = normal
        self.keys = ()
        self.partner_id = partner_id
        self.group = None
        self.low = low
        self.torn = False
        self.proposals = []
        self.counted = ()

    def set_profile(self, profile_id, partner_id):
        """Say which profile and guest it has become."""
        self.normal = self.normal._replace(id=profile_id)
        self.partner_id = partner_id


class Proposal:
    """Two profiles for people to look at; either side may be a newcomer without an id yet."""

    __slots__ = ("one", "other", "score", "band", "evidence")

    def __init__(self, one, other, score, band, evidence):
        self.one = one
        self.other = other
        self.score = score
        self.band = band
        self.evidence = evidence


class Node:
    """A stored profile that a newcomer is compared with."""

    __slots__ = ("normal", "partner_id", "known", "keys")

    def __init__(self, normal, partner_id, known, keys=()):
        self.normal = normal
        self.partner_id = partner_id
        self.known = known
        self.keys = keys

    @property
    def id(self):
        return self.normal.id


def to_record(values, kind, source="", profile_id=0):
    """Return the engine's record of clean canonical values."""
    return {**values, "id": profile_id, "kind": kind, "source": source}


def prepare_all(newcomers):
    """Compute the block keys of newcomers, all at once."""
    if newcomers:
        table = matching.Table.of([one.normal for one in newcomers])
        for one, keys in zip(newcomers, table.record_keys(), strict=True):
            one.keys = keys
