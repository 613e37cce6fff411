import datetime
import hashlib
import random

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import SQL

from ..engine import consent as engine
from .common import HospitalityCommon

DAY = datetime.timedelta(days=1)


class ConsentCommon(HospitalityCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["hospitality.consent.event"]
        cls.State = cls.env["hospitality.consent.state"]
        cls.marketing = cls.env.ref("hospitality_crm.purpose_marketing")
        cls.profiling = cls.env.ref("hospitality_crm.purpose_profiling")
        cls.brand = cls.env["hospitality.brand"].create({"name": "Palaces", "code": "T-BR"})
        cls.brand_2 = cls.env["hospitality.brand"].create({"name": "Bistros", "code": "T-BR2"})
        cls.now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)

    def _say(self, guest, decision, purpose=None, channel="email", **facts):
        facts = {"method": "desk", "reason": "Said so.", **facts}
        return self.Event.browse(self.Event._record(guest, purpose or self.marketing, channel, decision, **facts))

    def _deliver(self, profile, decision, **facts):
        entry = {"profile_id": profile.id, "purpose": self.marketing, "channel": "email"}
        facts = {"method": "import", "evidence": "PMS field NEWSLETTER", **facts}
        return self.Event._record_many([entry], decision, **facts)[0]

    def _get(self, guest, brand=None, channel="email", purpose=None):
        return self.State._get(guest.ids, purpose or self.marketing, channel, brand).get(guest.id, ("unknown", None))[0]

    def _profile(self, guest, number):
        return self.env["hospitality.profile"].create(
            {
                "source_id": self.source.id,
                "external_id": f"{guest.id}-{number}",
                "partner_id": guest.id,
                "values": {"name": guest.name},
            }
        )


