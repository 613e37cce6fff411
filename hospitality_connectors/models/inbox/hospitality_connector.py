import json
import logging
import time
from hashlib import blake2b

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.hospitality_crm.models.bulk.hospitality_bulk_codes import get_stamp_sql
from odoo.addons.hospitality_crm.tools.arrays import pg_array, pg_int_array
from odoo.addons.hospitality_crm.tools.claim import claim_query, lane_env, with_retry

from ...engine import adapter as adapters

_logger = logging.getLogger(__name__)

BATCH_SIZE = 2000
STEP_SECONDS = 20
#: A lane that has found fewer records waits for more of them for a moment.
FEW = 100
#: Part of the time of a step that a lane rests after it: people wait for the same server.
REST = 0.5
# What says where data come from and whether they do: who changes it is written to the access log.
WATCHED = frozenset({"active", "adapter", "property_id", "settings", "source_id", "state", "strict_status"})


class HospitalityConnector(models.Model):
    """A connection to one source system: which adapter reads it and for which property.

    What comes in goes through one door, :meth:`_store`, and is turned into facts by
    :meth:`_process`. Nothing is applied that was not stored first.
    """

    _name = "hospitality.connector"
    _description = "Connector"
    _order = "sequence, name, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    source_id = fields.Many2one(
        "hospitality.source",
        required=True,
        index=True,
        ondelete="restrict",
        help="Owner of the guests and visits that come in. Several connectors may feed one source.",
    )
    adapter = fields.Selection(lambda self: adapters.selection(), required=True, default="canonical")
    property_id = fields.Many2one(
        "hospitality.property",
        index=True,
        ondelete="restrict",
        help="Property of the records that don't name one.",
    )
    company_id = fields.Many2one(related="property_id.company_id", store=True, index=True)
    state = fields.Selection([("running", "Running"), ("paused", "Paused")], required=True, default="running")
    strict_status = fields.Boolean(
        string="Unknown Status Waits",
        default=True,
        help="A record with a status that is not mapped waits in quarantine until it is. Switched "
        "off, it is imported with the status Unknown and keeps the word of the source.",
    )
    max_record_kb = fields.Integer(
        string="Largest Record (kB)", default=1024, help="Larger records wait in quarantine; 0: no limit."
    )
    settings = fields.Json(default=dict, help="Settings of the adapter.")
    inbox_ids = fields.One2many("hospitality.connector.inbox", "connector_id")
    mapping_ids = fields.One2many("hospitality.connector.mapping", "connector_id", string="Mappings")

    new_count = fields.Integer(string="New", compute="_compute_counts")
    waiting_count = fields.Integer(string="Waiting", compute="_compute_counts")
    quarantined_count = fields.Integer(string="In Quarantine", compute="_compute_counts")
    unmapped_count = fields.Integer(string="Codes to Map", compute="_compute_counts")

    def _compute_counts(self):
        # Only the states that somebody has to do with are counted; their rows are few and indexed.
        counts = {}
        for state in ("new", "waiting", "quarantined"):
            for connector, count in self.env["hospitality.connector.inbox"]._read_group(
                [("connector_id", "in", self.ids), ("state", "=", state)], ["connector_id"], ["__count"]
            ):
                counts[connector.id, state] = count
        unmapped = dict(
            self.env["hospitality.connector.mapping"]._read_group(
                [("connector_id", "in", self.ids), ("state", "!=", "confirmed")],
                ["connector_id"],
                ["__count"],
            )
        )
        for connector in self:
            for state in ("new", "waiting", "quarantined"):
                connector[f"{state}_count"] = counts.get((connector.id, state), 0)
            connector.unmapped_count = unmapped.get(connector, 0)

    @api.constrains("adapter", "source_id")
    def _check_source(self):
        for connector in self:
            if connector.source_id.kind == "odoo":
                raise ValidationError(
                    self.env._("The source Odoo is written by people. Choose another source for a connector.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        connectors = super().create(vals_list)
        self.env["hospitality.access.log"]._log("connector", connectors, details="created")
        return connectors

    def write(self, vals):
        changed = sorted(WATCHED & vals.keys())
        if changed and self:
            self.env["hospitality.access.log"]._log("connector", self, details="changed", fields=changed)
        return super().write(vals)

    def unlink(self):
        if self:
            self.env["hospitality.access.log"]._log("connector", self, details="deleted")
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        Inbox = self.env["hospitality.connector.inbox"].sudo()  # rows nobody may read count too
        used = Inbox._read_group([("connector_id", "in", self.ids)], ["connector_id"], ["__count"])
        for connector, count in used:
            raise UserError(
                self.env._(
                    "%(name)s has %(count)s records in its inbox. Archive it instead of deleting it.",
                    name=connector.name,
                    count=count,
                )
            )

    def action_pause(self):
        """Stop applying records; they are still stored."""
        self.write({"state": "paused"})

    def action_resume(self):
        """Apply records again."""
        self.write({"state": "running"})
        waiting = [("connector_id", "in", self.ids), ("state", "=", "new")]
        self._wake(self.env["hospitality.connector.inbox"].search_count(waiting, limit=1))

    def action_open_inbox(self):
        """Show the records of the connector in the state that the context names."""
        state = self.env.context.get("inbox_state")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hospitality_connectors.hospitality_connector_inbox_action"
        )
        domain = [("connector_id", "in", self.ids)]
        return {
            **action,
            "domain": domain + [("state", "=", state)] if state else domain,
            "context": {"search_default_quarantined": False},
        }

    def action_open_mappings(self):
        """Show the codes of the connector."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hospitality_connectors.hospitality_connector_mapping_action"
        )
        return {**action, "domain": [("connector_id", "in", self.ids)]}

    def _get_adapter(self):
        """Return a new instance of the connector's adapter."""
        self.ensure_one()
        return adapters.get(self.adapter)

    def _get_adapter_env(self, records=None):
        """Return the plain values that parsing may depend on.

        :param dict records: what `hospitality.bulk.codes._get_codes` returns, where it has been read
        """
        self.ensure_one()
        place = None
        if self.property_id:
            if records is None:
                self.property_id.flush_recordset(["code", "tz", "currency_id"])
                records = self.env["hospitality.bulk.codes"]._get_codes()
            place = records["place"].get(self.property_id.id)
        if place is None:
            return adapters.Env(settings=self.settings or {}, property="", tz="UTC", currency="")
        currency = records["currency_name"].get(place.currency_id, "")
        return adapters.Env(settings=self.settings or {}, property=place.code, tz=place.tz, currency=currency)

    def _store(self, raws, cursor=None, wake=False):
        """Put raw records into the inbox, and move a cursor, in the current transaction.

        Records are redacted by the adapter before anything is written. A record whose event key
        the connector has seen already is ignored, whatever became of it.

        :param raws: iterable of ``engine.adapter.Raw``
        :param cursor: ``(stream, value)`` to remember together with the records
        :param bool wake: have the lanes start after the commit instead of within a minute
        :return: ids of the new inbox rows, in the order of ``raws``
        """
        self.ensure_one()
        redact = self._get_adapter().redact
        rows, seen = [], set()
        for raw in raws:
            row = self._prepare_inbox_row(self._redact(raw, redact))
            if row[0] not in seen:
                seen.add(row[0])
                rows.append(row)
        new_ids = self._insert_inbox_rows(rows) if rows else []
        if wake:
            self._wake(len(new_ids))
        if cursor:
            self.env["hospitality.connector.cursor"]._move(self, *cursor)
        return new_ids

    @api.model
    def _redact(self, raw, redact):
        """Return a record without what must not be stored.

        One that can't be redacted is stored without its content: it waits in quarantine, to be fetched by its key.
        """
        if raw.content_type == adapters.EVENTS:
            return raw
        try:
            return redact(raw)
        except Exception as error:
            _logger.warning("A record of %s can't be redacted", raw.entity, exc_info=True)
            return raw._replace(body=json.dumps({"not_redacted": type(error).__name__}))

    def _prepare_inbox_row(self, raw):
        """Return the values of an inbox row in the order of :meth:`_insert_inbox_rows`."""
        body, encoding = self.env["hospitality.connector.inbox"]._encode_body(raw.body)
        entity, external_id = raw.entity or "", (raw.external_id or "").replace("\x00", "")
        key = raw.event_key
        if not key:
            digest = blake2b(f"{entity}\n{external_id}\n".encode("utf-8", "replace"), digest_size=16)
            digest.update(body.encode())
            key = digest.hexdigest()
        observed_at = raw.observed_at or fields.Datetime.now()
        return (
            key[:255].replace("\x00", ""),
            entity[:64],
            external_id[:255],
            body,
            encoding,
            raw.content_type or "",
            raw.version,
            f"{observed_at:%Y-%m-%d %H:%M:%S.%f}",
        )

    def _fetch_absent(self, keys):
        """Called with ``(entity, key)`` of records that others refer to and that have not arrived."""

    def _insert_inbox_rows(self, rows):
        keys, entities, external_ids, bodies, encodings, types, versions, times = zip(*rows, strict=True)
        # The anti-join keeps repeated deliveries from burning ids; ON CONFLICT catches a delivery
        # that another transaction stores at the same moment.
        result = self.env.execute_query(
            SQL(
                """
                INSERT INTO hospitality_connector_inbox AS inbox
                       (connector_id, state, attempts, received_at, event_key, entity, external_id,
                        body, encoding, content_type, version, observed_at)
                SELECT %(connector)s, 'new', 0, now() AT TIME ZONE 'UTC', new.event_key, new.entity,
                       new.external_id, new.body, new.encoding, new.content_type, new.version,
                       new.observed_at
                  FROM unnest(%(keys)s::varchar[], %(entities)s::varchar[], %(external_ids)s::varchar[],
                              %(bodies)s::text[], %(encodings)s::varchar[], %(types)s::varchar[],
                              %(versions)s::float8[], %(times)s::timestamp[])
                       WITH ORDINALITY
                       AS new(event_key, entity, external_id, body, encoding, content_type, version,
                              observed_at, position)
                 WHERE NOT EXISTS (
                           SELECT FROM hospitality_connector_inbox old
                            WHERE old.connector_id = %(connector)s AND old.event_key = new.event_key)
                 ORDER BY new.position
                ON CONFLICT (connector_id, event_key) DO NOTHING
                RETURNING id
                """,
                connector=self.id,
                keys=pg_array(keys),
                entities=pg_array(entities),
                external_ids=pg_array(external_ids),
                bodies=pg_array(bodies),
                encodings=pg_array(encodings),
                types=pg_array(types),
                versions=pg_array(versions),
                times=pg_array(times),
            )
        )
        return [row[0] for row in result]

    # Processing

    def _process(self, ids=None, on_batch=None):
        """Turn new inbox rows into facts, in the current transaction, batch by batch.

        The transaction should be READ COMMITTED (`tools.claim.lane_env`) wherever anything else
        may write at the same time. Rows that another lane holds are left to it.

        :param ids: inbox rows to take; default: all new ones of the connector
        :param on_batch: called after each batch with the counts so far; it may commit
        :return: dict of the number of rows per state they ended in
        """
        self.ensure_one()
        counts = {}
        while True:
            rows = self._claim_rows(BATCH_SIZE, ids)
            if not rows:
                if self.env["hospitality.connector.pipeline"]._sweep(self):
                    continue
                return counts
            for state, count in self._process_rows(rows).items():
                counts[state] = counts.get(state, 0) + count
            if on_batch:
                on_batch(counts)

    def _process_one(self, inbox_id):
        """Turn one stored record into facts at once, in the current transaction.

        :return: its new state, or None when another lane has taken it
        """
        self.ensure_one()
        rows = self._claim_rows(1, [inbox_id])
        return next(iter(self._process_rows(rows)), None) if rows else None

    def _process_rows(self, rows):
        connector = self.sudo()  # facts are written by the system only; who may feed it was checked before
        return connector.env["hospitality.connector.pipeline"]._process_rows(connector, rows)

    def _claim_rows(self, limit, ids=None):
        """Lock new inbox rows of the connector and return what the pipeline needs of them."""
        self.env["hospitality.connector.inbox"].flush_model(["state", "force"])
        where = SQL("state = 'new' AND connector_id = %s", self.id)
        if ids is not None:
            where = SQL("%s AND id = ANY(%s::int[])", where, pg_int_array(ids))
        return self.env.execute_query(
            claim_query(
                "hospitality_connector_inbox",
                where,
                limit=limit,
                columns=SQL(
                    "id, entity, external_id, body, encoding, content_type, version,"
                    " extract(epoch FROM coalesce(observed_at, received_at))::float8, force"
                ),
            )
        )

    @api.model
    def _cron_process_inbox(self, lane=0):
        """Work off the inboxes of running connectors together with the other lanes.

        Each step is a transaction of its own. Ends after some seconds or when there is nothing
        left; the scheduler comes back at once while there is.
        """
        cron = self.env["ir.cron"]
        deadline = time.monotonic() + STEP_SECONDS
        processed = 0
        busy = True
        while busy and time.monotonic() < deadline:
            busy = False
            before, began = processed, time.monotonic()
            connectors = self._get_busy_connectors()
            for position in range(len(connectors)):
                connector = connectors[(position + lane) % len(connectors)]
                done = with_retry(connector._process_step)
                processed += done
                busy = busy or bool(done)
                if not cron._commit_progress(done):
                    deadline = time.monotonic()  # the scheduler wants the process back
                if time.monotonic() >= deadline:
                    break
            if connectors and processed - before < FEW:
                # What is left is in the hands of other lanes, or records come in one by one all the time: read together
                # they cost a fraction.
                time.sleep(0.25 if busy else 0.1)
            elif connectors:
                time.sleep(min(REST * (time.monotonic() - began), 1.0))
        remaining = len(self._get_busy_connectors())
        if busy:
            # More than a turn's work: one lane more, and not all at once, since people work on the same server.
            for cron in self._get_lane_crons().filtered("active")[lane + 1 : lane + 2]:
                cron._trigger()
        if not remaining and not lane:
            for connector in self.search([("state", "=", "running")]):
                remaining += with_retry(connector._sweep_step)
        cron._commit_progress(remaining=remaining)
        return processed

    def _wake(self, count):
        """Start as many lanes as there is work for, after the current transaction."""
        if count:
            crons = self._get_lane_crons().filtered("active")
            for cron in crons[: 1 + count // BATCH_SIZE]:
                cron._trigger()

    @api.model
    def _get_lane_crons(self):
        """Return the scheduled actions of the lanes, archived ones included."""
        return (
            self.env["ir.cron"]
            .sudo()  # the scheduler is the system's
            .with_context(active_test=False)
            .search([("model_id.model", "=", self._name), ("code", "like", "_cron_process_inbox(")], order="id")
        )

    @api.model
    def _set_lanes(self, count):
        """Have ``count`` lanes work at the same time: archive or add scheduled actions."""
        crons = self._get_lane_crons()
        for lane in range(len(crons), count):
            crons += crons[0].copy(
                {
                    "name": self.env._("Hospitality: process inboxes, lane %s", lane + 1),
                    "code": f"model._cron_process_inbox({lane})",
                }
            )
        for lane, cron in enumerate(crons):
            if cron.active != (lane < count):
                cron.active = lane < count

    def _process_step(self):
        """Process one batch in a transaction of its own; return the number of rows."""
        with lane_env(self.env) as env:
            connector = self.with_env(env)
            rows = connector._claim_rows(BATCH_SIZE)
            if rows:
                connector._process_rows(rows)
            return len(rows)

    def _sweep_step(self):
        with lane_env(self.env) as env:
            return env["hospitality.connector.pipeline"]._sweep(self.with_env(env))

    def _get_busy_connectors(self):
        """Return the running connectors with new inbox rows."""
        self.env["hospitality.connector.inbox"].flush_model(["state"])
        self.flush_model(["active", "state"])
        rows = self.env.execute_query(
            SQL(
                "SELECT c.id FROM hospitality_connector c WHERE c.active AND c.state = 'running' AND EXISTS ("
                "SELECT FROM hospitality_connector_inbox i WHERE i.connector_id = c.id AND i.state = 'new')"
                " ORDER BY c.sequence, c.id"
            )
        )
        return self.browse([row[0] for row in rows])

    def _read_state(self):
        """Read in one statement what a batch depends on.

        :return: the confirmed mappings, what `hospitality.bulk.codes._get_codes` returns, and whether any row
            of the source waits for another record
        """
        codes = self.env["hospitality.bulk.codes"]
        self.env["hospitality.connector.mapping"].flush_model(["kind", "code", "target", "state"])
        [[mappings, records, waiting]] = self.env.execute_query(
            SQL(
                "SELECT %s, %s, EXISTS (SELECT FROM hospitality_connector_inbox WHERE state = 'waiting')",
                get_stamp_sql(
                    "hospitality_connector_mapping", SQL("connector_id = %s AND state = 'confirmed'", self.id)
                ),
                codes._get_stamp_sql(),
            )
        )
        return self._read_code_map(mappings), codes._read_codes(records), waiting

    def _get_code_map(self):
        """Return the confirmed mappings, ``{(kind, code): target}``."""
        self.env["hospitality.connector.mapping"].flush_model(["kind", "code", "target", "state"])
        return {
            (kind, code): target
            for kind, code, target in self.env.execute_query(
                SQL(
                    "SELECT kind, code, target FROM hospitality_connector_mapping"
                    " WHERE connector_id = %s AND state = 'confirmed'",
                    self.id,
                )
            )
        }

    @tools.ormcache("self.id", "stamp")
    def _read_code_map(self, stamp):
        return self._get_code_map()
