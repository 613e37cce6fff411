"""Keeping below a vendor's limits: token buckets and a circuit breaker, as values in and values out.

Who shares the state of them, and how it is locked, is the caller's business.
"""

import random
from typing import NamedTuple

#: Failures in a row after which nothing is sent for a while.
BREAKER_LIMIT = 5
BREAKER_BASE, BREAKER_CAP = 5.0, 900.0
#: How long one probe may take before another one is let through.
PROBE_SECONDS = 90.0
#: Share of a limit that is used: calls leave evenly and arrive less evenly.
USED = 0.9


class Level(NamedTuple):
    """State of a bucket.

    :ivar left: calls that may be made at once, one number per rate
    :ivar at: Unix time that this was true at
    """

    left: tuple
    at: float


def capacity(rate):
    """Return how many calls a bucket holds at most.

    A bucket that refills while it is emptied lets through its content and what flows in. A quarter of the limit is
    held at once and three quarters flow in over the period, so that no period of that length sees more than the
    limit, wherever it begins.

    >>> from hospitality_connectors.engine.adapter import Rate
    >>> capacity(Rate(200, 30)), capacity(Rate(3, 1))
    (45, 1)
    """
    return max(1, _usable(rate) // 4)


def _usable(rate):
    return int(rate.count * USED) if rate.count >= 10 else rate.count


def flow(rate):
    """Return how many calls flow into a bucket per second.

    A limit of one call per period is held, and flows in again over the period.
    """
    held = capacity(rate)
    return max(_usable(rate) - held, 1) / rate.seconds


def take(level, rates, now):
    """Take one call out of a bucket.

    :param Level level: None for a full one
    :param rates: tuple of :class:`Rate`
    :param float now: Unix time
    :return: ``(seconds to wait, Level)``; nothing was taken when there is something to wait for
    """
    if level is None or len(level.left) != len(rates):
        level = Level(tuple(float(capacity(rate)) for rate in rates), now)
    passed = max(now - level.at, 0.0)
    left = tuple(
        min(float(capacity(rate)), old + passed * flow(rate)) for old, rate in zip(level.left, rates, strict=True)
    )
    wait = max((max(1.0 - have, 0.0) / flow(rate) for have, rate in zip(left, rates, strict=True)), default=0.0)
    if wait > 1e-9:
        return wait, Level(left, max(now, level.at))
    return 0.0, Level(tuple(have - 1.0 for have in left), max(now, level.at))


class Breaker(NamedTuple):
    """State of a circuit breaker.

    :ivar failures: in a row
    :ivar closed_until: nothing is sent before that Unix time
    :ivar probe_until: a probe is on its way until then at most
    """

    failures: int = 0
    closed_until: float = 0.0
    probe_until: float = 0.0

    def is_open(self):
        """Say whether the breaker has tripped."""
        return self.failures >= BREAKER_LIMIT


def may_send(breaker, now):
    """Say whether a call may be made.

    After a pause one call goes out as a probe; the others wait for how it ends.

    :return: ``(seconds to wait, Breaker)``
    """
    if breaker.closed_until > now:
        return breaker.closed_until - now, breaker
    if breaker.is_open():
        if breaker.probe_until > now:
            return min(breaker.probe_until - now, 5.0), breaker
        return 0.0, breaker._replace(probe_until=now + PROBE_SECONDS)
    return 0.0, breaker


def after_success(breaker):
    """Return the state after an answer of whatever kind that the vendor has meant."""
    return Breaker(closed_until=breaker.closed_until)


def after_pause(breaker, now, seconds):
    """Return the state after the vendor has asked for a pause."""
    return breaker._replace(closed_until=max(breaker.closed_until, now + seconds), probe_until=0.0)


def after_failure(breaker, now, rng=random):
    """Return the state after the vendor has failed or could not be reached.

    From the fifth time on nothing is sent for a while: full jitter over 5 s doubled each time, at most 15 minutes.
    """
    failures = breaker.failures + 1
    until = breaker.closed_until
    if failures >= BREAKER_LIMIT:
        longest = min(BREAKER_CAP, BREAKER_BASE * 2 ** min(failures - BREAKER_LIMIT, 20))
        until = max(until, now + max(1.0, rng.uniform(longest / 2, longest)))
    return Breaker(failures, until, 0.0)
