import datetime
import re

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged

from .common import ROLE_GROUPS
from .test_preference_centre import PreferenceCommon


@tagged("post_install", "-at_install")
class TestConsentConfirmation(PreferenceCommon):
    """A grant on a public form counts when the owner of the address confirms it by a link."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.marketing.double_opt_in = True
        cls.notice = cls.env["hospitality.notice"]._find_version(cls.marketing, cls.env["hospitality.brand"], "en_US")

    def _fill_form(self, channels=("email",), decision="granted"):
        """Return the ids of what a form has recorded and the mails that were sent."""
        last = self.env["mail.mail"].search([], limit=1).id
        ids = self.Event._record_many(
            [{"partner_id": self.guest.id, "purpose": self.marketing, "channel": channel} for channel in channels],
            decision,
            method="form",
            notice=self.notice,
            lang="en_US",
        )
        return ids, self.env["mail.mail"].search([("id", ">", last or 0)])

    def _get_link(self, mail):
        return re.search(r'href="[^"]*(/hospitality/confirm/[^"]+)"', mail.body_html)[1]

    def _post_again(self, link):
        """Post from a page that was open before: the form is gone from the present one."""
        page = self.url_open(self.url).text
        csrf = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)[1]
        return self.url_open(link, data={"csrf_token": csrf})

    def test_a_form_waits_for_its_confirmation(self):
        ids, mail = self._fill_form(("email", "sms"))
        self.assertEqual(self.Event.browse(ids).mapped("decision"), ["pending", "pending"])
        self.assertEqual(self._state(), "pending")
        self.assertEqual((len(mail), mail.email_to), (1, self.guest.email), "one e-mail for all of it")
        self.assertIn("Offers and news", mail.body_html)
        link = self._get_link(mail)
        for _look in range(3):
            page = self.url_open(link)
            self.assertEqual(page.status_code, 200)
            self.assertIn("I confirm", page.text)
        self.assertEqual(len(self._events()), 2, "looking confirms nothing")
        self.assertIn("Your choice is confirmed", self._post(link).text)
        confirmed = self._events()[2:]
        self.assertEqual(confirmed.mapped("decision"), ["granted", "granted"])
        self.assertEqual(set(confirmed.mapped("method")), {"confirmation"})
        self.assertEqual(set(confirmed.mapped("confirms_id")), set(ids))
        self.assertEqual(set(confirmed.mapped("notice_hash")), {self.notice.sha256}, "the text that he was shown")
        self.assertEqual([self._state("email"), self._state("sms")], ["granted", "granted"])
        self.assertIn("nothing to confirm", self._post_again(link).text)
        self.assertEqual(len(self._events()), 4, "once is enough")

    def test_what_was_said_since_counts(self):
        _ids, mail = self._fill_form()
        link = self._get_link(mail)
        self.Event._record(self.guest, self.marketing, "email", "denied", method="desk", reason="said so")
        self.assertIn("nothing to confirm", self.url_open(link).text)
        self.assertIn("nothing to confirm", self._post_again(link).text)
        self.assertEqual(self._state(), "denied")

    def test_links_are_valid_for_a_week_and_one_address(self):
        _ids, mail = self._fill_form()
        link = self._get_link(mail)
        with freeze_time(datetime.datetime.now() + datetime.timedelta(days=8)):
            self.assertFalse(self.Event._find_confirmable(link.rpartition("/")[2]))
        middle = len(link) - 20
        forged = link[:middle] + ("A" if link[middle] != "A" else "B") + link[middle + 1 :]
        for token in (link[:-4], forged, "/hospitality/confirm/none"):
            self.assertEqual(self.url_open(token).status_code, 404)
        self.guest.email = "new@shevchenko.kyiv.ua"
        self.env.flush_all()
        self.assertEqual(self.url_open(link).status_code, 404)
        self.assertEqual(self._state(), "pending")

    def test_nobody_can_undo_an_agreement_by_filling_in_a_form(self):
        self.Event._record(self.guest, self.marketing, "email", "granted", method="desk", reason="said so")
        ids, mail = self._fill_form()
        self.assertEqual((ids, len(mail)), ([None], 0))
        self.assertEqual(self._state(), "granted")

    def test_refusals_and_other_ways_need_no_confirmation(self):
        ids, mail = self._fill_form(decision="denied")
        self.assertEqual((self.Event.browse(ids).decision, len(mail)), ("denied", 0))
        self._post(self.url, **{self._name("sms"): "yes"})
        self.assertEqual(self._state("sms"), "granted", "who has the personal link has the address")
        self.marketing.double_opt_in = False
        ids, mail = self._fill_form()
        self.assertEqual((self.Event.browse(ids).decision, len(mail)), ("granted", 0))

    def test_a_mailbox_can_not_be_filled_by_forms(self):
        mails = sum(len(self._fill_form()[1]) for _try in range(6))
        self.assertEqual(mails, 3)


@tagged("post_install", "-at_install")
class TestConsentVoid(PreferenceCommon):
    """A wrong statement is taken back with a reason and stays in the ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager, cls.reception, cls.dpo = (
            new_test_user(cls.env, login=f"void_{role}", groups=ROLE_GROUPS[role])
            for role in ("manager", "reception", "dpo")
        )

    def _void(self, events, user, reason="A namesake"):
        context = {"active_ids": events.ids}
        wizard = self.env["hospitality.consent.void"].with_user(user).with_context(**context).create({"reason": reason})
        call_kw(wizard, "action_void", [wizard.ids], {"context": context})

    def test_a_statement_is_taken_back(self):
        for user in (self.manager, self.dpo):
            with self.subTest(user=user.login):
                event_id = self.Event._record(
                    self.guest, self.marketing, "email", "granted", method="desk", reason="said so"
                )
                event = self.Event.browse(event_id)
                self.assertEqual(self._state(), "granted")
                self._void(event, user)
                self.assertEqual(self._state(), "unknown")
                self.assertTrue(event.with_user(user).is_void)
                void = self._events()[-1]
                self.assertEqual((void.decision, void.void_of_id, void.actor_uid), ("void", event_id, user.id))
                with self.assertRaisesRegex(UserError, "already"):
                    self._void(event, user)

    def test_copies_on_other_records_go_with_it(self):
        source = self.env["hospitality.source"].create({"name": "PMS", "code": "void_pms", "kind": "pms"})
        profile = self.env["hospitality.profile"].create(
            {"source_id": source.id, "external_id": "1", "partner_id": self.guest.id, "values": {"name": "O"}}
        )
        entry = {"profile_id": profile.id, "purpose": self.marketing, "channel": "email", "decision": "denied"}
        self.Event._record_many([{**entry, "method": "import"}])
        grant = self.Event._record(self.guest, self.marketing, "email", "granted", method="desk", reason="said so")
        self.assertEqual(self._state(), "granted")
        self.assertTrue(self.Event.search([("copy_of_id", "=", grant)]))
        self._void(self.Event.browse(grant), self.manager)
        self.assertEqual(self._state(), "denied", "as if he had never said so")

    def test_it_takes_a_role_and_a_reason(self):
        event = self.Event.browse(
            self.Event._record(self.guest, self.marketing, "email", "granted", method="desk", reason="said so")
        )
        with self.assertRaises(AccessError):
            self._void(event, self.reception)
        with self.assertRaises(UserError):
            self._void(event, self.manager, "  ")
        self.assertEqual(self._state(), "granted")


