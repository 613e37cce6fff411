from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array
from .hospitality_check_guest import CONFIDENCE, FIXED, Clue

_STRONGEST_FIRST = sorted(CONFIDENCE, key=CONFIDENCE.get, reverse=True)
_ADDRESSED = frozenset(("loyalty", "phone", "email"))
# A check whose guest nobody has named.
_OPEN = SQL("(k.guest_evidence IS NULL AND k.profile_id IS NULL OR k.guest_evidence NOT IN %s)", FIXED)


class HospitalityCheck(models.Model):
    """Checks whose guest is known, or known better, since something else has arrived."""

    _inherit = "hospitality.check"

    @api.model
    def _find_connected(self, partner_ids):
        """Return what evidence connects with some guests, in one statement; empty for most of them.

        :return: dict of *address* (``(kind, value)`` of the guests, while evidence waits for any), *check* (ids) and
            what other models add in :meth:`_get_connected_parts`
        """
        found = {}
        parts = self._get_connected_parts(pg_int_array(partner_ids))
        for kind, name, value, id_ in self.env.execute_query(SQL(" UNION ALL ").join(parts)):
            found.setdefault(kind, []).append((name, value) if id_ is None else id_)
        return found

    @api.model
    def _get_connected_parts(self, ids):
        """Return queries of ``(what, kind, value, id)`` for :meth:`_find_connected`."""
        return [
            SQL(
                """
                SELECT 'address', c.channel, c.value, NULL::int FROM hospitality_profile p
                  JOIN hospitality_contact_link l ON l.profile_id = p.id
                  JOIN hospitality_contact_point c ON c.id = l.point_id AND c.channel IN ('phone', 'email')
                 WHERE p.partner_id = ANY(%(ids)s::int[]) AND EXISTS (SELECT FROM hospitality_check_evidence)
                """,
                ids=ids,
            ),
            SQL(
                """
                SELECT 'address', 'loyalty', m ->> 'number', NULL FROM hospitality_profile p,
                       jsonb_array_elements(p."values" -> 'memberships') AS m
                 WHERE p.partner_id = ANY(%(ids)s::int[]) AND p."values" ? 'memberships' AND m ? 'number'
                   AND EXISTS (SELECT FROM hospitality_check_evidence)
                """,
                ids=ids,
            ),
            SQL(
                """
                SELECT 'check', NULL, NULL, o.check_id FROM hospitality_check_evidence e
                  JOIN hospitality_check k ON k.id = e.check_id AND k.partner_id = ANY(%(ids)s::int[])
                  JOIN hospitality_check_evidence o ON o.digest = e.digest AND o.kind = 'card'
                 WHERE e.kind = 'card'
                """,
                ids=ids,
            ),
            SQL(
                """
                SELECT 'check', NULL, NULL, k.id FROM hospitality_stay s JOIN hospitality_check k ON k.stay_id = s.id
                 WHERE s.partner_id = ANY(%(ids)s::int[]) AND k.partner_id IS DISTINCT FROM s.partner_id AND %(open)s
                """,
                ids=ids,
                open=_OPEN,
            ),
            SQL(
                """
                SELECT 'check', NULL, NULL, k.id FROM hospitality_stay s
                  JOIN hospitality_check k ON k.room_id = s.room_id
                   AND k.business_date BETWEEN s.arrival AND s.departure
                 WHERE s.partner_id = ANY(%(ids)s::int[]) AND s.room_id IS NOT NULL
                   AND (k.partner_id IS DISTINCT FROM s.partner_id
                        OR k.guest_evidence IN ('reservation', 'phone', 'email', 'card', 'table')) AND %(open)s
                """,
                ids=ids,
                open=_OPEN,
            ),
            SQL(
                """
                SELECT 'check', NULL, NULL, k.id FROM hospitality_reservation r
                  JOIN hospitality_check k ON k.reservation_id = r.id
                 WHERE r.partner_id = ANY(%(ids)s::int[]) AND k.partner_id IS DISTINCT FROM r.partner_id AND %(open)s
                """,
                ids=ids,
                open=_OPEN,
            ),
            SQL(
                """
                SELECT 'check', NULL, NULL, k.id FROM hospitality_reservation r
                  JOIN hospitality_check k ON k.property_id = r.property_id AND k.business_date = r.business_date
                   AND lower(k."table") = lower(r."table") AND k.partner_id IS DISTINCT FROM r.partner_id
                 WHERE r.partner_id = ANY(%(ids)s::int[]) AND r."table" IS NOT NULL AND %(open)s
                """,
                ids=ids,
                open=_OPEN,
            ),
        ]

    @api.model
    def _relink(self, found):
        """Decide anew whose checks are that evidence connects with some guests; for the lanes of the guests.

        A number that two guests have by now identifies nobody: a check that rested on it alone is nobody's again.
        The number of statements doesn't depend on the number of guests.

        :param dict found: what :meth:`_find_connected` says of them
        :return: ids of the checks whose guest or evidence has changed
        """
        addresses = self.env["hospitality.check.evidence"]._get_digests(found.get("address", ()))
        digests = {digest: pair for pair, digest in addresses.items()}
        rows = self._read_connected(found.get("check", ()), digests)
        if not rows:
            return []
        clues = []
        for nth, row in enumerate(rows):
            for kind, digest in row["kept"] or ():
                if kind == "card":
                    clues.append(Clue(nth, "card", digest))
                elif digest in digests:
                    clues.append(Clue(nth, *digests[digest]))
            clues += self._get_place_clues(nth, row)
        guests = self._find_guests(clues)
        changes = {}
        for nth, row in enumerate(rows):
            kinds = {kind: guests[nth, kind] for kind in CONFIDENCE if (nth, kind) in guests}
            known = {kind for kind, digest in row["kept"] or () if digest in digests}
            change = self._decide(row, kinds, known)
            if change:
                changes[row["id"]] = change
        return self._write_guests(changes, {row["id"]: row["partner_id"] for row in rows})

    @api.model
    def _read_connected(self, check_ids, digests):
        """Return what is known of checks by their ids and by evidence, without those that name their guest."""
        if not check_ids and not digests:
            return []
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT k.id, k.partner_id, k.profile_id, k.guest_evidence, k.stay_id, k.property_id, k.room_id,
                       k.business_date::text, k.daypart, k."table", coalesce(k.opened_at, k.closed_at)::text AS at,
                       s.partner_id AS stay_partner_id, s.profile_id AS stay_profile_id,
                       r.partner_id AS table_partner_id, r.profile_id AS table_profile_id,
                       (SELECT json_agg(json_build_array(e.kind, e.digest)) FROM hospitality_check_evidence e
                         WHERE e.check_id = k.id) AS kept
                  FROM hospitality_check k
                  LEFT JOIN hospitality_stay s ON s.id = k.stay_id
                  LEFT JOIN hospitality_reservation r ON r.id = k.reservation_id
                 WHERE k.id = ANY(ARRAY(SELECT unnest(%(ids)s::int[]) UNION SELECT check_id
                       FROM hospitality_check_evidence WHERE digest = ANY(%(digests)s::varchar[])))
                   AND %(open)s
                 ORDER BY k.id
                """,
                ids=pg_int_array(check_ids),
                digests=pg_array(sorted(digests)),
                open=_OPEN,
            )
        )

    @api.model
    def _get_place_clues(self, nth, row):
        """Return what the room and the table of a check lead to.

        :param dict row: ``property_id room_id business_date daypart table at``
        """
        if row["room_id"]:
            yield Clue(nth, "room", "", row["property_id"], row["room_id"], row["business_date"], None, row["daypart"])
        if row["table"] and row["at"]:
            yield Clue(nth, "table", row["table"], row["property_id"], None, row["business_date"], row["at"])

    @api.model
    def _decide(self, row, found, known):
        """Return the columns of a check that change, empty when nothing does.

        :param dict found: kind -> guests, see :meth:`_find_guests`
        :param set known: kinds of evidence that were looked up now
        """
        current = row["guest_evidence"]
        if row["stay_partner_id"] and current != "room":
            found["stay"] = {row["stay_partner_id"]: (row["stay_profile_id"], None)}
        if row["table_partner_id"]:
            found["reservation"] = {row["table_partner_id"]: (row["table_profile_id"], None)}
        if current in _ADDRESSED and current not in known:
            # Its number is not among those of these guests: nothing new about it.
            found[current] = {row["partner_id"]: (row["profile_id"], None)}
        for kind in _STRONGEST_FIRST:
            guests = found.get(kind)
            if guests and len(guests) == 1:
                [(partner_id, (profile_id, stay_id))] = guests.items()
                break
        else:
            kind = partner_id = profile_id = stay_id = None
        if (partner_id, kind) == (row["partner_id"], current):
            return {}
        return {
            "partner_id": partner_id,
            "profile_id": profile_id,
            "guest_evidence": kind,
            "guest_confidence": CONFIDENCE.get(kind),
            "stay_id": stay_id if kind == "room" else None if current == "room" else row["stay_id"],
        }

    @api.model
    def _write_guests(self, changes, before):
        """Write whose checks are now, and have the guests refreshed."""
        if not changes:
            return []
        rows = list(changes.values())
        ids = self.env["hospitality.bulk.fact"]._update(self._name, list(changes), rows)
        self.invalidate_model(flush=False)
        touched = {row["partner_id"] for row in rows} | {before[id_] for id_ in changes}
        self.env["hospitality.guest.dirty"]._mark(touched)
        self._after_bulk_upsert(sorted(ids))
        return ids
