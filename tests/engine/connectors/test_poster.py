"""Poster: the contract of all adapters, and what is peculiar to it."""

import datetime
import json

import pytest
from contract import Contract
from fakes.fake import json_answer
from fakes.poster import SECRET, PosterFake
from hypothesis import given
from hypothesis import strategies as st
from oddities import distorted, parses, receives, refused

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Command, Env, Gone, Hint, ParseError
from hospitality_connectors.engine.adapters import records
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook.request import HookRequest
from hospitality_connectors.engine.hook.verify import Rejected
from hospitality_connectors.engine.network import errors

ENV = Env({"vip_groups": "VIP1=5", "tier_groups": "Gold=6"}, "CAFE", "Europe/Kyiv", "UAH")
UTC = datetime.timezone.utc


class TestPoster(Contract):
    fake_class = PosterFake
    stream = "checks"
    tz = "Europe/Kyiv"
    currency = "UAH"

    @pytest.mark.parametrize(("code", "error"), [(11, errors.Denied), (700, errors.Later), (34, errors.Declined)])
    def test_errors_with_status_200(self, fake, code, error):
        reading = self.reading(fake)
        fake.fail(PosterFake.error(code, "so it is"))
        with pytest.raises(error):
            reading.step(reading.streams()["checks"])

    def test_answers_that_are_none(self, fake):
        reading = self.reading(fake)
        for value in ([], {}, "yes", None):
            fake.fail(json_answer(value))
            with pytest.raises(errors.Strange):
                reading.step(reading.streams()["checks"])

    def test_customers_are_compared_in_full_each_time(self, fake):
        fake.page_size = 3
        fake.grow(8)
        reading = self.reading(fake)
        reading.read("clients")
        fake.clients["3"]["lastname"] = "Франко"
        reading.read("clients")
        assert reading.facts()["guest", "3"]["values"]["family_name"] == "Франко"

    def test_customer_removed_while_they_are_read(self, fake):
        fake.page_size = 3
        fake.grow(12)

        def between(pages):
            if pages == 1:
                del fake.clients["1"]

        fake.between = between
        reading = self.reading(fake)
        reading.read("clients")
        assert {("guest", key) for key in fake.clients} <= reading.facts().keys()

    def test_customer_of_a_new_check_is_fetched_at_once(self, fake):
        fake.grow(3)
        reading = self.reading(fake)
        reading.read()
        fake.grow(1)
        reading.read("checks")
        assert ("guest", "4") in reading.facts()
        calls = [call.query["client_id"] for call in fake.calls if call.path.endswith("getClient")]
        assert "4" in calls

    def test_check_that_is_closed_later(self, fake):
        key = fake.sell(status="1")
        reading = self.reading(fake)
        reading.read()
        assert reading.facts()["check", key]["status"] == "open"
        fake.transactions[key].update(status="2", date_close=fake.transactions[key]["date_start"])
        reading.read()
        assert reading.facts()["check", key]["status"] == "paid"

    def test_day_of_the_account(self, fake):
        """Just past midnight in Kyiv it is still yesterday in UTC."""
        at = datetime.datetime.now(fake.zone).replace(hour=0, minute=5) - datetime.timedelta(days=2)
        key = fake.sell(at.astimezone(UTC))
        reading = self.reading(fake)
        reading.read("checks")
        assert ("check", key) in reading.facts()
        days = {call.query["dateFrom"] for call in fake.calls if call.path.endswith("getTransactions")}
        assert all(len(day) == 8 for day in days)

    def command(self, reading, what, key, **values):
        return reading.adapter.push(reading.session(), Command("1", what, key, values))

    def test_push(self, fake):
        fake.grow(1)
        reading = self.reading(fake)
        client = fake.clients["1"]
        tell = self.command
        assert tell(reading, "vip", "1", code="VIP1").state == "done"
        assert tell(reading, "vip", "1", code="VIP1").state == "same"
        assert client["client_groups_id"] == "5"
        reading.read("clients")
        assert reading.facts()["guest", "1"]["values"]["vip"] == "VIP1"
        assert tell(reading, "vip", "1", code="").state == "done"
        assert client["client_groups_id"] == "1"
        assert tell(reading, "vip", "1", code="").state == "same"
        assert tell(reading, "allergy", "1", codes=["nuts"], text="").state == "done"
        assert tell(reading, "allergy", "1", codes=["nuts"], text="").state == "same"
        assert client["comment"] == "[CRM allergy] nuts"
        assert tell(reading, "allergy", "1", codes=[], text="").state == "done"
        assert client["comment"] == ""
        assert tell(reading, "erasure", "1").state == "done"
        assert tell(reading, "erasure", "1").state == "gone"
        assert tell(reading, "note", "77", text="x").state == "gone"

    def placed(self, fake, *commands, group="1", note="0", **settings):
        """Return group, comment and states after some commands."""
        fake.limits = ()  # more is tried here in a second than anybody tells
        fake.clients.clear()
        key = fake.enrol(1)
        fake.clients[key].update(client_groups_id=group, comment=note)
        chosen = {**type(fake).settings(fake), **settings}
        fake.settings = lambda: chosen
        reading = self.reading(fake)
        states = [self.command(reading, kind, key, **values).state for kind, values in commands]
        client = fake.clients[key]
        return client["client_groups_id"], client["comment"], states

    VIP, NO_VIP = ("vip", {"code": "VIP1"}), ("vip", {"code": ""})
    GOLD, NO_TIER = ("tier", {"program": "HOUSE", "level": "Gold"}), ("tier", {"program": "HOUSE", "level": ""})

    def test_vip_and_tier_do_not_take_each_others_group(self, fake):
        done, gold, vip = ["done", "done"], "[CRM tier] HOUSE · Gold", "[CRM vip] VIP1"
        assert self.placed(fake, self.VIP, self.GOLD) == ("5", gold, done)
        assert self.placed(fake, self.GOLD, self.VIP) == ("6", vip, done)
        assert self.placed(fake, self.VIP, self.GOLD, self.NO_VIP) == ("6", "", [*done, "done"])
        assert self.placed(fake, self.GOLD, self.VIP, self.NO_TIER) == ("5", "", [*done, "done"])
        assert self.placed(fake, self.VIP, self.GOLD, self.NO_TIER) == ("5", "", [*done, "done"])
        assert self.placed(fake, self.GOLD, self.VIP, self.NO_VIP) == ("6", "", [*done, "done"])
        assert self.placed(fake, self.GOLD, self.NO_VIP) == ("6", "0", ["done", "same"])
        assert self.placed(fake, self.VIP, self.GOLD, self.GOLD, self.VIP)[2] == [*done, "same", "same"]

    def test_group_that_is_neither_is_never_taken_away(self, fake):
        for commands, note in (
            ((self.VIP,), "[CRM vip] VIP1"),
            ((self.VIP, self.NO_VIP), ""),
            ((self.GOLD,), "[CRM tier] HOUSE · Gold"),
            ((self.NO_VIP, self.NO_TIER), "0"),
        ):
            assert self.placed(fake, *commands, group="9")[:2] == ("9", note)
        assert self.placed(fake, self.VIP, group="9", plain_group="")[:2] == ("9", "[CRM vip] VIP1")
        assert self.placed(fake, self.VIP, group="0", plain_group="") == ("5", "0", ["done"])

    def test_codes_without_a_group_are_a_line_of_the_comment(self, fake):
        friend, lead = ("vip", {"code": "Friend"}), ("tier", {"program": "HOUSE", "level": "Lead"})
        assert self.placed(fake, self.VIP, friend)[:2] == ("1", "[CRM vip] Friend")
        assert self.placed(fake, friend, self.VIP, note="allergic")[:2] == ("5", "allergic")
        assert self.placed(fake, self.GOLD, lead)[:2] == ("1", "[CRM tier] HOUSE · Lead")
        assert self.placed(fake, friend, vip_groups="VIP1=5, VIP=7") == ("7", "0", ["done"])
        assert self.placed(fake, self.GOLD, friend, self.NO_TIER, vip_groups="VIP=7")[:2] == ("7", "")
        assert self.placed(fake, self.GOLD, vip_groups="VIP1=5", tier_groups="")[:2] == ("1", "[CRM tier] HOUSE · Gold")

    def test_group_that_must_be_left_for_an_unknown_one(self, fake):
        assert self.placed(fake, self.NO_VIP, group="5", plain_group="") == ("5", "0", ["refused"])

    def test_unknown_records_are_gone(self, fake):
        reading = self.reading(fake)
        for entity in ("guest", "check"):
            assert isinstance(reading.adapter.fetch_one(reading.session(), entity, "77"), Gone)

    def test_names_of_guests_are_not_kept_with_checks(self, fake):
        fake.grow(1)
        reading = self.reading(fake)
        reading.read("checks")
        checks = [raw.body for _order, raw in reading.inbox.values() if raw.entity == "check"]
        assert checks
        assert not any("Оксана" in body for body in checks)


