"""When a message to a guest may go: its class, frequency caps and quiet hours.

A message is of one of two classes. *Service* messages (a booking, a payment) are what the guest has ordered: only an
address is needed. All others are *gated*: they need a legal basis that holds now, room under every frequency cap, and
an hour at which the guest isn't asleep.
"""

import datetime
from collections.abc import Iterable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

SERVICE_BASES = frozenset({"contract", "legal_obligation", "vital_interest"})
"""Legal bases of messages that the guest need not agree to, unless they are marketing."""

REFUSALS = (
    "gone",
    "no_address",
    "address_kind",
    "unreachable",
    "blacklisted",
    "suppressed",
    "restricted",
    "minor",
    "denied",
    "pending",
    "expired",
    "no_consent",
    "duplicate",
    "already",
    "too_late",
)
"""Reasons that end a message, in the order in which they are looked at."""

WAITS = ("hold", "cap", "priority", "quiet")
"""Reasons that postpone a message, in the order in which they are told."""

COUNTED = ("sending", "sent", "delivered", "uncertain", "bounced")
"""States of messages that have reached the guest, or may have: these count for caps."""

FARTHEST = datetime.timedelta(days=15)
"""So far ahead an open hour is looked for."""


class Cap(NamedTuple):
    """At most so many gated messages to one guest within a rolling window.

    :ivar limit: number of messages
    :ivar hours: length of the window
    :ivar channel: code of the channel that is counted, None for all together
    :ivar per_sender: count those of one brand (of one company where there is no brand) instead of all
    """

    limit: int
    hours: int
    channel: str | None = None
    per_sender: bool = False


class Quiet(NamedTuple):
    """Hours of the guest's day in which nothing is sent.

    :ivar start: hour of the day at which it begins, e.g. 21.0
    :ivar end: hour at which it ends; before ``start`` it is that of the next day; equal: the whole day
    :ivar channel: code of the channel, None for all
    :ivar weekdays: days on which the window begins, 0 is Monday; empty: every day
    """

    start: float
    end: float
    channel: str | None = None
    weekdays: frozenset = frozenset()


class Policy(NamedTuple):
    """What holds for a sender.

    :ivar caps: tuple of :class:`Cap`
    :ivar quiets: tuple of :class:`Quiet`
    :ivar give_up_hours: a postponed message that can't go within so many hours is refused
    """

    caps: tuple = ()
    quiets: tuple = ()
    give_up_hours: int = 168


class Spec(NamedTuple):
    """What is to be sent, by whom and why; the same for all guests of a mailing.

    :ivar company_id: company that answers for it
    :ivar brand_id: brand that speaks, None for the company as a whole
    :ivar purpose: ``hospitality.purpose``
    :ivar channel: ``email sms phone post messenger ads``
    :ivar origin_model: what sends: model of a mailing, a journey's step, a template
    :ivar origin_id: its id
    :ivar origin_ref: tells several messages of one origin to one guest apart
    :ivar provider: code of the provider of the channel, empty for any
    :ivar priority: 0 to 100; the higher one goes first when caps leave no room for both
    :ivar due_at: not before (UTC)
    :ivar expires_at: not after (UTC)
    """

    company_id: int
    brand_id: int | None
    purpose: Any
    channel: str
    origin_model: str
    origin_id: int
    origin_ref: str = ""
    provider: str = ""
    priority: int = 50
    due_at: datetime.datetime | None = None
    expires_at: datetime.datetime | None = None


def is_service(legal_basis: str, is_marketing: bool) -> bool:
    """Whether messages with this purpose pass without consent, caps and quiet hours.

    >>> is_service("contract", False), is_service("contract", True), is_service("consent", False)
    (True, False, False)
    """
    return legal_basis in SERVICE_BASES and not is_marketing


def quiet_until(
    now: datetime.datetime, zones: Iterable[str], quiets: Iterable[Quiet], channel: str | None = None
) -> datetime.datetime | None:
    """Return when a guest may be written to again, None when that is now.

    A country with several time zones is quiet as long as one of them is. Where they leave no common hour, the first
    one decides.

    :param now: UTC, naive
    :param zones: names of the time zones in which the guest may be
    :param quiets: those of other channels are left out
    :return: UTC, naive

    >>> night = [Quiet(21, 9)]
    >>> quiet_until(datetime.datetime(2026, 1, 5, 22, 0), ["Europe/Vienna"], night)
    datetime.datetime(2026, 1, 6, 8, 0)
    >>> quiet_until(datetime.datetime(2026, 1, 5, 12, 0), ["Europe/Vienna"], night)
    >>> quiet_until(datetime.datetime(2026, 1, 5, 15, 0), ["America/New_York", "America/Los_Angeles"], night)
    datetime.datetime(2026, 1, 5, 17, 0)
    """
    quiets = [quiet for quiet in quiets if quiet.channel in (None, channel)]
    zones = [ZoneInfo(zone) for zone in zones]
    if not quiets or not zones:
        return None
    at = now.replace(tzinfo=datetime.UTC)
    while at - now.replace(tzinfo=datetime.UTC) < FARTHEST:
        ends = [end for zone in zones for quiet in quiets if (end := _end_of(quiet, at, zone))]
        if not ends:
            break
        at = max(ends)
    else:
        return quiet_until(now, [zones[0].key], quiets, channel) if len(zones) > 1 else at.replace(tzinfo=None)
    at = at.replace(tzinfo=None)
    return at if at > now else None


def _end_of(quiet, at, zone):
    """Return when the window that holds the moment ends (UTC), None when none does."""
    local = at.astimezone(zone)
    for date in (local.date() - datetime.timedelta(days=1), local.date()):
        if quiet.weekdays and date.weekday() not in quiet.weekdays:
            continue
        start = _at(date, quiet.start, zone)
        end = _at(date + datetime.timedelta(days=quiet.end <= quiet.start), quiet.end, zone)
        if start <= at < end:
            return end
    return None


def _at(date, hour, zone):
    minutes = round(hour * 60)
    day, minutes = divmod(minutes, 24 * 60)
    local = datetime.datetime.combine(date + datetime.timedelta(days=day), datetime.time(minutes // 60, minutes % 60))
    return local.replace(tzinfo=zone).astimezone(datetime.UTC)


def free_at(times: Iterable[datetime.datetime], cap: Cap, now: datetime.datetime) -> datetime.datetime | None:
    """Return when there is room under a cap, None when there is now.

    :param times: of the messages that count for it

    >>> t = datetime.datetime(2026, 1, 1)
    >>> free_at([t, t + datetime.timedelta(hours=1)], Cap(2, 24), t + datetime.timedelta(hours=2))
    datetime.datetime(2026, 1, 2, 0, 0)
    >>> free_at([t], Cap(2, 24), t)
    """
    window = datetime.timedelta(hours=cap.hours)
    recent = sorted((at for at in times if at > now - window), reverse=True)
    return recent[cap.limit - 1] + window if len(recent) >= cap.limit else None
