from odoo import api, fields, models

from ..consent.hospitality_purpose import CHANNELS


class HospitalityMessageCap(models.Model):
    """At most so many messages to one guest within a rolling window; those about bookings and payments don't count."""

    _name = "hospitality.message.cap"
    _description = "Frequency Cap"
    _inherit = ["hospitality.cached"]
    _order = "policy_id, channel, id"

    policy_id = fields.Many2one("hospitality.message.policy", required=True, ondelete="cascade", index=True)
    number = fields.Integer(string="Messages", required=True, default=4)
    days = fields.Integer(required=True, default=7, help="Length of the window, which ends now.")
    channel = fields.Selection(CHANNELS, help="Empty: all channels together.")
    per_sender = fields.Boolean(
        string="Per Sender",
        help="Count the messages of one brand (of one company without brands). Off: those of all senders.",
    )

    _number_positive = models.Constraint(
        "CHECK (number > 0 AND days > 0)", "A cap lets one message through within one day at least."
    )

    @api.depends("number", "days", "channel")
    def _compute_display_name(self):
        labels = dict(self._fields["channel"]._description_selection(self.env))
        for cap in self:
            cap.display_name = self.env._(
                "%(number)s in %(days)s days (%(channel)s)",
                number=cap.number,
                days=cap.days,
                channel=labels.get(cap.channel) or self.env._("all channels"),
            )
