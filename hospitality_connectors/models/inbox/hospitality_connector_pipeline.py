import gc
import json
import logging

import psycopg2

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.hospitality_crm.models.bulk.batch import TABLES, Message
from odoo.addons.hospitality_crm.models.bulk.hospitality_pending_ref import LINKS
from odoo.addons.hospitality_crm.tools.arrays import pg_array, pg_int_array
from odoo.addons.hospitality_crm.tools.claim import RETRY_ON

from ...engine import adapter as adapters
from ...engine import reasons
from ...engine.canonical import payload_hash, validate
from ...engine.mapping import translate
from ...engine.types import EventError

_logger = logging.getLogger(__name__)


class HospitalityConnectorPipeline(models.AbstractModel):
    """From inbox rows to facts: parse, translate, validate, apply, and what became of each row.

    One batch is one transaction of the caller: facts and the state of the inbox rows change
    together. A batch that the database refuses is cut in halves until the bad records stand
    alone; they go to quarantine, the others land.
    """

    _name = "hospitality.connector.pipeline"
    _description = "Inbox pipeline"

    @api.model
    def _process_rows(self, connector, rows):
        """Apply claimed inbox rows of one connector.

        :param rows: tuples ``(id, entity, external_id, body, encoding, content_type, version,
            seconds since 1970 when it was observed, force)``
        :return: dict of the number of rows per new state
        """
        # The objects of a batch live as long as the batch: looking for garbage among them, and among
        # the million of the registry, finds none and takes a fifth of the time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            return self._process_claimed(connector, rows)
        finally:
            if collecting:
                gc.enable()

    @api.model
    def _process_claimed(self, connector, rows):
        codes, records, waiting = connector._read_state()
        unmapped = {}
        messages = self._parse_rows(connector, rows, codes, unmapped, records)
        sound = [message for message in messages if message.problem is None]
        options = {"property_id": connector.property_id.id or None, "codes": codes, "records": records}
        landed, anonymised, absent = set(), [], set()
        if sound:
            self._apply(connector.source_id, sound, options, unmapped, landed, anonymised, absent)
        if absent:
            connector._fetch_absent(absent)
        self._store_outcome(connector, messages)
        late = [message.key for message in messages if "anonymised" in message.warnings]
        if anonymised or late:
            self.env["hospitality.connector.inbox"]._scrub(connector.source_id, anonymised, late)
        if unmapped:
            self.env["hospitality.connector.mapping"]._note_unmapped(connector, unmapped)
        if landed and (waiting or any(message.state == "waiting" for message in messages)):
            self._revive(connector, landed)
        counts = {}
        for message in messages:
            counts[message.state] = counts.get(message.state, 0) + 1
        return counts

    @api.model
    def _parse_rows(self, connector, rows, codes, unmapped, records=None):
        """Return a message per row, refused where the record can't be read.

        :param dict records: what `hospitality.bulk.codes._get_codes` returns, where it has been read
        """
        adapter, env = connector._get_adapter(), connector._get_adapter_env(records)
        decode = self.env["hospitality.connector.inbox"]._decode_body
        limit = (connector.max_record_kb or 0) * 1024
        strict = connector.strict_status
        messages = []
        for id_, entity, external_id, body, encoding, content_type, version, observed, force in rows:
            message = Message(id_, [], force=bool(force))
            messages.append(message)
            try:
                if body is None:
                    raise EventError("", "erased")
                if limit and len(body) > limit:
                    raise EventError("", "too_large", str(len(body) // 1024), str(limit // 1024))
                if encoding == "base64":
                    body = decode(body, encoding)
                raw = adapters.Raw(entity, external_id, body, content_type, "", version)
                for event in self._read_events(adapter, raw, env):
                    if isinstance(event, dict):
                        event = translate(event, codes, unmapped, strict)
                    event = validate(event)
                    event["payload_hash"] = payload_hash(event)
                    if event["version"] is None:
                        event["version"] = version
                    event["observed"] = observed
                    message.events.append(event)
            except EventError as error:
                message.refuse(error.code, error.message, error.path, error.reason)
                message.warnings.extend(error.warnings)
            except Exception as error:
                _logger.exception("Adapter %s failed on inbox record %s", connector.adapter, id_)
                reason = {"key": "adapter_failed", "params": {"error": f"{type(error).__name__}: {error}"[:300]}}
                message.refuse("adapter_failed", reasons.tell(reason), "", reason)
        return messages

    @api.model
    def _read_events(self, adapter, raw, env):
        """Return the events of a record: what the adapter makes of it, or what the reader has found out itself."""
        if raw.content_type == adapters.EVENTS:
            adapter = adapters.get("canonical")
        return adapter.parse(raw, env)

    @api.model
    def _apply(self, source, messages, options, unmapped, landed, anonymised=None, absent=None):
        """Apply messages together; on an error each half on its own, down to single ones.

        :param dict unmapped: gets codes without a record
        :param set landed: gets ``entity:key`` of written records
        :param list anonymised: gets the ids of anonymised profiles
        :param set absent: gets ``(entity, key)`` of records that others refer to and that have not arrived
        """
        problem = None
        with self.env.cr.savepoint() as savepoint:
            try:
                batch = self.env["hospitality.bulk"]._apply(source, messages, options)
            except RETRY_ON:
                raise
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                raise
            except psycopg2.Error as error:
                problem = ("database", (error.diag.message_primary or str(error)).strip())
                savepoint.rollback()
            except Exception as error:
                if len(messages) == 1:
                    _logger.exception("Inbox record %s can't be applied", messages[0].key)
                problem = ("internal", f"{type(error).__name__}: {error}")
                savepoint.rollback()
        if problem is None:
            for key, times in batch.unmapped.items():
                unmapped[key] = unmapped.get(key, 0) + times
            for entity, rows in batch.landed.items():
                landed.update(f"{entity}:{key}" for key in rows)
            if anonymised is not None:
                anonymised += batch.anonymised
            if absent is not None:
                absent.update((LINKS[waiter, name][0], key) for _item, waiter, name, key, _more in batch.pending)
            return
        for message in messages:
            message.state, message.problem, message.wait_key, message.warnings = "done", None, None, []
        if len(messages) == 1:
            code, text = problem
            reason = {"key": "not_stored", "params": {"error": text[:300]}}
            messages[0].refuse(code, reasons.tell(reason), "", reason)
            return
        middle = len(messages) // 2
        self._apply(source, messages[:middle], options, unmapped, landed, anonymised, absent)
        self._apply(source, messages[middle:], options, unmapped, landed, anonymised, absent)

    @api.model
    def _store_outcome(self, connector, messages):
        """Write the state of the inbox rows."""
        revision = connector._get_adapter().revision
        plain = [message for message in messages if message.state == "done" and not message.warnings]
        if plain:
            self.env.cr.execute(
                SQL(
                    "UPDATE hospitality_connector_inbox SET state = 'done', attempts = attempts + 1,"
                    " error_code = NULL, error_message = NULL, error_path = NULL, error_reason = NULL, wait_key = NULL,"
                    " warnings = NULL, force = NULL, adapter_revision = %s,"
                    " processed_at = now() AT TIME ZONE 'UTC' WHERE id = ANY(%s::int[])",
                    revision,
                    pg_int_array([message.key for message in plain]),
                )
            )
        others = [message for message in messages if message.state != "done" or message.warnings]
        if others:
            problems = [message.problem or (None, None, None, None) for message in others]
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE hospitality_connector_inbox i
                       SET state = v.state, attempts = i.attempts + 1, error_code = v.code,
                           error_message = v.message, error_path = v.path, error_reason = v.reason,
                           wait_key = v.wait_key,
                           warnings = v.warnings, adapter_revision = %s, force = NULL,
                           processed_at = now() AT TIME ZONE 'UTC'
                      FROM unnest(%s::int[], %s::varchar[], %s::varchar[], %s::text[], %s::varchar[], %s::jsonb[],
                                  %s::varchar[], %s::jsonb[])
                           AS v(id, state, code, message, path, reason, wait_key, warnings)
                     WHERE i.id = v.id
                    """,
                    revision,
                    pg_int_array([message.key for message in others]),
                    pg_array([message.state for message in others]),
                    pg_array([problem[0] for problem in problems]),
                    pg_array([problem[1] for problem in problems]),
                    pg_array([problem[2] for problem in problems]),
                    pg_array([reasons.dump(problem[3]) for problem in problems]),
                    pg_array([message.wait_key for message in others]),
                    pg_array(
                        [json.dumps(sorted(set(message.warnings))) if message.warnings else None for message in others]
                    ),
                )
            )
        self.env["hospitality.connector.inbox"].invalidate_model(flush=False)

    @api.model
    def _revive(self, connector, landed):
        """Take up waiting rows whose record has just arrived."""
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_connector_inbox i SET state = 'new', wait_key = NULL"
                " FROM unnest(%s::varchar[]) AS w(key), hospitality_connector c"
                " WHERE i.state = 'waiting' AND i.wait_key = w.key AND c.id = i.connector_id"
                " AND c.source_id = %s",
                pg_array(sorted(landed)),
                connector.source_id.id,
            )
        )

    @api.model
    def _sweep(self, connector):
        """Find what two lanes have missed: rows and references whose record is there by now.

        A lane sees no rows that another one has not committed yet, so each may believe that the
        other's record is missing. Called when there is nothing else to do.

        :return: number of rows taken up again
        """
        revived = 0
        for entity, table in TABLES.items():
            rows = self.env.execute_query(
                SQL(
                    "UPDATE hospitality_connector_inbox i SET state = 'new', wait_key = NULL"
                    " FROM %(table)s t WHERE i.state = 'waiting' AND i.connector_id = %(connector)s"
                    " AND i.wait_key LIKE %(prefix)s AND t.source_id = %(source)s"
                    " AND t.external_id = substr(i.wait_key, %(start)s) RETURNING i.id",
                    table=SQL.identifier(table),
                    connector=connector.id,
                    prefix=f"{entity}:%",
                    source=connector.source_id.id,
                    start=len(entity) + 2,
                )
            )
            revived += len(rows)
        self.env["hospitality.bulk"]._sweep(connector.source_id)
        return revived