def parse(record, entity="check", env=ENV):
    adapter = adapters.get("poster")
    raw = adapter.redact(records.raw(entity, "1", record))
    return [validate(event) for event in adapter.parse(raw, env)]


def sold(**values):
    fake = PosterFake()
    return {**fake.transactions[fake.sell()], **values}


@pytest.mark.parametrize(
    ("status", "word", "state"), [("1", "open", "live"), ("2", "paid", "live"), ("3", "voided", "void")]
)
def test_statuses(status, word, state):
    check, *parts = parse(sold(status=status))
    assert check["status"] == word
    assert {part["state"] for part in parts} == {state}


def test_unknown_status_is_kept():
    assert parse(sold(status="9"))[0]["status_raw"] == "9"


def test_returned_check():
    check, *parts = parse(sold(print_fiscal="2"))
    assert check["status"] == "refunded"
    assert {part["state"] for part in parts} == {"void"}


def test_kopecks():
    check, line, *payments = parse(sold(sum="199140", payed_cash="100040", payed_card="99000", payed_bonus="100"))
    assert (check["amount_subtotal"], check["amount_total"]) == ("1991.4", "1991.4")
    assert line["name"].startswith("Product 7")
    assert {item["external_id"].partition(":")[2]: item["amount"] for item in payments} == {
        "payed_cash": "1000.4",
        "payed_card": "990",
        "payed_bonus": "1",
    }
    assert parse(sold(sum="1250"), env=ENV._replace(currency="KWD"))[0]["amount_subtotal"] == "1.25"
    assert parse(sold(sum="1250"), env=ENV._replace(currency="JPY"))[0]["amount_subtotal"] == "1250"
    assert parse(sold(sum="1250"), env=ENV._replace(currency="AMD"))[0]["amount_subtotal"] == "12.5"


