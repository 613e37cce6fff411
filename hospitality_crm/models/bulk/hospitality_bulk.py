from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from .batch import ENTITIES, MODELS, TABLES, Batch, Item, Message
from .hospitality_bulk_visit import COLUMNS, FOLIO
from .hospitality_pending_ref import LINKS

PARENTS = ("stay", "check")
SEARCH_AT_ONCE = 50
PLANNED = ("enquiry", "optional", "waitlist", "reserved", "requested", "booked", "unknown")
CLOSED = {
    "booking": ("status", "cancelled", PLANNED),
    "reservation": ("status", "cancelled", PLANNED),
    "stay": ("status", "cancelled", PLANNED),
    "check": ("status", "voided", None),
    "charge": ("state", "void", None),
    "payment": ("state", "void", None),
    "review": ("status", "removed", None),
}
"""What a tombstone does: column, its value, and the old values it replaces (None: all)."""
_STAY_AMOUNTS = (
    "amount_room",
    "amount_fb",
    "amount_other",
    "amount_tax",
    "amount_total",
    "revenue_basis",
)


class HospitalityBulk(models.AbstractModel):
    """The door for facts of source systems: canonical events in, rows out, set-wise.

    Rows equal those that the ORM writes: defaults, stored computes, columns of other addons.
    Nothing is written for an event that says nothing new. Messages arrive in any order: the
    newest version of a record wins, references are filled when what they name arrives.

    Transactions must run in READ COMMITTED (`tools.claim.lane_env`); what two of them write at the
    same moment is decided by unique keys, row locks and version guards, never by a check alone.
    """

    _name = "hospitality.bulk"
    _description = "Bulk writes of profiles and facts"

    @api.model
    def _apply(self, source, messages, options=None):
        """Apply messages in the current transaction, all statements set-wise.

        Messages that can't be applied are marked, with their reason, and leave nothing behind.
        An error of the database is raised: the caller rolls back and may try smaller batches.

        :param source: ``hospitality.source`` record that owns the data
        :param list messages: :class:`~.batch.Message`; their outcome is set
        :param dict options: ``property_id`` (for events without property), ``codes``
            (``{(kind, code): target code}``) and ``records``, what `hospitality.bulk.codes._get_codes` returns,
            where the caller has read it
        :return: the :class:`~.batch.Batch`, with counts of written rows and unmapped codes
        """
        self.env.flush_all()
        self.env["hospitality.tombstone"]._translate_events(source, messages)
        batch = Batch(source, messages, {"codes": {}, **(options or {})})
        codes = batch.options.get("records") or self.env["hospitality.bulk.codes"]._get_codes()
        self._collect(batch)
        self._read_stored(batch)
        parts = self._prepare(batch, codes)
        self._write_batch(batch, parts, codes)
        self._finish(batch)
        if batch.wishes or batch.diets:
            self.env["hospitality.bulk.wish"]._record(batch)
        if batch.consents:
            self.env["hospitality.bulk.consent"]._record(batch)
        if batch.redirects:
            self.env["hospitality.bulk.redirect"]._follow(batch)
        return batch

    @api.model
    def _collect(self, batch):
        """Choose the newest event of each record."""
        for message in batch.messages:
            for event in message.events:
                if event["entity"] not in batch.items:
                    message.wait(event["entity"], event["external_id"])
                    continue
                item = Item(message, event)
                if event["op"] in _REDIRECTS:
                    rivals = batch.redirects
                else:
                    group = batch.items if event["op"] == "upsert" else batch.closings
                    rivals = group[event["entity"]]
                    if event["entity"] == "guest" and "diet" in event.get("values", ()):
                        batch.diets.append(item)
                other = rivals.get(item.key)
                # Of equally old ones the later message is the better news.
                if other is None or item.version >= other.version or event["op"] == "anonymise":
                    rivals[item.key] = item

    @api.model
    def _read_stored(self, batch):
        """Read the rows that the events are about or refer to."""
        keys = {entity: {*batch.items[entity], *batch.closings[entity]} for entity in ENTITIES}
        for entity in ENTITIES:
            for item in batch.items[entity].values():
                event = item.event
                if entity == "stay":
                    keys["guest"].update(one["guest"] for one in event.get("guests", ()))
                elif entity == "consent":
                    keys["guest"].add(event["guest"])
                for waiter, reference in _REFERENCES.get(entity, ()):
                    if reference in event:
                        keys[LINKS[waiter, reference][0]].add(event[reference])
                if entity in FOLIO:
                    parent = "stay" if "stay" in event else "check"
                    keys[parent].add(event[parent])
        for key, item in batch.redirects.items():
            keys["guest"].update(filter(None, (key, item.event.get("into"))))
        self.env["hospitality.bulk.fact"]._read_stored(batch, keys)

    # Preparation: everything that can refuse a message happens before anything is written.

    @api.model
    def _prepare(self, batch, codes):
        """Build the rows to write; refuse messages that can't be applied and drop their events.

        :return: per entity the lists of `hospitality.bulk.fact._partition`
        """
        fact, visit = self.env["hospitality.bulk.fact"], self.env["hospitality.bulk.visit"]
        parts = {}
        for entity in ENTITIES:
            items = batch.items[entity]
            if not items:
                continue
            if entity == "guest":
                self._skip_anonymised(batch)
            parts[entity] = fact._partition(batch, entity, items.values())
            if entity != "guest":
                new, changed, _touched = parts[entity]
                self.env[_WRITERS.get(entity, "hospitality.bulk.visit")]._prepare_rows(
                    batch, entity, (*new, *changed), codes
                )
                if entity in PARENTS:
                    visit._refuse_currency_changes(batch, entity, changed)
        visit._refuse_cycles(batch, _both(parts.get("check")))
        self._find_waiting(batch)
        if batch.redirects:
            self.env["hospitality.bulk.redirect"]._check(batch)
        while self._drop_refused(batch, parts):
            for entity in FOLIO:
                for item in _both(parts.get(entity)):
                    if item.row is None or item.message.problem:
                        continue
                    if self._lost_parent(batch, item):
                        continue
                    problem = visit._find_problem(batch, item, codes)
                    if problem:
                        item.message.refuse(*problem)
        for entity, (new, changed, touched) in parts.items():
            parts[entity] = tuple(
                [item for item in group if entity == "guest" or item.row is not None or group is touched]
                for group in (new, changed, touched)
            )
        return parts

    @api.model
    def _skip_anonymised(self, batch):
        stored = batch.stored["guest"]
        for key, item in list(batch.items["guest"].items()):
            if key in stored and stored[key].state == "anonymised":
                item.message.warnings.append("anonymised")
                del batch.items["guest"][key]

    @api.model
    def _find_waiting(self, batch):
        """Let messages wait that delete a record which has not arrived."""
        for entity, items in batch.closings.items():
            for key, item in list(items.items()):
                if key not in batch.stored[entity] and key not in batch.items[entity]:
                    item.message.wait(entity, key)
                    del items[key]

    @api.model
    def _lost_parent(self, batch, item):
        """Whether the parent of a line is neither stored nor in the batch any more."""
        parent = "stay" if "stay" in item.event else "check"
        key = item.event[parent]
        mate = batch.items[parent].get(key)
        if (mate is not None and mate.row is not None) or key in batch.stored[parent]:
            return False
        item.message.wait(parent, key)
        item.row = None
        return True

    @api.model
    def _drop_refused(self, batch, parts):
        """Remove the events of refused messages; return whether rows must be judged (again)."""
        first = not getattr(batch, "judged", False)
        batch.judged = True
        dropped = False
        for groups in (batch.items, batch.closings):
            for items in groups.values():
                for key in [key for key, item in items.items() if item.message.problem]:
                    items.pop(key).row = None
                    dropped = True
        for key in [key for key, item in batch.redirects.items() if item.message.problem]:
            del batch.redirects[key]
        if dropped:
            for entity, groups in parts.items():
                parts[entity] = tuple([item for item in group if not item.message.problem] for group in groups)
        return first or dropped

    # Writing

    @api.model
    def _write_batch(self, batch, parts, codes):
        fact = self.env["hospitality.bulk.fact"]
        pending = self.env["hospitality.pending.ref"]
        rewritten = {}
        for entity in ENTITIES:
            if entity not in parts:
                continue
            if entity == "guest":
                self.env["hospitality.bulk.profile"]._write_profiles(batch, *parts[entity], codes)
                continue
            if entity in _WRITERS:
                self.env[_WRITERS[entity]]._settle(batch, parts[entity])
                continue
            new, changed, touched = parts[entity]
            self._link(batch, entity, (*new, *changed))
            if entity == "check":
                self.env["hospitality.bulk.evidence"]._attach(batch, (*new, *changed), codes)
            elif entity == "review":
                self.env["hospitality.bulk.review"]._attach(batch, (*new, *changed))
            inserted, updated = fact._upsert(
                batch,
                entity,
                MODELS[entity],
                parts[entity],
                COLUMNS[entity],
                expressions=_EXPRESSIONS.get(entity),
            )
            if entity == "stay":
                self.env["hospitality.bulk.stay"]._write_people(batch, inserted, updated)
            elif entity == "check":
                self.env["hospitality.bulk.evidence"]._store(batch, inserted, updated)
            rewritten[entity] = [item.id for item in updated]
            self._touch(batch, entity, inserted, updated)
            fact._recompute_foreign(
                MODELS[entity], [item.id for item in (*inserted, *updated)], frozenset(COLUMNS[entity])
            )
        self._close(batch)
        self._sum(batch, parts, self.env["hospitality.bulk.part"]._drop(batch))
        pending._replace(batch, {entity: ids for entity, ids in rewritten.items() if entity not in FOLIO})
        if batch.awaited or batch.pending:
            pending._resolve_arrived(
                batch,
                [
                    (entity, key)
                    for entity, landed in batch.landed.items()
                    if entity not in FOLIO
                    for key in landed
                    if key not in batch.stored[entity]
                ],
            )

    @api.model
    def _link(self, batch, entity, items):
        """Fill the references of rows; what has not arrived is remembered as pending."""
        for waiter, reference in _REFERENCES.get(entity, ()):
            awaited, first, second = LINKS[waiter, reference]
            for item in items:
                key = self._get_reference(entity, reference, item)
                if key is None:
                    continue
                id_, _profile_id, partner_id = batch.reference(awaited, key)
                if id_ is None:
                    batch.pending.append((item, waiter, reference, key, None))
                    continue
                item.row[first] = id_
                if second:
                    item.row[second] = partner_id
        if entity in FOLIO:
            for item in items:
                parent = "stay" if "stay" in item.event else "check"
                item.row[f"{parent}_id"] = batch.reference(parent, item.event[parent])[0]

    @api.model
    def _get_reference(self, entity, reference, item):
        key = item.event.get(reference)
        if key is None and entity == "stay" and reference == "guest":
            people = item.event.get("guests")
            if people:
                return next((one["guest"] for one in people if one["role"] == "primary"), people[0]["guest"])
        return key

    @api.model
    def _touch(self, batch, entity, inserted, updated):
        """Remember the guests whose derived data depends on written rows."""
        if entity in FOLIO:
            return
        touched = batch.touched
        columns = [second for waiter, _ref in _REFERENCES[entity] if (second := LINKS[waiter, _ref][2])]
        for item in (*inserted, *updated):
            touched.update(partner_id for name in columns if (partner_id := item.row.get(name)))
        for item in updated:
            partner_id = batch.stored[entity][item.key].partner_id
            if partner_id:
                touched.add(partner_id)

    @api.model
    def _close(self, batch):
        """Apply tombstones and anonymisations after everything else."""
        fact = self.env["hospitality.bulk.fact"]
        for entity, items in batch.closings.items():
            if not items:
                continue
            if entity == "guest":
                self.env["hospitality.bulk.profile"]._close_profiles(batch, list(items.values()))
                continue
            column, value, replaced = CLOSED[entity]
            ids, rows = [], []
            for key, item in items.items():
                id_, _profile_id, partner_id = batch.reference(entity, key)
                if id_ is None:
                    # The record came in this batch, but waits itself.
                    item.message.wait(entity, key)
                    continue
                stored = batch.stored[entity].get(key)
                ids.append(id_)
                rows.append({"version": item.version, "payload_hash": item.event["payload_hash"], column: value})
                batch.touched.update(filter(None, (partner_id, stored and stored.partner_id)))
            expressions = {}
            if replaced:
                expressions[column] = SQL(
                    "CASE WHEN t.%(column)s IN %(replaced)s THEN v.%(column)s ELSE t.%(column)s END",
                    column=SQL.identifier(column),
                    replaced=replaced,
                )
            done = fact._update(
                MODELS[entity],
                ids,
                rows,
                guard=SQL(
                    "(t.version IS NULL OR t.version <= v.version) AND t.payload_hash IS DISTINCT FROM v.payload_hash"
                ),
                expressions=expressions,
            )
            batch.count(MODELS[entity], [], done)
            if entity == "booking":
                self._close_stays(batch, done)

    @api.model
    def _close_stays(self, batch, booking_ids):
        """Cancel what is planned under deleted bookings: a source that cancels by number alone names no rooms."""
        rows = self.env.execute_query(
            SQL(
                "SELECT s.id, s.partner_id, b.version, b.payload_hash"
                " FROM hospitality_stay s JOIN hospitality_booking b ON b.id = s.booking_id"
                " WHERE b.id = ANY(%s::int[]) AND s.status IN %s AND (s.version IS NULL OR s.version <= b.version)"
                " ORDER BY s.id FOR NO KEY UPDATE OF s",
                pg_int_array(booking_ids),
                PLANNED,
            )
        )
        done = self.env["hospitality.bulk.fact"]._update(
            MODELS["stay"],
            [row[0] for row in rows],
            [
                {"status": "cancelled", "version": version, "payload_hash": hash_}
                for _id, _guest, version, hash_ in rows
            ],
        )
        batch.touched.update(row[1] for row in rows if row[1])
        batch.count(MODELS["stay"], [], done)

    @api.model
    def _sum(self, batch, parts, check_ids):
        """Sum up the lines of stays and checks that were touched.

        :param set check_ids: checks that have lost lines
        """
        stay_ids = set()
        for item in (*_both(parts.get("charge")), *batch.closings["charge"].values()):
            row = item.row or {}
            stored = batch.stored["charge"].get(item.key)
            if row.get("stay_id"):
                stay_ids.add(row["stay_id"])
            if row.get("check_id"):
                check_ids.add(row["check_id"])
            if stored and stored.profile_id:
                stay_ids.add(stored.profile_id)  # `Stored` holds stay and check of a line there
            if stored and stored.partner_id:
                check_ids.add(stored.partner_id)
        if "check" in parts:
            check_ids.update(
                item.id for item in parts["check"][1] if "amounts_from_lines" in (item.row.get("warnings") or "")
            )
        amounts = self.env["hospitality.bulk.stay"]
        amounts._sum_stays(batch, stay_ids)
        amounts._sum_checks(batch, check_ids)
        if stay_ids or check_ids:
            rows = self.env.execute_query(
                SQL(
                    "SELECT partner_id FROM hospitality_stay_guest WHERE stay_id = ANY(%s::int[])"
                    " UNION SELECT partner_id FROM hospitality_check WHERE id = ANY(%s::int[])",
                    pg_int_array(stay_ids),
                    pg_int_array(check_ids),
                )
            )
            batch.touched.update(row[0] for row in rows if row[0])

    @api.model
    def _sweep(self, source):
        """Fill references whose record arrived in another lane at the same moment."""
        batch = Batch(source, [], {"codes": {}})
        self.env["hospitality.pending.ref"]._sweep(batch)
        self._finish(batch)
        return batch

    @api.model
    def _finish(self, batch):
        """Decide whose the stays are, queue touched guests, drop stale caches, call the hooks of the written models."""
        self.env["hospitality.stay"]._refresh_shares(batch.shared)
        if batch.touched:
            if len(batch.touched) <= SEARCH_AT_ONCE:
                # Somebody may look for a guest who has just booked; a mass import can wait for its lane.
                self.env["hospitality.guest.search"]._mark(batch.touched)
            self.env["hospitality.guest.dirty"]._mark(batch.touched)
        for model_name in batch.written:
            self.env[model_name].invalidate_model(flush=False)
        for model_name, ids in list(batch.written.items()):
            rows = {item.id: item.row for item in batch.items.get(_ENTITIES.get(model_name), {}).values() if item.row}
            self.env[model_name].with_context(bulk_rows=rows)._after_bulk_upsert(sorted(set(ids)))