@tagged("post_install", "-at_install")
class TestConsent(ConsentCommon):
    def test_silence_is_unknown(self):
        self.assertEqual(self._get(self.anna), "unknown")

    def test_grant_is_for_one_purpose_and_channel(self):
        self._say(self.anna, "granted")
        self.assertEqual(self._get(self.anna), "granted")
        self.assertEqual(self._get(self.anna, channel="sms"), "unknown")
        self.assertEqual(self._get(self.anna, purpose=self.profiling), "unknown")
        self.assertEqual(self._get(self.ben), "unknown")

    def test_purpose_as_a_whole_has_no_channel(self):
        event = self._say(self.anna, "granted", self.profiling, "sms")
        self.assertEqual(event.channel, "any")
        self.assertEqual(self._get(self.anna, purpose=self.profiling, channel="email"), "granted")
        with self.assertRaisesRegex(ValidationError, "answered about"):
            self.profiling.per_channel = True
        with self.assertRaisesRegex(UserError, "one channel at a time"):
            self._say(self.anna, "granted", channel="any")

    def test_brands(self):
        self._say(self.anna, "granted", brand=self.brand)
        self.assertEqual(
            [self._get(self.anna, brand) for brand in (self.brand, self.brand_2, None)],
            ["granted", "unknown", "unknown"],
        )
        self._say(self.anna, "withdrawn")
        self.assertEqual([self._get(self.anna, brand) for brand in (self.brand, self.brand_2)], ["denied", "denied"])
        self._say(self.anna, "granted", brand=self.brand_2)
        self.assertEqual([self._get(self.anna, brand) for brand in (self.brand, self.brand_2)], ["denied", "granted"])

    def test_event_has_the_fields_of_a_proof(self):
        version = self.env.ref("hospitality_crm.notice_guest_1_en")
        event = self._say(
            self.anna, "granted", method="form", notice=version, brand=self.brand, ip="203.0.113.7", reason=None
        )
        self.assertRecordValues(
            event,
            [
                {
                    "company_id": self.company.id,
                    "purpose_code": "marketing",
                    "decision": "granted",
                    "legal_basis": "consent",
                    "notice_hash": hashlib.sha256(version.body.encode()).hexdigest(),
                    "lang": "en_US",
                    "method": "form",
                    "actor": "guest",
                    "actor_uid": self.env.uid,
                }
            ],
        )
        payload = self.env["hospitality.consent.payload"].search([("event_id", "=", event.id)])
        self.assertEqual(payload.ip, "203.0.113.7")
        self.assertEqual(event.payload_hash, self.Event._hash_details({"ip": "203.0.113.7"}, payload.salt))
        receipt = event._get_receipt()
        self.assertEqual(receipt["record_id"], event.uid)
        self.assertEqual(receipt["processing"]["notice"]["sha256"], event.notice_hash)
        self.assertNotIn("Anna", event._get_receipt_text())
        html = self.env["ir.actions.report"]._render_qweb_html("hospitality_crm.report_consent_receipt", event.ids)[0]
        self.assertIn(event.uid, html.decode())
        self.assertIn("You decide what we may use your data for", html.decode())

    def test_what_could_not_be_proven_is_refused(self):
        for facts, message in (
            ({"method": "desk", "reason": " "}, "Write down how"),
            ({"method": "import", "evidence": None}, "needs its proof"),
            ({"method": "form", "reason": None}, "no published text"),
            ({"method": None}, "says how it was made"),
            ({"decided_at": self.now + DAY}, "in the future"),
        ):
            with self.assertRaisesRegex(UserError, message):
                self._say(self.anna, "granted", **facts)
        self.assertFalse(self.Event.search_count([("profile_id.partner_id", "=", self.anna.id)]))
        self._say(self.anna, "denied", method="import", reason=None)

    def test_published_wording_never_changes(self):
        version = self.env.ref("hospitality_crm.notice_guest_1_en")
        with self.assertRaisesRegex(UserError, "was published"):
            version.body = "Anything goes."
        with self.assertRaisesRegex(UserError, "was published"):
            version.unlink()
        new = version.copy({"number": 2, "body": "New text.", "state": "draft"})
        new.body = "Newer text."
        new.action_publish()
        self.assertEqual((version.state, new.state), ("retired", "published"))
        found = self.env["hospitality.notice"]._find_version(self.marketing, self.brand, "uk_UA")
        self.assertEqual(found, new)

    def test_consent_ends_after_its_months(self):
        self.marketing.valid_months = 24
        with freeze_time("2026-01-31 10:00:00"):
            event = self._say(self.anna, "granted")
            self.assertEqual(event.valid_until, datetime.date(2028, 1, 31))
        with freeze_time("2028-01-31 10:00:00"):
            self.assertEqual(self._get(self.anna), "granted")
        with freeze_time("2028-02-01 10:00:00"):
            self.assertEqual(self._get(self.anna), "unknown")
            state = self.State.search([("partner_id", "=", self.anna.id)])
            self.assertEqual((state.state, state.effective), ("granted", "unknown"))

    def test_minor_needs_a_guardian(self):
        self.anna.guest_birthdate = datetime.date.today().replace(year=datetime.date.today().year - 15)
        with self.assertRaisesRegex(UserError, "under 16: a guardian has to agree"):
            self._say(self.anna, "granted")
        with self.assertRaisesRegex(UserError, "isn't known as a guardian"):
            self._say(self.anna, "granted", guardian=self.ben)
        self._say(self.anna, "denied")
        self.env["hospitality.relation"].create(
            {"partner_id": self.ben.id, "related_id": self.anna.id, "kind": "child"}
        )
        event = self._say(self.anna, "granted", guardian=self.ben)
        self.assertEqual((event.actor, self._get(self.anna)), ("guardian", "granted"))
        self.assertEqual(event.guardian_profile_id, self.ben._get_odoo_profile().id)
        self.company.hospitality_consent_age = 13
        self._say(self.anna, "granted", channel="sms")

    def test_former_guardian_is_none(self):
        self.anna.guest_birthdate = datetime.date.today()
        self.env["hospitality.relation"].create(
            {
                "partner_id": self.anna.id,
                "related_id": self.ben.id,
                "kind": "guardian",
                "date_to": datetime.date.today() - DAY,
            }
        )
        with self.assertRaisesRegex(UserError, "isn't known as a guardian"):
            self._say(self.anna, "granted", guardian=self.ben)


