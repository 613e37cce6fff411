from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.membership import choose

#: System parameter with the code of the house's own programme, and the code where it is empty.
PARAMETER, PROGRAMME = "hospitality_crm.programme", "HOUSE"


class ResPartner(models.Model):
    """Tier and number of a guest in the house's programme: what staff have entered, else what a source says last."""

    _inherit = "res.partner"

    guest_tier = fields.Char(string="Tier", compute="_compute_guest_tier", inverse="_inverse_guest_tier")
    guest_membership_number = fields.Char(
        string="Membership Number", compute="_compute_guest_tier", inverse="_inverse_guest_tier"
    )

    @api.model
    def _get_programme(self):
        parameters = self.env["ir.config_parameter"].sudo()  # a code that is no secret
        return parameters.get_param(PARAMETER) or PROGRAMME

    @api.depends_context("uid")
    def _compute_guest_tier(self):
        self.env["hospitality.profile"].flush_model(["partner_id", "state", "values", "source_id", "seen_at"])
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT p.partner_id, p.id, p.seen_at, p.state = 'live' AS is_live, s.code = 'odoo' AS is_staff,
                          p."values" -> 'memberships' AS memberships
                     FROM hospitality_profile p JOIN hospitality_source s ON s.id = p.source_id
                    WHERE p.partner_id = ANY(%s) AND p.state IN ('live', 'superseded')
                      AND p."values" ? 'memberships'""",
                self.ids,
            )
        )
        profiles = {}
        for row in rows:
            profiles.setdefault(row["partner_id"], []).append(row)
        programme = self._get_programme()
        for partner in self:
            tier, number = choose(profiles.get(partner._origin.id, ()), programme)
            partner.guest_tier = tier
            partner.guest_membership_number = number

    def _inverse_guest_tier(self):
        programme = self._get_programme()
        for partner, profile in zip(self, self._get_odoo_profile().sudo(), strict=True):  # as `_capture_typed`
            values = dict(profile.values or {})
            others = [entry for entry in values.get("memberships") or () if entry.get("program") != programme]
            # Also an empty one: it says that the guest has none, whatever a source has said.
            entry = {"program": programme, "level": partner.guest_tier, "number": partner.guest_membership_number}
            entry = {name: value for name, value in entry.items() if value}
            profile.write({"values": {**values, "memberships": [*others, entry]}, "seen_at": fields.Datetime.now()})
        self._after_tier_change(programme)

    def _after_tier_change(self, programme):
        """Called in the transaction in which staff have entered a tier or a number."""
