import json

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array
from ...tools.soft_many2one import SoftMany2one
from .batch import MODELS, TABLES

# (waiting entity, reference) -> awaited entity and the columns that it fills.
LINKS = {
    ("booking", "booker"): ("guest", "profile_id", "partner_id"),
    ("booking", "company"): ("guest", "company_profile_id", "company_partner_id"),
    ("booking", "agency"): ("guest", "agency_profile_id", "agency_partner_id"),
    ("reservation", "guest"): ("guest", "profile_id", "partner_id"),
    ("stay", "guest"): ("guest", "profile_id", "partner_id"),
    ("stay", "guests"): ("guest", None, None),
    ("stay", "booking"): ("booking", "booking_id", None),
    ("check", "guest"): ("guest", "profile_id", "partner_id"),
    ("check", "stay"): ("stay", "stay_id", None),
    ("check", "reservation"): ("reservation", "reservation_id", None),
    ("check", "refund_of"): ("check", "refund_of_id", None),
    ("review", "stay"): ("stay", "stay_id", None),
    ("review", "check"): ("check", "check_id", None),
    ("review", "reservation"): ("reservation", "reservation_id", None),
}


class HospitalityPendingRef(models.Model):
    """A visit refers to a record of its source that has not arrived yet.

    The visit is stored without it; when the record arrives, in whatever order, the reference is
    filled and this row goes away.
    """

    _name = "hospitality.pending.ref"
    _description = "Reference to a record that has not arrived"
    _log_access = False

    source_id = SoftMany2one("hospitality.source", required=True)
    entity = fields.Char(required=True, help="Kind of the awaited record.")
    external_id = fields.Char(required=True, help="Key of the awaited record.")
    waiter = fields.Char(required=True, help="Kind of the visit that waits.")
    waiter_id = fields.Integer(string="Id of the Visit", required=True)
    reference = fields.Char(required=True, help="Field of the event that names the awaited record.")
    detail = fields.Json(help="Role, nights and spend of a person on a stay.")

    _awaited_idx = models.Index("(source_id, entity, external_id)")
    _waiter_idx = models.Index("(waiter, waiter_id)")

    @api.model
    def _replace(self, batch, rewritten):
        """Store the open references of a batch; those of rewritten visits take the place of theirs.

        :param dict rewritten: per entity the ids of updated rows
        """
        for entity, ids in rewritten.items():
            if ids:
                self.env.cr.execute(
                    SQL(
                        "DELETE FROM hospitality_pending_ref WHERE waiter = %s AND waiter_id = ANY(%s::int[])",
                        entity,
                        pg_int_array(ids),
                    )
                )
        rows = [
            {
                "source_id": batch.source_id,
                "entity": LINKS[waiter, reference][0],
                "external_id": key,
                "waiter": waiter,
                "waiter_id": item.id,
                "reference": reference,
                "detail": json.dumps(detail) if detail else None,
            }
            for item, waiter, reference, key, detail in batch.pending
            if item.id
        ]
        self.env["hospitality.bulk.fact"]._insert("hospitality.pending.ref", rows, conflict=None)

    @api.model
    def _resolve_arrived(self, batch, arrived):
        """Fill the references to records that have just arrived.

        :param list arrived: pairs of entity and external id
        """
        if not arrived:
            return
        taken = self.env.execute_query(
            SQL(
                "DELETE FROM hospitality_pending_ref r USING unnest(%s::varchar[], %s::varchar[]) AS a(entity, key)"
                " WHERE r.source_id = %s AND r.entity = a.entity AND r.external_id = a.key"
                " RETURNING r.waiter, r.reference, r.waiter_id, r.external_id, r.detail",
                pg_array([entity for entity, _key in arrived]),
                pg_array([key for _entity, key in arrived]),
                batch.source_id,
            )
        )
        self._fill(batch, taken)

    @api.model
    def _sweep(self, batch):
        """Fill the references of a source to records that arrived in another lane meanwhile."""
        for entity in ("guest", "booking", "reservation", "stay", "check"):
            table = TABLES[entity]
            taken = self.env.execute_query(
                SQL(
                    "DELETE FROM hospitality_pending_ref r USING %s t"
                    " WHERE r.source_id = %s AND r.entity = %s AND t.source_id = r.source_id"
                    " AND t.external_id = r.external_id"
                    " RETURNING r.waiter, r.reference, r.waiter_id, r.external_id, r.detail",
                    SQL.identifier(table),
                    batch.source_id,
                    entity,
                )
            )
            if taken:
                self.env["hospitality.bulk.fact"]._read_stored(batch, {entity: [row[3] for row in taken]})
                self._fill(batch, taken)

    @api.model
    def _fill(self, batch, taken):
        groups = {}
        for waiter, reference, waiter_id, key, detail in taken:
            groups.setdefault((waiter, reference), []).append((waiter_id, key, detail))
        fact = self.env["hospitality.bulk.fact"]
        for (waiter, reference), rows in sorted(groups.items()):
            entity, first, second = LINKS[waiter, reference]
            if first is None:
                self._add_people(batch, rows)
                continue
            values, ids = [], []
            for waiter_id, key, _detail in rows:
                id_, _profile_id, partner_id = batch.reference(entity, key)
                ids.append(waiter_id)
                values.append({first: id_, second: partner_id} if second else {first: id_})
                if partner_id and second:
                    batch.touched.add(partner_id)
            if (waiter, reference) == ("stay", "guest"):
                batch.shared.update(ids)
            done = fact._update(MODELS[waiter], ids, values, guard=SQL("t.%s IS NULL", SQL.identifier(first)))
            batch.count(MODELS[waiter], [], done)

    @api.model
    def _add_people(self, batch, rows):
        people = []
        for stay_id, key, detail in rows:
            profile_id, _same, partner_id = batch.reference("guest", key)
            people.append({"stay_id": stay_id, "profile_id": profile_id, "partner_id": partner_id, **detail})
            batch.touched.add(partner_id)
            batch.shared.add(stay_id)
        self.env["hospitality.bulk.stay"]._insert_people(batch, people)
