from odoo import api, models
from odoo.tools import SQL

from ...engine import contact
from ...tools.arrays import pg_array, pg_int_array
from ..guest.hospitality_contact_point import NAME_CAP, SHARED_ABOVE

MAX_NAMES = 100


class HospitalityBulkProfile(models.AbstractModel):
    """Contact points of source profiles, and the links between them."""

    _inherit = "hospitality.bulk.profile"

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
        known, own, blocked = {}, set(), set()
        self._lock_points(wanted, known, own, blocked)
        missing = [point for point in wanted if point not in known]
        if missing:
            rows = self._prepare_points(missing, users, own, blocked)
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
                self._lock_points(late, known, own, blocked)
        return known

    @api.model
    def _prepare_points(self, missing, users, own, blocked):
        """Return the rows of contact points that nobody has used so far."""
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
    def _lock_points(self, wanted, known, own, blocked):
        """Read the stored ones of some contact points, and lock those that identify a person.

        The address of an agency is in many messages at once; nobody has to wait for it, it is only
        kept from being deleted. What new ones depend on is read along.

        :param dict known: gets the stored points
        :param set own: gets the values of our own properties and companies
        :param set blocked: gets the wanted values that are blacklisted
        """
        Point = self.env["hospitality.contact.point"]
        channels, values = zip(*wanted, strict=True)
        ours = []
        for channel, value, id_, kind, reachable, country in self.env.execute_query(
            SQL(
                """
                WITH found AS MATERIALIZED (
                    SELECT p.id, p.kind
                      FROM unnest(%(channels)s::varchar[], %(values)s::varchar[]) AS w(channel, value),
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
                SELECT *, NULL AS country FROM own
                UNION ALL SELECT *, NULL FROM others
                UNION ALL SELECT 'ours', o.email, NULL, o.phone, NULL, o.country FROM (%(ours)s) o
                UNION ALL SELECT 'blocked', email, NULL, NULL, NULL, NULL FROM mail_blacklist
                           WHERE active AND email = ANY(%(values)s::varchar[])
                UNION ALL SELECT 'blocked', number, NULL, NULL, NULL, NULL FROM phone_blacklist
                           WHERE active AND number = ANY(%(values)s::varchar[])
                """,
                channels=pg_array(channels),
                values=pg_array(values),
                ours=Point._get_own_sql(),
            )
        ):
            if id_ is not None:
                known[channel, value] = (id_, kind, reachable, False)
            elif channel == "ours":
                ours.append((value, kind, country))
            else:
                blocked.add(value)
        own |= Point._normalise_own(ours)

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

    @api.model
    def _note_known_names(self, batch, people, points):
        """Remember which names were counted for the known contact points of new profiles."""
        wanted = {points[point][0] for person in people for point in person.points if not points[point][3]}
        if wanted:
            batch.known_names.update(
                self.env.execute_query(
                    SQL(
                        "SELECT w.id, l.name_key FROM unnest(%s::int[]) AS w(id),"
                        " LATERAL (SELECT name_key FROM hospitality_contact_link WHERE point_id = w.id LIMIT %s) AS l",
                        pg_int_array(sorted(wanted)),
                        MAX_NAMES,
                    )
                )
            )

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
