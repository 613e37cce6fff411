import zlib
from hashlib import blake2b

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.arrays import pg_array

from ..engine import adapter as adapters

SHARDS = 64


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
    settings = fields.Json(default=dict, help="Settings of the adapter.")
    inbox_ids = fields.One2many("hospitality.connector.inbox", "connector_id")
    mapping_ids = fields.One2many("hospitality.connector.mapping", "connector_id", string="Mappings")

    @api.constrains("adapter", "source_id")
    def _check_source(self):
        for connector in self:
            if connector.source_id.kind == "odoo":
                raise ValidationError(
                    self.env._("The source Odoo is written by people. Choose another source for a connector.")
                )

    def _get_adapter(self):
        """Return a new instance of the connector's adapter."""
        self.ensure_one()
        return adapters.get(self.adapter)

    def _get_adapter_env(self):
        """Return the plain values that parsing may depend on."""
        self.ensure_one()
        return adapters.Env(
            settings=self.settings or {},
            property=self.property_id.code or "",
            tz=self.property_id.tz or "UTC",
            currency=self.property_id.currency_id.name or "",
        )

    def _store(self, raws, cursor=None):
        """Put raw records into the inbox, and move a cursor, in the current transaction.

        Records are redacted by the adapter before anything is written. A record whose event key
        the connector has seen already is ignored, whatever became of it.

        :param raws: iterable of ``engine.adapter.Raw``
        :param cursor: ``(stream, value)`` to remember together with the records
        :return: ids of the new inbox rows, in the order of ``raws``
        """
        self.ensure_one()
        redact = self._get_adapter().redact
        rows, seen = [], set()
        for raw in raws:
            raw = redact(raw)
            row = self._prepare_inbox_row(raw)
            if row[0] not in seen:
                seen.add(row[0])
                rows.append(row)
        new_ids = self._insert_inbox_rows(rows) if rows else []
        if cursor:
            self.env["hospitality.connector.cursor"]._move(self, *cursor)
        return new_ids

    def _prepare_inbox_row(self, raw):
        """Return the values of an inbox row in the order of :meth:`_insert_inbox_rows`."""
        body, encoding = self.env["hospitality.connector.inbox"]._encode_body(raw.body)
        entity, external_id = raw.entity or "", (raw.external_id or "").replace("\x00", "")
        key = raw.event_key
        if not key:
            digest = blake2b(f"{entity}\n{external_id}\n".encode("utf-8", "replace"), digest_size=16)
            digest.update(body.encode())
            key = digest.hexdigest()
        shard = zlib.crc32((external_id or key).encode("utf-8", "replace")) % SHARDS
        observed_at = raw.observed_at or fields.Datetime.now()
        return (
            key[:255].replace("\x00", ""),
            entity[:64],
            external_id[:255],
            body,
            encoding,
            raw.content_type or "",
            raw.version,
            f"{observed_at:%Y-%m-%d %H:%M:%S}",
            shard,
        )

    def _insert_inbox_rows(self, rows):
        keys, entities, external_ids, bodies, encodings, types, versions, times, shards = zip(
            *rows, strict=True
        )
        # The anti-join keeps repeated deliveries from burning ids; ON CONFLICT catches a delivery
        # that another transaction stores at the same moment.
        result = self.env.execute_query(
            SQL(
                """
                INSERT INTO hospitality_connector_inbox AS inbox
                       (connector_id, state, attempts, received_at, event_key, entity, external_id,
                        body, encoding, content_type, version, observed_at, shard)
                SELECT %(connector)s, 'new', 0, now() AT TIME ZONE 'UTC', new.event_key, new.entity,
                       new.external_id, new.body, new.encoding, new.content_type, new.version,
                       new.observed_at, new.shard
                  FROM unnest(%(keys)s::varchar[], %(entities)s::varchar[], %(external_ids)s::varchar[],
                              %(bodies)s::text[], %(encodings)s::varchar[], %(types)s::varchar[],
                              %(versions)s::float8[], %(times)s::timestamp[], %(shards)s::int[])
                       WITH ORDINALITY
                       AS new(event_key, entity, external_id, body, encoding, content_type, version,
                              observed_at, shard, position)
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
                shards=pg_array(shards),
            )
        )
        return [row[0] for row in result]
