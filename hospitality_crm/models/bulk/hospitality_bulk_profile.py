import json
from datetime import datetime, timezone

from odoo import api, models
from odoo.tools import SQL

from ...engine import contact, names, profile
from ...tools.arrays import pg_array, pg_int_array
from ..guest.hospitality_contact_point import NAME_CAP, SHARED_ABOVE

COLUMNS = ("version", "payload_hash", "state", "kind", "property_id", "name", "name_key", "values", "seen_at")
MAX_CANDIDATES = 100


class Person:
    """What the writer works out from a guest event: name, contact points, guest.

    :ivar values: canonical values in their stored form
    :ivar points: ``[(channel, value)]``, the primary one of each channel first
    :ivar partner_id: the guest he is attached to, None until known
    :ivar group: equal for people who form one new guest
    """

    __slots__ = ("item", "kind", "name", "name_key", "values", "points", "seen_at", "partner_id", "group")

    def __init__(self, item, country):
        event = item.event
        self.item = item
        self.kind = event.get("kind", "person")
        self.partner_id = self.group = None
        self.set_values(profile.clean(event["values"], country))
        version = item.version
        self.seen_at = int(version if 1e8 < version < 1e11 else event["observed"])

    def set_values(self, values):
        self.values = values
        self.name = values.get("name")
        self.name_key = names.name_key(self.name)
        self.points = profile.points(values)


