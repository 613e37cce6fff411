import datetime
import re

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.privacy.hospitality_privacy_intake import PER_EMAIL, TooManyRequests
from .privacy_common import PrivacyCommon


@tagged("post_install", "-at_install")
class TestRequest(PrivacyCommon):
    def test_the_clock(self):
        """30 days, reminders on days 20 and 27, one extension while it runs."""
        with freeze_time("2026-03-01 10:00:00"):
            request = self._request(self.anna, "access")
            self.assertEqual(request.due_at, datetime.date(2026, 3, 31))
        seen = []
        for day in range(1, 33):
            at = datetime.datetime(2026, 3, 1, 6) + datetime.timedelta(days=day)
            request.invalidate_recordset(["days_left", "is_overdue"])
            with freeze_time(at):
                self.Request._run_clock()
                warned = len(request.step_ids.filtered(lambda step: step.action == "warned"))
                if warned > len(seen):
                    seen.append(day)
        self.assertEqual(seen, [20, 27])
        self.assertEqual(request.activity_ids.user_id, self.dpo)
        with freeze_time("2026-04-01 10:00:00"):
            request.invalidate_recordset()
            self.assertTrue(request.is_overdue)
            self.assertIn(request, self.Request.search([("is_overdue", "=", True)]))
            with self.assertRaisesRegex(UserError, "while it runs"):
                request.with_user(self.dpo)._extend("a lot of data")
        with freeze_time("2026-03-30 10:00:00"):
            request.invalidate_recordset()
            request.with_user(self.dpo)._extend("a lot of data")
            self.assertEqual(request.due_at, datetime.date(2026, 5, 30))
            with self.assertRaisesRegex(UserError, "once"):
                request.with_user(self.dpo)._extend("again")

    def test_where_the_law_allows_no_extension(self):
        self.company.hospitality_privacy_extension_days = 0
        with self.assertRaisesRegex(UserError, "no extension"):
            self._request(self.anna, "access").with_user(self.dpo)._extend("why not")

    def test_only_officers_decide_and_only_on_proven_identity(self):
        reception = self._create_role_user("reception")
        request = self.Request.with_user(reception).create({"kind": "restriction", "partner_id": self.anna.id})
        self.assertEqual(request.channel, "desk")
        for call in ("action_answer", "action_cancel", "action_nothing_kept"):
            with self.subTest(call=call), self.assertRaises(AccessError):
                getattr(request, call)()
        with self.assertRaises(AccessError):
            request.proof = "known"
        with self.assertRaisesRegex(UserError, "Identity"):
            request.with_user(self.dpo).action_answer()
        request.with_user(self.dpo).proof = "known"
        self.assertEqual(request.proof_by_id, self.dpo)
        request.with_user(self.dpo).action_answer()
        self.assertTrue(self.anna.guest_restricted)

    def test_nobody_writes_past_the_procedure(self):
        request = self._request(self.anna, "access").with_user(self.dpo)
        for values in ({"state": "done"}, {"evidence_text": "x"}, {"received_at": "2020-01-01"}, {"channel": "portal"}):
            with self.subTest(values=values), self.assertRaises(UserError):
                request.write(values)
        with self.assertRaises(UserError):
            self.Request.with_user(self.dpo).create({"kind": "access", "partner_id": self.anna.id, "state": "done"})
        with self.assertRaises(UserError):
            request.step_ids.sudo().write({"note": "x"})
        with self.assertRaises(UserError):
            request.sudo().unlink()

    def test_refusal_has_a_reason(self):
        request = self._request(self.anna, "access").with_user(self.dpo)
        wizard = self.env["hospitality.privacy.reason"].with_user(self.dpo)
        wizard.create({"request_id": request.id, "mode": "refuse", "reason": "Asked thrice this month"}).action_apply()
        self.assertEqual((request.state, request.refusal_reason), ("refused", "Asked thrice this month"))
        with self.assertRaises(UserError):
            request.action_answer()

    def test_objection_refuses_marketing_and_profiling(self):
        Event = self.env["hospitality.consent.event"]
        marketing = self.env.ref("hospitality_crm.purpose_marketing")
        profiling = self.env.ref("hospitality_crm.purpose_profiling")
        Event._record(self.anna, marketing, "email", "granted", method="desk", reason="said so")
        request = self._request(self.anna, "objection")
        request.with_user(self.dpo).action_answer()
        State = self.env["hospitality.consent.state"]
        for channel in marketing._get_channels():
            self.assertEqual(State._get(self.anna.ids, marketing, channel)[self.anna.id][0], "denied", channel)
        for channel in profiling._get_channels():
            self.assertEqual(State._get(self.anna.ids, profiling, channel)[self.anna.id][0], "denied", channel)
        self.assertEqual(
            Event.browse(request.evidence["statements"]).filtered(lambda e: e.decision == "withdrawn").channel, "email"
        )

    def test_correction_is_the_guests_own_word(self):
        request = self.Request.create(
            {
                "kind": "correction",
                "partner_id": self.anna.id,
                "proof": "portal",
                "correction": {"city": "Lviv", "active": False},
            }
        )
        request.with_user(self.dpo).action_answer()
        self.assertEqual((self.anna.city, self.anna.active), ("Lviv", True))
        self.assertEqual(self.anna._get_odoo_profile().meta["address"]["by"], "guest")

    def test_a_restricted_guest_is_locked_but_readable(self):
        self._request(self.anna, "restriction").with_user(self.dpo).action_answer()
        manager = self._create_role_user("manager")
        anna = self.anna.with_user(manager)
        self.assertEqual(anna.name, "Anna Kovalenko")
        with self.assertRaisesRegex(UserError, "locked"):
            anna.city = "Odesa"
        with self.assertRaises(UserError):
            anna.with_context(hospitality_privacy=True).city = "Odesa"
        with self.assertRaises(UserError):
            anna.with_context(hospitality_survivorship=True).city = "Odesa"
        with self.assertRaises(UserError):
            anna.sudo().city = "Odesa"
        with self.assertRaisesRegex(UserError, "lift"):
            anna.guest_restricted = False
        anna.sudo().message_bounce = 1  # the machinery goes on
        self.assertTrue(self.env["hospitality.merge"]._get_refusals([[self.ben.id, self.anna.id]]))
        request = self.Request.search([("partner_id", "=", self.anna.id)])
        request.with_user(self.dpo).action_release()
        anna.city = "Odesa"
        self.assertEqual(self.anna.city, "Odesa")

    def test_proofs_are_forgotten(self):
        request = self._request(
            self.anna, "restriction", proof_note="passport AB 12", details="please", email="a@b.example"
        )
        request.with_user(self.dpo).action_answer()
        for days, note, details in (
            (29, "passport AB 12", "please"),
            (31, False, "please"),
            (3 * 365 + 1, False, False),
        ):
            with freeze_time(datetime.datetime.now() + datetime.timedelta(days=days)):
                self.Request._run_clock()
            self.assertEqual((request.proof_note, request.details), (note, details), days)

    def test_nothing_kept(self):
        request = self.Request.create({"kind": "access", "email": "nobody@nowhere.example", "proof": "email"})
        request.with_user(self.dpo).action_nothing_kept()
        self.assertEqual(request.state, "done")

    def test_the_person_is_not_told_what_staff_have_noted(self):
        self.env["hospitality.legal.hold"].create({"partner_id": self.ben.id, "reason": "Suspected of theft"})
        request = self._request(self.ben, "erasure", proof="document")
        request.action_answer()
        self.assertEqual(request.state, "blocked")
        self.assertIn("theft", request.blocker_text)
        [told] = request._get_blockers_for_guest()
        self.assertIn("as the law demands", told)
        self.assertEqual(request.step_ids.filtered(lambda step: step.action == "blocked").note_text, "a legal hold")

    def test_limits_are_shared_and_end(self):
        Limit = self.env["hospitality.privacy.limit"]
        with self.enter_registry_test_mode():
            waits = [Limit._take("t", "one", 3, 60) for _try in range(5)]
            self.assertEqual([bool(wait) for wait in waits], [False] * 3 + [True] * 2)
            self.assertLessEqual(waits[-1], 60)
            self.assertFalse(Limit._take("t", "two", 3, 60))
            self.env.cr.execute("UPDATE hospitality_privacy_limit SET began_at = began_at - interval '61 s'")
            self.assertFalse(Limit._take("t", "one", 3, 60))


