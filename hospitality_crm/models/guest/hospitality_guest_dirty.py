from odoo import fields, models


class HospitalityGuestDirty(models.Model):
    """Guests whose derived data (metrics, search text) must be refreshed; consumed by lanes.

    Append-only queue without index or foreign key: a writer adds one row per touched guest and
    batch, doubles are harmless. Never join it, never show it.
    """

    _name = "hospitality.guest.dirty"
    _description = "Guest to Refresh"
    _log_access = False

    partner_id = fields.Integer(required=True)
