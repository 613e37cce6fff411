from datetime import datetime, timedelta
from itertools import permutations

from odoo.tests import tagged

from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestSourceConsent(ConnectorCommon):
    """What a source says about consents is recorded by the one method, with its proof, and never undoes a refusal."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.brand = cls.env["hospitality.brand"].create({"name": "Palace Hotels", "code": "C-BRAND"})
        cls.hotel.brand_id = cls.brand
        cls.Event, cls.State = cls.env["hospitality.consent.event"], cls.env["hospitality.consent.state"]

    def _consent(self, state, version=1, key="G1", channel="email", **values):
        return {
            "entity": "consent",
            "external_id": f"{key}:{channel}",
            "guest": key,
            "channel": channel,
            "state": state,
            "version": version,
            "source_field": "optInEmail",
            **values,
        }

    def _add_guest(self, key="G1", **values):
        self._send(self._guest(key, name=f"Anna Koval{key}", emails=[f"{key.lower()}@own-mail.com"], **values))
        return self._profile(key).partner_id

    def _said(self, key="G1"):
        return self.Event.search([("profile_id", "=", self._profile(key).id)], order="id").mapped(
            lambda event: (event.purpose_code, event.channel, event.decision)
        )

    def _get_state(self, key="G1", purpose="marketing", channel="email", brand=True):
        purpose = self.env["hospitality.purpose"].search([("code", "=", purpose)])
        guest = self._profile(key).partner_id
        row = self.State.search(
            [
                ("partner_id", "=", guest.id),
                ("purpose_id", "=", purpose.id),
                ("channel", "=", channel),
                ("brand_id", "=", self.brand.id if brand else False),
            ]
        )
        return row.state

    def test_a_statement_has_its_proof(self):
        self._add_guest()
        record = self._send(self._consent("granted", at="2025-01-31T10:00:00+02:00"))
        self.assertEqual(record.state, "done", record.error_message)
        event = self.Event.search([("profile_id", "=", self._profile("G1").id)])
        self.assertEqual((event.decision, event.method, event.source_id), ("granted", "import", self.source))
        self.assertEqual((event.brand_id, event.purpose_code, event.channel), (self.brand, "marketing", "email"))
        self.assertEqual(str(event.decided_at), "2025-01-31 08:00:00")
        proof = self.env["hospitality.consent.payload"].search([("event_id", "=", event.id)]).evidence
        for part in ("PMS", "G1:email", "optInEmail", f"#{record.id}"):
            self.assertIn(part, proof)
        self.assertEqual(self._get_state(), "granted")

    def test_the_same_again_appends_nothing(self):
        self._add_guest()
        self._send(self._consent("granted"))
        self._send(self._consent("granted", 2))
        self._send(self._consent("granted", 3, source_field="renamed"))
        self.assertEqual(self._said(), [("marketing", "email", "granted")])
        at = "2025-01-31T10:00:00Z"
        self._send(self._consent("denied", 4, at=at), self._consent("denied", 5, at=at, source_field="x"))
        self.assertEqual(self._said()[1:], [("marketing", "email", "denied")])

    def test_absent_is_no_consent(self):
        self._add_guest()
        self._send(self._consent("unknown"))
        self.assertEqual(self._said(), [])
        self.assertFalse(self._get_state())
        self._send(self._consent("granted", 2), self._consent("unknown", 3))
        self._send(self._consent("denied", 4))
        self._send(self._consent("unknown", 5))
        self.assertEqual(self._get_state(), "denied")

    def test_tick_that_is_taken_away_is_a_withdrawal(self):
        self._add_guest()
        self._send(self._consent("granted"))
        self._send(self._consent("unknown", 2))
        self.assertEqual([decision for _purpose, _channel, decision in self._said()], ["granted", "withdrawn"])
        self.assertEqual(self._get_state(), "denied")
        self._send(self._consent("unknown", 3, source_field="again"), self._consent("granted", 1, source_field="late"))
        self.assertEqual((len(self._said()), self._get_state()), (2, "denied"))
        self._send(self._consent("granted", 4))
        self.assertEqual(self._said()[2:], [("marketing", "email", "granted")])

    def test_an_old_grant_never_undoes_a_refusal(self):
        versions = {1: "granted", 2: "denied", 3: "granted", 4: "denied"}
        for number, order in enumerate(permutations(versions)):
            with_time = number % 2
            key = f"G{number}"
            self._add_guest(key)
            for version in order:
                at = {"at": f"2025-01-0{version}T10:00:00Z"} if with_time else {}
                self._send(self._consent(versions[version], version, key, **at))
            self._send(
                self._consent(
                    "granted", 3, key, source_field="again", **({"at": "2025-01-03T10:00:00Z"} if with_time else {})
                )
            )
            self.assertEqual(self._get_state(key), "denied", order)

    def test_what_the_guest_said_himself_stands(self):
        guest = self._add_guest()
        self._send(self._consent("granted"))
        purpose = self.env.ref("hospitality_crm.purpose_marketing")
        self.Event._record(guest, purpose, "email", "withdrawn", method="one_click", brand=self.brand)
        self._send(self._consent("granted", 2), self._consent("granted", 1, source_field="again"))
        self.assertEqual(self._get_state(), "denied")

    def test_a_consent_waits_for_its_guest(self):
        record = self._send(self._consent("denied"))
        self.assertEqual((record.state, record.wait_key), ("waiting", "guest:G1"))
        self._add_guest()
        self.assertEqual((record.state, self._get_state()), ("done", "denied"))
        record = self._send([self._consent("granted", key="G2"), self._guest("G2", name="Bruno Keller")])
        self.assertEqual((record.state, self._said("G2")), ("done", [("marketing", "email", "granted")]))

    def test_statements_follow_a_merge_of_the_source(self):
        self._add_guest("G1")
        self._add_guest("G2")
        self._send(self._consent("granted", key="G1"), self._consent("denied", key="G2"))
        self._send({"entity": "guest", "op": "merge", "external_id": "G1", "into": "G2", "version": 2})
        self.assertEqual(self._get_state("G2"), "denied", "the most restrictive one counts")
        self._send({"entity": "guest", "op": "unmerge", "external_id": "G1", "version": 3})
        self.assertEqual((self._get_state("G1"), self._get_state("G2")), ("granted", "denied"))

    def test_channels_and_purposes(self):
        self._add_guest()
        self._send(
            self._consent("granted", channel="profiling"),
            self._consent("denied", channel="third_party"),
            self._consent("granted", channel="sms", purpose="surveys"),
        )
        said = self._said()
        self.assertIn(("profiling", "any", "granted"), said)
        self.assertIn(("surveys", "sms", "granted"), said)
        others = {channel for purpose, channel, decision in said if (purpose, decision) == ("partner_offers", "denied")}
        self.assertEqual(others, set(self.env.ref("hospitality_crm.purpose_partner_offers")._get_channels()))
        self.assertEqual(len(said), len(others) + 2)

    def test_unknown_purposes(self):
        self._add_guest()
        records = self._send(
            self._consent("granted", purpose="SPA-NEWS"), self._consent("denied", channel="sms", purpose="SPA-NEWS")
        )
        self.assertEqual(self._said(), [("marketing", "sms", "denied")])
        self.assertEqual(records.mapped("warnings"), [["consent_purpose:SPA-NEWS"]] * 2)
        mapping = self.env["hospitality.connector.mapping"].search([("kind", "=", "consent_purpose")])
        self.assertEqual((mapping.code, mapping.state, mapping.seen_count), ("SPA-NEWS", "unmapped", 2))
        mapping.target = "surveys"
        mapping.action_confirm()
        self.connector._process()
        self.assertEqual(
            set(self._said()),
            {("marketing", "sms", "denied"), ("surveys", "email", "granted"), ("surveys", "sms", "denied")},
        )

    def test_what_can_not_be_proven_waits_with_its_reason(self):
        child = (datetime.now() - timedelta(days=3000)).date().isoformat()
        self._add_guest("G1", birthdate=child)
        self._add_guest("G2")
        ahead = (datetime.now() + timedelta(days=2)).isoformat()
        records = self._send(
            self._consent("granted", key="G1"),
            self._consent("granted", key="G2"),
            self._consent("granted", key="G2", channel="sms", at=ahead),
        )
        self.assertEqual(records.mapped("state"), ["quarantined", "done", "quarantined"])
        self.assertEqual(set(records.mapped("error_code")), {False, "consent_refused"})
        self.assertIn("guardian", records[0].error_message)
        self.assertIn("future", records[2].error_message)
        self.assertEqual((self._said("G1"), self._said("G2")), ([], [("marketing", "email", "granted")]))
        self._send(self._guest("G1", 2, name="Anna KovalG1", birthdate="1980-01-01"))
        records[0].action_replay()
        self.connector._process()
        self.assertEqual((records[0].state, self._get_state("G1")), ("done", "granted"))

    def test_anonymised_guests_say_nothing(self):
        self._add_guest()
        self._send({"entity": "guest", "op": "anonymise", "external_id": "G1", "version": 2})
        record = self._send(self._consent("granted"))
        self.assertEqual((record.state, record.warnings), ("done", ["anonymised"]))
        self.assertEqual(self._said(), [])

    def test_statements_do_not_grow_with_the_number_of_consents(self):
        def count(first, number):
            keys = [f"G{first + position}" for position in range(number)]
            self._send(*[self._guest(key, name=f"Guest {key}", emails=[f"{key}@own-mail.com"]) for key in keys])
            self._send(*[self._consent("granted", key=key) for key in keys], process=False)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.connector._process()
            self.assertEqual(self._get_state(keys[-1]), "granted")
            return self.env.cr.sql_log_count - before

        count(0, 2)
        self.assertLessEqual(count(100, 40), count(200, 4) + 2)