def test_on_the_house():
    nothing = dict.fromkeys(("payed_cash", "payed_card", "payed_bonus"), "0")
    check = parse(sold(**nothing, sum="5000", pay_type="0"))[0]
    assert (check["amount_total"], check["amount_discount"]) == ("0", "50")


def test_zero_is_nobody():
    check = parse(sold(client_id="0", card_number="0", guests_count="0"))[0]
    assert not {"guest", "loyalty_number", "covers"} & check.keys()


def test_loyalty_card_is_evidence_and_a_bank_card_is_none():
    assert parse(sold(client_id="0", card_number="0000000000222"))[0]["loyalty_number"] == "0000000000222"
    assert "loyalty_number" not in parse(sold(card_number="4111111111111111"))[0]


def test_time_of_closing():
    """Milliseconds are an instant; the local text stands in for them, in the hour that there is twice too."""
    check = parse(sold(date_start="1504641602936", date_close="1504641603008"))[0]
    assert (check["opened_at"], check["closed_at"]) == ("2017-09-05 20:00:02", "2017-09-05 20:00:03")
    check = parse(sold(date_close="0", date_close_date="2026-10-25 03:30:00"))[0]
    assert check["closed_at"] == "2026-10-25 00:30:00"


def test_customer():
    client = {**PosterFake().clients, "client_id": "5", "birthday": "1986-11-23", "client_sex": "1", "comment": "0"}
    client.update(client_groups_id="5", card_number="0000000000222", client_groups_name="Club")
    [guest] = parse(client, "guest")
    assert guest["values"] == {
        "birthdate": "1986-11-23",
        "gender": "male",
        "vip": "VIP1",
        "memberships": [{"number": "0000000000222", "program": "Poster"}],
    }
    client.update(client_groups_id="6")
    assert parse(client, "guest")[0]["values"] == {
        "birthdate": "1986-11-23",
        "gender": "male",
        "memberships": [{"level": "Gold", "number": "0000000000222", "program": "Poster"}],
    }
    client.update(client_groups_id="9")
    assert parse(client, "guest")[0]["values"]["memberships"] == [{"number": "0000000000222", "program": "Club"}]
    client.update(client_groups_id="6", card_number="0")
    assert parse(client, "guest")[0]["values"]["memberships"] == [{"level": "Gold", "program": "Poster"}]
    assert parse({"client_id": "5", "firstname": ""}, "guest")[0]["values"] == {"name": "Poster 5"}
    assert parse({"client_id": "5", "delete": "1"}, "guest")[0]["op"] == "tombstone"


