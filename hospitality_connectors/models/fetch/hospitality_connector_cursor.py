from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.claim import claim_query

from ...engine.network.reader import Progress


class HospitalityConnectorCursor(models.Model):
    """How far a stream was read, who reads it now, and when it is read next."""

    _name = "hospitality.connector.cursor"
    _inherit = ["hospitality.connector.cursor", "hospitality.connector.leased"]

    kind = fields.Selection(
        [("changes", "Changes"), ("queue", "Queue"), ("sweep", "Nightly Comparison")], readonly=True
    )
    progress = fields.Json(readonly=True)
    next_at = fields.Datetime(string="Next Reading")
    failures = fields.Integer(readonly=True, help="In a row.")
    error_code = fields.Char(readonly=True)
    error_message = fields.Char(string="Last Error", readonly=True)
    last_read_at = fields.Datetime(string="Read Completely", readonly=True)
    record_count = fields.Integer(string="Records Stored", readonly=True)
    is_gap = fields.Boolean(
        string="Gap",
        readonly=True,
        help="The vendor has forgotten changes that were never read; everything is being read anew.",
    )
    state = fields.Selection(
        [("waiting", "Up to Date"), ("reading", "Reading"), ("failing", "Failing"), ("stopped", "Stopped")],
        compute="_compute_state",
    )
    read_until = fields.Char(compute="_compute_state", help="All changes up to this time are known.")

    _due_idx = models.Index("(next_at) WHERE next_at IS NOT NULL")

    @api.depends("progress", "failures", "next_at", "error_code")
    def _compute_state(self):
        for cursor in self:
            progress = Progress.load(cursor.progress)
            if cursor.kind and not cursor.next_at:
                cursor.state = "stopped"
            elif cursor.error_code:
                cursor.state = "failing"
            else:
                cursor.state = "reading" if progress.is_reading() or not cursor.last_read_at else "waiting"
            cursor.read_until = (progress.until or "")[:16].replace("T", " ")

    @api.model
    def _claim_due(self):
        """Take the stream that has been due for longest, in the current transaction.

        :return: ``(cursor, lease)``, or None
        """
        self.env["hospitality.connector"].flush_model(["active", "state"])
        rows = self.env.execute_query(
            claim_query(
                "hospitality_connector_cursor",
                SQL(
                    "next_at <= clock_timestamp() AT TIME ZONE 'UTC'"
                    " AND (leased_until IS NULL OR leased_until < clock_timestamp() AT TIME ZONE 'UTC')"
                    " AND EXISTS (SELECT FROM hospitality_connector c WHERE c.id = connector_id"
                    " AND c.active AND c.state = 'running')"
                ),
                limit=1,
                order="next_at",
            )
        )
        if not rows:
            return None
        return self.browse(rows[0][0]), self._take([rows[0][0]])

    def _lock_leased(self, lease):
        """Lock the stream if the lease still holds; say whether it does."""
        self.ensure_one()
        rows = self.env.execute_query(
            SQL(
                "SELECT TRUE FROM hospitality_connector_cursor WHERE id = %s AND lease = %s FOR NO KEY UPDATE",
                self.id,
                lease,
            )
        )
        return bool(rows)

    def _settle(self, lease, **values):
        """Write what became of a step and give the stream back; a lane that has lost its lease changes nothing."""
        if self._lock_leased(lease):
            self.write({**values, "lease": False, "leased_until": False})

    def action_read_now(self):
        """Have the stream read as soon as a lane is free. It is never read by two."""
        self._check_admin()
        self.sudo().write({"next_at": fields.Datetime.now(), "failures": 0})  # rights were checked
        self.connector_id._wake_readers()
        return self.connector_id._get_notice(self.env._("It is read within some seconds."))

    def action_reset(self):
        """Read the stream from the start of the connector again. What is stored is recognised."""
        self._check_admin()
        self.env["hospitality.access.log"]._log("connector", self.connector_id, details="cursor reset")
        self.sudo().write(  # rights were checked
            {
                "progress": False,
                "next_at": fields.Datetime.now(),
                "failures": 0,
                "error_code": False,
                "error_message": False,
                "is_gap": False,
                "lease": False,
                "leased_until": False,
            }
        )
        self.connector_id._wake_readers()
        return self.connector_id._get_notice(self.env._("Everything is read again from the first day on."))

    def _check_admin(self):
        if not self.env.su and not self.env.user.has_group("hospitality_crm.group_hospitality_admin"):
            raise UserError(self.env._("Only an administrator of the guest CRM looks after connectors."))
