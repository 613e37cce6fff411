from odoo import api, models
from odoo.tools import SQL

from ...engine import contact
from ...tools.arrays import is_one_of, pg_array, pg_int_array
from ..guest.hospitality_contact_point import NAME_CAP, SHARED_ABOVE

FEW_POINTS = 20


class HospitalityBulkProfile(models.AbstractModel):
    """Contact points of source profiles, and the links between them."""

    _inherit = "hospitality.bulk.profile"

    @api.model
    def _write_points(self, people, codes):
        """Make sure that every contact point of some people exists, and lock those that did.

        The unique key makes two lanes that bring the same new value wait for each other, the row
        lock those that use the same known one. What is read afterwards is therefore complete.

        :param dict codes: what `hospitality.bulk.codes._get_codes` returns
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
        self._lock_points(wanted, codes, known, own, blocked)
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
                self._lock_points(late, codes, known, own, blocked)
        return known

    @api.model
    def _prepare_points(self, missing, users, own, blocked):
        """Return the rows of contact points that nobody has used so far."""
        rows = []
        suppressed = self.env["hospitality.suppression"]._match(missing)
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
                    "suppression": suppressed.get((channel, value)),
                }
            )
        return rows

    @api.model
    def _lock_points(self, wanted, codes, known, own, blocked):
        """Read the stored ones of some contact points, and lock those that identify a person.

        The address of an agency is in many messages at once; nobody has to wait for it, it is only
        kept from being deleted. What new ones depend on is read along.

        :param dict known: gets the stored points
        :param set own: gets the values of our own properties and companies
        :param set blocked: gets the wanted values that are blacklisted
        """
        by_channel = {}
        for channel, value in wanted:
            by_channel.setdefault(channel, []).append(value)
        found, real, others = self._get_points_sql(by_channel)
        ours = []
        for channel, value, id_, kind, reachable, country_id in self.env.execute_query(
            SQL(
                "%(found)s SELECT * FROM (SELECT %(columns)s WHERE %(real)s ORDER BY id FOR NO KEY UPDATE) AS own"
                " UNION ALL SELECT * FROM (SELECT %(columns)s WHERE %(others)s ORDER BY id FOR KEY SHARE) AS others"
                " UNION ALL SELECT 'ours', email, NULL, phone, NULL, country_id FROM res_partner"
                " WHERE id = ANY(%(own)s::int[])"
                " UNION ALL SELECT 'blocked', email, NULL, NULL, NULL, NULL FROM mail_blacklist"
                " WHERE active AND email = ANY(%(emails)s::varchar[])"
                " UNION ALL SELECT 'blocked', number, NULL, NULL, NULL, NULL FROM phone_blacklist"
                " WHERE active AND number = ANY(%(phones)s::varchar[])",
                found=found,
                real=real,
                others=others,
                columns=SQL("channel, value, id, kind, reachable, NULL::int FROM hospitality_contact_point"),
                own=pg_int_array(codes["own"]),
                emails=pg_array(by_channel.get("email", ())),
                phones=pg_array(by_channel.get("phone", ())),
            )
        ):
            if id_ is not None:
                known[channel, value] = (id_, kind, reachable, False)
            elif channel == "ours":
                ours.append((value, kind, country_id))
            else:
                blocked.add(value)
        names = codes["country_code"]
        own |= self.env["hospitality.contact.point"]._normalise_own(
            [(email, phone, names.get(country_id)) for email, phone, country_id in ours]
        )

    @api.model
    def _get_points_sql(self, by_channel):
        """Return how to find stored contact points: a WITH clause, and conditions for personal and for other ones.

        Many are looked up one by one, once for both conditions. To plan that for a few takes longer than the rest
        of the statement.

        :param dict by_channel: channel -> values
        """
        if sum(map(len, by_channel.values())) <= FEW_POINTS:
            wanted = SQL(" OR ").join(
                SQL("channel = %s AND %s", channel, is_one_of(SQL("value"), values))
                for channel, values in by_channel.items()
            )
            return SQL(), SQL("(%s) AND kind = 'real'", wanted), SQL("(%s) AND kind <> 'real'", wanted)
        found = SQL(
            "WITH found AS MATERIALIZED (SELECT p.id, p.kind"
            " FROM unnest(%s::varchar[], %s::varchar[]) AS w(channel, value),"
            " LATERAL (SELECT id, kind FROM hospitality_contact_point"
            " WHERE channel = w.channel AND value = w.value OFFSET 0) p)",
            pg_array([channel for channel, values in by_channel.items() for _value in values]),
            pg_array([value for values in by_channel.values() for value in values]),
        )
        return (
            found,
            SQL("id = ANY(ARRAY(SELECT id FROM found WHERE kind = 'real'))"),
            SQL("id = ANY(ARRAY(SELECT id FROM found WHERE kind <> 'real'))"),
        )

    @api.model
    def _write_links(self, people, points, inserted):
        """Link profiles to their contact points, and count the names that use a known point.

        :return: whether names were counted, so that points may have become shared
        """
        rows, known, recount = [], set(), set()
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
            position = {"email": 0, "phone": 0, "messenger": 0}
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
                if not is_new:
                    # A link that changed its name may have been the last one with the old.
                    (known if old is None else recount).add(point_id)
        fact = self.env["hospitality.bulk.fact"]
        # All links of a profile are written by whoever holds its row.
        inserted = fact._insert(
            "hospitality.contact.link",
            rows,
            returning=SQL(_GET_NEW_NAMES, pg_int_array(known)) if known else "NULL",
            conflict=None,
            defaults={},
        )
        recount.update(row[0] for row in inserted if row[0])
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
        return bool(recount)

    @api.model
    def _count_names(self, point_ids):
        """Count the distinct names of contact points; a point of too many is shared from now on."""
        if point_ids:
            points = self.env["hospitality.contact.point"].browse(sorted(point_ids))
            points._recount()._refresh_guests()
            self.env.flush_all()

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


# Of links that are being inserted, the known points with a name that no link has had before.
_GET_NEW_NAMES = """
    CASE WHEN point_id = ANY(%s::int[]) AND NOT EXISTS (
        SELECT FROM hospitality_contact_link old
         WHERE old.point_id = hospitality_contact_link.point_id AND old.name_key = hospitality_contact_link.name_key
    ) THEN point_id END
"""
