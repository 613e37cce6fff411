"""What follows from statements, against a model that is as plain as possible."""

import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from hospitality_crm.engine import consent
from hospitality_crm.engine.consent import Event, decide, is_minor

START = datetime.datetime(2026, 1, 1)


def moment(minutes):
    return START + datetime.timedelta(minutes=minutes)


def event(id_, profile, decision, decided, recorded=None, **more):
    return Event(id_, profile, more.pop("brand", None), decision, moment(decided), moment(recorded or decided), **more)


@st.composite
def histories(draw):
    """Statements in the order of their arrival, among them old ones, repeated ones and corrections."""
    events = []
    for id_ in range(1, draw(st.integers(0, 14)) + 1):
        decided = draw(st.integers(0, 20))
        decision = draw(st.sampled_from(["granted", "denied", "withdrawn", "pending", "void"]))
        void_of = draw(st.integers(1, 14)) if decision == "void" else None
        valid = draw(st.one_of(st.none(), st.just(START.date() + datetime.timedelta(days=draw(st.integers(-2, 40))))))
        events.append(
            event(
                id_,
                draw(st.integers(1, 3)),
                decision,
                decided,
                max(decided, 20) + id_,
                brand=draw(st.sampled_from([None, None, 1, 2])),
                valid_until=valid if decision == "granted" else None,
                void_of=void_of,
            )
        )
    return events


def plain(events, brand, at, today):
    """The rules word by word: returns the state alone."""
    known = [e for e in events if e.recorded_at <= at]
    live = [
        e for e in known if e.decision != "void" and not any(v.decision == "void" and v.void_of == e.id for v in known)
    ]
    verdicts = []
    for profile in {e.profile for e in live}:
        said = [e for e in live if e.profile == profile and (e.brand is None or e.brand == brand)]
        if not said:
            continue
        latest = max(e.decided_at for e in said)
        last = [e for e in said if e.decided_at == latest]
        for words, verdict in (
            (("denied", "withdrawn"), "denied"),
            (("pending",), "pending"),
            (("granted",), "granted"),
        ):
            those = [e for e in last if e.decision in words]
            if those:
                newest = max(those, key=lambda e: e.id)
                if verdict != "granted" or newest.valid_until is None or newest.valid_until >= today:
                    verdicts.append(verdict)
                break
    for verdict in ("denied", "pending", "granted"):
        if verdict in verdicts:
            return verdict
    return "unknown"


@settings(max_examples=500, deadline=None)
@given(histories(), st.sampled_from([None, 1, 2, 3]), st.integers(0, 60), st.integers(-3, 45))
def test_states_are_those_of_the_rules_at_every_moment(events, brand, minute, day):
    today = START.date() + datetime.timedelta(days=day)
    at = moment(minute)
    assert decide(events, brand, at, today).state == plain(events, brand, at, today)


def test_silence_is_no_consent():
    assert decide([]) == consent.UNKNOWN


def test_old_grant_that_arrives_late_undoes_nothing():
    said = [event(1, 1, "granted", 1), event(2, 1, "withdrawn", 5), event(3, 1, "granted", 1, 9)]
    assert decide(said).state == "denied"


def test_most_restrictive_profile_decides():
    said = [event(1, 1, "denied", 1), event(2, 2, "granted", 9)]
    assert decide(said).state == "denied"
    assert decide([*said, event(3, 1, "granted", 10)]).state == "granted"


def test_brand_hears_what_was_said_to_all():
    said = [event(1, 1, "granted", 1, brand=1), event(2, 1, "withdrawn", 5)]
    assert decide(said, 1).state == "denied"
    assert decide([*said, event(3, 1, "granted", 6, brand=1)], 1).state == "granted"
    assert decide([*said, event(3, 1, "granted", 6, brand=1)], 2).state == "denied"


def test_correction_brings_back_what_was_before():
    said = [event(1, 1, "granted", 1), event(2, 1, "withdrawn", 5), event(3, 1, "void", 6, void_of=2)]
    assert decide(said).state == "granted"
    assert decide(said, at=moment(5)).state == "denied"


def test_consent_ends():
    said = [event(1, 1, "granted", 1, valid_until=datetime.date(2026, 3, 1))]
    assert decide(said, today=datetime.date(2026, 3, 1)).state == "granted"
    assert decide(said, today=datetime.date(2026, 3, 2)) == consent.UNKNOWN


def test_birthday_on_the_29th_of_february():
    born = datetime.date(2008, 2, 29)
    assert is_minor(born, datetime.date(2024, 2, 28))
    assert not is_minor(born, datetime.date(2024, 2, 29))
    assert not is_minor(born, datetime.date(2025, 3, 1), age=17)