@tagged("post_install", "-at_install")
class TestConsentSources(ConsentCommon):
    def test_old_grant_delivered_again_undoes_nothing(self):
        profile = self._profile(self.anna, 1)
        first = self._deliver(profile, "granted", external_ref="C1", decided_at=self.now - 9 * DAY)
        self._deliver(profile, "withdrawn", external_ref="C2", decided_at=self.now - DAY)
        self.assertEqual(self._get(self.anna), "denied")
        self.assertTrue(first)
        self.assertIsNone(self._deliver(profile, "granted", external_ref="C1", decided_at=self.now - 9 * DAY))
        self._deliver(profile, "granted", external_ref="C3", decided_at=self.now - 5 * DAY)
        self.assertEqual(self._get(self.anna), "denied")

    def test_flag_counts_when_it_changes(self):
        profile = self._profile(self.anna, 1)
        self.assertTrue(self._deliver(profile, "granted"))
        self._say(self.anna, "withdrawn", method="one_click", reason=None)
        self.assertIsNone(self._deliver(profile, "granted"))
        self.assertEqual(self._get(self.anna), "denied")
        self.assertTrue(self._deliver(profile, "denied"))
        self.assertTrue(self._deliver(profile, "granted"))

    def test_guest_overrules_an_old_refusal_in_one_system(self):
        profile = self._profile(self.anna, 1)
        self._deliver(profile, "denied", decided_at=self.now - 9 * DAY)
        event = self._say(self.anna, "granted")
        self.assertEqual(self._get(self.anna), "granted")
        copies = self.Event.search([("copy_of_id", "=", event.id)])
        self.assertEqual((copies.profile_id, copies.decision), (profile, "granted"))
        self._say(self.anna, "granted")
        self.assertEqual(self.Event.search_count([("profile_id", "=", profile.id)]), 2)

    def test_system_speaks_for_its_own_record(self):
        ours, theirs = self._profile(self.anna, 1), self._profile(self.anna, 2)
        self._deliver(ours, "denied")
        self._deliver(theirs, "granted")
        self.assertEqual(self._get(self.anna), "denied")

    def test_wrong_statement_is_taken_back(self):
        self._say(self.anna, "granted")
        wrong = self._say(self.anna, "withdrawn")
        with self.assertRaisesRegex(UserError, "why the statement is wrong"):
            wrong._void(" ")
        wrong._void("Meant the guest of the next room.")
        self.assertEqual(self._get(self.anna), "granted")
        states = self.Event._get_states_at(self.anna, wrong.recorded_at)
        self.assertEqual(states[self.marketing.id, "email"].state, "denied")

    def test_merge_takes_the_most_restrictive_and_undo_gives_back(self):
        self._say(self.anna, "granted")
        self._say(self.ben, "denied")
        merge = self.env["hospitality.merge"]._merge_groups([(self.anna.id, [self.ben.id], {})])
        self.assertEqual(self._get(self.anna), "denied")
        self.assertEqual(self._get(self.ben), "unknown")
        self.assertEqual(self.State._find_differences(self.anna.id, self.carla.id), [])
        merge._undo()
        self.assertEqual((self._get(self.anna), self._get(self.ben)), ("granted", "denied"))

    def test_undo_gives_nobody_a_consent_of_another(self):
        profile = self._profile(self.ben, 1)
        self._deliver(profile, "denied")
        merge = self.env["hospitality.merge"]._merge_groups([(self.anna.id, [self.ben.id], {})])
        self._say(self.anna, "granted")
        self.assertEqual(self._get(self.anna), "granted")
        self.assertEqual(self.Event.search_count([("profile_id", "=", profile.id)]), 2)
        merge._undo()
        self.assertEqual((self._get(self.anna), self._get(self.ben)), ("granted", "denied"))

    def test_undo_keeps_a_refusal_for_both(self):
        profile = self._profile(self.ben, 1)
        self._deliver(profile, "granted")
        merge = self.env["hospitality.merge"]._merge_groups([(self.anna.id, [self.ben.id], {})])
        self._say(self.anna, "withdrawn")
        merge._undo()
        self.assertEqual((self._get(self.anna), self._get(self.ben)), ("denied", "denied"))

    def test_profile_that_changes_hands_takes_its_statements_along(self):
        profile = self._profile(self.anna, 1)
        self._deliver(profile, "denied")
        profile.partner_id = self.ben
        self.assertEqual((self._get(self.anna), self._get(self.ben)), ("unknown", "denied"))

    def test_guest_who_was_merged_away_speaks_for_the_winner(self):
        self.env["hospitality.merge"]._merge_groups([(self.anna.id, [self.ben.id], {})])
        self._say(self.ben, "granted")
        self.assertEqual(self._get(self.anna), "granted")

    def test_random_statements_equal_the_model_at_every_time(self):
        """10,000 statements over 40 guests with three records each, brands, corrections and late arrivals."""
        rng = random.Random(20261122)
        guests = [self._create_guest(f"Random {number}", f"r{number}@example.com") for number in range(40)]
        profiles = [self._profile(guest, number) for guest in guests for number in range(3)]
        brands = [None, None, self.brand, self.brand_2]
        start = self.now - 400 * DAY
        model = {}
        for step in range(100):
            with freeze_time(start + step * DAY, tick=False):
                entries = []
                for _number in range(100):
                    profile = rng.choice(profiles)
                    entries.append(
                        {
                            "profile_id": profile.id,
                            "purpose": rng.choice([self.marketing, self.profiling]),
                            "channel": rng.choice(["email", "sms"]),
                            "brand": rng.choice(brands),
                            "decision": rng.choice(["granted", "granted", "denied", "withdrawn", "pending"]),
                            "decided_at": start
                            + (step - rng.choice([0, 0, 1, 30])) * DAY
                            + datetime.timedelta(seconds=rng.randrange(-90000, 0)),
                            "valid_until": rng.choice([None, None, (start + rng.randrange(500) * DAY).date()]),
                        }
                    )
                ids = self.Event._record_many(
                    [{**e, "valid_until": e["valid_until"] if e["decision"] == "granted" else None} for e in entries],
                    method="import",
                    evidence="test",
                )
                if step % 10 == 9:
                    self.Event.browse(rng.sample(ids, 5))._void("Wrong record.")
        rows = self.Event.search([("profile_id", "in", [profile.id for profile in profiles])], order="id")
        self.assertGreaterEqual(len(rows), 10_000)
        guest_of = {profile.id: profile.partner_id.id for profile in profiles}
        for row in rows:
            key = guest_of[row.profile_id.id], row.purpose_id.id, row.channel
            model.setdefault(key, []).append(row)
        today = datetime.date.today()
        for (guest_id, purpose_id, channel), said in model.items():
            for brand in (None, self.brand, self.brand_2):
                purpose = self.env["hospitality.purpose"].browse(purpose_id)
                stored = self.State._get([guest_id], purpose, channel, brand).get(guest_id, ("unknown", None))[0]
                self.assertEqual(stored, self._plain(said, brand, None, today))
        for guest in guests[:10]:
            for _number in range(5):
                at = start + rng.randrange(100) * DAY + datetime.timedelta(hours=1)
                for brand in (None, self.brand):
                    for (purpose_id, channel), state in self.Event._get_states_at(guest, at, brand).items():
                        said = model[guest.id, purpose_id, channel]
                        self.assertEqual(state.state, self._plain(said, brand, at, at.date()))
        self.assertEqual(self.State._find_differences(guests[0].id, guests[-1].id), [])
        self.env.cr.execute(
            SQL("UPDATE hospitality_consent_state SET state = 'granted' WHERE partner_id = %s", guests[3].id)
        )
        self.assertEqual(self.State._find_differences(guests[0].id, guests[-1].id), [guests[3].id])

    def _plain(self, said, brand, at, today):
        """The rules word by word, over records."""
        known = [e for e in said if at is None or e.recorded_at <= at]
        taken_back = {e.void_of_id for e in known if e.decision == "void"}
        verdicts = set()
        for profile in {e.profile_id.id for e in known}:
            own = [
                e
                for e in known
                if e.profile_id.id == profile
                and e.decision != "void"
                and e.id not in taken_back
                and (not e.brand_id or (brand and e.brand_id == brand))
            ]
            if own:
                newest = max(own, key=lambda e: (e.decided_at, e.id))
                verdict = engine.STATES[newest.decision]
                if verdict != "granted" or not newest.valid_until or newest.valid_until >= today:
                    verdicts.add(verdict)
        return next((verdict for verdict in ("denied", "pending", "granted") if verdict in verdicts), "unknown")