@tagged("post_install", "-at_install")
class TestPurposeWithoutText(PreferenceCommon):
    """Where no text is published a guest can refuse alone, and staff see why."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.silent = cls.env["hospitality.purpose"].create({"name": "Birthday gifts", "code": "t_birthday"})

    def test_the_page_stays_friendly(self):
        page = self.url_open(self.url)
        self.assertEqual(page.status_code, 200)
        self.assertEqual(page.text.count("You can't agree to this at the moment"), 1)
        yes, no = self._name("email", purpose=self.silent), self._name("sms", purpose=self.silent)
        self.assertRegex(page.text, rf'id="{yes}-yes"[^>]*disabled')
        self.assertNotRegex(page.text, rf'id="{yes}-no"[^>]*disabled')
        answer = self._post(self.url, **{yes: "yes", no: "no", self._name("email"): "yes"})
        self.assertEqual(answer.status_code, 200)
        said = {(event.purpose_id, event.channel): event.decision for event in self._events()}
        self.assertEqual(
            said, {(self.silent, "sms"): "denied", (self.marketing, "email"): "granted"}, "the rest is recorded"
        )

    def test_staff_see_that_the_text_is_missing(self):
        self.assertFalse(self.silent.has_text)
        self.assertTrue(self.marketing.has_text)