def request(body, at):
    return HookRequest("POST", "https://crm.example.org/h", "", {}, body, at)


def test_hooks():
    fake, adapter = PosterFake(), adapters.get("poster")
    now = fake.now().timestamp()
    body = fake.hook("transaction", 1001, "added")
    call = request(body, now)
    adapter.hook.check(call, {"hook_key": ["new one", SECRET]})
    adapter.hook.check(request(fake.hook("client_ewallet", 7, data='{"value":1}'), now), {"hook_key": [SECRET]})
    assert adapter.receive(call, ENV).hints == [Hint("check", "1001", "transaction.added")]
    assert adapter.receive(request(fake.hook("client", 7), now), ENV).hints == [Hint("guest", "7", "client.changed")]
    assert adapter.receive(request(fake.hook("stock", 7), now), ENV) == ([], [])
    reply = adapter.reply(call)
    assert (reply.status, json.loads(reply.body), reply.content_type) == (200, {"status": "accept"}, "application/json")


def test_hooks_that_are_not_believed():
    fake, hook = PosterFake(), adapters.get("poster").hook
    body, now = fake.hook("transaction", 1001), fake.now().timestamp()
    for changed in (
        request(body.replace(b"1001", b"1002"), now),
        request(body.replace(b"changed", b"removed"), now),
        request(body, now + 301),
        request(body, now - 301),
        request(b"[]", now),
        request(b'{"verify": 7}', now),
    ):
        with pytest.raises(Rejected):
            hook.check(changed, {"hook_key": [SECRET]})
    with pytest.raises(Rejected):
        hook.check(request(body, now), {"hook_key": ["another"]})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"transaction_id": None}, "transaction_id"),
        ({"products": "none"}, "products"),
        ({"products": [7]}, "products.0"),
        ({"payed_cash": "12.50"}, "payed_cash"),
        ({"products": [{"payed_sum": "x"}]}, "products.0.payed_sum"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change, path):
    with pytest.raises(ParseError) as caught:
        parse(sold(**change))
    assert caught.value.path == path


@given(st.data())
def test_parsing_never_crashes(data):
    fake = PosterFake()
    transaction = fake.transactions[fake.sell()]
    for entity, record in (("check", transaction), ("guest", fake.clients["1"])):
        parses("poster", entity, data.draw(distorted(record)), ENV)


@given(st.data())
def test_requests_never_crash(data):
    event = json.loads(PosterFake().hook("transaction", 7))
    receives("poster", request(json.dumps(data.draw(distorted(event))).encode(), 0.0), ENV)


@given(st.binary(max_size=60))
def test_garbage_is_refused(body):
    refused("poster", request(body, 0.0), {"hook_key": [SECRET]}, ENV)
