from odoo import fields, models


class ResPartner(models.Model):
    """The guest: golden record over his source profiles."""

    _inherit = "res.partner"

    is_guest = fields.Boolean(string="Guest", copy=False)
    guest_salutation = fields.Char(string="Form of Address")
    guest_given_name = fields.Char(string="Given Name")
    guest_middle_name = fields.Char(string="Middle Name")
    guest_family_name = fields.Char(string="Family Name")
    guest_local_name = fields.Char(string="Name in Local Script")
    guest_gender = fields.Selection(
        [("female", "Female"), ("male", "Male"), ("other", "Other")],
        string="Gender",
        groups="hospitality_crm.group_hospitality_base",
    )
    guest_birthdate = fields.Date(string="Birth Date", groups="hospitality_crm.group_hospitality_base")
    guest_nationality_id = fields.Many2one(
        "res.country", string="Nationality", groups="hospitality_crm.group_hospitality_base"
    )
    profile_ids = fields.One2many(
        "hospitality.profile",
        "partner_id",
        string="Source Profiles",
        groups="hospitality_crm.group_hospitality_base",
    )
    stay_ids = fields.One2many(
        "hospitality.stay", "partner_id", string="Stays", groups="hospitality_crm.group_hospitality_base"
    )
    reservation_ids = fields.One2many(
        "hospitality.reservation",
        "partner_id",
        string="Table Reservations",
        groups="hospitality_crm.group_hospitality_base",
    )
    check_ids = fields.One2many(
        "hospitality.check", "partner_id", string="Checks", groups="hospitality_crm.group_hospitality_base"
    )
    preference_ids = fields.One2many(
        "hospitality.preference",
        "partner_id",
        string="Preferences",
        groups="hospitality_crm.group_hospitality_base",
    )
    allergy_ids = fields.One2many(
        "hospitality.allergy",
        "partner_id",
        string="Allergies",
        groups="hospitality_crm.group_hospitality_allergy",
    )
    alert_ids = fields.One2many(
        "hospitality.alert", "partner_id", string="Alerts", groups="hospitality_crm.group_hospitality_base"
    )
    relation_ids = fields.One2many(
        "hospitality.relation",
        "partner_id",
        string="Relations",
        groups="hospitality_crm.group_hospitality_base",
    )
    special_date_ids = fields.One2many(
        "hospitality.special.date",
        "partner_id",
        string="Special Dates",
        groups="hospitality_crm.group_hospitality_base",
    )
    metrics_ids = fields.One2many(
        "hospitality.guest.metrics",
        "partner_id",
        string="Metrics",
        groups="hospitality_crm.group_hospitality_base",
    )

    def _get_odoo_profile(self):
        """Return the live profile of source ``odoo`` of each guest, created where missing.

        :return: profiles in the order of ``self``
        """
        Profile = self.env["hospitality.profile"].sudo()  # profiles are written by the system only
        source = self.env.ref("hospitality_crm.source_odoo")
        found = {
            profile.partner_id.id: profile
            for profile in Profile.search(
                [("partner_id", "in", self.ids), ("source_id", "=", source.id), ("state", "=", "live")]
            )
        }
        missing = self.filtered(lambda partner: partner.id not in found)
        for partner, profile in zip(
            missing,
            Profile.create(
                [
                    {"source_id": source.id, "external_id": str(partner.id), "partner_id": partner.id}
                    for partner in missing
                ]
            ),
            strict=True,
        ):
            found[partner.id] = profile
        return Profile.browse([found[partner.id].id for partner in self]).with_env(self.env)
