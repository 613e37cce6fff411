from odoo import api, fields, models
from odoo.exceptions import UserError

ACTIONS = {
    "check_in": ("hospitality.stay", "at_check_in", "action_check_in"),
    "check_out": ("hospitality.stay", "at_check_out", "action_check_out"),
    "seat": ("hospitality.reservation", "at_seating", "action_seat"),
    "finish": ("hospitality.reservation", None, "action_finish"),
    "no_show": ("hospitality.reservation", None, "action_no_show"),
    "stay_no_show": ("hospitality.stay", None, "action_no_show"),
}


class HospitalityBoard(models.AbstractModel):
    _inherit = "hospitality.board"

    @api.model
    def act(self, action, record_id, acknowledged=False):
        """Do a quick action of the board, after the guest's alerts for that moment.

        An alert that warns asks once (``acknowledged`` repeats the call); an alert that blocks
        is never passed from the board.

        :param str action: check_in, check_out, seat, finish, no_show or stay_no_show
        :param int record_id: the stay or the table reservation
        :param bool acknowledged: the user has read the warnings
        :return: dict with ``done`` and ``alerts`` (those that stopped it)
        :raise UserError: when there is no such action or the status doesn't allow it
        :raise AccessError: when the user may not change the visit
        """
        if action not in ACTIONS:
            raise UserError(self.env._("The board knows no action “%s”. Reload the page.", action))
        model, moment, method = ACTIONS[action]
        record = self.env[model].browse(record_id)
        record.check_access("write")
        alerts = self._get_alerts_at(record, moment)
        if any(alert["blocks"] for alert in alerts) or (alerts and not acknowledged):
            return {"done": False, "alerts": alerts}
        getattr(record, method)()
        return {"done": True, "alerts": []}

    @api.model
    def _get_alerts_at(self, record, moment):
        """Return the alerts of everybody on the visit that hold at ``moment``, blocking first."""
        if not moment:
            return []
        partners = record.partner_id
        if record._name == "hospitality.stay":
            partners |= record.guest_ids.filtered("sleeps").partner_id
        today = fields.Date.context_today(self.with_context(tz=record.property_id.tz))
        found = self._load(partners.ids, "alerts").get("alerts", {})
        names = {partner.id: partner.name for partner in partners}
        alerts = [
            {**alert, "guest": names[partner_id]}
            for partner_id, rows in found.items()
            for alert in self._show_alerts(rows, fields.Date.to_string(today), record.property_id.id)
            if alert[moment]
        ]
        return sorted(alerts, key=lambda alert: not alert["blocks"])