@tagged("post_install", "-at_install")
class TestPrivacyPages(PrivacyCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.cr.execute("DELETE FROM hospitality_privacy_limit")

    def _post(self, url, page=None, **values):
        csrf = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', self.url_open(page or url).text)
        return self.url_open(url, data={"csrf_token": csrf and csrf[1], **values})

    def _ask(self, email, kind="access", **values):
        return self._post("/hospitality/privacy", email=email, kind=kind, **values)

    def test_the_form_tells_nothing(self):
        known = self._ask("anna@kovalenko.example", name="A\x00nna\u202e")
        unknown = self._ask("stranger@nowhere.example")
        self.assertEqual((known.status_code, unknown.status_code), (200, 200))
        body = [re.sub(r'csrf_token: "[^"]+"|value="[^"]{40,}"', "", page.text) for page in (known, unknown)]
        self.assertEqual(body[0], body[1])
        requests = self.Request.search([("channel", "=", "form")])
        self.assertEqual(requests.mapped("state"), ["unconfirmed"] * 2)
        self.assertFalse(requests.partner_id)
        self.assertEqual(requests.filtered("requester_name").requester_name, "Anna")
        mails = self.env["mail.mail"].search(
            [("email_to", "in", ["anna@kovalenko.example", "stranger@nowhere.example"])]
        )
        self.assertEqual(len(mails), 2)

    def test_a_link_proves_the_address_and_looking_changes_nothing(self):
        self.anna.email = "anna@kovalenko.kyiv.ua"
        self._ask("anna@kovalenko.kyiv.ua", kind="erasure")
        request = self.Request.search([("channel", "=", "form")])
        url = f"/hospitality/privacy/confirm/{request._get_token()}"
        page = self.url_open(url)
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        self.assertEqual(page.headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(request.state, "unconfirmed")
        self.assertEqual(self._post(url).status_code, 200)
        self.env.invalidate_all()
        self.assertEqual((request.state, request.proof, request.partner_id), ("open", "email", self.anna))
        self.assertEqual(self.url_open(url).status_code, 404)
        self.assertEqual(self.url_open(url[:-3] + "abc").status_code, 404)

    def test_robots_and_wrong_input(self):
        self.assertEqual(self._ask("robot@spam.example", website="http://spam").status_code, 200)
        self.assertEqual(self._ask("no address").status_code, 400)
        self.assertEqual(self._ask("a@b.example", kind="root").status_code, 400)
        self.assertEqual(self._ask("bad\r\nBcc: x@y.example").status_code, 400)
        self.assertFalse(self.Request.search([("channel", "=", "form")]))

    def test_too_many(self):
        codes = [self._ask("anna@kovalenko.example").status_code for _try in range(PER_EMAIL + 1)]
        self.assertEqual(codes, [200] * PER_EMAIL + [429])
        self.assertEqual(len(self.Request.search([("channel", "=", "form")])), 1)
        self.assertEqual(len(self.env["mail.mail"].search([("email_to", "=", "anna@kovalenko.example")])), 3)
        page = self._ask("anna@kovalenko.example")
        self.assertGreater(int(page.headers["Retry-After"]), 60)

    def test_unconfirmed_requests_are_forgotten(self):
        self._ask("anna@kovalenko.example", details="I am Anna")
        request = self.Request.search([("channel", "=", "form")])
        self.Request._run_clock()
        self.assertEqual(request.state, "unconfirmed")
        with freeze_time(datetime.datetime.now() + datetime.timedelta(days=8)):
            self.Request._run_clock()
        self.assertEqual((request.state, request.email, request.details), ("cancelled", False, False))

    def test_portal(self):
        user = new_test_user(self.env, login="t_guest", groups="base.group_portal", name="Gina Guest")
        user.partner_id.is_guest = True
        self.authenticate("t_guest", "t_guest")
        home = self.url_open("/my/privacy?kind=erasure").text
        self.assertRegex(
            home, r'value="erasure"\s+checked|checked="[^"]*"[^>]*value="erasure"|value="erasure"[^>]*checked'
        )
        extra = {"state": "done", "partner_id": self.anna.id, "proof": "document", "company_id": self.company_2.id}
        page = self._post("/my/privacy", kind="correction", city="Lviv", name="Gina Guest", **extra)
        self.assertEqual(page.status_code, 200)
        request = self.Request.search([("channel", "=", "portal")])
        self.assertEqual((request.partner_id, request.state, request.proof), (user.partner_id, "open", "portal"))
        self.assertEqual(request.correction, {"city": "Lviv"})
        self.assertIn(request.name, page.text)
        self.assertIn("/my/privacy?kind=erasure", self.url_open("/my/preferences").text)

    def test_preference_centre_leads_to_the_form(self):
        token = self.env["hospitality.preference.centre"]._get_token(self.anna)
        page = self.url_open(f"/hospitality/preferences/{token}").text
        self.assertIn("/hospitality/privacy?kind=erasure", page)

    def test_a_limit_is_no_error_of_the_server(self):
        with self.enter_registry_test_mode():
            for _try in range(PER_EMAIL):
                self.Request._submit_form({"kind": "access", "email": "x@y.example"}, "10.0.0.1")
            with self.assertRaises(TooManyRequests), mute_logger("odoo.http"):
                self.Request._submit_form({"kind": "access", "email": "x@y.example"}, "10.0.0.2")
