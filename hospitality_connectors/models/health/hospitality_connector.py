import datetime

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.network.limits import capacity

#: A stream is late when it was not read for so many of its own pauses, and at least so many minutes.
LATE_PAUSES = 5
LATE_MINUTES = 5
#: Failures in a row after which somebody is told.
TELL_AFTER = 3
#: Streams that are read so often (seconds) say how fresh the records are.
FREQUENT = 300
NIGHT_LATE = datetime.timedelta(hours=30)


class HospitalityConnector(models.Model):
    """Whether records still come in, and who is told when they don't."""

    _name = "hospitality.connector"
    _inherit = ["hospitality.connector", "mail.thread", "mail.activity.mixin"]

    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        domain=[("share", "=", False)],
        help="Is told when the connector fails. Without one, the administrators of the guest CRM are.",
    )
    health = fields.Selection(
        [
            ("fine", "Fine"),
            ("behind", "Behind"),
            ("broken", "Broken"),
            ("paused", "Paused"),
            ("passive", "Waits for Records"),
        ],
        compute="_compute_health",
    )
    health_reason = fields.Char(string="Reason", compute="_compute_health")
    last_success_at = fields.Datetime(string="Last Success", compute="_compute_health")
    next_run_at = fields.Datetime(string="Next Reading", compute="_compute_health")
    lag_minutes = fields.Integer(
        string="Lag (min)", compute="_compute_health", help="How old a change may be that is not known yet."
    )
    hint_count = fields.Integer(string="To Be Fetched", compute="_compute_backlog")
    error_rate = fields.Float(
        string="In Quarantine (%)", compute="_compute_backlog", help="Of the records of the last 24 hours."
    )
    breaker_until = fields.Datetime(
        string="Not Called Until", compute="_compute_breaker", help="The vendor isn't called before."
    )
    quota_left = fields.Char(
        string="Calls Left", compute="_compute_breaker", help="How many calls the vendor's limits allow at this moment."
    )

    @api.depends("state", "stream_ids.next_at", "stream_ids.last_read_at", "stream_ids.error_code")
    def _compute_health(self):
        now = fields.Datetime.now()
        for connector in self:
            streams = connector.stream_ids.filtered("kind")
            connector.last_success_at = max(filter(None, streams.mapped("last_read_at")), default=False)
            connector.next_run_at = min(filter(None, streams.mapped("next_at")), default=False)
            frequent = {name for name, stream in connector._get_streams().items() if stream.every <= FREQUENT}
            changes = [c.last_read_at for c in streams if c.stream in frequent and c.last_read_at]
            connector.lag_minutes = round((now - min(changes)).total_seconds() / 60) if changes else 0
            connector.health, connector.health_reason = connector._get_health(streams, now)

    def _get_health(self, streams, now):
        """Return how the connector is, and why, as a sentence for people."""
        if self.state == "paused":
            return "paused", False
        if not streams:
            return "passive", False
        stopped = streams.filtered(lambda c: c.state == "stopped")
        if stopped:
            return "broken", stopped[0].error_message or self.env._("%s: stopped.", stopped[0].stream_label)
        broken = streams.filtered(lambda c: c.error_code and c.failures >= TELL_AFTER)
        if broken:
            return "broken", broken[0].error_message
        settings = self._get_streams()
        for cursor in streams:
            late = self._get_lateness(cursor, settings.get(cursor.stream), now)
            if late:
                text = self.env._(
                    "%(stream)s: not read completely for %(minutes)s minutes.",
                    stream=cursor.stream_label,
                    minutes=late,
                )
                return "behind", cursor.error_message or text
        gaps = streams.filtered("is_gap")
        if gaps:
            return "behind", self.env._("%s: being read anew, because changes were missed.", gaps[0].stream_label)
        return "fine", False

    def _get_lateness(self, cursor, stream, now):
        """Return for how many minutes a stream should have been read and wasn't; 0 when it is in time."""
        if stream is None:
            return 0
        pause = datetime.timedelta(seconds=stream.every * LATE_PAUSES)
        allowed = NIGHT_LATE if stream.kind == "sweep" else max(pause, datetime.timedelta(minutes=LATE_MINUTES))
        # A stream that was never read through is late when it doesn't move.
        last = cursor.last_read_at or cursor.moved_at
        return round((now - last).total_seconds() / 60) if last and now - last > allowed else 0

    def _compute_backlog(self):
        hints = dict(
            self.env["hospitality.connector.hint"]
            .sudo()  # a number
            ._read_group([("connector_id", "in", self.ids)], ["connector_id"], ["__count"])
        )
        rows = self.env.execute_query(
            SQL(
                "SELECT connector_id, count(*), count(*) FILTER (WHERE state = 'quarantined')"
                " FROM hospitality_connector_inbox WHERE connector_id = ANY(%s)"
                " AND processed_at > now() AT TIME ZONE 'UTC' - interval '1 day' GROUP BY connector_id",
                list(self.ids),
            )
        )
        shares = {id_: 100.0 * bad / count for id_, count, bad in rows}
        for connector in self:
            connector.hint_count = hints.get(connector, 0)
            connector.error_rate = shares.get(connector.id, 0.0)

    def _compute_breaker(self):
        Account = self.env["hospitality.connector.account"].sudo()  # numbers alone
        scopes = [connector._get_account() for connector in self]
        accounts = {account.scope: account for account in Account.search([("scope", "in", scopes)])}
        now = fields.Datetime.now()
        for connector in self:
            account = accounts.get(connector._get_account(), Account)
            until = account.closed_until and datetime.datetime.fromtimestamp(
                account.closed_until, datetime.timezone.utc
            ).replace(tzinfo=None)
            connector.breaker_until = until if until and until > now else False
            connector.quota_left = connector._tell_quota(account.levels or {})

    def _tell_quota(self, levels):
        """Return how many calls may be made at once, and how many at most, per limit of the vendor."""
        rates = self._get_adapter().rates
        return ", ".join(
            (f"{bucket}: " if bucket else "")
            + self.env._(
                "%(left)s of %(most)s",
                left=int(min(level[0])),
                most=min(capacity(rate) for rate in rates[bucket]),
            )
            for bucket, level in sorted(levels.items())
            if rates.get(bucket) and level[0]
        )

    # Telling people

    @api.model
    def _cron_watch(self):
        """Raise an activity for each connector that doesn't work, and settle those of connectors that do again."""
        self.env["hospitality.connector.mapping"]._propose()
        for connector in self.search([("active", "=", True)]):
            if connector.health in ("broken", "behind"):
                connector._tell_failure()
            elif connector.health in ("fine", "paused"):
                connector._settle_failure()

    def _tell_failure(self):
        if not self._get_failure_activities():
            for user in self._get_responsibles():
                self.activity_schedule(
                    "hospitality_connectors.mail_activity_connector_failed",
                    user_id=user.id,
                    note=self.health_reason,
                    summary=self.env._("%s doesn't get records any more", self.name),
                )

    def _settle_failure(self):
        self._get_failure_activities().action_feedback(feedback=self.env._("The connector works again."))

    def _get_failure_activities(self):
        kind = self.env.ref("hospitality_connectors.mail_activity_connector_failed")
        return self.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)

    def _get_responsibles(self):
        """Return the users who are told: the responsible one, else the administrators of the guest CRM."""
        if self.user_id:
            return self.user_id
        admins = self.env.ref("hospitality_crm.group_hospitality_admin").all_user_ids
        company = self.company_id
        return admins.filtered(
            lambda user: user.active and not user.share and (not company or company in user.company_ids)
        )
