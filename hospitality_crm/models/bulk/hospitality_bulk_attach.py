from odoo import api, models
from odoo.tools import SQL

from ...engine import names
from ...tools.arrays import pg_int_array

MAX_CANDIDATES = 100


class HospitalityBulkAttach(models.AbstractModel):
    """Find the guests of many new profiles at once, by what leaves no doubt.

    A mass import can't wait for every record to be compared in full: it attaches profiles by a shared
    personal contact point and a compatible name. They are queued, and the lanes of matching find what
    else they have in common with whom.
    """

    _name = "hospitality.bulk.attach"
    _description = "Attach profiles of a mass import"

    @api.model
    def _attach(self, people, points):
        """Decide which guest each new profile belongs to.

        A profile joins the guest of another live profile, stored or of the same batch, when they
        share a personal contact point, their names may be one person's, and there is one such
        guest only. People of the batch that join each other only form one new guest. The result
        does not depend on the order of the messages. Sets ``person.partner_id`` of those with a
        known guest and ``person.group`` (equal for one new guest) of the others.
        """
        anchors = self._find_anchors(people, points)
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
    def _find_anchors(self, people, points):
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
        for point_id, partner_id, kind, name in self.env.execute_query(
            SQL(
                """
                SELECT w.id, c.partner_id, c.kind, c.name
                  FROM unnest(%s::int[]) AS w(id),
                       LATERAL (SELECT p.partner_id, p.kind, p.name
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


def is_same(kind, name, other_kind, other_name):
    """Whether two records with a common contact point may be of one guest, by kind and name."""
    if kind != other_kind or not name or not other_name:
        return False
    if kind == "person":
        return names.compatible(name, other_name)
    return names.name_key(name) == names.name_key(other_name)
