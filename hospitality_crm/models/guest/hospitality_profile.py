from odoo import fields, models

from ...tools.soft_many2one import SoftMany2one


class HospitalityProfile(models.Model):
    """One guest as one source system knows him.

    ``golden`` values of the guest are decided by survivorship over the live profiles of the
    cluster. ``values`` holds the canonical values as received (keys: see
    ``engine.survivorship.FIELDS``), ``meta`` who wrote a single value and when, where that
    differs from the profile as a whole (profile of source ``odoo``):
    ``{"phone": {"by": "staff", "at": 1764000000.0}}``.

    States: *live* takes part in survivorship; *superseded* counts as an older record (the
    ``odoo`` profile of a guest that was merged away); *gone* was deleted in the source;
    *anonymised* keeps its key so that the next sync doesn't bring the person back.
    """

    _name = "hospitality.profile"
    _description = "Source Profile"
    _inherit = ["hospitality.sourced"]
    _order = "partner_id, id"
    _log_access = False

    partner_id = fields.Many2one(
        "res.partner", string="Guest", required=True, index=True, ondelete="restrict"
    )
    state = fields.Selection(
        [
            ("live", "Live"),
            ("superseded", "Superseded"),
            ("gone", "Deleted in the Source"),
            ("anonymised", "Anonymised"),
        ],
        required=True,
        default="live",
    )
    kind = fields.Selection(
        [("person", "Person"), ("company", "Company"), ("agency", "Agency"), ("group", "Group")],
        required=True,
        default="person",
    )
    property_id = SoftMany2one("hospitality.property")
    name = fields.Char()
    name_key = fields.Integer(help="Hash of the folded name, to count the distinct names of a contact point.")
    values = fields.Json(default=dict)
    meta = fields.Json()
    seen_at = fields.Datetime(string="Last Changed", default=fields.Datetime.now, required=True)
    link_ids = fields.One2many("hospitality.contact.link", "profile_id", string="Contact Points")
