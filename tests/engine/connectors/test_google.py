"""Reviews at Google."""

import json

import pytest
from contract import Contract
from fakes.google import PLACE, GoogleFake
from hypothesis import given
from hypothesis import strategies as st

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.hook.request import HookRequest
from hospitality_connectors.engine.network.session import Session
from hospitality_connectors.engine.types import EventError

ADAPTER = adapters.get("google")
ENV = adapters.Env({"location": PLACE}, "HOTEL", "Europe/Lisbon", "EUR")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


class TestGoogle(Contract):
    fake_class = GoogleFake
    stream = "reviews"

    def test_old_reviews_are_not_read_again(self, fake):
        fake.page_size = 5
        fake.grow(40)
        reading = self.reading(fake)
        reading.read()
        for progress in list(reading.progress):
            until = fake.write(fake.now()).replace("Z", "+00:00")
            reading.progress[progress] = reading.progress[progress]._replace(until=until)
        stream = reading.streams()["reviews"]
        fake.pages = 0
        assert reading.step(stream._replace(overlap=stream.overlap * 0))
        assert fake.pages == 1

    def test_a_token_belongs_to_its_refresh_token(self, fake):
        """Places of several Google accounts share client ID and limit, and nothing else."""
        fake.grow(1)
        fake.refresh_tokens = {"refresh", "other"}
        reading = self.reading(fake)
        assert reading.adapter.account(reading.env.settings) == "client"
        for refresh in ("refresh", "other", "refresh"):
            secrets = {**fake.secrets(), "refresh_token": refresh}
            session = Session(reading.adapter, reading.client, reading.env, secrets, reading.shared)
            assert reading.adapter.check(session)
        assert fake.read_with == ["refresh", "other", "refresh"]
        assert len(fake.tokens) == 2

    def test_review_that_was_taken_back_is_gone(self, fake):
        [name] = fake.grow(1)
        reading = self.reading(fake)
        reading.read()
        fake.take_back(name)
        reading.hints["review", name] = adapters.Hint("review", name)
        reading.fetch_hints()
        assert any(raw.content_type == adapters.EVENTS for _order, raw in reading.inbox.values())


def parse(**values):
    review = {
        "name": f"{PLACE}/reviews/R1",
        "updateTime": "2026-03-01T10:00:00.5Z",
        "createTime": "2026-03-01T10:00:00Z",
    }
    return ADAPTER.parse(adapters.Raw("review", "R1", json.dumps({**review, **values})), ENV)[0]


def test_nobody_is_named_who_wants_to_be_anonymous():
    assert "author" not in parse(reviewer={"isAnonymous": True, "displayName": "A Google user"}, starRating="FIVE")


def test_text_is_what_the_guest_has_written():
    assert parse(comment="(Translated by Google) Good\n\n(Original)\nBom")["text"] == "Bom"
    assert parse(comment="Чудово\n\n(Translated by Google)\nWonderful")["text"] == "Чудово"
    assert "text" not in parse(comment="  ")


def test_review_without_stars_has_no_rating():
    event = parse(starRating="STAR_RATING_UNSPECIFIED", comment="x")
    assert "rating" not in event
    with pytest.raises(EventError):
        parse(starRating="SIX")


def test_picture_of_the_reviewer_is_not_kept():
    fake = GoogleFake()
    [name] = fake.grow(1)
    kept = ADAPTER.redact(adapters.Raw("review", name, json.dumps(fake.reviews[name])))
    assert "photos.example" not in kept.body
    assert "Guest 1" in kept.body


def request(body):
    return HookRequest("POST", "https://crm.example.com/hook", "", {}, body, 0.0)


def test_news_are_hints_for_our_place_alone():
    fake = GoogleFake()
    [name] = fake.grow(1)
    [hint] = ADAPTER.receive(request(fake.news("NEW_REVIEW", name)), ENV).hints
    assert (hint.entity, hint.external_id) == ("review", name)
    assert not ADAPTER.receive(request(fake.news("NEW_REVIEW", "accounts/1/locations/9/reviews/2")), ENV).hints
    assert not ADAPTER.receive(request(fake.news("GOOGLE_UPDATE", name)), ENV).hints


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"message": {"data": "!"}}', GoogleFake().news("NEW_REVIEW", "../../x")]
)
def test_news_that_cannot_be_read_are_refused(body):
    with pytest.raises(EventError):
        ADAPTER.receive(request(body), ENV)


@given(JSON)
def test_whatever_comes_is_read_or_refused(value):
    body = json.dumps(value)
    for call in (
        lambda: ADAPTER.parse(adapters.Raw("review", "1", body), ENV),
        lambda: ADAPTER.receive(request(body.encode("utf-8", "replace")), ENV),
    ):
        try:
            call()
        except EventError as error:
            assert error.message
