from dataclasses import dataclass

from odoo import api, fields, models
from odoo.exceptions import UserError

from .hospitality_board import EXPECTED, TABLES_EXPECTED


@dataclass(frozen=True)
class BoardAction:
    """A button of the board.

    :param model: model of the visit
    :param status: what the visit becomes
    :param allowed: statuses from which it makes sense
    :param moment: moment of the guest's alerts, see ``res.partner._check_guest_alerts``
    :param stamp: field that takes the time
    """

    model: str
    status: str
    allowed: tuple
    moment: str | None = None
    stamp: str | None = None


ACTIONS = {
    "check_in": BoardAction("hospitality.stay", "in_house", EXPECTED, "check_in", "checked_in_at"),
    "check_out": BoardAction("hospitality.stay", "checked_out", ("in_house",), "check_out", "checked_out_at"),
    "stay_no_show": BoardAction("hospitality.stay", "no_show", EXPECTED),
    "seat": BoardAction("hospitality.reservation", "seated", TABLES_EXPECTED, "seating"),
    "no_show": BoardAction("hospitality.reservation", "no_show", TABLES_EXPECTED),
}


class HospitalityBoard(models.AbstractModel):
    _inherit = "hospitality.board"

    @api.model
    def act(self, action, record_id, acknowledged=False):
        """Do a quick action of the board, after the guest's alerts for that moment.

        An alert that warns asks once (``acknowledged`` repeats the call); an alert that blocks
        is never passed from the board.

        :param str action: check_in, check_out, stay_no_show, seat or no_show
        :param int record_id: the stay or the table reservation
        :param bool acknowledged: the user has read the warnings
        :return: dict with ``done`` and ``alerts`` (those that stopped it)
        :raise UserError: when there is no such action or the status doesn't allow it
        :raise AccessError: when the user may not change the visit
        """
        button = ACTIONS.get(action)
        if not button:
            raise UserError(self.env._("The board knows no action “%s”. Reload the page.", action))
        visit = self.env[button.model].browse(record_id)
        visit.check_access("write")
        if visit.status not in button.allowed:
            raise UserError(
                self.env._(
                    "%(visit)s is “%(status)s” by now. Reload the board to see what has changed.",
                    visit=visit.display_name,
                    status=self._get_labels(visit._name, "status").get(visit.status),
                )
            )
        alerts = self._get_alerts_at(visit, button.moment)
        if any(alert["blocks"] for alert in alerts) or (alerts and not acknowledged):
            return {"done": False, "alerts": alerts}
        visit.write({"status": button.status, **({button.stamp: fields.Datetime.now()} if button.stamp else {})})
        return {"done": True, "alerts": []}

    @api.model
    def _get_alerts_at(self, visit, moment):
        """Return the alerts of everybody on the visit that hold at ``moment``, blocking first."""
        if not moment:
            return []
        place = visit.property_id
        today = self._get_today({"tz": place.tz, "day_close": place.day_close})
        labels = self._get_labels("hospitality.alert", "kind")
        return [
            {
                "id": alert.id,
                "guest": alert.partner_id.name,
                "label": labels[alert.kind],
                "message": alert.message,
                "blocks": alert.level == "2_block",
            }
            for alert in visit._get_alert_guests()._check_guest_alerts(moment, place, today)
        ]
