from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

MOMENTS = ("booking", "check_in", "seating", "check_out")


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _check_guest_alerts(self, moment, prop=None, date=None):
        """Return the alerts of the guests that speak up at a moment, the blocking ones first.

        :param str moment: ``booking``, ``check_in``, ``seating`` or ``check_out``
        :param prop: ``hospitality.property`` where it happens; without it only alerts that
            hold everywhere
        :param date: day of the visit, today by default
        :return: ``hospitality.alert``
        """
        if moment not in MOMENTS:
            raise ValueError(f"Unknown moment {moment}")
        day = date or fields.Date.context_today(self)
        domain = Domain("partner_id", "in", self.ids) & Domain(f"at_{moment}", "=", True)
        domain &= Domain("date_from", "=", False) | Domain("date_from", "<=", day)
        domain &= Domain("date_to", "=", False) | Domain("date_to", ">=", day)
        domain &= Domain("property_id", "in", [False, prop.id if prop else False])
        alerts = self.env["hospitality.alert"].sudo().search(domain)  # a ban holds for who may not read it, too
        return alerts.sorted(lambda alert: alert.level, reverse=True)

    def _ensure_no_blocking_alert(self, moment, prop=None, date=None):
        """Refuse when an alert blocks a guest at a moment.

        :raise UserError: names the guest and the alert
        """
        blocking = self._check_guest_alerts(moment, prop, date).filtered(lambda alert: alert.level == "2_block")
        if not blocking:
            return
        texts = {
            "booking": self.env._(
                "%(guest)s can't be booked: %(alert)s. A guest relations manager can lift the alert."
            ),
            "check_in": self.env._(
                "%(guest)s can't be checked in: %(alert)s. A guest relations manager can lift the alert."
            ),
            "seating": self.env._(
                "%(guest)s can't be seated: %(alert)s. A guest relations manager can lift the alert."
            ),
            "check_out": self.env._(
                "%(guest)s can't be checked out: %(alert)s. A guest relations manager can lift the alert."
            ),
        }
        alert = blocking[0]
        raise UserError(texts[moment] % {"guest": alert.partner_id.name, "alert": alert.display_name})

    @api.model
    def _alerts_are_checked(self):
        """Whether visits are written by people: imports take what has happened as a fact."""
        return not self.env.context.get("hospitality_import") and not self.env.context.get("install_mode")
