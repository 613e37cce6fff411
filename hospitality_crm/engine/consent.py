"""What a guest has agreed to, out of everything that was said.

An *event* is one statement about one purpose, on one channel, towards one brand or all of them. Events are never
changed; a wrong one is voided by another. From them follows a state: *granted*, *denied*, *pending* (double opt-in not
confirmed) or *unknown*. Nobody who said nothing has agreed.

Two rules decide. Within a source profile the newest statement counts, by the time at which it was made and not by that
of its arrival, so that an old grant that is delivered again doesn't undo a denial. Over the profiles of a guest the
most restrictive one counts; profiles that say nothing don't.
"""

import datetime
from collections.abc import Iterable
from typing import NamedTuple

STATES = {"granted": "granted", "denied": "denied", "withdrawn": "denied", "pending": "pending"}
"""The state that a decision leads to. ``void`` leads to none."""

RESTRICTION = {"granted": 1, "pending": 2, "denied": 3}
"""The higher one wins over the profiles of a guest, and between statements of the same instant."""


class Event(NamedTuple):
    """One statement, as far as it decides.

    :ivar id: the later recorded one has the larger
    :ivar profile: whose
    :ivar brand: id of the brand, None for all
    :ivar decision: ``granted denied withdrawn pending void``
    :ivar decided_at: when it was made (UTC)
    :ivar recorded_at: when it was recorded (UTC)
    :ivar valid_until: last day on which a grant holds, None for no end
    :ivar void_of: id of the statement that a ``void`` takes back
    """

    id: int
    profile: int
    brand: int | None
    decision: str
    decided_at: datetime.datetime
    recorded_at: datetime.datetime
    valid_until: datetime.date | None = None
    void_of: int | None = None


class State(NamedTuple):
    """What holds.

    :ivar state: ``granted denied pending unknown``
    :ivar since: when the deciding statement was made, None when nothing was said
    :ivar event: id of the deciding statement, None when nothing was said
    :ivar valid_until: last day of a grant, None for no end
    """

    state: str
    since: datetime.datetime | None = None
    event: int | None = None
    valid_until: datetime.date | None = None


UNKNOWN = State("unknown")


def decide(
    events: Iterable[Event],
    brand: int | None = None,
    at: datetime.datetime | None = None,
    today: datetime.date | None = None,
) -> State:
    """Return the state of one guest for one purpose, channel and brand.

    Of several grants the one that holds longest decides, then the newest.

    :param events: of all his profiles, for the purpose and channel
    :param brand: brand that wants to know; None asks about statements towards all brands
    :param at: what was known at that moment, including it; None: what is known now
    :param today: day on which a grant must hold; None: the day of ``at``, and without that grants don't end

    >>> t = datetime.datetime(2026, 1, 1)
    >>> grant = Event(1, 7, None, "granted", t, t)
    >>> late = Event(3, 7, None, "granted", t, t + datetime.timedelta(days=9))
    >>> denial = Event(2, 7, None, "withdrawn", t + datetime.timedelta(days=1), t + datetime.timedelta(days=1))
    >>> decide([grant]).state, decide([grant, denial, late]).state, decide([grant, denial], at=t).state
    ('granted', 'denied', 'granted')
    """
    known = [event for event in events if at is None or event.recorded_at <= at]
    void = {event.void_of for event in known if event.decision == "void"}
    newest = {}
    for event in known:
        if event.decision not in STATES or event.id in void or event.brand not in (None, brand):
            continue
        if event.profile not in newest or _order(event) > _order(newest[event.profile]):
            newest[event.profile] = event
    today = today or (at.date() if at else None)
    standing = [event for event in newest.values() if not _is_over(event, today)]
    if not standing:
        return UNKNOWN
    decider = max(standing, key=_rank)
    return State(STATES[decider.decision], decider.decided_at, decider.id, decider.valid_until)


def _order(event):
    return event.decided_at, RESTRICTION[STATES[event.decision]], event.id


def _rank(event):
    end = event.valid_until if event.decision == "granted" else None
    return RESTRICTION[STATES[event.decision]], end or datetime.date.max, event.decided_at, event.id


def _is_over(event, today):
    return event.decision == "granted" and event.valid_until is not None and today and event.valid_until < today


def is_minor(birthdate: datetime.date | None, today: datetime.date, age: int = 16) -> bool:
    """Whether somebody is too young to consent for himself; not without a date of birth.

    :param age: of consent, in years: 16 by GDPR art. 8(1), from 13 where a member state says so

    >>> is_minor(datetime.date(2010, 2, 28), datetime.date(2026, 2, 27)), is_minor(None, datetime.date(2026, 1, 1))
    (True, False)
    """
    if birthdate is None:
        return False
    years = today.year - birthdate.year - ((today.month, today.day) < (birthdate.month, birthdate.day))
    return years < age
