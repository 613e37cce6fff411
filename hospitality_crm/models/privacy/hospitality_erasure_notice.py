from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .hospitality_privacy_request import DPO

#: Waiting times before the next try, in minutes; the last one repeats.
DELAYS = (5, 30, 120, 720, 1440)


class HospitalityErasureNotice(models.Model):
    """A recipient who has to be told that a guest was erased: the source system that has his record.

    States: *pending* waits for the connector's outbox, or for a person where the system has none; *sent*; *confirmed*
    by the recipient; *failed* after the last try, for a person to see to. The key in the source is needed until the
    recipient knows, and is emptied then.
    """

    _name = "hospitality.erasure.notice"
    _description = "Erasure Notice"
    _order = "id desc"
    _rec_name = "source_id"

    request_id = fields.Many2one(
        "hospitality.privacy.request", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    source_id = fields.Many2one("hospitality.source", required=True, readonly=True, ondelete="restrict")
    property_id = fields.Many2one("hospitality.property", readonly=True, ondelete="restrict")
    external_id = fields.Char(string="Key in the Source", readonly=True)
    state = fields.Selection(
        [("pending", "To Be Told"), ("sent", "Told"), ("confirmed", "Confirmed"), ("failed", "Failed")],
        required=True,
        readonly=True,
        default="pending",
    )
    attempts = fields.Integer(readonly=True)
    next_try_at = fields.Datetime(readonly=True, default=fields.Datetime.now)
    told_at = fields.Datetime(readonly=True)
    error = fields.Char(readonly=True)

    _due_idx = models.Index("(next_try_at) WHERE state = 'pending'")
    _source_uniq = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The recipient of this record is on the list already."
    )

    @api.model
    def _notify(self, profile_ids, request=None):
        """List the sources of profiles as recipients; call it while the profiles still have their keys.

        :return: number of notices
        """
        rows = self.env.execute_query(
            SQL(
                """INSERT INTO hospitality_erasure_notice (request_id, source_id, property_id, external_id, state,
                                                           attempts, next_try_at,
                                                           create_uid, create_date, write_uid, write_date)
                   SELECT %(request)s, s.id, coalesce(p.property_id, s.property_id), p.external_id, 'pending', 0,
                          now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
                     FROM hospitality_profile p JOIN hospitality_source s ON s.id = p.source_id
                    WHERE p.id = ANY(%(profiles)s) AND s.kind <> 'odoo' AND NOT starts_with(p.external_id, 'erased:')
                       ON CONFLICT DO NOTHING RETURNING id""",
                request=request.id if request else None,
                uid=self.env.uid,
                profiles=list(profile_ids),
            )
        )
        self.invalidate_model(flush=False)
        return len(rows)

    @api.model
    def _get_due(self, sources, limit=100):
        """Return the notices that the outbox of these sources has to deliver now."""
        domain = [
            ("state", "=", "pending"),
            ("source_id", "in", sources.ids),
            ("next_try_at", "<=", fields.Datetime.now()),
        ]
        return self.search(domain, order="next_try_at, id", limit=limit)

    def _mark_told(self, confirmed=False):
        """The recipient knows: forget the key."""
        self.write(
            {
                "state": "confirmed" if confirmed else "sent",
                "told_at": fields.Datetime.now(),
                "external_id": False,
                "error": False,
            }
        )

    def _mark_failed(self, error):
        """A try has failed; the next one is later, after the last one a person has to see to it."""
        for notice in self:
            tries = notice.attempts + 1
            delay = DELAYS[min(tries, len(DELAYS)) - 1]
            notice.write(
                {
                    "attempts": tries,
                    "error": error[:200],
                    "state": "failed" if tries > len(DELAYS) else "pending",
                    "next_try_at": fields.Datetime.add(fields.Datetime.now(), minutes=delay),
                }
            )

    def _check_officer(self):
        """Recipients are told on behalf of the data protection officers.

        :raise AccessError: for everybody else
        """
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group(DPO):
            raise AccessError(self.env._("Only data protection officers tell recipients of erasures."))

    def action_mark_told(self):
        """A person has told the recipient by other means."""
        self._check_officer()
        if any(notice.state in ("sent", "confirmed") for notice in self):
            raise UserError(self.env._("This recipient has been told already."))
        self.sudo()._mark_told()  # rights were checked

    def action_retry(self):
        """Have the outbox try again."""
        self._check_officer()
        failed = self.filtered(lambda notice: notice.state == "failed")
        failed.sudo().write(  # rights were checked
            {"state": "pending", "attempts": 0, "next_try_at": fields.Datetime.now()}
        )
