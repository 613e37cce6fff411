import json
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from .batch import MODELS, TABLES
from .hospitality_bulk import CLOSED


class Part(NamedTuple):
    """What a record is made of, where its source lists it.

    :ivar name: field of the event that holds the keys of all parts
    :ivar column: column of the record that keeps them
    :ivar entity: of the parts
    :ivar link: column of a part that leads to the record
    """

    name: str
    column: str
    entity: str
    link: str


PARTS = {
    "booking": (Part("stays", "stay_keys", "stay", "booking_id"),),
    "check": (
        Part("lines", "line_keys", "charge", "check_id"),
        Part("payments", "payment_keys", "payment", "check_id"),
    ),
}


class HospitalityBulkPart(models.AbstractModel):
    """Rooms taken out of a booking, lines and payments taken off a check: nobody tells of them any more.

    A record keeps the keys that its newest snapshot has named: the end is the same whichever message comes last.
    """

    _name = "hospitality.bulk.part"
    _description = "Bulk removal of parts"

    @api.model
    def _get_keys(self, entity, event):
        """Return the columns that keep the keys which an event names."""
        return {part.column: json.dumps(event[part.name]) for part in PARTS.get(entity, ()) if event.get(part.name)}

    @api.model
    def _drop(self, batch):
        """Close the parts that their records don't name any more.

        :return: ids of the checks that have lost some
        """
        checks = set()
        for entity, parts in PARTS.items():
            for part in parts:
                ids = {
                    batch.reference(entity, key)[0]
                    for key, item in batch.items[entity].items()
                    if item.event.get(part.name)
                }
                ids.discard(None)
                if ids:
                    found = self._drop_of(batch, entity, part, ids)
                    checks |= found if entity == "check" else set()
        return checks

    @api.model
    def _drop_of(self, batch, entity, part, ids):
        status, closed, replaced = CLOSED[part.entity]
        column = SQL.identifier("p", status)
        rows = self.env.execute_query(
            SQL(
                "SELECT p.id, w.id, w.version, w.payload_hash, %(guest)s"
                " FROM %(part)s p JOIN %(whole)s w ON w.id = %(link)s"
                " WHERE w.id = ANY(%(ids)s::int[]) AND p.source_id = w.source_id AND %(open)s"
                " AND NOT %(keys)s ? p.external_id AND (p.version IS NULL OR p.version <= w.version)"
                " ORDER BY p.id FOR NO KEY UPDATE OF p",
                guest=SQL("p.partner_id") if part.entity == "stay" else SQL("NULL"),
                part=SQL.identifier(TABLES[part.entity]),
                whole=SQL.identifier(TABLES[entity]),
                link=SQL.identifier("p", part.link),
                ids=pg_int_array(ids),
                open=SQL("%s IN %s", column, replaced) if replaced else SQL("%s IS DISTINCT FROM %s", column, closed),
                keys=SQL.identifier("w", part.column),
            )
        )
        if not rows:
            return set()
        done = self.env["hospitality.bulk.fact"]._update(
            MODELS[part.entity],
            [row[0] for row in rows],
            [{status: closed, "version": row[2], "payload_hash": row[3]} for row in rows],
        )
        batch.touched.update(row[4] for row in rows if row[4])
        batch.count(MODELS[part.entity], [], done)
        return {row[1] for row in rows}