def _both(parts):
    return (*parts[0], *parts[1]) if parts else ()


# Who writes what is no visit.
_WRITERS = {"consent": "hospitality.bulk.consent"}
_REDIRECTS = frozenset(("merge", "unmerge"))
_ENTITIES = {model: entity for entity, model in MODELS.items()}
_REFERENCES = {}
for _waiter, _reference in LINKS:
    if _reference != "guests":
        _REFERENCES.setdefault(_waiter, []).append((_waiter, _reference))
# What the lines of a stay add up to outranks what its event says.
_EXPRESSIONS = {
    "stay": {
        name: SQL(
            "CASE WHEN t.revenue_basis = 'lines' THEN t.%(name)s ELSE v.%(name)s END",
            name=SQL.identifier(name),
        )
        for name in _STAY_AMOUNTS
    },
    # Whom a person has named stays.
    "check": {
        name: SQL(
            "CASE WHEN t.guest_evidence = 'person' THEN t.%(name)s ELSE v.%(name)s END", name=SQL.identifier(name)
        )
        for name in ("profile_id", "partner_id", "guest_evidence", "guest_confidence")
    },
    "review": {
        name: SQL("CASE WHEN t.linked_by = 'person' THEN t.%(name)s ELSE v.%(name)s END", name=SQL.identifier(name))
        for name in ("profile_id", "partner_id", "linked_by", "stay_id", "check_id", "reservation_id")
    },
}

__all__ = ["TABLES", "HospitalityBulk", "Message"]
