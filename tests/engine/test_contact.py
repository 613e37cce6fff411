import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospitality_crm.engine import contact, profile


def test_doctests():
    for module in (contact, profile):
        result = doctest.testmod(module)
        assert result.attempted and not result.failed


@pytest.mark.parametrize(
    ("raw", "email"),
    [
        ("Anna@Koval.UA", "anna@koval.ua"),
        ("Anna Koval <anna@koval.ua>", "anna@koval.ua"),
        ("mailto:anna@koval.ua", "anna@koval.ua"),
        (" anna@koval.ua;", "anna@koval.ua"),
        ("anna+hotel@sub.koval.co.uk", "anna+hotel@sub.koval.co.uk"),
        ("анна@пошта.укр", "анна@пошта.укр"),
        ("anna@koval", None),
        ("anna koval@mail.ua", None),
        ("a@b@c.ua", None),
        ("anna..b@mail.ua", None),
        ("none", None),
        ("", None),
        (None, None),
    ],
)
def test_normalise_email(raw, email):
    assert contact.normalise_email(raw) == email


@pytest.mark.parametrize(
    ("raw", "country", "number"),
    [
        ("044 123-45-67", "UA", "+380441234567"),
        ("(044) 123 45 67 ext. 12", "ua", "+380441234567"),
        ("00380441234567", "DE", "+380441234567"),
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("0172 1234567", "DE", "+491721234567"),
        ("044 123-45-67", None, None),
        ("12", "UA", None),
        ("call me", "UA", None),
        (None, "UA", None),
    ],
)
def test_normalise_phone(raw, country, number):
    assert contact.normalise_phone(raw, country) == number


@pytest.mark.parametrize(
    ("channel", "value", "kind"),
    [
        ("email", "mvasyl.123@guest.booking.com", "relay"),
        ("email", "abc@m.expediapartnercentral.com", "relay"),
        ("email", "user-xyz@guest.airbnb.com", "relay"),
        ("email", "1234@agoda-messaging.com", "relay"),
        ("email", "anna@booking.com", "real"),
        ("email", "anna@notguest.booking.com.ua", "real"),
        ("email", "dpdcnf87nu@privaterelay.appleid.com", "real"),
        ("email", "test@gmail.com", "junk"),
        ("email", "noemail@hotel.com", "junk"),
        ("email", "none@none.none", "junk"),
        ("email", "anna@example.com", "junk"),
        ("email", "anna@something.invalid", "junk"),
        ("email", "xxxx@gmail.com", "junk"),
        ("email", "1111@gmail.com", "junk"),
        ("email", "info@koval.ua", "shared"),
        ("email", "anna@gmail.com", "real"),
        ("email", "j@koval.ua", "real"),
        ("phone", "+380441234567", "junk"),
        ("phone", "+380441112233", "real"),
        ("phone", "+380000000000", "junk"),
        ("phone", "+381111111", "junk"),
        ("messenger", "telegram:anna", "real"),
    ],
)
def test_kind_of(channel, value, kind):
    assert contact.kind_of(channel, value) == kind


def test_own_values_are_reception():
    own = frozenset({"desk@grand.ua", "+380442223344"})
    assert contact.kind_of("email", "desk@grand.ua", own) == "reception"
    assert contact.kind_of("phone", "+380442223344", own=own) == "reception"
    assert contact.kind_of("phone", "+380442223345", own=own) == "real"


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(max_size=12),
        "given_name": st.text(max_size=8),
        "family_name": st.text(max_size=8),
        "country": st.sampled_from(["ua", "UA", " ", ""]),
        "emails": st.lists(st.sampled_from(["A@b.ua", "a@b.ua", "none", " ", "x@guest.booking.com"]), max_size=4),
        "phones": st.lists(st.sampled_from(["044 123 45 67", "+380441234567", "1-2", ""]), max_size=4),
        "notes": st.text(max_size=12),
        "vip": st.booleans(),
        "unknown": st.text(max_size=3),
    },
)


@given(VALUES)
def test_clean_is_stable_and_leaves_nothing_blank(values):
    once = profile.clean(values, "UA")
    assert profile.clean(once, "UA") == once
    assert all(value and (not isinstance(value, str) or value == value.strip()) for value in once.values())
    assert "unknown" not in once
    assert [value for _channel, value in profile.points(once)] == [
        value for key in ("emails", "phones") for value in once.get(key, ()) if "@" in value or value[0] == "+"
    ]


def test_clean_keeps_what_it_cannot_read():
    values = profile.clean({"emails": "anna at mail", "phones": ["reception 12"]})
    assert values == {"emails_invalid": ["anna at mail"], "phones": ["reception 12"]}
    assert profile.points(values) == []


def test_handles_are_kept_beside_addresses_and_are_contact_points():
    values = profile.clean({"name": "Anna", "handles": ["telegram:1", " telegram:1 ", "Telegram:2", "x", ""]})
    assert values == {"name": "Anna", "handles": ["telegram:1"]}
    assert profile.points(values) == [("messenger", "telegram:1")]
    assert profile.clean(values) == values
