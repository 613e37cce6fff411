from odoo import fields, models

from odoo.addons.hospitality_crm.tools.soft_many2one import SoftMany2one

from ...engine.adapter import Hint


class HospitalityConnectorDifference(models.Model):
    """A record that the source tells otherwise than it is known here. It is fetched again by itself."""

    _name = "hospitality.connector.difference"
    _description = "Difference to the Source"
    _order = "day desc, id desc"
    _log_access = False
    _rec_name = "external_id"

    connector_id = SoftMany2one("hospitality.connector", required=True, readonly=True)
    entity = fields.Selection(
        [("guest", "Guest"), ("booking", "Booking"), ("stay", "Stay"), ("check", "Check"), ("review", "Review")],
        string="Record",
        required=True,
        readonly=True,
    )
    external_id = fields.Char(string="Key in the Source", required=True, readonly=True)
    day = fields.Date(string="Arrival", readonly=True)
    kind = fields.Selection(
        [
            ("missing", "Missing Here"),
            ("extra", "Not in the Source"),
            ("day", "Other Arrival"),
            ("status", "Other Status"),
            ("amount", "Other Amount"),
            ("content", "Changed Without Notice"),
        ],
        required=True,
        readonly=True,
    )
    theirs = fields.Char(string="In the Source", readonly=True)
    ours = fields.Char(string="Here", readonly=True)
    stay_id = SoftMany2one("hospitality.stay", readonly=True)
    found_at = fields.Datetime(readonly=True)
    is_sampled = fields.Boolean(
        string="Found at Random", readonly=True, help="It was found by fetching records at random."
    )
    fetch_entity = fields.Char(readonly=True)
    fetch_key = fields.Char(readonly=True, help="What is fetched to correct it, in the words of the adapter.")

    _key_uniq = models.UniqueIndex("(connector_id, entity, external_id, kind)", "A difference is listed once.")

    def action_fetch(self):
        """Have the records fetched from the source once more."""
        self.connector_id.check_access("write")
        count = 0
        for connector in self.connector_id:
            mine = self.filtered(lambda row, connector=connector: row.connector_id == connector)
            hints = [Hint(row.fetch_entity, row.fetch_key, "difference") for row in mine if row.fetch_key]
            count += self.env["hospitality.connector.hint"].sudo()._note(connector, hints)  # rights were checked
        self.connector_id._wake_readers()
        return self.connector_id._get_notice(self.env._("Records that are fetched now: %s", count))
