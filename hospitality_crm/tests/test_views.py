from lxml import etree

from odoo.tests import Form, tagged
from odoo.tools.safe_eval import datetime, safe_eval

from .common import HospitalityCommon


@tagged("post_install", "-at_install")
class TestViews(HospitalityCommon):
    """Every menu opens for whoever sees it, with every view of its action."""

    def _get_actions(self, user):
        menus = self.env["ir.ui.menu"].with_user(user).load_menus(False)
        root = self.env.ref("hospitality_crm.menu_hospitality_root").id
        stack, actions = [root], []
        while stack:
            menu = menus.get(stack.pop())
            if menu:
                stack += menu["children"]
                if menu["action_id"]:
                    actions.append((menu["action_model"], menu["action_id"]))
        return actions

    def test_every_menu_opens(self):
        for role in ("service", "reception", "marketing", "manager", "dpo", "admin"):
            user = self._create_role_user(role)
            actions = self._get_actions(user)
            self.assertTrue(actions)
            for model, action_id in actions:
                action = self.env[model].browse(action_id)
                if model != "ir.actions.act_window":
                    continue
                with self.subTest(role=role, action=action.name):
                    Model = self.env[action.res_model].with_user(user)
                    views = Model.get_views([*action.views, (action.search_view_id.id, "search")])["views"]
                    for kind in views.keys() & {"list", "kanban", "form"}:
                        arch = etree.fromstring(views[kind]["arch"])
                        shown = {node.get("name"): {} for node in arch.xpath("//field[not(ancestor::field)]")}
                        Model.web_search_read([], {"display_name": {}, **shown}, limit=2)

    def _get_actions_of_messages_and_privacy(self):
        parents = [self.env.ref(f"hospitality_crm.menu_hospitality_{name}").id for name in ("messages", "privacy")]
        menus = self.env["ir.ui.menu"].search([("id", "child_of", parents), ("action", "!=", False)])
        self.assertGreater(len(menus), 10)
        return menus.mapped("action")

    def test_empty_screens_name_the_first_step(self):
        for action in self._get_actions_of_messages_and_privacy():
            with self.subTest(action=action.name):
                self.assertRegex(str(action.help), r"(?s)</p>.*<p>\s*\S")

    def test_lists_of_messages_and_privacy_have_cards_for_the_phone(self):
        for action in self._get_actions_of_messages_and_privacy():
            lists = self.env[action.res_model].get_views(action.views)["views"]["list"]["arch"]
            if "editable=" not in lists:
                with self.subTest(action=action.name):
                    self.assertIn("kanban", action.view_mode)

    def test_every_button_can_be_pressed(self):
        """A button passes the ids of its records, which a method of the model alone doesn't take."""
        own = self.env["ir.model.data"].search([("model", "=", "ir.ui.view"), ("module", "=", "hospitality_crm")])
        pressed = 0
        for view in self.env["ir.ui.view"].browse(own.mapped("res_id")):
            if view.type == "qweb" or view.model not in self.env:
                continue
            for button in etree.fromstring(view.arch_db).iter("button"):
                if button.get("type") != "object" or button.xpath("ancestor::field[not(@name='arch')]"):
                    continue
                with self.subTest(view=view.name, button=button.get("name")):
                    method = getattr(type(self.env[view.model]), button.get("name"))
                    self.assertFalse(getattr(method, "_api_model", False))
                pressed += 1
        self.assertGreater(pressed, 40)

    def test_filters_of_every_action_run(self):
        """A domain of a search view that the server refuses would only show when clicked."""
        manager = self._create_role_user("manager")
        for model, action_id in self._get_actions(manager):
            if model != "ir.actions.act_window":
                continue
            action = self.env[model].browse(action_id)
            Model = self.env[action.res_model].with_user(manager)
            arch = Model.get_view(action.search_view_id.id, "search")["arch"]
            for domain in self._get_filter_domains(arch):
                with self.subTest(action=action.name, domain=domain):
                    Model.search_count(domain, limit=1)

    def _get_filter_domains(self, arch):
        names = {"context_today": datetime.datetime.now, "datetime": datetime, "self": "x", "uid": self.env.uid}
        for node in etree.fromstring(arch).iter("filter", "field"):
            domain = node.get("domain") or node.get("filter_domain")
            if domain and domain != "[]":
                yield safe_eval(domain, names)

    def test_menus_of_the_product(self):
        marketing = self._create_role_user("marketing")
        visible = self.env["ir.ui.menu"].with_user(marketing)._visible_menu_ids()
        self.assertIn(self.env.ref("hospitality_crm.hospitality_guest_menu").id, visible)
        for hidden in ("hospitality_allergy_menu", "menu_hospitality_config", "hospitality_stay_report_menu"):
            with self.subTest(menu=hidden):
                self.assertNotIn(self.env.ref(f"hospitality_crm.{hidden}").id, visible)

    def test_marketing_writes_mailings(self):
        marketing = self._create_role_user("marketing")
        mailing = self.env["mailing.mailing"].with_user(marketing).create({"subject": "News"})
        self.assertEqual(mailing.user_id, marketing)

    def test_new_guest_by_hand(self):
        reception = self._create_role_user("reception")
        Partner = self.env["res.partner"].with_user(reception).with_context(default_is_guest=True)
        with Form(Partner, view="hospitality_crm.hospitality_guest_view_form") as form:
            form.name = "Walk In"
            form.guest_salutation = "Mr"
        guest = form.record
        self.assertTrue(guest.is_guest)
        self.assertEqual(guest.guest_card["person"]["salutation"], "Mr")

    def test_new_stay_by_hand(self):
        reception = self._create_role_user("reception")
        Stay = self.env["hospitality.stay"].with_user(reception)
        with Form(Stay) as form:
            form.partner_id = self.anna
            form.property_id = self.palace
            form.arrival = "2026-06-01"
            form.departure = "2026-06-03"
        self.assertEqual(form.record.nights, 2)
        self.assertEqual(form.record.company_id, self.company)

    def test_amounts_are_not_in_the_form_of_reception(self):
        arch = self.env["hospitality.stay"].with_user(self._create_role_user("reception")).get_view(view_type="form")
        self.assertNotIn("amount_total", arch["arch"])
        arch = self.env["hospitality.stay"].with_user(self._create_role_user("manager")).get_view(view_type="form")
        self.assertIn("amount_total", arch["arch"])
