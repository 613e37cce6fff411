import datetime
import re
import string

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import ROLE_GROUPS


class PreferenceCommon(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.Centre = cls.env["hospitality.preference.centre"]
        cls.Event = cls.env["hospitality.consent.event"]
        cls.marketing = cls.env.ref("hospitality_crm.purpose_marketing")
        cls.profiling = cls.env.ref("hospitality_crm.purpose_profiling")
        cls.guest = cls.env["res.partner"].create(
            {"name": "Olha Shevchenko", "email": "olha@shevchenko.kyiv.ua", "is_guest": True, "lang": "en_US"}
        )
        cls.env["hospitality.brand"].search([]).active = False
        cls.token = cls.Centre._get_token(cls.guest)
        cls.url = f"/hospitality/preferences/{cls.token}"

    def _events(self, guest=None):
        guest = guest or self.guest
        return self.Event.search([("profile_id.partner_id", "=", guest.id)], order="id")

    def _state(self, channel="email", brand=None, guest=None):
        guest = guest or self.guest
        found = self.env["hospitality.consent.state"]._get(guest.ids, self.marketing, channel, brand)
        return found.get(guest.id, ("unknown", None))[0]

    def _name(self, channel, brand=0, purpose=None):
        return f"c-{brand}-{(purpose or self.marketing).id}-{channel}"

    def _post(self, url, **values):
        page = self.url_open(url).text
        csrf = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
        return self.url_open(url, data={"csrf_token": csrf and csrf[1], **values})


@tagged("post_install", "-at_install")
class TestLanguagesOfGuests(PreferenceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("ar_001")

    def test_a_new_language_gets_its_wording(self):
        notice = self.env.ref("hospitality_crm.notice_guest")
        first = self.env.ref("hospitality_crm.notice_guest_1_en")
        self.assertEqual(self.env["hospitality.notice"].with_context(lang="en_US")._get_guest_text(), first.body)
        arabic = notice.version_ids.filtered(lambda version: version.lang == "ar_001")
        self.assertEqual((arabic.state, arabic.number), ("published", 1))
        self.assertNotEqual(arabic.body, first.body)
        self.env["hospitality.notice.version"].create(
            {"notice_id": notice.id, "number": 2, "lang": "en_US", "body": "Our own words"}
        )
        self.env["res.lang"]._activate_lang("de_DE")
        self.assertNotIn("de_DE", notice.version_ids.mapped("lang"))

    def test_the_page_follows_the_chosen_language(self):
        page = self.url_open(f"{self.url}?lang=ar_001").text
        self.assertIn('dir="rtl"', page)
        self.assertIn(self.env["hospitality.notice"].with_context(lang="ar_001")._get_guest_text()[:60], page)
        self.assertIn('dir="ltr"', self.url_open(f"{self.url}?lang=en_US").text)
        self.assertIn('dir="rtl"', self.url_open("/hospitality/privacy?lang=ar_001").text)


@tagged("post_install", "-at_install")
class TestPreferenceCentre(PreferenceCommon):
    def test_nothing_is_ticked_before_an_answer(self):
        page = self.url_open(self.url)
        self.assertEqual(page.status_code, 200)
        self.assertNotIn("checked", page.text)
        self.assertEqual(page.text.count('type="radio"'), 2 * (3 * 6 + 1))
        self.assertIn("You decide what we may use your data for", page.text)
        self.assertIn("o***@shevchenko.kyiv.ua", page.text)
        self.assertNotIn("olha@shevchenko.kyiv.ua", page.text)
        for header, value in (
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Robots-Tag", "noindex"),
        ):
            self.assertEqual(page.headers[header], value)

    def test_looking_changes_nothing(self):
        for _time in range(5):
            self.url_open(self.url)
            self.url_open(f"{self.url}?refuse_all=1&{self._name('email')}=yes")
        self.assertFalse(self._events())

    def test_answers_are_recorded_with_their_proof(self):
        self._post(self.url, **{self._name("email"): "yes", self._name("sms"): "no", "company_id": "1", "points": "9"})
        events = self._events()
        self.assertEqual(events.mapped("decision"), ["granted", "denied"])
        self.assertEqual(set(events.mapped("method")), {"preference_centre"})
        self.assertEqual(events.notice_version_id, self.env.ref("hospitality_crm.notice_guest_1_en"))
        self.assertTrue(self.env["hospitality.consent.payload"].search([("event_id", "=", events[0].id)]).ip)
        self.assertEqual((self._state(), self._state("sms"), self._state("phone")), ("granted", "denied", "unknown"))
        self._post(self.url, **{self._name("email"): "yes", self._name("sms"): "no"})
        self.assertEqual(len(self._events()), 2)
        self._post(self.url, **{self._name("email"): "no"})
        self.assertEqual(self._events()[-1].decision, "withdrawn")

    def test_refuse_everything_takes_one_click(self):
        self._post(self.url, **{self._name("email"): "yes"})
        self._post(self.url, refuse_all="1")
        states = self.env["hospitality.consent.state"].search([("partner_id", "=", self.guest.id)])
        self.assertEqual(set(states.mapped("state")), {"denied"})
        self.assertEqual(len(states), 3 * 6 + 1)
        count = len(self._events())
        self._post(self.url, refuse_all="1")
        self.assertEqual(len(self._events()), count)

    def test_brands_are_answered_apart_and_refused_together(self):
        brands = self.env["hospitality.brand"].create(
            [{"name": "Palaces", "code": "T-P"}, {"name": "Bistros", "code": "T-B"}]
        )
        self._post(self.url, **{self._name("email", brands[0].id): "yes"})
        self.assertEqual([self._state(brand=brand) for brand in brands], ["granted", "unknown"])
        self._post(self.url, refuse_all="1")
        self.assertEqual([self._state(brand=brand) for brand in brands], ["denied", "denied"])

    def test_house_with_one_brand_sees_what_was_said_to_it(self):
        brand = self.env["hospitality.brand"].create({"name": "Palaces", "code": "T-P"})
        facts = {"method": "desk", "reason": "said so"}
        self.Event._record(self.guest, self.marketing, "email", "granted", **facts)
        self.Event._record(self.guest, self.marketing, "email", "withdrawn", brand=brand, **facts)
        self.assertIn("You refused on", self.url_open(self.url).text)
        self._post(self.url, **{self._name("email"): "yes"})
        self.assertEqual((self._state(brand=brand), self._state()), ("granted", "granted"))

    def test_every_text_that_is_answered_is_shown(self):
        notice = self.env["hospitality.notice"].create(
            {
                "name": "Profiles",
                "code": "t_profiles",
                "purpose_ids": self.profiling.ids,
                "version_ids": [Command.create({"lang": "en_US", "body": "We draw conclusions."})],
            }
        )
        notice.version_ids.action_publish()
        self.env.ref("hospitality_crm.notice_guest").purpose_ids -= self.profiling
        page = self.url_open(self.url).text
        self.assertIn("We draw conclusions.", page)
        self.assertIn("You decide what we may use your data for", page)
        self._post(self.url, **{self._name("any", purpose=self.profiling): "yes"})
        self.assertEqual(self._events().notice_version_id, notice.version_ids)

    def test_mutated_links_open_nothing(self):
        other = self.env["res.partner"].create({"name": "Other", "email": "other@example.com", "is_guest": True})
        letters = string.ascii_letters + string.digits + "-_"
        opened = 0
        for index in range(len(self.token)):
            for shift in (1, 7, 31):
                old = self.token[index]
                letter = letters[(letters.index(old) + shift) % len(letters)] if old in letters else "A"
                found = self.Centre._find_guest(self.token[:index] + letter + self.token[index + 1 :])
                opened += bool(found)
                self.assertNotEqual(found, other)
        # The last letter carries bits that don't count.
        self.assertLessEqual(opened, 3)
        for wrong in ("", "x", "%00", "é", self.token[:-8], self.token * 2):
            self.assertFalse(self.Centre._find_guest(wrong))
        page = self.url_open("/hospitality/preferences/abc")
        self.assertEqual(page.status_code, 404)
        self.assertIn("Ask for a new one", page.text)

    def test_link_ends_with_time_and_with_the_address(self):
        with freeze_time(datetime.datetime.now() + datetime.timedelta(days=29)):
            self.assertEqual(self.Centre._find_guest(self.token), self.guest)
        with freeze_time(datetime.datetime.now() + datetime.timedelta(days=31)):
            self.assertFalse(self.Centre._find_guest(self.token))
        self.guest.email = "new@shevchenko.kyiv.ua"
        self.assertFalse(self.Centre._find_guest(self.token))

    def test_link_of_a_merged_guest_shows_the_winner(self):
        winner = self.env["res.partner"].create({"name": "Olha Shevchenko", "is_guest": True})
        self.env["hospitality.merge"]._merge_groups([(winner.id, [self.guest.id], {})])
        self.assertEqual(self.Centre._find_guest(self.token), winner)

    def test_new_link_is_sent_to_guests_and_nobody_can_tell(self):
        def ask(email):
            before = self.env["mail.mail"].search([])
            page = self.url_open("/hospitality/preferences/x").text
            csrf = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)[1]
            answer = self.url_open("/hospitality/preferences/link", data={"csrf_token": csrf, "email": email}).text
            return re.sub(r'csrf_token[^,;>]*|"[0-9a-f]{20,}[^"]*"', "", answer), self.env["mail.mail"].search(
                []
            ) - before

        known, sent = ask("Olha@Shevchenko.kyiv.ua ")
        unknown, nothing = ask("nobody@shevchenko.kyiv.ua")
        self.assertEqual(known, unknown)
        self.assertEqual((len(sent), len(nothing)), (1, 0))
        self.assertEqual(sent.email_to, "olha@shevchenko.kyiv.ua")
        link = re.search(r"/hospitality/preferences/([\w=-]+)", sent.body_html)[1]
        self.assertEqual(self.Centre._find_guest(link), self.guest)

    def test_five_languages(self):
        texts = {
            "uk_UA": "Відмовитися від усього",
            "ru_RU": "Отказаться от всего",
            "de_DE": "Alles ablehnen",
            "zh_CN": "全部拒绝",
            "ar_001": "رفض الكل",
        }
        for lang in texts:
            self.env["res.lang"]._activate_lang(lang)
        self.env["ir.module.module"]._load_module_terms(["hospitality_crm"], list(texts))
        for lang, text in texts.items():
            page = self.url_open(f"{self.url}?lang={lang}").text
            self.assertIn(text, page)
            self.assertNotIn("Refuse everything", page)
        self.assertIn("o_rtl", page)

    def test_portal(self):
        user = new_test_user(self.env, login="t_pref", password="t_pref_1", groups=ROLE_GROUPS["portal"])
        self.authenticate("t_pref", "t_pref_1")
        self.assertIn("/my/preferences", self.url_open("/my").text)
        self._post("/my/preferences", **{self._name("email"): "yes"})
        events = self._events(user.partner_id)
        self.assertEqual((events.decision, events.method), ("granted", "portal"))


@tagged("post_install", "-at_install")
class TestUnsubscribe(PreferenceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.brand = cls.env["hospitality.brand"].create({"name": "Palaces", "code": "T-P"})
        cls.mailing = cls.env["mailing.mailing"].create(
            {
                "subject": "Spring",
                "mailing_model_id": cls.env["ir.model"]._get_id("res.partner"),
                "hospitality_brand_id": cls.brand.id,
            }
        )
        cls.Event._record(cls.guest, cls.marketing, "email", "granted", method="desk", reason="said so")
        cls.one_click = cls.mailing._get_unsubscribe_oneclick_url(cls.guest.email_normalized, cls.guest.id)
        cls.one_click = cls.one_click[cls.one_click.index("/mailing/") :]

    def test_one_click_withdraws_purpose_and_brand_once(self):
        for body in ("List-Unsubscribe=One-Click", "", "x=1", "", ""):
            answer = self.url_open(self.one_click, data=body, allow_redirects=False, method="POST")
            self.assertEqual(answer.status_code, 200)
        self.assertEqual(self._events().mapped("method"), ["desk", "one_click"])
        self.assertEqual((self._state(brand=self.brand), self._state()), ("denied", "granted"))
        self.assertFalse(self.env["mail.blacklist"].search([("email", "=", self.guest.email_normalized)]))

    def test_following_the_link_changes_nothing(self):
        path = self.one_click.replace("unsubscribe_oneclick", "unsubscribe")
        for _time in range(3):
            page = self.url_open(path)
            self.assertEqual(page.status_code, 200)
        self.assertIn("Unsubscribe?", page.text)
        self.assertEqual(len(self._events()), 1)

    @mute_logger("odoo.http")
    def test_wrong_links_are_refused(self):
        for wrong in (
            self.one_click.replace("hash_token=", "hash_token=0"),
            self.one_click.replace(f"document_id={self.guest.id}", f"document_id={self.guest.id + 1}"),
            self.one_click.replace(f"document_id={self.guest.id}", "document_id=abc"),
        ):
            answer = self.url_open(wrong, data="x=1", method="POST")
            self.assertIn(answer.status_code, (400, 401))
        self.assertEqual(len(self._events()), 1)

    def test_others_go_the_way_of_the_core(self):
        stranger = self.env["res.partner"].create({"name": "Supplier", "email": "sales@supplier.example"})
        url = self.mailing._get_unsubscribe_oneclick_url(stranger.email_normalized, stranger.id)
        self.url_open(url[url.index("/mailing/") :], data="x=1", method="POST")
        self.assertTrue(self.env["mail.blacklist"].search([("email", "=", stranger.email_normalized)]))
