from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array
from ...tools.soft_many2one import SoftMany2one

CONFIDENCE = {
    "guest": 1.0,
    "person": 1.0,
    "loyalty": 0.98,
    "stay": 0.96,
    "room": 0.95,
    "reservation": 0.94,
    "phone": 0.9,
    "email": 0.88,
    "card": 0.8,
    "table": 0.6,
}
"""How sure it is that a check is the guest's, by evidence: the order in which evidence counts."""
FIXED = ("guest", "person")
"""Evidence that nothing outweighs: the source or a person names the guest."""


class Clue(NamedTuple):
    """What leads from a check to a guest.

    :ivar nth: number of the check among those that are asked about
    :ivar kind: ``loyalty phone email card room table``
    :ivar value: number, address, digest, or name of the table
    :ivar property_id: where the check was written
    :ivar room_id: of a room charge
    :ivar day: business date, as text
    :ivar at: when the guest sat down (UTC), as text
    :ivar daypart: part of the day
    """

    nth: int
    kind: str
    value: str = ""
    property_id: int | None = None
    room_id: int | None = None
    day: str | None = None
    at: str | None = None
    daypart: str | None = None


class HospitalityCheck(models.Model):
    """Whose check it is: by the strongest evidence, never by a name.

    Evidence counts when it leads to exactly one guest. What it was, and how sure it is, stands on the check; better
    evidence that arrives later takes its place (`_relink`, called by the lanes of the guests).
    """

    _inherit = "hospitality.check"

    room_id = SoftMany2one("hospitality.room", string="Charged to Room")
    guest_evidence = fields.Selection(
        [
            ("guest", "Named by the System"),
            ("person", "Named by a Person"),
            ("loyalty", "Loyalty Number"),
            ("stay", "Charged to the Stay"),
            ("room", "Charged to the Room"),
            ("reservation", "Table Reservation"),
            ("phone", "Phone"),
            ("email", "E-mail"),
            ("card", "Card Used Before"),
            ("table", "Table and Time"),
        ],
        string="Guest Known by",
    )
    guest_confidence = fields.Float(string="Certainty", aggregator=None)

    _room_day_idx = models.Index("(room_id, business_date) WHERE room_id IS NOT NULL")

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._complete_evidence(dict(vals)) for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        """Whoever changes the guest through the ORM names him."""
        if not vals.keys().isdisjoint(("profile_id", "partner_id")) and "guest_evidence" not in vals:
            known = vals.get("profile_id") or vals.get("partner_id")
            vals = {**vals, "guest_evidence": known and "person", "guest_confidence": 1.0 if known else 0.0}
        return super().write(vals)

    @api.model
    def _complete_evidence(self, vals):
        """Fill the guest of a bill from its stay or table reservation where it names none."""
        if vals.get("guest_evidence"):
            return vals
        if vals.get("profile_id") or vals.get("partner_id"):
            vals |= {"guest_evidence": "guest", "guest_confidence": CONFIDENCE["guest"]}
            return vals
        for kind in ("stay", "reservation"):
            visit = self.env[f"hospitality.{kind}"].browse(vals.get(f"{kind}_id") or ())
            if visit.profile_id:
                vals |= {
                    "profile_id": visit.profile_id.id,
                    "guest_evidence": kind,
                    "guest_confidence": CONFIDENCE[kind],
                }
                break
        return vals

    # Candidates

    @api.model
    def _find_guests(self, clues):
        """Return what clues lead to, in one statement.

        :param list clues: :class:`Clue`
        :return: dict ``(nth, kind) -> {guest: (profile id, stay id or None)}``, with as many guests as there are
        """
        groups = {}
        for clue in clues:
            kind = "point" if clue.kind in ("phone", "email") else clue.kind
            groups.setdefault(kind, []).append(clue)
        parts = [getattr(self, f"_find_by_{kind}")(group) for kind, group in sorted(groups.items())]
        found = {}
        if parts:
            for nth, kind, partner_id, profile_id, stay_id in self.env.execute_query(SQL(" UNION ALL ").join(parts)):
                found.setdefault((nth, kind), {})[partner_id] = (profile_id, stay_id)
        return found

    @api.model
    def _find_by_loyalty(self, clues):
        return SQL(
            """
            SELECT w.nth, 'loyalty', p.partner_id, (array_agg(p.id ORDER BY p.source_id, p.external_id))[1], NULL::int
              FROM unnest(%s::int[], %s::varchar[]) AS w(nth, number)
              JOIN hospitality_profile p ON p."values" ? 'memberships' AND p.state IN ('live', 'superseded')
               AND p."values" -> 'memberships' @> jsonb_build_array(jsonb_build_object('number', w.number))
             GROUP BY w.nth, p.partner_id
            """,
            pg_int_array([clue.nth for clue in clues]),
            pg_array([clue.value for clue in clues]),
        )

    @api.model
    def _find_by_point(self, clues):
        """Personal contact points only: a shared number or a relay is nobody's."""
        return SQL(
            """
            SELECT w.nth, w.channel, p.partner_id, (array_agg(p.id ORDER BY p.source_id, p.external_id))[1], NULL::int
              FROM unnest(%s::int[], %s::varchar[], %s::varchar[]) AS w(nth, channel, value)
              JOIN hospitality_contact_point c ON c.channel = w.channel AND c.value = w.value AND c.kind = 'real'
              JOIN hospitality_contact_link l ON l.point_id = c.id
              JOIN hospitality_profile p ON p.id = l.profile_id AND p.state IN ('live', 'superseded')
               AND p.kind = 'person'
             GROUP BY w.nth, w.channel, p.partner_id
            """,
            pg_int_array([clue.nth for clue in clues]),
            pg_array([clue.kind for clue in clues]),
            pg_array([clue.value for clue in clues]),
        )

    @api.model
    def _find_by_card(self, clues):
        return SQL(
            """
            SELECT w.nth, 'card', k.partner_id, (array_agg(k.profile_id ORDER BY k.business_date, k.external_id))[1],
                   NULL::int
              FROM unnest(%s::int[], %s::varchar[]) AS w(nth, digest)
              JOIN hospitality_check_evidence e ON e.digest = w.digest AND e.kind = 'card'
              JOIN hospitality_check k ON k.id = e.check_id AND k.partner_id IS NOT NULL
               AND k.guest_evidence NOT IN ('card', 'table')
             GROUP BY w.nth, k.partner_id
            """,
            pg_int_array([clue.nth for clue in clues]),
            pg_array([clue.value for clue in clues]),
        )

    @api.model
    def _find_by_room(self, clues):
        """On the day on which one guest leaves and another one comes, breakfast is the former's."""
        return SQL(
            """
            SELECT w.nth, 'room', s.partner_id, (array_agg(s.profile_id ORDER BY s.id))[1],
                   (array_agg(s.id ORDER BY s.id))[1]
              FROM unnest(%(nths)s::int[], %(places)s::int[], %(rooms)s::int[], %(days)s::date[], %(parts)s::varchar[])
                   AS w(nth, place, room, day, part)
              JOIN hospitality_stay s ON s.property_id = w.place AND s.room_id = w.room
               AND s.partner_id IS NOT NULL AND s.is_pseudo IS NOT TRUE
               AND s.status IN ('in_house', 'checked_out', 'reserved')
               AND CASE WHEN w.part = 'breakfast' THEN w.day > s.arrival AND w.day <= s.departure
                        ELSE w.day >= s.arrival AND (w.day < s.departure OR s.arrival = s.departure
                             AND w.day = s.arrival) END
             WHERE s.property_id = ANY(%(places)s::int[]) AND s.departure >= %(first)s::date
               AND s.arrival BETWEEN %(first)s::date - 400 AND %(last)s::date
             GROUP BY w.nth, s.partner_id
            """,
            nths=pg_int_array([clue.nth for clue in clues]),
            places=pg_int_array([clue.property_id for clue in clues]),
            rooms=pg_int_array([clue.room_id for clue in clues]),
            days=pg_array([clue.day for clue in clues], "date"),
            parts=pg_array([clue.daypart for clue in clues]),
            first=min(clue.day for clue in clues),
            last=max(clue.day for clue in clues),
        )

    @api.model
    def _find_by_table(self, clues):
        return SQL(
            """
            SELECT w.nth, 'table', r.partner_id, (array_agg(r.profile_id ORDER BY r.starts_at, r.id))[1], NULL::int
              FROM unnest(%s::int[], %s::int[], %s::date[], %s::varchar[], %s::timestamp[])
                   AS w(nth, place, day, name, at)
              JOIN hospitality_reservation r ON r.property_id = w.place AND r.business_date = w.day
               AND lower(r."table") = lower(w.name) AND r.partner_id IS NOT NULL
               AND r.status IN ('booked', 'seated', 'finished')
               AND w.at BETWEEN r.starts_at - interval '45 minutes'
                            AND r.starts_at + make_interval(mins => coalesce(nullif(r.duration, 0), 120))
             GROUP BY w.nth, r.partner_id
            """,
            pg_int_array([clue.nth for clue in clues]),
            pg_int_array([clue.property_id for clue in clues]),
            pg_array([clue.day for clue in clues], "date"),
            pg_array([clue.value for clue in clues]),
            pg_array([clue.at for clue in clues], "timestamp"),
        )
