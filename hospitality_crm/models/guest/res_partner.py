import uuid

from odoo import api, fields, models


class ResPartner(models.Model):
    """The guest: golden record over his source profiles."""

    _inherit = "res.partner"

    is_guest = fields.Boolean(string="Guest", copy=False)
    guest_salutation = fields.Char(string="Form of Address")
    guest_given_name = fields.Char(string="Given Name")
    guest_middle_name = fields.Char(string="Middle Name")
    guest_family_name = fields.Char(string="Family Name")
    guest_language = fields.Char(
        string="Language Spoken",
        help="Language of the guest as a tag (pt, pt-BR), whether it is installed here or not.",
    )
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
    related_relation_ids = fields.One2many(
        "hospitality.relation",
        "related_id",
        string="Relations from the Other Side",
        groups="hospitality_crm.group_hospitality_base",
    )
    all_relation_ids = fields.Many2many(
        "hospitality.relation",
        string="All Relations",
        compute="_compute_all_relation_ids",
        groups="hospitality_crm.group_hospitality_base",
    )
    allergy_state = fields.Selection(
        [("unknown", "Unknown"), ("none", "Declared: None"), ("has", "Has Allergies")],
        compute="_compute_allergy_state",
        groups="hospitality_crm.group_hospitality_allergy",
        help="Unknown means that nobody has asked or nobody knows; it is not the same as none.",
    )

    @api.depends("relation_ids", "related_relation_ids")
    def _compute_all_relation_ids(self):
        for partner in self:
            partner.all_relation_ids = partner.relation_ids | partner.related_relation_ids

    @api.depends("allergy_ids.kind", "allergy_ids.active")
    def _compute_allergy_state(self):
        kinds = {}
        for partner, kind in self.env["hospitality.allergy"]._read_group(
            [("partner_id", "in", self.ids)], ["partner_id", "kind"]
        ):
            kinds.setdefault(partner.id, set()).add(kind)
        for partner in self:
            found = kinds.get(partner.id, set())
            if found & {"allergy", "intolerance"}:
                partner.allergy_state = "has"
            else:
                partner.allergy_state = "none" if "none" in found else "unknown"

    def _get_odoo_profile(self):
        """Return the live profile of source ``odoo`` of each guest, created where missing.

        A contact without any profile gets one with all that is known of it; a guest that came
        from another source gets an empty one.

        :return: profiles in the order of ``self``
        """
        self._adopt_if_unknown()
        Profile = self.env["hospitality.profile"].sudo()  # profiles are written by the system only
        source = self.env["hospitality.profile"]._default_source_id()
        found = {}
        for profile in Profile.search(
            [("partner_id", "in", self.ids), ("source_id", "=", source.id), ("state", "=", "live")], order="id desc"
        ):
            # After a merge in the database there may be two: the guest's own counts.
            if profile.external_id == str(profile.partner_id.id) or profile.partner_id.id not in found:
                found[profile.partner_id.id] = profile
        missing = self.filtered(lambda partner: partner.id not in found)
        taken = set(
            Profile.search(
                [("source_id", "=", source.id), ("external_id", "in", [str(i) for i in missing.ids])]
            ).mapped("external_id")
        )
        for partner, profile in zip(
            missing,
            # What is typed at this moment must not be resolved away before it has landed.
            Profile.with_context(hospitality_keep_golden=True).create(
                [
                    {
                        "source_id": source.id,
                        # The one with his own number may be superseded or anonymised.
                        "external_id": str(partner.id) if str(partner.id) not in taken else uuid.uuid4().hex,
                        "partner_id": partner.id,
                        "kind": "company" if partner.is_company else "person",
                    }
                    for partner in missing.sudo()  # only whether it is a company
                ]
            ),
            strict=True,
        ):
            found[partner.id] = profile
        return Profile.browse([found[partner.id].id for partner in self]).with_env(self.env)
