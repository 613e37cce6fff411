import uuid

from odoo import fields, models

from ...tools.soft_many2one import SoftMany2one


class HospitalitySourced(models.AbstractModel):
    """A record that a source system owns, keyed by the source and the id it has there.

    The unique key makes every import idempotent; ``version`` and ``payload_hash`` say
    whether a delivery is older than, equal to or newer than what is stored.
    """

    _name = "hospitality.sourced"
    _description = "Record of a source system"

    source_id = SoftMany2one("hospitality.source", required=True, default=lambda self: self._default_source_id())
    external_id = fields.Char(
        string="Key in the Source", required=True, copy=False, default=lambda self: uuid.uuid4().hex
    )
    version = fields.Float(
        copy=False,
        help="Version number or modification time (seconds since 1970, UTC) given by the source.",
    )
    payload_hash = fields.Char(size=32, copy=False, help="Hash of the canonical record last applied.")

    _external_id_uniq = models.Constraint(
        "UNIQUE (source_id, external_id)", "The source has delivered a record with this id already."
    )

    def _default_source_id(self):
        # Not env.ref: it asks the database each time whether the record exists.
        source_id = self.env["ir.model.data"]._xmlid_to_res_id("hospitality_crm.source_odoo", raise_if_not_found=False)
        return self.env["hospitality.source"].browse(source_id or ())
