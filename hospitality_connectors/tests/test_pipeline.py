import itertools
import json
from unittest.mock import patch

import psycopg2.errors

from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.hospitality_crm.models.bulk import hospitality_bulk_partner

from ..engine.adapter import Raw
from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestPipeline(ConnectorCommon):
    def test_a_message_becomes_guest_booking_stay_and_people(self):
        record = self._send(
            [
                self._guest("G1", name="Anna Koval", emails=["anna@koval-mail.com"], phones=["067 765 43 12"]),
                {"entity": "booking", "external_id": "B1", "version": 1, "booker": "G1", "confirmation": "C1"},
                self._stay("S1", booking="B1", guest="G1", room_type="DBL", rate_amount="99.5"),
            ]
        )
        self.assertEqual(record.state, "done", record.error_message)
        stay = self._stay_of("S1")
        self.assertEqual(stay.partner_id.email, "anna@koval-mail.com")
        self.assertEqual(stay.partner_id.phone, "+380677654312")
        self.assertTrue(stay.partner_id.is_guest)
        self.assertEqual(stay.booking_id.partner_id, stay.partner_id)
        self.assertEqual(stay.guest_ids.partner_id, stay.partner_id)
        self.assertEqual(stay.guest_ids.role, "primary")
        self.assertEqual((stay.nights, stay.amount_total, stay.revenue_basis), (3, 298.5, "rate"))
        self.assertEqual(stay.room_type_id, self.room_type)
        dirty = self.env["hospitality.guest.dirty"].search([("partner_id", "=", stay.partner_id.id)])
        self.assertTrue(dirty)

    def test_two_records_of_a_new_person_in_one_batch_are_one_guest(self):
        self._send(
            self._guest("G1", name="Anna Koval", emails=["anna@koval-mail.com"]),
            self._guest("G2", name="KOVAL ANNA", emails=["ANNA@koval-mail.com"], city="Kyiv"),
            self._guest("G3", name="Peter Koval", emails=["anna@koval-mail.com"]),
        )
        self.assertEqual(self._profile("G1").partner_id, self._profile("G2").partner_id)
        self.assertNotEqual(self._profile("G1").partner_id, self._profile("G3").partner_id)
        self.assertEqual(self._profile("G1").partner_id.city, "Kyiv")

    def test_a_later_record_joins_the_guest_whom_it_fits(self):
        self._send(self._guest("G1", name="Anna Koval", phones=["+380677654312"]))
        guest = self._profile("G1").partner_id
        self._send(self._guest("G2", name="Anna Koval", phones=["+380677654312"], emails=["anna@koval-mail.com"]))
        self.assertEqual(self._profile("G2").partner_id, guest)
        self.assertEqual(guest.email, "anna@koval-mail.com")

    def test_a_record_that_fits_two_guests_joins_one_and_has_them_compared(self):
        self._send(self._guest("G1", name="Anna Koval", emails=["a@koval-mail.com"]))
        self._send(self._guest("G2", name="Anna Koval", emails=["b@koval-mail.com"]))
        self._send(self._guest("G3", name="Anna Koval", emails=["a@koval-mail.com", "b@koval-mail.com"]))
        first, second, third = (self._profile(f"G{number}").partner_id for number in (1, 2, 3))
        self.assertNotEqual(first, second)
        self.assertEqual(third, first)
        self.assertEqual(
            self.env["hospitality.match.queue"].search([]).mapped("profile_id")[-1:], third.profile_ids[-1:].ids
        )

    def test_a_relay_address_identifies_nobody(self):
        address = ["abc.1@guest.booking.com"]
        self._send(self._guest("G1", name="Anna Koval", emails=address))
        self._send(self._guest("G2", name="Anna Koval", emails=address))
        self.assertNotEqual(self._profile("G1").partner_id, self._profile("G2").partner_id)
        self.assertFalse(self._profile("G1").partner_id.email)

    def test_any_order_gives_the_same_end(self):
        messages = [
            self._guest("G1", 1, name="Anna Koval", emails=["anna@koval-mail.com"]),
            self._guest("G1", 2, name="Anna Koval-Smith", emails=["anna@koval-mail.com"]),
            self._stay("S1", 1, guest="G1", booking="B1", rate_amount="10"),
            self._stay("S1", 2, guest="G1", booking="B1", rate_amount="20"),
            {"entity": "booking", "external_id": "B1", "version": 1, "booker": "G1"},
            self._charge("L1", "S1", amount_gross="30"),
        ]
        ends = set()
        for order in itertools.islice(itertools.permutations(messages), 0, None, 37):
            with self.env.cr.savepoint() as savepoint:
                for message in order:
                    self._send(message)
                stay = self._stay_of("S1")
                guest = self._profile("G1").partner_id
                self.assertFalse(self.Inbox.search([("connector_id", "=", self.connector.id), ("state", "!=", "done")]))
                self.assertFalse(self.env["hospitality.pending.ref"].search([("source_id", "=", self.source.id)]))
                ends.add(
                    (
                        guest.name,
                        stay.partner_id == guest and stay.guest_ids.partner_id == guest,
                        stay.booking_id.partner_id == guest and stay.booking_id.external_id,
                        stay.rate_amount,
                        stay.amount_total,
                        stay.revenue_basis,
                        len(guest.profile_ids),
                    )
                )
                savepoint.rollback()
            self.env.invalidate_all(flush=False)
        self.assertEqual(ends, {("Anna Koval-Smith", True, "B1", 20.0, 30.0, "lines", 1)})

    def test_the_same_again_writes_nothing(self):
        messages = [
            self._guest("G1", name="Anna Koval", emails=["anna@koval-mail.com"]),
            self._stay("S1", guest="G1", rate_amount="10"),
            self._charge("L1", "S1", amount_gross="30"),
            {"entity": "payment", "external_id": "P1", "version": 1, "stay": "S1", "amount": "30"},
            {"entity": "check", "external_id": "K1", "version": 1, "guest": "G1", "closed_at": "2025-02-02T20:00:00Z"},
        ]
        self._send(*messages)
        before, sequences = self._written(), self._sequences()
        # Another delivery: the bodies differ, what they say does not.
        again = self._send(*[{**message, "version": message["version"]} | {"op": "upsert"} for message in messages])
        self.assertEqual(set(again.mapped("state")), {"done"})
        self.assertEqual(len(again), len(messages))
        self.assertEqual(self._written(), before)
        self.assertEqual(self._sequences(), sequences)

    def _sequences(self):
        return self.env.execute_query(
            SQL(
                "SELECT sequencename, last_value FROM pg_sequences WHERE sequencename = ANY(%s) ORDER BY 1",
                ["res_partner_id_seq", "hospitality_stay_id_seq", "hospitality_profile_id_seq"],
            )
        )

    def test_a_newer_version_of_the_same_content_outdates_what_lies_between(self):
        self._send(self._stay("S1", 1, adults=1))
        self._send(self._stay("S1", 3, adults=1))
        self._send(self._stay("S1", 2, adults=2))
        self.assertEqual(self._stay_of("S1").adults, 1)

    def test_unchanged_content_is_written_over_older_content_of_another_lane(self):
        """Only the version is newer; meanwhile another lane writes what lies between the two."""
        self._send(self._stay("S1", version=1, adults=2))
        Fact = self.env.registry["hospitality.bulk.fact"]
        touch = Fact._touch

        def overtaken(fact, model_name, items):
            fact.env.cr.execute(
                "UPDATE hospitality_stay SET version = 2, payload_hash = 'other', adults = 9 WHERE external_id = 'S1'"
            )
            return touch(fact, model_name, items)

        self._send(self._stay("S1", version=3, adults=2), process=False)
        with patch.object(Fact, "_touch", overtaken), self.assertRaises(psycopg2.errors.SerializationFailure):
            self.connector._process()
        self.env.invalidate_all()
        self.connector._process()
        stay = self._stay_of("S1")
        self.assertEqual((stay.adults, stay.version), (2, 3))

    def test_the_same_version_with_other_content_is_applied_with_a_warning(self):
        self._send(self._stay("S1", 1, adults=1))
        record = self._send(self._stay("S1", 1, adults=2))
        self.assertEqual(self._stay_of("S1").adults, 2)
        self.assertEqual(record.warnings, ["same_version"])

    def test_a_snapshot_without_a_value_empties_it(self):
        self._send(self._stay("S1", 1, adults=2, market="Direct", room_type="DBL"))
        self._send(self._stay("S1", 2))
        stay = self._stay_of("S1")
        self.assertEqual((stay.adults, stay.market, bool(stay.room_type_id)), (0, False, False))

    def test_people_of_a_stay_follow_its_newest_snapshot(self):
        self._send(
            self._guest("G1", name="Anna Koval"),
            self._guest("G2", name="Ben Smith"),
            self._stay("S1", 1, guests=[{"guest": "G1"}, {"guest": "G2", "role": "sharer"}]),
        )
        self._send(self._stay("S1", 2, guests=[{"guest": "G2"}, {"guest": "G9", "role": "companion"}]))
        stay = self._stay_of("S1")
        self.assertEqual([(one.profile_id.external_id, one.role) for one in stay.guest_ids], [("G2", "primary")])
        self.assertEqual(stay.profile_id.external_id, "G2")
        self._send(self._guest("G9", name="Carla Rossi"))
        stay.invalidate_recordset()
        self.assertEqual(
            [(one.profile_id.external_id, one.role, one.pays) for one in stay.guest_ids],
            [("G2", "primary", True), ("G9", "companion", False)],
        )

    def test_lines_decide_the_amounts_of_a_stay(self):
        self._send(
            self._stay("S1", amount_total="500"),
            self._charge("L1", "S1", amount_gross="100", amount_tax="10"),
            self._charge("L2", "S1", department="fb", amount_net="20", amount_tax="4"),
            self._charge("L3", "S1", department="fb", amount_gross="7", state="moved"),
            self._charge("L4", "S1", department="other", amount_gross="-5", state="allowance"),
            self._charge("L5", "S1", department="tip", amount_gross="3", window=2),
            self._charge("L6", "S1", department="tax", amount_gross="2", window=2),
        )
        stay = self._stay_of("S1")
        amounts = (stay.amount_room, stay.amount_fb, stay.amount_other, stay.amount_tax, stay.amount_total)
        self.assertEqual(amounts, (100, 24, -5, 16, 121))
        self.assertEqual(stay.revenue_basis, "lines")
        self._send({"entity": "charge", "external_id": "L1", "version": 2, "op": "tombstone"})
        self._send(self._stay("S1", 2, amount_total="900"))
        stay.invalidate_recordset()
        self.assertEqual((stay.amount_room, stay.amount_total, stay.revenue_basis), (0, 21, "lines"))

    def test_check_without_total_is_summed_from_its_lines(self):
        self._send(
            {"entity": "check", "external_id": "K1", "version": 1, "business_date": "2025-02-01"},
            {"entity": "charge", "external_id": "L1", "check": "K1", "name": "Soup", "amount_gross": "10"},
            {"entity": "charge", "external_id": "L2", "check": "K1", "name": "Tip", "department": "tip",
             "amount_gross": "2"},
        )  # fmt: skip
        check = self._find("hospitality.check", "K1")
        self.assertEqual((check.amount_total, check.amount_tip), (10, 2))

    def test_night_bill_belongs_to_the_day_before(self):
        self._send(
            # 02:30 in Kyiv, which is three hours ahead of UTC in summer
            {"entity": "check", "external_id": "K1", "version": 1, "closed_at": "2025-07-10T23:30:00Z"},
            {"entity": "reservation", "external_id": "R1", "version": 1, "starts_at": "2025-07-11T19:00:00+03:00"},
        )
        check = self._find("hospitality.check", "K1")
        self.assertEqual((str(check.business_date), check.daypart), ("2025-07-10", "late"))
        self.assertEqual(str(self._find("hospitality.reservation", "R1").business_date), "2025-07-11")

    def test_amounts_keep_their_currency_and_the_rate_of_the_day(self):
        company_currency = self.env.company.currency_id
        other = self.dollar if company_currency != self.dollar else self.euro
        self.env["res.currency.rate"].create(
            [
                {"currency_id": other.id, "name": day, "rate": rate, "company_id": self.env.company.id}
                for day, rate in (("2025-01-01", 2.0), ("2025-03-01", 4.0))
            ]
        )
        self._send(self._stay("S1", currency=other.name, amount_total="10"))
        stay = self._stay_of("S1")
        self.assertEqual((stay.currency_id, stay.amount_total, stay.currency_rate), (other, 10, 0.5))

    def test_tombstones_keep_history(self):
        self._send(
            self._guest("G1", name="Anna Koval"),
            self._stay("S1", guest="G1"),
            self._stay("S2", guest="G1", status="checked_out"),
        )
        self._send(
            *[{"entity": "stay", "external_id": key, "version": 2, "op": "tombstone"} for key in ("S1", "S2")],
            {"entity": "guest", "external_id": "G1", "version": 2, "op": "tombstone"},
        )
        self.assertEqual(self._stay_of("S1").status, "cancelled")
        self.assertEqual(self._stay_of("S2").status, "checked_out")
        self.assertEqual(self._profile("G1").state, "gone")
        self.assertEqual(self._stay_of("S1").partner_id.name, "Anna Koval")
        self._send(self._stay("S1", 1, guest="G1", adults=2))
        self.assertEqual(self._stay_of("S1").status, "cancelled", "an older version does not bring it back")
        self._send(self._stay("S1", 3, guest="G1"), self._guest("G1", 3, name="Anna Koval"))
        self.assertEqual((self._stay_of("S1").status, self._profile("G1").state), ("reserved", "live"))

    def test_tombstone_in_one_batch_with_a_record_that_waits(self):
        charge = self._charge("L1", "S1", amount_gross="5")
        records = self._send(charge, {"entity": "charge", "external_id": "L1", "version": 2, "op": "tombstone"})
        self.assertEqual(set(records.mapped("state")), {"waiting"})
        self._send(self._stay("S1"))
        self.assertEqual(set(records.mapped("state")), {"done"})
        self.assertEqual(self._find("hospitality.charge", "L1").state, "void")

    def test_the_latest_word_counts_also_when_it_says_the_same(self):
        other = self.connector.copy({"source_id": self.source.copy({"code": "c_pms2"}).id})
        anna = {"name": "Anna Koval", "emails": ["anna@koval-mail.com"]}
        self._send(self._guest("G1", 1_700_000_001, city="Kyiv", **anna))
        self._send(self._guest("H1", 1_700_000_002, city="Lviv", **anna), connector=other)
        guest = self._profile("G1").partner_id
        self.assertEqual(guest.city, "Lviv")
        self._send(self._guest("G1", 1_700_000_003, city="Kyiv", **anna))
        self.assertEqual(guest.city, "Kyiv")

    def test_tombstone_before_its_record(self):
        gone = {"entity": "stay", "external_id": "S1", "version": 2, "op": "tombstone"}
        record = self._send(gone)
        self.assertEqual((record.state, record.wait_key), ("waiting", "stay:S1"))
        self._send(self._stay("S1", 1))
        self.assertEqual((record.state, self._stay_of("S1").status), ("done", "cancelled"))

    def test_anonymised_guest_does_not_come_back(self):
        self._send(self._guest("G1", name="Anna Koval", emails=["anna@koval-mail.com"]), self._stay("S1", guest="G1"))
        self._send({"entity": "guest", "external_id": "G1", "version": 2, "op": "anonymise"})
        profile = self._profile("G1")
        self.assertEqual((profile.state, profile.name, profile.values), ("anonymised", False, False))
        self.assertFalse(profile.link_ids)
        self.assertFalse(self.env["hospitality.contact.point"].search([("value", "=", "anna@koval-mail.com")]))
        self.assertEqual((profile.partner_id.name, profile.partner_id.email), ("Anonymised guest", False))
        self._send(self._guest("G1", 3, name="Anna Koval", emails=["anna@koval-mail.com"]))
        self.assertEqual((profile.state, profile.name), ("anonymised", False))
        self.assertEqual(self._stay_of("S1").partner_id, profile.partner_id)

    def test_raw_records_of_anonymised_guests_are_erased_at_once(self):
        anna = self._guest("G1", name="Anna Koval")
        own = self._send(anna, self._stay("S1", guest="G1"), self._stay("S2", guests=[{"guest": "G1"}]))
        others = self._send(self._guest("G12", name="Ben Smith"), self._stay("S3", guest="G12"))
        waiting = self._send(self._charge("L1", "S9", amount_gross="5"))
        gone = self._send({"entity": "guest", "external_id": "G1", "version": 2, "op": "anonymise"})
        self.assertEqual((own | gone).mapped("body"), [False] * 4)
        self.assertTrue(all((others | waiting).mapped("body")))
        late = self._send(self._guest("G1", 3, name="Anna Koval"))
        self.assertEqual((late.state, late.body), ("done", False))
        own[1].action_replay()
        self.connector._process()
        self.assertEqual((own[1].state, own[1].error_code), ("quarantined", "erased"))
        self.assertEqual(self._stay_of("S1").status, "reserved")

    def test_anonymised_in_one_source_known_in_another(self):
        other = self.connector.copy({"source_id": self.source.copy({"code": "c_pms2"}).id})
        anna = {"name": "Anna Koval", "emails": ["anna@koval-mail.com"]}
        self._send(self._guest("G1", city="Kyiv", **anna))
        self._send(self._guest("H1", **anna), connector=other)
        guest = self._profile("G1").partner_id
        self.assertEqual(guest.city, "Kyiv")
        self._send({"entity": "guest", "external_id": "G1", "version": 2, "op": "anonymise"})
        self.assertEqual((guest.name, guest.email, guest.city), ("Anna Koval", "anna@koval-mail.com", False))

    def test_masked_values_never_overwrite(self):
        self._send(self._guest("G1", 1, name="Anna Koval", emails=["anna@koval-mail.com"], city="Kyiv"))
        self._send(self._guest("G1", 2, name="A**** *****", emails=["****@****"], city="Lviv"))
        self._send(self._guest("G1", 3, name="*****", emails=["***@***.***"], city="Lviv"))
        guest = self._profile("G1").partner_id
        self.assertEqual((guest.name, guest.email, guest.city), ("A**** *****", "anna@koval-mail.com", "Lviv"))
        self.assertEqual(self._profile("G1").link_ids.point_id.value, "anna@koval-mail.com")

    def test_changed_contact_points(self):
        self._send(self._guest("G1", 1, name="Anna Koval", emails=["a@koval-mail.com", "b@koval-mail.com"]))
        self._send(self._guest("G1", 2, name="Anna Koval", emails=["b@koval-mail.com", "c@koval-mail.com"]))
        links = self._profile("G1").link_ids.sorted("sequence")
        self.assertEqual(links.point_id.mapped("value"), ["b@koval-mail.com", "c@koval-mail.com"])
        self.assertEqual(self._profile("G1").partner_id.email, "b@koval-mail.com")

    def test_value_used_with_many_names_is_nobodys_own(self):
        self._send(*[self._guest(f"G{n}", name=f"Guest Number{n}x", emails=["desk@agency-mail.com"]) for n in range(4)])
        point = self._profile("G0").link_ids.point_id
        self.assertEqual((point.name_count, point.kind), (4, "real"))
        self._send(self._guest("G5", name="Somebody Else", emails=["desk@agency-mail.com"]))
        point.invalidate_recordset()
        self.assertEqual((point.name_count, point.kind, point.kind_by), (5, "shared", "degree"))
        self.assertFalse(self._profile("G0").partner_id.email)

    def test_names_of_a_value_are_counted_when_there_is_a_new_one(self):
        counted = []
        Profile = type(self.env["hospitality.bulk.profile"])
        count_names = Profile._count_names

        def note(profile, point_ids):
            counted.append(len(point_ids))
            return count_names(profile, point_ids)

        self.patch(Profile, "_count_names", note)
        for number, name in enumerate(["Anna Koval", "Anna Koval", "Peter Koval", "Anna Koval"]):
            self._send(self._guest(f"G{number}", name=name, emails=["family@koval-mail.com"]))
        self.assertEqual(counted, [0, 0, 1, 0])
        self.assertEqual(self._profile("G0").link_ids.point_id.name_count, 2)

    def test_a_guest_who_is_merged_meanwhile_is_followed(self):
        self._send(self._guest("G1", name="Anna Koval", emails=["anna@koval-mail.com"]))
        self._send(self._guest("G2", name="Hanna Kovalenko", phones=["+380677654312"]))
        loser, winner = self._profile("G1").partner_id, self._profile("G2").partner_id
        Profile = type(self.env["hospitality.bulk.profile"])
        attach = Profile._attach_profiles

        def attach_and_merge(profile, batch, people, points, source):
            attach(profile, batch, people, points, source)
            self.env["hospitality.merge"]._merge_groups([(winner.id, loser.ids, {})])

        self.patch(Profile, "_attach_profiles", attach_and_merge)
        self._send(self._guest("G3", name="Anna Koval", emails=["anna@koval-mail.com"], city="Lviv"))
        self.assertEqual(self._profile("G3").partner_id, winner)
        self.assertEqual(winner.city, "Lviv")

    def test_what_staff_typed_outranks_the_source(self):
        self._send(self._guest("G1", 1, name="Anna Koval", city="Kyiv", street="Main 1"))
        guest = self._profile("G1").partner_id
        guest.with_user(self.env.ref("base.user_admin")).write({"name": "Anna Koval-Smith"})
        self._send(self._guest("G1", 2, name="Anna Koval", city="Lviv", street="Main 1"))
        self.assertEqual((guest.name, guest.city), ("Anna Koval-Smith", "Lviv"))

    def test_other_addons_are_told_once_per_batch(self):
        told = []
        self.patch(
            type(self.env["hospitality.stay"]), "_after_bulk_upsert", lambda model, ids: told.append(sorted(ids))
        )
        self._send(self._stay("S1"), self._stay("S2"), self._stay("S3"))
        stays = self.env["hospitality.stay"].search([("source_id", "=", self.source.id)])
        self.assertEqual(told, [sorted(stays.ids)])

    def test_a_single_message_needs_few_statements(self):
        self._send([self._guest("G0", name="Warm Up", emails=["warm@up-mail.com"]), self._stay("S0", guest="G0")])
        message = [
            self._guest("G1", name="Anna Koval", emails=["anna@koval-mail.com"]),
            {"entity": "booking", "external_id": "B1", "version": 1, "booker": "G1"},
            self._stay("S1", guest="G1", booking="B1"),
        ]
        record = self._send(message, process=False)
        self.env.flush_all()
        with self.assertQueryCount(26):
            self.assertEqual(self.connector._process_one(record.id), "done")
            self.env.flush_all()

    def test_an_error_of_the_database_costs_one_record_only(self):
        def fail(bulk, entity, items):
            if any(item.event.get("market") == "BROKEN" for item in items):
                bulk.env.cr.execute("SELECT 1 / 0")

        original = type(self.env["hospitality.bulk.visit"])._prepare_rows

        def prepare(visit, batch, entity, items, codes):
            original(visit, batch, entity, items, codes)
            fail(visit, entity, items)

        self.patch(type(self.env["hospitality.bulk.visit"]), "_prepare_rows", prepare)
        with mute_logger("odoo.sql_db"):
            records = self._send(*[self._stay(f"S{n}", market="BROKEN" if n == 7 else "Fine") for n in range(20)])
        bad = records.filtered(lambda record: record.state == "quarantined")
        self.assertEqual(bad.mapped("external_id"), ["S7"])
        self.assertEqual((bad.error_code, "division by zero" in bad.error_message), ("database", True))
        self.assertEqual(len(records.filtered(lambda record: record.state == "done")), 19)
        self.assertFalse(self._stay_of("S7"))

    def test_two_lanes_that_miss_each_other_are_swept_up(self):
        self._send(self._stay("S1", guest="G1"), self._charge("L1", "S9", amount_gross="5"))
        # What another lane wrote at the same moment neither side has seen.
        guest = self.env["res.partner"].create({"name": "Anna Koval", "is_guest": True})
        profile = self.env["hospitality.profile"].create(
            {"source_id": self.source.id, "external_id": "G1", "partner_id": guest.id, "name": "Anna Koval"}
        )
        stay = self._stay_of("S1")
        stay.copy({"source_id": self.source.id, "external_id": "S9", "currency_id": self.euro.id})
        self.env.flush_all()
        self.connector._process()
        stay.invalidate_recordset()
        self.assertEqual((stay.profile_id, stay.guest_ids.profile_id), (profile, profile))
        self.assertEqual(self._stay_of("S9").amount_total, 5)

    def test_sanitised_phone_equals_core(self):
        country = self.env.ref("base.ua")
        Partner = self.env["res.partner"]
        for number in (
            "+380677654312", "+38067123456", "+5521912345678", "+552191234567", "+2250102030405", "+390612345678",
            "+12025550123", "+442071838750", "+4479460000", "067 765 43 12", "12-34", "+525512345678",
            "+5491123456789", "+33123456789", "+8613800138000", "+37410123456", "+972501234567", "+254712345678",
        ):  # fmt: skip
            expected = Partner._phone_format(number=number, country=country) or None
            ours = hospitality_bulk_partner.sanitize_phone(number, country.code, country.phone_code)
            self.assertEqual(ours, expected, number)

    def test_one_bad_event_stops_its_whole_message(self):
        record = self._send([self._guest("G1", name="Anna Koval"), self._stay("S1", guest="G1", arrival="2025-02-30")])
        self.assertEqual((record.state, record.error_code, record.error_path), ("quarantined", "bad_date", "arrival"))
        self.assertFalse(self._profile("G1"))

    def test_version_of_the_envelope_counts(self):
        def send(version, adults):
            body = json.dumps({**self._stay("S1", adults=adults), "version": None})
            self.connector._store([Raw("stay", "S1", body, version=version)])
            self.connector._process()

        send(5, 1)
        send(4, 2)
        self.assertEqual(self._stay_of("S1").adults, 1)
