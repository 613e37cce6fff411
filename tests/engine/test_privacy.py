import re

import pytest

from hospitality_crm.engine.privacy import MASK, Subject, find_emails, mask_others


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", set()),
        (None, set()),
        ('"Ann" <Ann@Example.com>, b@c.de;', {"ann@example.com", "b@c.de"}),
        ("no@address here@", set()),
    ],
)
def test_find_emails(text, found):
    assert find_emails(text) == found


def test_only_ones_own_addresses_stay_readable():
    text = mask_others("Ann@x.org wrote to bob@y.org and ann@x.org.uk", {"ann@x.org"})
    assert text == f"Ann@x.org wrote to {MASK} and {MASK}"


def test_rows_are_his_or_mention_him():
    subject = Subject(1, [1])
    assert subject.add("stay", [1, 2])
    assert not subject.add("stay", [2])
    assert subject.add("stay", [2, 3], mention=True)
    assert not subject.add("empty", [])
    subject.settle()
    assert (subject.rows, subject.mentions) == ({"stay": {1, 2}}, {"stay": {3}})


def test_a_name_that_others_bear_is_struck_out_of_his_own_rows_only():
    subject = Subject(1, [1], names={"Anna Kovalenko"}, strangers={"Anna Kovalenko"})
    assert subject.get_name_pattern() is None
    assert "Kovalenko" in subject.get_row_pattern()


def test_short_words_and_titles_stand_for_too_many_things():
    pattern = Subject(1, [1], names={"Dr Li von Aue"}).get_row_pattern()
    assert set(re.findall(r"\)([\w ]+)\(\?!", pattern)) == {"Aue", "Dr Li von Aue"}


def test_somebody_without_anything_is_looked_for_nowhere():
    subject = Subject(1, [1])
    assert (subject.get_address_pattern(), subject.get_name_pattern(), subject.get_row_pattern()) == (None,) * 3
