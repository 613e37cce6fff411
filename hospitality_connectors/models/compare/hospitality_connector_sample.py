import datetime
import time

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.arrays import pg_array
from odoo.addons.hospitality_crm.tools.claim import lane_env, with_retry

from ...engine import adapter as adapters
from ...engine.canonical import payload_hash, validate
from ...engine.mapping import translate
from ..fetch.hospitality_connector_reader import SAMPLED

#: Records that are fetched at random each week.
COUNT = 50
PAUSE = datetime.timedelta(days=7)
#: News of a change may take so many seconds to arrive: it isn't missing before.
UNDERWAY = 3600
#: Table of a kind of record, and when it lives in the source.
TABLES = {
    "guest": ("hospitality_profile", SQL("t.state = 'live'")),
    "booking": ("hospitality_booking", SQL("t.status <> 'cancelled'")),
    "stay": ("hospitality_stay", SQL("t.status <> 'cancelled'")),
    "check": ("hospitality_check", SQL("t.status <> 'voided'")),
    "review": ("hospitality_review", SQL("t.status <> 'removed'")),
}


class HospitalityConnector(models.Model):
    """Records that have changed in the source and nobody said so: each week some are fetched at random."""

    _inherit = "hospitality.connector"

    sample_at = fields.Datetime(string="Next Random Check", readonly=True, copy=False)
    sampled_count = fields.Integer(
        string="Checked at Random",
        readonly=True,
        copy=False,
        help="So many records were fetched once more since the last random check began. What has changed without"
        " notice is among the differences, and corrected.",
    )

    can_sample = fields.Boolean(compute="_compute_can_sample")

    @api.depends("adapter")
    def _compute_can_sample(self):
        for connector in self:
            connector.can_sample = bool(
                TABLES.keys() & connector._get_adapter().fetchable(connector._get_settings()).keys()
            )

    def action_sample(self):
        """Fetch some records at random now."""
        self.check_access("write")
        count = sum(connector._sample() for connector in self.sudo())  # rights were checked
        return self._get_notice(
            self.env._(
                "Records that are fetched now: %s. What has changed without notice is listed under Differences.", count
            )
            if count
            else self.env._("The source has told no record yet that could be fetched once more.")
        )

    @api.model
    def _cron_watch(self):
        now = fields.Datetime.now()
        for connector in self.search([("state", "=", "running")]).filtered("can_sample"):
            if not connector.sample_at or connector.sample_at <= now:
                with_retry(connector._sample_step)
                connector.invalidate_recordset(["sample_at", "sampled_count"], flush=False)
        return super()._cron_watch()

    def _sample_step(self):
        """Fetch some records when it is time, else say when it will be.

        In a transaction of its own: other steps of the same job write the connector in theirs, and would wait for it.
        """
        with lane_env(self.env) as env:
            connector = self.with_env(env)
            if connector.sample_at:
                connector._sample()
            else:
                connector.sample_at = fields.Datetime.now() + PAUSE

    def _sample(self):
        """Have some records that the source has told fetched once more; return how many."""
        self.ensure_one()
        fetchable = {
            entity: name
            for entity, name in self._get_adapter().fetchable(self._get_settings()).items()
            if entity in TABLES
        }
        self.env.cr.execute(
            SQL("DELETE FROM hospitality_connector_difference WHERE connector_id = %s AND is_sampled", self.id)
        )
        hints = [
            adapters.Hint(name, key, SAMPLED)
            for entity, name in fetchable.items()
            for key in self._get_sample(entity, COUNT // len(fetchable))
        ]
        self.env["hospitality.connector.hint"]._note(self, hints)
        self.write({"sample_at": fields.Datetime.now() + PAUSE, "sampled_count": 0})
        self.env["hospitality.connector.difference"].invalidate_model(flush=False)
        if hints:
            self._wake_readers()
        return len(hints)

    def _get_sample(self, entity, count):
        table, lives = TABLES[entity]
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT t.external_id FROM %s t WHERE t.source_id = %s AND t.external_id IS NOT NULL AND %s %s"
                " ORDER BY random() LIMIT %s",
                SQL.identifier(table),
                self.source_id.id,
                lives,
                SQL("AND t.property_id = %s", self.property_id.id) if self.property_id else SQL(),
                count,
            )
        )
        return [row[0] for row in rows]

    def _check_samples(self, answers):
        """List which of the records that were fetched at random say something else than what is known.

        :param list answers: ``(entity of fetch_one, key, list of Raw)``
        """
        rows = []
        for name, key, records in answers:
            told = self._read_told(records)
            known = self._get_known(told)
            rows += [
                (*record, "content" if event["op"] == "upsert" else "extra", event.get("into"), name, key)
                for record, event in told.items()
                if record in known and self._differs(event, *known[record])
            ]
        if rows:
            self._insert_sampled(rows)
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_connector SET sampled_count = coalesce(sampled_count, 0) + %s WHERE id = %s",
                len(answers),
                self.id,
            )
        )
        self.invalidate_recordset(["sampled_count"], flush=False)

    def _read_told(self, records):
        """Return ``{(entity, key): event}`` of records as they would be stored.

        What can't be read is in quarantine soon, and told there.
        """
        adapter, env, codes = self._get_adapter(), self._get_adapter_env(), self._get_code_map()
        Pipeline = self.env["hospitality.connector.pipeline"]
        told = {}
        for record in records:
            record = self._redact(record, adapter.redact)
            body = record.body.decode("utf-8", "replace") if isinstance(record.body, bytes) else record.body
            try:
                for event in Pipeline._read_events(adapter, record._replace(body=body), env):
                    event = validate(translate(event, codes, {}, self.strict_status))
                    if event["entity"] in TABLES and event["op"] != "unmerge":
                        version = record.version if event["version"] is None else event["version"]
                        told[event["entity"], event["external_id"]] = {**event, "version": version}
            except Exception:  # also of an adapter with a mistake: the inbox tells it, and other records go on
                continue
        return told

    def _get_known(self, told):
        """Return ``{(entity, key): (hash, version, whether it lives)}`` of what is known of some records."""
        self.env.flush_all()
        known = {}
        for entity in {entity for entity, _key in told}:
            table, lives = TABLES[entity]
            rows = self.env.execute_query(
                SQL(
                    "SELECT t.external_id, t.payload_hash, t.version, %s FROM %s t"
                    " WHERE t.source_id = %s AND t.external_id = ANY(%s::varchar[])",
                    lives,
                    SQL.identifier(table),
                    self.source_id.id,
                    pg_array([key for kind, key in told if kind == entity]),
                )
            )
            known |= {(entity, row[0]): row[1:] for row in rows}
        return known

    @api.model
    def _differs(self, event, hash_, version, lives):
        if event["op"] != "upsert":
            return lives
        told_version = event["version"]
        if told_version is not None:
            if told_version > time.time() - UNDERWAY or (version is not None and told_version < version):
                return False
        return payload_hash(event) != hash_

    def _insert_sampled(self, rows):
        entities, external_ids, kinds, theirs, names, keys = (pg_array(column) for column in zip(*rows, strict=True))
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_connector_difference (connector_id, entity, external_id, kind, theirs,"
                " fetch_entity, fetch_key, is_sampled, found_at, stay_id)"
                " SELECT %(connector)s, v.*, TRUE, %(now)s, s.id FROM unnest(%(entities)s::varchar[],"
                " %(external_ids)s::varchar[], %(kinds)s::varchar[], %(theirs)s::varchar[], %(names)s::varchar[],"
                " %(keys)s::varchar[]) AS v(entity, external_id, kind, theirs, fetch_entity, fetch_key)"
                " LEFT JOIN hospitality_stay s ON v.entity = 'stay' AND s.source_id = %(source)s"
                " AND s.external_id = v.external_id"
                " ON CONFLICT (connector_id, entity, external_id, kind) DO NOTHING",
                connector=self.id,
                source=self.source_id.id,
                now=fields.Datetime.now(),
                entities=entities,
                external_ids=external_ids,
                kinds=kinds,
                theirs=theirs,
                names=names,
                keys=keys,
            )
        )
        self.env["hospitality.connector.difference"].invalidate_model(flush=False)
