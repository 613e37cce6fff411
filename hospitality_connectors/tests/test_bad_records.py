import json

from odoo.tests import tagged

from ..engine.adapter import Raw
from .common import ConnectorCommon

GOOD = 9_950


@tagged("post_install", "-at_install")
class TestBadRecords(ConnectorCommon):
    """Fifty kinds of bad records among ten thousand: each waits with its reason, all others land."""

    def _body(self, entity="stay", **values):
        base = {
            "guest": {"entity": "guest", "values": {"name": "Bad Record"}},
            "stay": {"entity": "stay", "arrival": "2025-02-01", "departure": "2025-02-03"},
            "charge": {"entity": "charge", "stay": "S0", "name": "Item", "amount_gross": "5"},
            "payment": {"entity": "payment", "stay": "S0", "amount": "5"},
            "check": {"entity": "check", "business_date": "2025-02-01"},
            "reservation": {"entity": "reservation", "starts_at": "2025-02-01T18:00:00Z"},
            "booking": {"entity": "booking"},
            "review": {"entity": "review", "at": "2025-02-01T18:00:00Z", "rating": 4},
            "consent": {"entity": "consent", "guest": "G1", "channel": "email", "state": "denied"},
        }[entity]
        event = {**base, "external_id": "X", **values}
        return {key: value for key, value in event.items() if value != "MISSING"}

    def _make_bad_bodies(self):
        """Return ``{reason code: [bodies]}``; bodies are texts, bytes or events."""
        body = self._body
        return {
            "not_json": ["{broken", "", b"\xff\xfe\x00 binary"],
            "not_a_record": ["[1]", '"text"', "null"],
            "unknown_entity": [{"external_id": "X"}, body(entity="stay") | {"entity": "spaceship"}],
            "unknown_op": [body(op="explode"), body(op="anonymise"), body(op="merge"), body("consent", op="tombstone")],
            "missing_key": [body(external_id="MISSING"), body(external_id=""), body(external_id="   ")],
            "missing_field": [
                body(arrival="MISSING"),
                body("guest", values="MISSING"),
                body("payment", amount="MISSING"),
                body("check", business_date="MISSING"),
                body(guests=[{"role": "primary"}]),
                body("guest", op="merge"),
                body("consent", guest="MISSING"),
                body("review", at="MISSING"),
            ],
            "unknown_field": [body(colour="blue"), body("guest", values={"shoe_size": "44"})],
            "wrong_type": [
                body(adults="two"),
                body(adults=1.5),
                body(is_pseudo="perhaps"),
                body(guests="G1"),
                body("guest", values=["Anna"]),
                body(version="latest"),
                body(market={"a": 1}),
                body(external_id=["X"]),
                body("guest", values={"name": "A", "diet": ["nuts"]}),
            ],
            "bad_number": [body(adults=-1), body(children=99_999_999), body("review", rating=6)],
            "bad_amount": [body(rate_amount="12,5"), body("charge", amount_gross="NaN"), body(amount_total=True)],
            "bad_date": [body(arrival="2025-02-30"), body(arrival="01/02/2025"), body(arrival="0001-01-01")],
            "bad_instant": [body("reservation", starts_at="tomorrow"), body(checked_in_at="2025-13-01T00:00:00Z")],
            "bad_choice": [
                body(guests=[{"guest": "G1", "role": "pilot"}]),
                body("consent", state="perhaps"),
                body("consent", channel="pigeon"),
            ],
            "bad_link": [body("review", url="javascript:alert(1)")],
            "no_review": [body("review", rating="MISSING")],
            "no_words": [body("guest", values={"name": "A", "preferences": [{"code": ""}]})],
            "bad_currency": [body(currency="EURO")],
            "bad_country": [body("guest", values={"name": "A", "country": "UKR"})],
            "too_long": [body(external_id="X" * 300), body(guests=[{"guest": f"G{n}"} for n in range(201)])],
            "nul": [body("guest", values={"name": "An\x00na"})],
            "bad_text": ['{"entity": "guest", "external_id": "X", "values": {"name": "\\ud800"}}'],
            "too_large": [body("guest", values={"name": "A", "notes": "x" * 5_000_000})],
            "dates_order": [body(departure="2025-01-30")],
            "stay_too_long": [body(departure="2052-02-03")],
            "one_parent": [body("charge", check="K0"), body("payment", stay="MISSING")],
            "cycle": [
                body("check", refund_of="X"),
                body("charge", reverses="X"),
                body("guest", op="merge", into="X"),
                [
                    body("check", external_id="C1", refund_of="C2"),
                    body("check", external_id="C2", refund_of="C1"),
                ],
            ],
            "twice": [body(guests=[{"guest": "G1"}, {"guest": "G1", "role": "primary"}])],
            "no_values": [body("guest", values={"name": ""})],
            "unknown_status": [body(status_raw="ALMOST"), body("check", status_raw="HALF")],
            "unknown_currency": [body(currency="ZZQ", amount_total="3")],
            "unknown_property": [body(property="NOWHERE")],
            "two_currencies": [body("charge", currency="USD")],
        }

    def _make_raws(self, bad):
        raws = []
        for number in range(GOOD):
            events = [self._guest(f"G{number}", name=f"Guest Number{number}", emails=[f"g{number}@good-mail.com"])]
            if number < 50:
                events.append(self._stay(f"S{number}", guest=f"G{number}"))
            raws.append(Raw("guest", f"G{number}", json.dumps(events), event_key=f"good-{number}"))
        for number, body in enumerate(bad):
            if isinstance(body, (dict, list)):
                body = json.dumps(body).replace("X", f"X{number}") if "spaceship" not in str(body) else json.dumps(body)
            raws.insert(number * 190, Raw("", "", body, event_key=f"bad-{number}"))
        return raws

    def test_bad_records_wait_and_the_others_land(self):
        kinds = self._make_bad_bodies()
        expected = [code for code, bodies in kinds.items() for _body in bodies][:50]
        bad = [body for bodies in kinds.values() for body in bodies]
        self.assertGreaterEqual(len(bad), 50)
        bad, expected = self._choose(kinds)
        self.connector._store(self._make_raws(bad))
        counts = self.connector._process()
        self.assertEqual(counts, {"done": GOOD, "quarantined": 50})
        waiting = self.Inbox.search([("connector_id", "=", self.connector.id), ("state", "=", "quarantined")])
        by_key = {record.event_key: record for record in waiting}
        for number, code in enumerate(expected):
            record = by_key[f"bad-{number}"]
            self.assertEqual(record.error_code, code, record.error_message)
            self.assertRegex(record.error_message, r"^[A-Z“][^\x00]{15,}[.…]$", "a sentence for people")
            self.assertNotIn("Traceback", record.error_message)
        self.assertEqual(self.env["hospitality.profile"].search_count([("source_id", "=", self.source.id)]), GOOD)
        self._repair_and_replay(by_key, expected)

    def _choose(self, kinds):
        """Return 50 bodies and their codes: every reason, the first ones of each kind first."""
        queue = [(depth, code, body) for code, bodies in kinds.items() for depth, body in enumerate(bodies)]
        queue.sort(key=lambda entry: entry[0])
        chosen = queue[:50]
        self.assertEqual({code for _depth, code, _body in chosen}, set(kinds))
        return [body for _depth, _code, body in chosen], [code for _depth, code, _body in chosen]

    def _repair_and_replay(self, by_key, expected):
        """What was wrong here is put right here; what was wrong in the source is delivered again."""
        currency = by_key[f"bad-{expected.index('unknown_currency')}"]
        place = by_key[f"bad-{expected.index('unknown_property')}"]
        status = by_key[f"bad-{expected.index('unknown_status')}"]
        large = by_key[f"bad-{expected.index('too_large')}"]
        Mapping = self.env["hospitality.connector.mapping"]
        for kind, target in (("currency", "EUR"), ("property", "C-PAL"), ("stay_status", "reserved")):
            mapping = Mapping.search([("connector_id", "=", self.connector.id), ("kind", "=", kind)])
            mapping.target = target
            mapping.action_confirm()
        self.connector.max_record_kb = 0
        large.action_replay()
        wrong = by_key[f"bad-{expected.index('dates_order')}"]
        wrong.action_replay()
        self.connector._process()
        self.assertEqual({record.state for record in (currency, place, status)}, {"done"})
        self.assertEqual((wrong.state, wrong.attempts), ("quarantined", 2))
        # Notes may have 100,000 characters: the record is read now, and refused for another reason.
        self.assertEqual(large.error_code, "too_long")

    def test_replay_of_one_kind(self):
        self.connector._store(
            [Raw("", "", json.dumps(self._body(external_id=f"X{n}", property="LATER"))) for n in range(3)]
        )
        self.connector._store([Raw("", "", "{broken")])
        self.assertEqual(self.connector._process(), {"quarantined": 4})
        self.env["hospitality.property"].create({"name": "Later", "code": "LATER", "currency_id": self.euro.id})
        records = self.Inbox.search([("connector_id", "=", self.connector.id)])
        records.filtered(lambda record: record.error_code == "unknown_property")[0].action_replay_alike()
        self.assertEqual(self.connector._process(), {"done": 3})
        self.assertEqual(records.filtered(lambda record: record.state == "quarantined").error_code, "not_json")

    def test_a_check_that_refunds_itself_over_stored_ones(self):
        check = {"entity": "check", "business_date": "2025-02-01", "version": 1}
        self._send({**check, "external_id": "K1", "refund_of": "K2"})
        self._send({**check, "external_id": "K2", "refund_of": "K3"})
        record = self._send({**check, "external_id": "K3", "refund_of": "K1"})
        self.assertEqual((record.state, record.error_code), ("quarantined", "cycle"))

    def test_a_stay_can_not_change_the_currency_of_its_lines(self):
        self._send(self._stay("S1"), self._charge("L1", "S1", amount_gross="5"))
        record = self._send(self._stay("S1", 2, currency="USD"))
        self.assertEqual((record.state, record.error_code), ("quarantined", "two_currencies"))

    def test_failing_adapter_is_no_failing_inbox(self):
        adapter = type(self.connector._get_adapter())

        def parse(adapter, raw, env):
            raise KeyError("surprise")

        self.patch(adapter, "parse", parse)
        with self.assertLogs("odoo.addons.hospitality_connectors", "ERROR"):
            record = self._send(self._guest("G1", name="Anna Koval"))
        self.assertEqual((record.state, record.error_code), ("quarantined", "adapter_failed"))
