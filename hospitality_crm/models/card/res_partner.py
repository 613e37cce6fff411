from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.screen_json import ScreenJson

PERSON_FIELDS = (
    "name",
    "guest_local_name",
    "guest_salutation",
    "guest_given_name",
    "guest_family_name",
    "guest_birthdate",
    "guest_language",
    "guest_nationality_id",
    "country_id",
    "city",
    "email",
    "phone",
    "is_company",
    "active",
    "parent_id",
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    # The first screen of the guest card, for one guest at a time only.
    guest_card = ScreenJson(
        compute="_compute_guest_card",
        export_string_translation=False,
        exportable=False,
        groups="hospitality_crm.group_hospitality_base",
    )

    guest_stay_count = fields.Integer(
        string="Number of Stays", compute="_compute_guest_visits", groups="hospitality_crm.group_hospitality_base"
    )
    guest_night_count = fields.Integer(
        string="Number of Nights", compute="_compute_guest_visits", groups="hospitality_crm.group_hospitality_base"
    )
    guest_last_visit = fields.Date(
        string="Last Visit", compute="_compute_guest_visits", groups="hospitality_crm.group_hospitality_base"
    )
    guest_next_visit = fields.Date(
        string="Next Visit", compute="_compute_guest_visits", groups="hospitality_crm.group_hospitality_base"
    )
    guest_alert_text = fields.Char(
        string="Alert Texts", compute="_compute_guest_alerts", groups="hospitality_crm.group_hospitality_base"
    )
    guest_is_blocked = fields.Boolean(
        string="Has a Blocking Alert",
        compute="_compute_guest_alerts",
        groups="hospitality_crm.group_hospitality_base",
    )
    guest_language_name = fields.Char(
        string="Language of the Guest",
        compute="_compute_guest_language_name",
        groups="hospitality_crm.group_hospitality_base",
    )
    guest_in_house = fields.Boolean(
        string="In House",
        compute="_compute_guest_presence",
        search="_search_guest_in_house",
        groups="hospitality_crm.group_hospitality_base",
    )
    guest_arriving = fields.Boolean(
        string="Arrives Today",
        compute="_compute_guest_presence",
        search="_search_guest_arriving",
        groups="hospitality_crm.group_hospitality_base",
    )

    guest_birthday_month = fields.Boolean(
        string="Birthday This Month",
        compute="_compute_guest_birthday_month",
        search="_search_guest_birthday_month",
        groups="hospitality_crm.group_hospitality_base",
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_guest_visits(self):
        Facts = self.env["hospitality.guest.facts"]
        metrics = Facts._load(self.ids, "metrics").get("metrics", {})
        for partner in self:
            known = Facts._show_metrics(metrics.get(partner.id, []))
            partner.guest_stay_count = known.get("stays", 0)
            partner.guest_night_count = known.get("nights", 0)
            partner.guest_last_visit = known.get("last_visit", False)
            partner.guest_next_visit = known.get("next_visit", False)

    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_guest_alerts(self):
        Facts = self.env["hospitality.guest.facts"]
        alerts = Facts._load(self.ids, "alerts").get("alerts", {})
        today = fields.Date.to_string(fields.Date.context_today(self))
        for partner in self:
            held = Facts._show_alerts(alerts.get(partner.id, []), today)
            partner.guest_is_blocked = any(alert["blocks"] for alert in held)
            partner.guest_alert_text = ", ".join(
                ": ".join(filter(None, [alert["label"], alert["message"]])) for alert in held
            )

    @api.depends("guest_language")
    @api.depends_context("lang")
    def _compute_guest_language_name(self):
        for partner in self:
            partner.guest_language_name = self.env["hospitality.guest.facts"]._get_language_name(partner.guest_language)

    @api.depends_context("uid", "tz", "allowed_company_ids")
    def _compute_guest_presence(self):
        mine = Domain("id", "in", self.ids)
        in_house = self.search(mine & Domain("guest_in_house", "=", True))
        arriving = self.search(mine & Domain("guest_arriving", "=", True))
        for partner in self:
            partner.guest_in_house = partner in in_house
            partner.guest_arriving = partner in arriving

    def _search_guest_in_house(self, operator, value):
        return self._search_people_on_stays(operator, Domain("status", "=", "in_house"))

    def _search_guest_arriving(self, operator, value):
        today = fields.Date.context_today(self)
        return self._search_people_on_stays(
            operator,
            Domain("arrival", "=", today) & Domain("status", "in", ["reserved", "optional", "in_house"]),
        )

    @api.model
    def _search_people_on_stays(self, operator, stay_domain):
        """Return the domain of everybody on the stays of a domain that the user may see."""
        if operator != "in":
            return NotImplemented
        # Naming the properties lets the index on property and date find the stays.
        mine = Domain("company_id", "in", self.env.companies.ids)
        property_ids = self.env["hospitality.property"].search(mine).ids
        stays = self.env["hospitality.stay"]._search(stay_domain & Domain("property_id", "in", property_ids))
        return Domain(
            "id",
            "in",
            SQL(
                "(SELECT partner_id FROM hospitality_stay WHERE partner_id IS NOT NULL AND id IN %(stays)s"
                " UNION SELECT partner_id FROM hospitality_stay_guest WHERE sleeps AND stay_id IN %(stays)s)",
                stays=stays.subselect(),
            ),
        )

    @api.depends("guest_birthdate")
    @api.depends_context("tz")
    def _compute_guest_birthday_month(self):
        month = fields.Date.context_today(self).month
        for partner in self:
            partner.guest_birthday_month = bool(partner.guest_birthdate and partner.guest_birthdate.month == month)

    def _search_guest_birthday_month(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("guest_birthdate.month_number", "=", fields.Date.context_today(self).month)

    # The values of the person are read together with the fields of the form. Visits and facts of the
    # guest don't invalidate a card: it is built anew for every read.
    @api.depends(*PERSON_FIELDS)
    @api.depends_context("uid", "lang", "tz", "allowed_company_ids")
    def _compute_guest_card(self):
        # A client that reads all fields of many partners doesn't want as many cards.
        alone = len(self) == 1 and self.id
        for partner in self:
            partner.guest_card = self.env["hospitality.guest.card"]._get_card(partner) if alone else False

    @api.readonly
    def web_read(self, specification):
        if "guest_card" in specification:
            # The core's rule on partners follows the path of the companies. Without it in the cache the
            # ORM reads every column of a company, which takes longer than the guest.
            self.env.companies.sudo().fetch(["parent_path", "name", "currency_id"])  # as core's rule does
        return super().web_read(specification)

    def action_open_guest_card(self):
        """Open the guest card of the contact."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("hospitality_crm.hospitality_guest_action")
        form = self.env.ref("hospitality_crm.hospitality_guest_view_form")
        return {
            **action,
            "views": [(form.id, "form")],
            "view_mode": "form",
            "res_id": self.id,
        }

    def action_open_contact(self):
        """Open the stock contact form of the guest, with messages, addresses and accounting."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "res.partner",
            "res_id": self.id,
            "views": [(self.env.ref("base.view_partner_form").id, "form")],
            "target": "current",
        }

    def _compute_application_statistics_hook(self):
        statistics = super()._compute_application_statistics_hook()
        if not self.env.user.has_group("hospitality_crm.group_hospitality_base"):
            return statistics
        metrics = self.env["hospitality.guest.facts"]._load(self.ids, "metrics").get("metrics", {})
        for partner_id, rows in metrics.items():
            stays = sum(row["stays"] or 0 for row in rows)
            if stays:
                statistics[partner_id].append(
                    {
                        "iconClass": "fa-bed",
                        "value": stays,
                        "label": self.env._("Stays"),
                        "tagClass": "o_tag_color_4",
                    }
                )
        return statistics
