import datetime

from odoo import api, fields, models
from odoo.tools import SQL

#: So often must a temporary failure come, over so long a time, before an address counts as dead: the core's rule for
#: its blacklist.
SOFT_LIMIT = 5
SOFT_SPREAD = datetime.timedelta(days=7)


class HospitalityContactPoint(models.Model):
    """What senders learn about an address: returned messages, complaints, and that the guest has written from it.

    A *hard* failure says that the address doesn't exist or takes nothing any more: it can't be reached from then on,
    and the golden record prefers another one. *Soft* ones do so when they keep coming. A message from the address, or
    a person who says that it works, ends both.
    """

    _inherit = "hospitality.contact.point"

    bounce_count = fields.Integer(string="Returned Messages", readonly=True, default=0, aggregator=None)
    bounced_at = fields.Datetime(string="Last Returned", readonly=True)
    bounced_since = fields.Datetime(string="First Returned", readonly=True)
    bounce_kind = fields.Selection([("soft", "Temporary"), ("hard", "For Good")], readonly=True)
    complained_at = fields.Datetime(string="Complaint", readonly=True)
    heard_at = fields.Datetime(string="Guest Wrote", readonly=True)

    def write(self, vals):
        result = super().write(vals)
        if vals.get("reachable") and "bounce_kind" not in vals:
            failed = self.sudo().filtered("bounce_count")  # the counters follow from what may be written
            failed.write({"bounce_count": 0, "bounced_since": False, "bounce_kind": False})
        return result

    def _note_bounce(self, kind, at=None):
        """Count a returned message.

        :param str kind: *hard* or *soft*
        """
        at = at or fields.Datetime.now()
        for point in self.sudo():  # what happened is noted, whoever finds out
            since = point.bounced_since or at
            count = point.bounce_count + 1
            vals = {"bounce_count": count, "bounced_at": at, "bounced_since": since, "bounce_kind": kind}
            if kind == "hard" or (count >= SOFT_LIMIT and at - since >= SOFT_SPREAD):
                vals |= {"reachable": False, "bounce_kind": "hard"}
            point.write(vals)

    def _note_complaint(self, at=None):
        """Remember that the owner of the address has called a message unwanted."""
        self.sudo().write({"complained_at": at or fields.Datetime.now()})  # as above

    def _note_heard(self, at=None):
        """Remember that the guest has written from here: the address works."""
        at = at or fields.Datetime.now()
        for point in self.sudo():  # as above
            vals = {"heard_at": max(at, point.heard_at or at)}
            if point.bounce_count or (not point.reachable and not point._is_blacklisted()):
                vals |= {"bounce_count": 0, "bounced_since": False, "bounce_kind": False}
                vals |= {} if point._is_blacklisted() else {"reachable": True}
            point.write(vals)

    def _is_blacklisted(self):
        self.ensure_one()
        model, field = {"email": ("mail.blacklist", "email"), "phone": ("phone.blacklist", "number")}.get(
            self.channel, (None, None)
        )
        if not model:
            return False
        Blacklist = self.env[model].sudo()  # what is blocked is, whoever may see the list
        return bool(Blacklist.search_count([(field, "=", self.value)], limit=1))

    @api.model
    def _find_points(self, channel, values):
        """Return the points of normalised values."""
        return self.sudo().search([("channel", "=", channel), ("value", "in", list(values))])  # for the system

    def _get_guests(self):
        """Return the guests who use the points, as they are today."""
        self.env["hospitality.contact.link"].flush_model()
        self.env["hospitality.profile"].flush_model(["partner_id", "state"])
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT g.id FROM hospitality_contact_link l
                     JOIN hospitality_profile p ON p.id = l.profile_id AND p.state IN ('live', 'superseded')
                     JOIN res_partner g ON g.id = p.partner_id AND g.is_guest
                    WHERE l.point_id = ANY(%s) ORDER BY g.id""",
                self.ids,
            )
        )
        return self.env["res.partner"].browse([row[0] for row in rows])
