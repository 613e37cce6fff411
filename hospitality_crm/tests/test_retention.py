import datetime
import random

from dateutil.relativedelta import relativedelta
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from .common import HospitalityCommon
from .key_common import KeyFileMixin

MODEL = "hospitality.retention.rule"
GUESTS = 3000
#: The day around which everything happens; the tests look back at it from three years and a day later.
DAY = datetime.date(2026, 6, 15)
LATER = DAY + relativedelta(years=3, days=1)


@tagged("post_install", "-at_install")
class TestRetention(KeyFileMixin, HospitalityCommon):
    """What has outlived its term, and nothing else, is treated."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule = cls.env[MODEL]
        cls.Rule.search([]).action_archive()
        cls.rule = cls.Rule.create({"data_class": "guest", "term": 3, "unit": "years", "basis": "CNIL"})
        cls.purpose = cls.env.ref("hospitality_crm.purpose_marketing")
        cls.dpo = cls._create_role_user("dpo")
        cls.mailing = cls.env["mailing.mailing"].create(
            {"subject": "News", "mailing_model_id": cls.env["ir.model"]._get_id("res.partner")}
        )
        # Guests of other tests and of the world are of no concern: they are younger.
        cls.env.cr.execute(SQL("UPDATE res_partner SET create_date = %s", LATER))

    # -- a world of thousands ------------------------------------------------------------------

    def _act(self, kind, guest, day):
        """Let something happen to a guest on a day; return whether it is contact by him."""
        at = datetime.datetime.combine(day, datetime.time(12))
        ids = {"partner_id": guest.id, "currency_id": self.palace.currency_id.id, "property_id": self.palace.id}
        stay = {**ids, "arrival": day - datetime.timedelta(days=1), "departure": day}
        trace = {"model": "res.partner", "res_id": guest.id, "mass_mailing_id": self.mailing.id}
        thread = {"model": "res.partner", "res_id": guest.id, "date": at, "body": "Hello"}
        rows = {
            "stay": ("hospitality.stay", {**stay, "status": "checked_out"}, True),
            "cancelled": ("hospitality.stay", {**stay, "status": "cancelled"}, False),
            "booked": ("hospitality.stay", {**stay, "status": "no_show", "booked_on": day}, True),
            "table": ("hospitality.reservation", {**ids, "starts_at": at, "status": "finished"}, True),
            "table no-show": ("hospitality.reservation", {**ids, "starts_at": at, "status": "no_show"}, False),
            "check": ("hospitality.check", {**ids, "opened_at": at, "closed_at": at, "business_date": day}, True),
            "reply": ("mail.message", {**thread, "author_id": guest.id, "message_type": "email"}, True),
            "written to": ("mail.message", {**thread, "author_id": self.env.user.partner_id.id}, False),
            "click": ("mailing.trace", {**trace, "links_click_datetime": at}, True),
            "open": ("mailing.trace", {**trace, "open_datetime": at}, False),
        }
        model, values, counts = rows[kind]
        self.batches.setdefault(model, []).append(values)
        return counts

    def _build(self, kinds=None):
        """Make guests with random acts around ``DAY``; return ``{id: day of the last contact}``."""
        chance = random.Random(7)
        created = DAY - datetime.timedelta(days=400)
        guests = self.env["res.partner"].create([{"name": f"Guest {n}", "is_guest": True} for n in range(GUESTS)])
        self.batches, last = {}, {}
        kinds = "stay cancelled booked table check reply click open".split() + ["written to", "table no-show"]
        for guest in guests:
            days = [created]
            contacts = []
            for _n in range(chance.choice((0, 1, 1, 2, 3))):
                day = DAY + datetime.timedelta(days=chance.randint(-4, 4))
                if self._act(chance.choice(kinds), guest, day):
                    contacts.append(day)
            last[guest.id] = max(contacts or days)
        for model, batch in self.batches.items():
            self.env[model].create(batch)
        self.env.flush_all()
        self.env.cr.execute(SQL("UPDATE res_partner SET create_date = %s WHERE id = ANY(%s)", created, guests.ids))
        return last

    def test_three_years_and_a_day_later_exactly_the_due_guests_are_due(self):
        last = self._build()
        entries = []
        chance = random.Random(8)
        decisions = chance.sample(sorted(last), 200)
        for guest_id in decisions:
            day = DAY + datetime.timedelta(days=chance.randint(-4, 1))
            entries.append(
                {
                    "partner_id": guest_id,
                    "purpose": self.purpose,
                    "channel": "email",
                    "decision": "denied",
                    "decided_at": datetime.datetime.combine(day, datetime.time(9)),
                }
            )
            last[guest_id] = max(last[guest_id], day)
        with freeze_time(DAY + datetime.timedelta(days=10)):
            self.env["hospitality.consent.event"]._record_many(entries, method="desk", reason="said so")
            old_flags = chance.sample(sorted(last), 50)
            self.env["hospitality.consent.event"]._record_many(
                [
                    {"partner_id": id_, "purpose": self.purpose, "channel": "sms", "decision": "denied"}
                    for id_ in old_flags
                ],
                method="import",
            )
        for later in (LATER, LATER - datetime.timedelta(days=1), LATER + datetime.timedelta(days=3)):
            with freeze_time(later):
                cutoff = later - relativedelta(years=3)
                expected = {id_ for id_, day in last.items() if day < cutoff}
                self.assertTrue(0 < len(expected) < GUESTS)
                due = set(self.rule._get_due())
                self.assertEqual(due, expected, later)
                self.assertEqual(self.rule._count_due(), len(expected))
        known = self.env["hospitality.last.contact"]._get_last(sorted(last)[:300])
        for id_ in sorted(last)[:300]:
            if id_ in known:
                self.assertEqual(known[id_].date(), last[id_])

    # -- single cases --------------------------------------------------------------------------

    def _old_guest(self, name, **values):
        guest = self._create_guest(name, f"{name.lower().replace(' ', '.')}@old.example", **values)
        self.env.flush_all()
        self.env.cr.execute(SQL("UPDATE res_partner SET create_date = '2020-01-01' WHERE id = %s", guest.id))
        return guest

    def _due(self, rule=None):
        with freeze_time(LATER):
            return set((rule or self.rule)._get_due())

    def test_what_a_merged_record_has_done_counts_for_who_he_is_now(self):
        guest, twin = self._old_guest("Zoe Old"), self._old_guest("Zoe Twin")
        self._create_stay(twin, self.palace, arrival=DAY + datetime.timedelta(days=3))
        self.assertIn(guest.id, self._due())
        guest._merge_guests(twin)
        self.assertFalse({guest.id, twin.id} & self._due())

    def test_logging_in_is_contact(self):
        guest = self._old_guest("Lea Login")
        user = new_test_user(self.env, login="lea_login", groups="base.group_portal")
        user.partner_id.is_guest = True
        self.env.flush_all()
        self.env.cr.execute(SQL("UPDATE res_partner SET create_date = '2020-01-01' WHERE id = %s", user.partner_id.id))
        self.assertLessEqual({guest.id, user.partner_id.id}, self._due())
        log = self.env["res.users.log"].with_user(user).sudo().create({})
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE res_users_log SET create_uid = %s, create_date = %s WHERE id = %s", user.id, LATER, log.id)
        )
        self.assertNotIn(user.partner_id.id, self._due())

    def test_staff_and_merged_contacts_are_never_due(self):
        staff = self._create_role_user("reception").partner_id
        staff.is_guest = True
        self.env.flush_all()
        self.env.cr.execute(SQL("UPDATE res_partner SET create_date = '2020-01-01' WHERE id = %s", staff.id))
        self.assertNotIn(staff.id, self._due())

    def test_a_hold_stops_it_until_it_ends(self):
        guest = self._old_guest("Hanna Held")
        hold = self.env["hospitality.legal.hold"].create(
            {"partner_id": guest.id, "reason": "Claim", "date_from": DAY, "date_to": LATER}
        )
        self.assertNotIn(guest.id, self._due())
        hold.date_to = LATER - datetime.timedelta(days=1)
        self.assertIn(guest.id, self._due())

    def test_a_shared_guest_falls_under_the_longest_term(self):
        guest, own = self._old_guest("Sam Shared"), self._old_guest("Olga Own", company_id=self.company.id)
        self._create_stay(guest, self.palace, arrival=DAY - datetime.timedelta(days=40))
        self.assertLessEqual({guest.id, own.id}, self._due())
        self._create_stay(guest, self.harbour, arrival=DAY - datetime.timedelta(days=90))
        self.assertNotIn(guest.id, self._due(), "the other company has said nothing")
        other = self.Rule.create(
            {"data_class": "guest", "term": 5, "unit": "years", "basis": "x", "company_id": self.company_2.id}
        )
        self.assertNotIn(guest.id, self._due(), "the other company keeps him for five years")
        self.assertNotIn(guest.id, self._due(other))
        other.term = 1
        self.assertIn(guest.id, self._due())
        self.assertIn(own.id, self._due())
        self.assertNotIn(own.id, self._due(other))

    def test_the_job_erases_whom_nothing_blocks(self):
        due, blocked, fresh = (self._old_guest(name) for name in ("Dora Due", "Bob Blocked", "Fay Fresh"))
        passport = self.env["hospitality.identity.document"].create({"partner_id": due.id, "number": "AA1234567"})
        self.env["hospitality.access.log"]._log("document", passport, reason="Dora has lost hers")
        seen = self.env["hospitality.access.log"].search([], limit=1)
        self._create_stay(blocked, self.palace, arrival=DAY - datetime.timedelta(days=50), balance=12.5)
        self._create_stay(fresh, self.palace, arrival=DAY + datetime.timedelta(days=50))
        with freeze_time(LATER), self.enter_registry_test_mode():
            self.env.ref("hospitality_crm.cron_retention").method_direct_trigger()
        self.env.invalidate_all()
        self.assertNotEqual(due.name, "Dora Due")
        self.assertFalse(due.email)
        self.assertFalse(passport.exists())
        self.assertFalse(seen.reason_ids)
        self.assertEqual([blocked.name, fresh.name], ["Bob Blocked", "Fay Fresh"])
        self.assertEqual(self.rule.last_count, 1)
        self.assertNotIn(due.id, self._due(), "once is enough")
        row = self.env["hospitality.access.log"].search([("kind", "=", "retention")], limit=1)
        self.assertEqual(row.guest_ids, (due.id,))
        erased = self.env["hospitality.access.log"].search([("kind", "=", "erasure")], limit=1)
        self.assertEqual(erased.guest_ids, (due.id,))

    def test_a_dry_run_changes_nothing(self):
        due, blocked = self._old_guest("Dora Due"), self._old_guest("Bob Blocked")
        self._create_stay(blocked, self.palace, arrival=DAY - datetime.timedelta(days=50), balance=12.5)
        with freeze_time(LATER):
            action = self.rule.with_user(self.dpo).action_dry_run()
            preview = self.env["hospitality.retention.preview"].with_user(self.dpo)
            preview = preview.with_context(**action["context"]).create({})
            values = call_kw(preview, "read", [preview.ids, ["count", "sample", "cutoff"]], {})[0]
        self.assertEqual(values["count"], 2)
        self.assertIn("Dora Due, last contact never", values["sample"])
        self.assertRegex(values["sample"], "Bob Blocked.*balanced")
        self.assertEqual(due.name, "Dora Due")
        self.env.cr.execute("SELECT count(*) FROM hospitality_retention_preview t WHERE t::text LIKE '%Dora%'")
        self.assertEqual(self.env.cr.fetchone()[0], 0, "names are shown, not stored")

    def test_only_officers_decide_on_terms(self):
        with self.assertRaises(AccessError):
            self.rule.with_user(self._create_role_user("manager")).read(["term"])
        with self.assertRaises(AccessError):
            self.rule.with_user(self._create_role_user("admin")).write({"term": 1})
        self.rule.with_user(self.dpo).write({"term": 4})
        self.rule.last_run = fields.Datetime.now()
        with self.assertRaisesRegex(UserError, "archive it"):
            self.rule.unlink()

    # -- other classes -------------------------------------------------------------------------

    def test_stays_lose_their_persons_and_keep_their_figures(self):
        rule = self.Rule.create({"data_class": "stay", "term": 1, "unit": "years", "basis": "x"})
        guest, friend = self._old_guest("Stella Stay"), self._old_guest("Frida Friend")
        old = self._create_stay(guest, self.palace, arrival=DAY - datetime.timedelta(days=3), amount_total=80)
        self.env["hospitality.stay.guest"].create(
            {"stay_id": old.id, "partner_id": friend.id, "role": "companion", "sleeps": True}
        )
        old.requests = "Stella wants a cot"
        new = self._create_stay(guest, self.palace, arrival=DAY + datetime.timedelta(days=365 * 3 - 20))
        held = self._create_stay(self._old_guest("Hanna Held"), self.palace, arrival=DAY)
        self.env["hospitality.legal.hold"].create(
            {"partner_id": held.partner_id.id, "reason": "Claim", "date_from": DAY}
        )
        self.rule.action_archive()
        with freeze_time(LATER):
            self.assertEqual(set(rule._get_due()) & {old.id, new.id, held.id}, {old.id})
            rule._treat([old.id])
            self.assertNotIn(old.id, rule._get_due())
        self.env.invalidate_all()
        self.assertFalse(old.partner_id or old.profile_id or old.guest_ids or old.requests)
        self.assertEqual((old.nights, old.amount_total), (2, 80))
        self.assertEqual(new.partner_id, guest)
        last = self.env["hospitality.last.contact"]._get_last((guest | friend).ids)
        self.assertEqual(last[friend.id].date(), old.departure, "when he was there is remembered")

    def test_messages_of_guests_go_and_their_day_is_remembered(self):
        rule = self.Rule.create({"data_class": "message", "term": 6, "unit": "months", "basis": "x"})
        guest = self._old_guest("Mia Message")
        at = datetime.datetime.combine(DAY, datetime.time(12))
        thread = {"model": "res.partner", "message_type": "email", "body": "Secret", "date": at}
        mine = self.env["mail.message"].create({**thread, "res_id": guest.id, "author_id": guest.id})
        supplier = self.env["res.partner"].create({"name": "Fish Wholesale"})
        other = self.env["mail.message"].create({**thread, "res_id": supplier.id})
        with freeze_time(LATER):
            self.assertEqual(set(rule._get_due()) & {mine.id, other.id}, {mine.id})
            rule._treat([mine.id])
        self.assertFalse(mine.exists())
        self.assertEqual(self.env["hospitality.last.contact"]._get_last(guest.ids), {guest.id: at})
        with freeze_time(DAY + relativedelta(years=3)):
            self.assertNotIn(guest.id, self.rule._get_due())

    def test_decisions_about_messages_lose_their_details(self):
        rule = self.Rule.create({"data_class": "decision", "term": 1, "unit": "years", "basis": "x"})
        spec = {
            "partner_id": self.anna.id,
            "company_id": self.company.id,
            "purpose_id": self.purpose.id,
            "channel": "email",
            "origin_model": "mailing.mailing",
            "origin_id": self.mailing.id,
            "state": "failed",
            "reason": False,
            "error": "550 anna@kovalenko.example unknown",
            "considered_at": datetime.datetime.combine(DAY, datetime.time(12)),
            "decided_at": datetime.datetime.combine(DAY, datetime.time(12)),
        }
        message = self.env["hospitality.message"].sudo().create(spec)
        with freeze_time(LATER):
            self.assertIn(message.id, rule._get_due())
            rule._treat(message.ids)
            self.assertNotIn(message.id, rule._get_due())
        self.assertFalse(message.error)
        self.assertEqual(message.state, "failed")

    def test_reasons_in_the_log_go_and_the_log_stays(self):
        rule = self.Rule.create({"data_class": "log", "term": 1, "unit": "years", "basis": "x"})
        Log = self.env["hospitality.access.log"]
        Log._log("contact", guests=self.anna, reason="Asked by phone")
        row = Log.search([], limit=1)
        self.assertNotIn(row.reason_ids.id, rule._get_due())
        with freeze_time(fields.Date.today() + relativedelta(years=1, days=2)):
            self.assertIn(row.reason_ids.id, rule._get_due())
            rule._treat(row.reason_ids.ids)
        self.env.invalidate_all()
        self.assertTrue(row.exists())
        self.assertFalse(row.reason)

    def test_documents_are_shown_with_their_own_date(self):
        rule = self.Rule.create({"data_class": "document", "basis": "x"})
        document = self.env["hospitality.identity.document"].create({"partner_id": self.anna.id, "number": "AA1234567"})
        self.assertNotIn(document.id, rule._get_due())
        document.delete_on = fields.Date.today()
        self.assertIn(document.id, rule._get_due())
        self.assertEqual(rule.term_text, "30 days after the departure")
        rule._treat(document.ids)
        self.assertFalse(document.exists())
