"""Limits, breaker and tokens of a single process: for a look at a vendor without a database, and for tests."""

import time

from . import limits
from .errors import Later


class Memo:
    """Values that are good for a while, kept by a process.

    :param clock: function of the Unix time
    """

    def __init__(self, clock=time.time):
        self._clock = clock
        self._kept = {}

    def get(self, key, make, seconds):
        """Return what ``make()`` has given for a key, at most so many seconds ago."""
        kept = self._kept.get(key)
        if kept is None or kept[0] <= self._clock():
            kept = self._kept[key] = self._clock() + seconds, make()
        return kept[1]


class LocalShared:
    """What :class:`engine.network.session.Session` shares, kept in memory.

    :param clock: function of the Unix time
    """

    def __init__(self, clock=time.time):
        self._clock = clock
        self._levels = {}
        self._breaker = limits.Breaker()
        self._tokens = {}
        self.memo = Memo(clock).get

    def take(self, bucket, rates):
        now = self._clock()
        wait, breaker = limits.may_send(self._breaker, now)
        if wait:
            raise Later(wait, "pause")
        wait, self._levels[bucket] = limits.take(self._levels.get(bucket), rates, now)
        if not wait:
            self._breaker = breaker
        return wait

    def success(self):
        self._breaker = limits.after_success(self._breaker)

    def failure(self):
        self._breaker = limits.after_failure(self._breaker, self._clock())

    def pause(self, seconds):
        self._breaker = limits.after_pause(self._breaker, self._clock(), seconds)

    def token(self, renew, refused, owner=""):
        value, ends = self._tokens.get(owner, (None, None))
        if value is None or value is refused or (ends is not None and ends <= self._clock()):
            token = renew()
            ends = None if token.lifetime is None else self._clock() + max(token.lifetime - 60, 1)
            value = token.value
            self._tokens[owner] = value, ends
        return value
