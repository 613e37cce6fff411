import datetime
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.hospitality_crm.tools import http

from ...engine.adapter import Finding, Hint
from ...engine.network.errors import NetworkError
from ...engine.network.session import Session
from .hospitality_connector_account import Account

#: Why a record is fetched that another one refers to.
ABSENT = "absent"
#: How far back a connector reads at first.
FIRST_DAYS = 730
#: When sweeps begin, in the property's time.
SWEEP_HOUR = 3


class HospitalityConnector(models.Model):
    """Reading from the vendor: streams with their own schedules, worked off by lanes."""

    _inherit = "hospitality.connector"

    since = fields.Date(
        string="Read From",
        default=lambda self: fields.Date.context_today(self) - datetime.timedelta(days=FIRST_DAYS),
        help="Changes of records from this day on are read when a stream is read for the first time.",
    )
    stream_ids = fields.One2many("hospitality.connector.cursor", "connector_id", string="Streams")
    has_streams = fields.Boolean(compute="_compute_has_streams")

    @api.depends("adapter", "settings")
    def _compute_has_streams(self):
        for connector in self:
            connector.has_streams = bool(connector._get_streams())

    @api.model_create_multi
    def create(self, vals_list):
        connectors = super().create(vals_list)
        connectors._sync_streams()
        return connectors

    def write(self, vals):
        result = super().write(vals)
        if {"adapter", "settings", "state", "active"} & vals.keys():
            self._sync_streams()
        return result

    def action_resume(self):
        result = super().action_resume()
        self._wake_readers()
        return result

    def action_run_now(self):
        """Have all streams read now: the lanes are woken, a second reader is never started."""
        return self.stream_ids.filtered("kind").action_read_now()

    @api.model
    def _get_notice(self, message):
        """Return the action that tells somebody what his button has done, and shows the record anew."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": message, "next": {"type": "ir.actions.act_window_close"}},
        }

    def _fetch_absent(self, keys):
        """Fetch what others refer to: who was last changed before anybody read is told of by nobody.

        Before all streams were read once it may come by itself.
        """
        super()._fetch_absent(keys)
        streams = self.stream_ids.filtered(lambda cursor: cursor.kind and cursor.kind != "sweep")
        if not streams or not all(streams.mapped("last_read_at")):
            return
        fetchable = self._get_adapter().fetchable(self._get_settings())
        hints = [Hint(fetchable[entity], key, ABSENT) for entity, key in sorted(keys) if entity in fetchable]
        if hints:
            self.env["hospitality.connector.hint"]._note(self, hints)
            self._wake_readers()

    def action_test(self):
        """Look at the vendor and tell what was found."""
        self.ensure_one()
        self.check_access("write")
        lines = [(finding.level, finding.message) for finding in self.sudo()._check_vendor()]  # rights were checked
        worst = next((level for level in ("error", "warning") if any(line[0] == level for line in lines)), "ok")
        message = "\n".join(text for _level, text in lines)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": {"error": "danger", "warning": "warning", "ok": "success"}[worst],
                "title": self.env._("Connection of %s", self.name),
                "message": message or self.env._("There is nothing to connect to: records come in by themselves."),
                "sticky": worst != "ok",
            },
        }

    def _check_vendor(self):
        """Return the findings of a look at the vendor."""
        adapter = self._get_adapter()
        if adapter.local:
            return self._check_local()
        if self.missing_settings:
            return [Finding("error", self.env._("Enter under Settings first: %(names)s.", names=self.missing_settings))]
        session = self._get_session()
        try:
            findings = adapter.check(session)
        except NetworkError as error:
            return [Finding("error", error.message)]
        if abs(session.skew()) > 60:
            findings.append(
                Finding(
                    "warning",
                    self.env._("The vendor's clock differs from ours by %s seconds.", round(session.skew())),
                )
            )
        return findings

    def _check_local(self):
        """Hook: the findings of a look at a source in this database."""
        return []

    def _fetch_local(self, stream, window, cursor):
        """Hook: a :class:`engine.adapter.Page` of a source in this database, see :meth:`Adapter.fetch_page`."""
        raise NotImplementedError

    def _fetch_local_one(self, entity, external_id):
        """Hook: a record of a source in this database, see :meth:`Adapter.fetch_one`."""
        raise NotImplementedError

    # Streams

    def _get_streams(self):
        """Return the streams of the adapter by name."""
        self.ensure_one()
        return {stream.name: stream for stream in self._get_adapter().streams(self._get_settings())}

    def _sync_streams(self):
        """Have a cursor for each stream of running connectors; cursors of streams that are gone stop."""
        Cursor = self.env["hospitality.connector.cursor"].sudo()  # they belong to the system
        for connector in self.filtered(lambda c: c.active and c.state == "running"):
            streams = connector._get_streams()
            cursors = Cursor.search([("connector_id", "=", connector.id)])
            known = {cursor.stream: cursor for cursor in cursors}
            now = fields.Datetime.now()
            Cursor.create(
                [
                    {"connector_id": connector.id, "stream": name, "kind": stream.kind, "next_at": now, "moved_at": now}
                    for name, stream in streams.items()
                    if name not in known
                ]
            )
            for name, cursor in known.items():
                if name in streams and not cursor.kind:
                    cursor.write({"kind": streams[name].kind, "next_at": now})
                elif name not in streams and cursor.kind:
                    cursor.write({"kind": False, "next_at": False})

    def _get_next_reading(self, stream, now):
        """Return when a stream is read next: after its pause, or in the night of the property."""
        self.ensure_one()
        if stream.kind != "sweep":
            return fields.Datetime.add(now, seconds=stream.every)
        zone = ZoneInfo(self.property_id.tz or "UTC")
        local = now.replace(tzinfo=datetime.timezone.utc).astimezone(zone)
        # Not all at once: some minutes apart by connector.
        night = local.replace(hour=SWEEP_HOUR, minute=self.id % 60, second=0, microsecond=0)
        if night <= local:
            night += datetime.timedelta(days=1)
        return night.astimezone(datetime.timezone.utc).replace(tzinfo=None)

    def _after_page(self, stream, window, page, done, is_first):
        """Hook: a page has been stored, in the same transaction.

        :param bool done: it was the last one until the next reading
        :param bool is_first: it was the first one since the last reading
        """

    def _wake_readers(self):
        """Start the lanes that read, after the current transaction."""
        crons = self._get_reader_crons().filtered("active")
        for cron in crons:
            cron._trigger()

    @api.model
    def _get_reader_crons(self):
        return (
            self.env["ir.cron"]
            .sudo()  # the scheduler is the system's
            .with_context(active_test=False)
            .search([("model_id.model", "=", "hospitality.connector.reader")], order="id")
        )

    # Sessions

    def _get_account(self):
        """Return the name of the account whose limits and token the connector shares."""
        self.ensure_one()
        account = self._get_adapter().account(self._get_settings())
        return f"{self.adapter}:{account}" if account else f"connector:{self.id}"

    def _get_session(self, deadline=None):
        """Return the context in which the adapter talks to its vendor.

        :raise UserError: the server's list of networks can't be read
        """
        self.ensure_one()
        try:
            client = http.from_config()
        except ValueError:
            raise UserError(
                self.env._("hospitality_http_allow, in the configuration of the server, names no networks. Correct it.")
            ) from None
        return Session(
            self._get_adapter(),
            client,
            self._get_adapter_env(),
            self._get_secrets(),
            Account(self.env, self._get_account()),
            deadline,
        )