@tagged("post_install", "-at_install")
class TestConsentScreens(ConsentCommon):
    def test_reception_records_what_a_guest_says(self):
        reception = self._create_role_user("reception")
        form = Form(
            self.env["hospitality.consent.record"].with_user(reception).with_context(default_partner_id=self.anna.id)
        )
        form.purpose_id = self.marketing
        form.decision = "granted"
        form.channel_email = form.channel_sms = True
        form.reason = "Asked at check-in."
        form.save().action_record()
        self.assertEqual(
            [self._get(self.anna, channel=c) for c in ("email", "sms", "phone")], ["granted", "granted", "unknown"]
        )
        event = self.Event.search([("profile_id.partner_id", "=", self.anna.id)], limit=1)
        self.assertEqual(event.actor_uid, reception.id)
        with self.assertRaises(AccessError):
            self.env["hospitality.consent.record"].with_user(self._create_role_user("marketing")).create({})

    def test_guest_card_shows_what_holds(self):
        self._say(self.anna, "granted", valid_until=datetime.date.today() - DAY)
        self._say(self.anna, "denied", channel="sms", brand=self.brand)
        card = self.env["hospitality.guest.card"].with_user(self._create_role_user("reception"))
        rows = card.get_tab(self.anna.id, "consents")["consents"]
        self.assertEqual(
            [(row["purpose"], row["channel_key"], row["brand"], row["state_key"], row["expired"]) for row in rows],
            [
                ("Offers and news", "email", None, "granted", True),
                ("Offers and news", "sms", "Palaces", "denied", False),
                ("Offers and news", "sms", None, "unknown", False),
            ],
        )

    def test_a_channel_is_chosen(self):
        wizard = self.env["hospitality.consent.record"].create(
            {
                "partner_id": self.anna.id,
                "purpose_id": self.marketing.id,
                "decision": "denied",
                "reason": "No mail please.",
            }
        )
        with self.assertRaisesRegex(UserError, "at least one channel"):
            wizard.action_record()

    def test_details_are_for_the_data_protection_officer(self):
        self._say(self.anna, "granted")
        Payload = self.env["hospitality.consent.payload"]
        self.assertTrue(Payload.with_user(self._create_role_user("dpo")).search_count([]))
        with self.assertRaises(AccessError):
            Payload.with_user(self._create_role_user("manager")).search_count([])

    def test_statements_of_another_company_are_not_seen(self):
        self.carla.company_id = self.company_2
        self._say(self.carla, "granted")
        manager = self._create_role_user("manager")
        domain = [("profile_id", "in", self.carla.sudo().profile_ids.ids)]
        self.assertFalse(self.Event.with_user(manager).search(domain))
        self.assertTrue(self.Event.search(domain))
