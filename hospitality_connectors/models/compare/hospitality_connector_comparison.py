from odoo import fields, models

from odoo.addons.hospitality_crm.tools.soft_many2one import SoftMany2one


class HospitalityConnectorComparison(models.Model):
    """A day of arrivals as the source counts it and as it is known here, per currency."""

    _name = "hospitality.connector.comparison"
    _description = "Comparison with the Source"
    _order = "day desc, connector_id"
    _log_access = False
    _rec_name = "day"

    connector_id = SoftMany2one("hospitality.connector", required=True, readonly=True)
    day = fields.Date(string="Arrival", required=True, readonly=True)
    currency = fields.Char(readonly=True)
    their_count = fields.Integer(string="Stays in the Source", readonly=True)
    our_count = fields.Integer(string="Stays Here", readonly=True)
    their_amount = fields.Float(string="Amount in the Source", readonly=True, digits=(16, 2))
    our_amount = fields.Float(string="Amount Here", readonly=True, digits=(16, 2))
    difference_count = fields.Integer(string="Differences", readonly=True)
    compared_at = fields.Datetime(readonly=True)

    _day_uniq = models.UniqueIndex(
        "(connector_id, day, coalesce(currency, ''))", "A day is compared once per connector and currency."
    )

    def action_open_differences(self):
        """Show the records that differ on the day."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hospitality_connectors.hospitality_connector_difference_action"
        )
        return {**action, "domain": [("connector_id", "=", self.connector_id.id), ("day", "=", self.day)]}