class HospitalityBulkProfile(models.AbstractModel):
    """Source profiles with their contact points, each attached to its guest."""

    _name = "hospitality.bulk.profile"
    _description = "Bulk writes of source profiles"

    @api.model
    def _write_profiles(self, batch, new, changed, touched, codes):
        """Write the profiles of guest items, their contact points and their guests.

        :return: nothing; ids and guests are in ``batch.landed["guest"]``
        """
        # A profile that says the same at a later time outranks others from then on.
        changed = changed + touched
        people = [self._prepare_person(batch, item, codes) for item in (*new, *changed)]
        if people:
            newcomers = people[: len(new)]
            self._keep_masked(batch, people[len(new) :])
            points = self._write_points(people)
            if newcomers:
                self._attach_profiles(batch, newcomers, points)
                self._create_guests(batch, newcomers, points, codes["source"][batch.source_id][0])
        fact = self.env["hospitality.bulk.fact"]
        for person in people:
            person.item.row = self._prepare_row(batch, person)
        inserted, updated = fact._upsert(
            batch,
            "guest",
            "hospitality.profile",
            (new, changed, []),
            COLUMNS,
            guard=SQL("t.state <> 'anonymised'"),
        )
        if people:
            written = {item.key for item in inserted} | {item.key for item in updated}
            people = [person for person in people if person.item.key in written]
            self._write_links(batch, people, points, {item.key for item in inserted})
        self._refresh_guests(batch, inserted, updated)

    @api.model
    def _prepare_person(self, batch, item, codes):
        code = item.event.get("property")
        place = None
        if code is not None:
            place = codes["property"].get(batch.options["codes"].get(("property", code), code))
        place = place or codes["place"].get(batch.options.get("property_id"))
        item.extra = place and place.id
        home = place or codes["place"].get(codes["source"][batch.source_id][1])
        country = (home and home.country) or self.env.company.country_id.code or ""
        return Person(item, country)

    @api.model
    def _prepare_row(self, batch, person):
        item = person.item
        row = {
            "source_id": batch.source_id,
            "external_id": item.key,
            "version": item.version,
            "payload_hash": item.event["payload_hash"],
            "partner_id": person.partner_id,
            "state": "live",
            "kind": person.kind,
            "name": person.name,
            "name_key": person.name_key,
            "seen_at": f"{datetime.fromtimestamp(person.seen_at, timezone.utc):%Y-%m-%d %H:%M:%S}",
            "property_id": item.extra,
        }
        if person.values:
            row["values"] = _encode(person.values)
        return row

    @api.model
    def _keep_masked(self, batch, people):
        """Give changed profiles back the values that the source has hidden this time."""
        masked = [person for person in people if person.item.event.get("masked")]
        if not masked:
            return
        old = dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, values FROM hospitality_profile WHERE id = ANY(%s::int[])",
                    pg_int_array([person.item.id for person in masked]),
                )
            )
        )
        for person in masked:
            values = old.get(person.item.id) or {}
            kept = {key: values[key] for key in person.item.event["masked"] if key in values}
            person.set_values({**kept, **person.values})

    # Contact points

    @api.model
    def _write_points(self, people):
        """Make sure that every contact point of some people exists, and lock those that did.

        The unique key makes two lanes that bring the same new value wait for each other, the row
        lock those that use the same known one. What is read afterwards is therefore complete.

        :return: ``{(channel, value): (id, kind, reachable, is new)}``
        """
        users = {}
        for person in people:
            for point in person.points:
                users.setdefault(point, set()).add(person.name_key)
        if not users:
            return {}
        wanted = sorted(users)
        known = {}
        self._lock_points(wanted, known)
        missing = [point for point in wanted if point not in known]
        if missing:
            rows = self._prepare_points(missing, users)
            for channel, value, id_, kind, reachable in self.env["hospitality.bulk.fact"]._insert(
                "hospitality.contact.point",
                rows,
                "channel, value, id, kind, reachable",
                "(channel, value)",
                {},
            ):
                known[channel, value] = (id_, kind, reachable, True)
            late = [point for point in missing if point not in known]
            if late:
                self._lock_points(late, known)
        return known

    @api.model
    def _prepare_points(self, missing, users):
        """Return the rows of contact points that nobody has used so far."""
        own = self.env["hospitality.contact.point"]._get_own_values()
        values = pg_array([value for _channel, value in missing])
        blocked = {
            row[0]
            for row in self.env.execute_query(
                SQL(
                    "SELECT email FROM mail_blacklist WHERE active AND email = ANY(%(values)s::varchar[])"
                    " UNION ALL SELECT number FROM phone_blacklist"
                    " WHERE active AND number = ANY(%(values)s::varchar[])",
                    values=values,
                )
            )
        }
        rows = []
        for channel, value in missing:
            kind, by = contact.kind_of(channel, value, own), "list"
            count = len(users[channel, value] - {0})
            if kind == "real" and count > SHARED_ABOVE:
                kind, by = "shared", "degree"
            rows.append(
                {
                    "channel": channel,
                    "value": value,
                    "kind": kind,
                    "kind_by": by,
                    "name_count": min(count, NAME_CAP),
                    "reachable": value not in blocked,
                }
            )
        return rows

    @api.model
    def _lock_points(self, wanted, known):
        """Read the stored ones of some contact points, and lock those that identify a person.

        The address of an agency is in many messages at once; nobody has to wait for it, it is only
        kept from being deleted.
        """
        channels, values = zip(*wanted, strict=True)
        for channel, value, id_, kind, reachable in self.env.execute_query(
            SQL(
                """
                WITH found AS MATERIALIZED (
                    SELECT p.id, p.kind
                      FROM unnest(%s::varchar[], %s::varchar[]) AS w(channel, value),
                           LATERAL (SELECT id, kind FROM hospitality_contact_point
                                     WHERE channel = w.channel AND value = w.value OFFSET 0) p
                ), own AS MATERIALIZED (
                    SELECT channel, value, id, kind, reachable FROM hospitality_contact_point
                     WHERE id = ANY(ARRAY(SELECT id FROM found WHERE kind = 'real'))
                     ORDER BY id FOR NO KEY UPDATE
                ), others AS MATERIALIZED (
                    SELECT channel, value, id, kind, reachable FROM hospitality_contact_point
                     WHERE id = ANY(ARRAY(SELECT id FROM found WHERE kind <> 'real'))
                     ORDER BY id FOR KEY SHARE
                )
                SELECT * FROM own UNION ALL SELECT * FROM others
                """,
                pg_array(channels),
                pg_array(values),
            )
        ):
            known[channel, value] = (id_, kind, reachable, False)

    @api.model
    def _write_links(self, batch, people, points, inserted):
        """Link profiles to their contact points, and count the names that use a known point."""
        rows, recount = [], set()
        changed = [person for person in people if person.item.key not in inserted]
        existing = {}
        if changed:
            for id_, profile_id, point_id, sequence, name_key in self.env.execute_query(
                SQL(
                    "SELECT id, profile_id, point_id, sequence, name_key FROM hospitality_contact_link"
                    " WHERE profile_id = ANY(%s::int[])",
                    pg_int_array([person.item.id for person in changed]),
                )
            ):
                existing[profile_id, point_id] = (id_, sequence, name_key)
        stale_ids, stale_rows = [], []
        for person in people:
            position = {"email": 0, "phone": 0}
            for point in person.points:
                point_id, _kind, _reachable, is_new = points[point]
                sequence = position[point[0]]
                position[point[0]] += 1
                old = existing.pop((person.item.id, point_id), None)
                row = {"sequence": sequence, "name_key": person.name_key}
                if old is None:
                    rows.append({"profile_id": person.item.id, "point_id": point_id, **row})
                elif old[1:] != (sequence, row["name_key"]):
                    stale_ids.append(old[0])
                    stale_rows.append(row)
                else:
                    continue
                # A link that changed its name may have been the last one with the old.
                if not is_new and (old is not None or (point_id, person.name_key) not in batch.known_names):
                    recount.add(point_id)
        fact = self.env["hospitality.bulk.fact"]
        # All links of a profile are written by whoever holds its row.
        fact._insert("hospitality.contact.link", rows, conflict=None, defaults={})
        fact._update("hospitality.contact.link", stale_ids, stale_rows)
        if existing:
            recount.update(point_id for _profile_id, point_id in existing)
            self.env.cr.execute(
                SQL(
                    "DELETE FROM hospitality_contact_link WHERE id = ANY(%s::int[])",
                    pg_int_array([link[0] for link in existing.values()]),
                )
            )
        self._count_names(recount)

    @api.model
    def _count_names(self, point_ids):
        """Count the distinct names of contact points; a point of too many is shared from now on."""
        if point_ids:
            points = self.env["hospitality.contact.point"].browse(sorted(point_ids))
            points._recount()._refresh_guests()
            self.env.flush_all()

    # Guests

    @api.model
    def _attach_profiles(self, batch, people, points):
        """Decide which guest each new profile belongs to.

        A profile joins the guest of another live profile, stored or of the same batch, when they
        share a personal contact point, their names may be one person's, and there is one such
        guest only. People of the batch that join each other only form one new guest. The result
        does not depend on the order of the messages. Sets ``person.partner_id`` of those with a
        known guest and ``person.group`` (equal for one new guest) of the others.
        """
        anchors = self._find_anchors(batch, people, points)
        mates = self._find_mates(people, points)
        for person in people:
            person.partner_id = anchors.get(person.item.key)
        for person in sorted(people, key=lambda one: one.item.key):
            if person.partner_id or person.group is not None:
                continue
            person.group = person.item.key
            cluster, found = [person], set()
            for one in cluster:
                for mate in mates.get(one.item.key, ()):
                    if mate.partner_id:
                        found.add(mate.partner_id)
                    elif mate.group is None:
                        mate.group = person.item.key
                        cluster.append(mate)
            if len(found) == 1:
                for one in cluster:
                    one.partner_id = min(found)

    @api.model
    def _find_anchors(self, batch, people, points):
        """Return ``{external id: partner id}`` of people who fit the profiles of one guest."""
        wanted = {
            points[point][0]
            for person in people
            for point in person.points
            if points[point][1] == "real" and not points[point][3]
        }
        if not wanted:
            return {}
        candidates = {}
        for point_id, partner_id, kind, name, name_key in self.env.execute_query(
            SQL(
                """
                SELECT w.id, c.partner_id, c.kind, c.name, c.name_key
                  FROM unnest(%s::int[]) AS w(id),
                       LATERAL (SELECT p.partner_id, p.kind, p.name, l.name_key
                                  FROM hospitality_contact_link l
                                  JOIN hospitality_profile p ON p.id = l.profile_id
                                  JOIN res_partner g ON g.id = p.partner_id
                                 WHERE l.point_id = w.id AND p.state = 'live' AND g.active
                                 ORDER BY l.id LIMIT %s) AS c
                """,
                pg_int_array(sorted(wanted)),
                MAX_CANDIDATES,
            )
        ):
            candidates.setdefault(point_id, []).append((partner_id, kind, name))
            batch.known_names.add((point_id, name_key))
        anchors = {}
        for person in people:
            fitting = {
                partner_id
                for point in person.points
                for partner_id, kind, name in candidates.get(points[point][0], ())
                if is_same(person.kind, person.name, kind, name)
            }
            if len(fitting) == 1:
                anchors[person.item.key] = fitting.pop()
        return anchors

    @api.model
    def _find_mates(self, people, points):
        """Return ``{external id: [people of the batch who may be the same person]}``."""
        users = {}
        for person in sorted(people, key=lambda one: one.item.key):
            for point in person.points:
                if points[point][1] == "real":
                    users.setdefault(point, []).append(person)
        mates = {}
        for group in users.values():
            if len(group) < 2 or len(group) > 100:
                continue
            for position, one in enumerate(group):
                for other in group[position + 1 :]:
                    if is_same(one.kind, one.name, other.kind, other.name):
                        mates.setdefault(one.item.key, []).append(other)
                        mates.setdefault(other.item.key, []).append(one)
        return mates

    @api.model
    def _create_guests(self, batch, people, points, trust):
        """Create the guests of people who have none, one per group."""
        groups = {}
        for person in people:
            if person.partner_id is None:
                groups.setdefault(person.group, []).append(person)
        if not groups:
            return
        ordered = [sorted(groups[key], key=lambda one: one.item.key) for key in sorted(groups)]
        rows = self.env["hospitality.bulk.guest"]._prepare_partners(
            [
                [self._to_survivor(position, person, points, trust) for position, person in enumerate(group)]
                for group in ordered
            ]
        )
        unknown = self.env._("Unknown guest")
        for row, group in zip(rows, ordered, strict=True):
            kinds = {person.kind for person in group}
            row.setdefault("name", unknown)
            row["is_guest"] = "person" in kinds
            row["is_company"] = not kinds.isdisjoint(_COMPANY_KINDS)
        ids = self.env["hospitality.bulk.partner"]._insert_partners(rows)
        batch.count("res.partner", ids)
        for id_, group in zip(ids, ordered, strict=True):
            for person in group:
                person.partner_id = id_
        batch.fresh.update(ids)

    @api.model
    def _to_survivor(self, position, person, points, trust):
        return {
            "profile_id": position,
            "trust": trust,
            "at": float(person.seen_at),
            "kind": person.kind,
            "values": person.values,
            "points": {point[1]: points[point][1:3] for point in person.points},
        }

    @api.model
    def _refresh_guests(self, batch, inserted, updated):
        """Refresh the golden values of guests that existed before this batch."""
        due = set()
        for item in inserted:
            partner_id = item.row["partner_id"]
            batch.touched.add(partner_id)
            if partner_id not in batch.fresh:
                due.add(partner_id)
        for item in updated:
            due.add(batch.stored["guest"][item.key].partner_id)
        batch.touched |= due
        if due:
            changed = self.env["hospitality.bulk.guest"]._refresh_golden(sorted(due))
            batch.count("res.partner", [], changed)

    @api.model
    def _close_profiles(self, batch, items):
        """Apply tombstones and anonymisations to stored profiles."""
        gone, hidden = [], []
        for item in items:
            item.id, _profile_id, item.partner_id = batch.reference("guest", item.key)
            (hidden if item.event["op"] == "anonymise" else gone).append(item)
        fact = self.env["hospitality.bulk.fact"]
        due = set()
        for group, row in ((gone, {"state": "gone"}), (hidden, _ANONYMISED)):
            done = set(
                fact._update(
                    "hospitality.profile",
                    [item.id for item in group],
                    [{**row, "version": item.version, "payload_hash": item.event["payload_hash"]} for item in group],
                    guard=SQL(
                        "t.state NOT IN ('anonymised', %s) AND (%s OR t.version IS NULL OR t.version <= v.version)",
                        row["state"],
                        group is hidden,
                    ),
                )
            )
            due.update(item.partner_id for item in group if item.id in done)
            batch.count("hospitality.profile", [], sorted(done))
            if group is hidden and done:
                self._forget_points(done)
        batch.touched |= due
        if due:
            anonymous = {item.partner_id for item in hidden} & due
            changed = self.env["hospitality.bulk.guest"]._refresh_golden(sorted(due), anonymous)
            batch.count("res.partner", [], changed)

    @api.model
    def _forget_points(self, profile_ids):
        """Unlink the contact points of anonymised profiles; those that nobody else uses are deleted.

        The points are locked first: a lane that is about to link one has finished then, and its link is
        seen by the statement that deletes.
        """
        rows = self.env.execute_query(
            SQL(
                "DELETE FROM hospitality_contact_link WHERE profile_id = ANY(%s::int[]) RETURNING point_id",
                pg_int_array(sorted(profile_ids)),
            )
        )
        point_ids = pg_int_array(sorted({row[0] for row in rows}))
        self.env.cr.execute(
            SQL(
                "SELECT id FROM hospitality_contact_point WHERE id = ANY(%s::int[]) ORDER BY id FOR UPDATE",
                point_ids,
            )
        )
        self.env.cr.execute(
            SQL(
                "DELETE FROM hospitality_contact_point p WHERE p.id = ANY(%s::int[])"
                " AND NOT EXISTS (SELECT FROM hospitality_contact_link l WHERE l.point_id = p.id)",
                point_ids,
            )
        )
        self.env["hospitality.contact.point"].invalidate_model(flush=False)
        self.env["hospitality.contact.link"].invalidate_model(flush=False)


_COMPANY_KINDS = frozenset({"company", "agency"})
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_ANONYMISED = {"state": "anonymised", "name": None, "name_key": None, "values": None, "meta": None}


def is_same(kind, name, other_kind, other_name):
    """Whether two records with a common contact point may be of one guest, by kind and name."""
    if kind != other_kind or not name or not other_name:
        return False
    if kind == "person":
        return names.compatible(name, other_name)
    return names.name_key(name) == names.name_key(other_name)
