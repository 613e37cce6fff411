from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

KINDS = [
    ("spouse", "Spouse or Partner"),
    ("parent", "Parent"),
    ("child", "Child"),
    ("sibling", "Brother or Sister"),
    ("household", "Household Member"),
    ("companion", "Travel Companion"),
    ("guardian", "Guardian"),
    ("ward", "Ward"),
    ("employer", "Employer"),
    ("employee", "Employee"),
    ("agency", "Booked by Agency"),
    ("client", "Client of Agency"),
    ("assistant", "Assistant"),
    ("principal", "Has Assistant"),
]
INVERSE = {
    "spouse": "spouse",
    "parent": "child",
    "child": "parent",
    "sibling": "sibling",
    "household": "household",
    "companion": "companion",
    "guardian": "ward",
    "ward": "guardian",
    "employer": "employee",
    "employee": "employer",
    "agency": "client",
    "client": "agency",
    "assistant": "principal",
    "principal": "assistant",
}


class HospitalityRelation(models.Model):
    """``related_id`` is the ``kind`` of ``partner_id`` from one date to another."""

    _name = "hospitality.relation"
    _description = "Guest Relation"
    _order = "partner_id, kind, date_from desc, id"

    partner_id = fields.Many2one("res.partner", string="Guest", required=True, index=True, ondelete="restrict")
    related_id = fields.Many2one("res.partner", required=True, index=True, ondelete="restrict")
    kind = fields.Selection(KINDS, required=True)
    inverse_kind = fields.Selection(KINDS, compute="_compute_inverse_kind")
    date_from = fields.Date()
    date_to = fields.Date()
    profile_id = fields.Many2one(
        "hospitality.profile",
        index="btree_not_null",
        ondelete="restrict",
        help="Source profile that says so.",
    )
    note = fields.Char()

    _not_self = models.Constraint("CHECK (partner_id <> related_id)", "A guest can't be related to himself.")
    _dates_order = models.Constraint(
        "CHECK (date_to IS NULL OR date_from IS NULL OR date_to >= date_from)",
        "A relation can't end before it begins.",
    )

    @api.model
    def _get_inverse_kind(self, kind):
        """Return what the guest is to the related one, who is the ``kind`` of the guest."""
        return INVERSE.get(kind)

    @api.depends("kind")
    def _compute_inverse_kind(self):
        for relation in self:
            relation.inverse_kind = self._get_inverse_kind(relation.kind)

    @api.depends("partner_id", "related_id", "kind")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for relation in self:
            relation.display_name = self.env._(
                "%(related)s (%(kind)s of %(guest)s)",
                related=relation.related_id.name or "",
                kind=labels.get(relation.kind, ""),
                guest=relation.partner_id.name or "",
            )

    @api.constrains("partner_id", "related_id", "kind", "date_from", "date_to")
    def _check_no_overlap(self):
        for relation in self:
            # The same said from the other side is the same relation.
            domain = Domain(
                [("partner_id", "=", relation.partner_id.id), ("related_id", "=", relation.related_id.id)]
            ) & Domain("kind", "=", relation.kind)
            domain |= Domain(
                [("partner_id", "=", relation.related_id.id), ("related_id", "=", relation.partner_id.id)]
            ) & Domain("kind", "=", INVERSE[relation.kind])
            twins = self.search(domain & Domain("id", "!=", relation.id))
            for twin in twins:
                starts_before_end = not twin.date_to or not relation.date_from or relation.date_from <= twin.date_to
                ends_after_start = not relation.date_to or not twin.date_from or twin.date_from <= relation.date_to
                if starts_before_end and ends_after_start:
                    raise ValidationError(self.env._("%s is recorded already for these dates.", relation.display_name))
