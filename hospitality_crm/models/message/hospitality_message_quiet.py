from odoo import fields, models

from ..consent.hospitality_purpose import CHANNELS

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class HospitalityMessageQuiet(models.Model):
    """Hours of the guest's own day in which nothing is sent to him."""

    _name = "hospitality.message.quiet"
    _description = "Quiet Hours"
    _inherit = ["hospitality.cached"]
    _order = "policy_id, channel, hour_from, id"

    policy_id = fields.Many2one("hospitality.message.policy", required=True, ondelete="cascade", index=True)
    channel = fields.Selection(CHANNELS, help="Empty: all channels.")
    hour_from = fields.Float(string="From", required=True, default=21.0)
    hour_to = fields.Float(
        string="To", required=True, default=9.0, help="Before the first hour: of the next day. Equal: the whole day."
    )
    monday = fields.Boolean(default=True)
    tuesday = fields.Boolean(default=True)
    wednesday = fields.Boolean(default=True)
    thursday = fields.Boolean(default=True)
    friday = fields.Boolean(default=True)
    saturday = fields.Boolean(default=True)
    sunday = fields.Boolean(default=True)

    _hours_valid = models.Constraint(
        "CHECK (hour_from >= 0 AND hour_from < 24 AND hour_to >= 0 AND hour_to <= 24)",
        "Hours lie between 0:00 and 24:00.",
    )
    _some_day = models.Constraint(
        "CHECK (monday OR tuesday OR wednesday OR thursday OR friday OR saturday OR sunday)",
        "Choose a day at least, or delete the line.",
    )

    def _get_weekdays(self):
        """Return the numbers of the days on which the hours begin, 0 is Monday."""
        self.ensure_one()
        return [number for number, day in enumerate(DAYS) if self[day]]
