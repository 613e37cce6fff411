from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array


class HospitalityBulkStay(models.AbstractModel):
    """People on stays, and amounts that follow from lines."""

    _name = "hospitality.bulk.stay"
    _description = "Bulk writes of people on stays and of amounts"

    @api.model
    def _list_people(self, item):
        """Return the people of a stay event, its guest first where the list does not name him."""
        people = item.event.get("guests", [])
        guest = item.event.get("guest")
        if guest is not None and all(one["guest"] != guest for one in people):
            people = [{"guest": guest, "role": "primary", "pays": True, "sleeps": True}, *people]
        return people

    @api.model
    def _is_for_guest_alone(self, item):
        people = self._list_people(item)
        return not people or (
            len(people) == 1
            and people[0]["sleeps"]
            and people[0]["pays"]
            and people[0]["guest"] == self.env["hospitality.bulk"]._get_reference("stay", "guest", item)
        )

    @api.model
    def _write_people(self, batch, inserted, updated):
        """Make the people on written stays those of their events."""
        wanted = []
        # A new stay counts for its guest alone until it is decided otherwise; with nobody else on it that is right.
        batch.shared.update(item.id for item in inserted if not self._is_for_guest_alone(item))
        for item in updated:
            stored = batch.stored["stay"].get(item.key)
            if stored is None or stored.partner_id != item.row.get("partner_id"):
                batch.shared.add(item.id)
        for item in (*inserted, *updated):
            for sequence, one in enumerate(self._list_people(item)):
                profile_id, _same, partner_id = batch.reference("guest", one["guest"])
                detail = {
                    "role": one["role"],
                    "sleeps": one["sleeps"],
                    "pays": one["pays"],
                    "sequence": sequence,
                }
                if profile_id is None:
                    batch.pending.append((item, "stay", "guests", one["guest"], detail))
                else:
                    wanted.append({"stay_id": item.id, "profile_id": profile_id, "partner_id": partner_id, **detail})
        if updated:
            wanted = self._update_people(batch, wanted, [item.id for item in updated])
        self._insert_people(batch, wanted, conflict=None)

    @api.model
    def _update_people(self, batch, wanted, stay_ids):
        """Bring the people of stored stays up to date; return those that are to be inserted."""
        old = {}
        for id_, stay_id, profile_id, role, partner_id, *rest in self.env.execute_query(
            SQL(
                "SELECT id, stay_id, profile_id, role, partner_id, sleeps, pays, sequence"
                " FROM hospitality_stay_guest WHERE stay_id = ANY(%s::int[])",
                pg_int_array(stay_ids),
            )
        ):
            old[stay_id, profile_id, role] = (id_, partner_id, rest)
        new, ids, rows = [], [], []
        for one in wanted:
            found = old.pop((one["stay_id"], one["profile_id"], one["role"]), None)
            if found is None:
                new.append(one)
            elif found[2] != [one["sleeps"], one["pays"], one["sequence"]]:
                ids.append(found[0])
                rows.append({name: one[name] for name in ("sleeps", "pays", "sequence")})
                batch.touched.add(one["partner_id"])
                batch.shared.add(one["stay_id"])
        batch.shared.update(one["stay_id"] for one in new)
        batch.shared.update(stay_id for stay_id, _profile_id, _role in old)
        batch.count(
            "hospitality.stay.guest",
            [],
            self.env["hospitality.bulk.fact"]._update("hospitality.stay.guest", ids, rows),
        )
        if old:
            batch.touched.update(partner_id for _id, partner_id, _rest in old.values())
            self.env.cr.execute(
                SQL(
                    "DELETE FROM hospitality_stay_guest WHERE id = ANY(%s::int[])",
                    pg_int_array([found[0] for found in old.values()]),
                )
            )
        return new

    @api.model
    def _insert_people(self, batch, rows, conflict="(stay_id, profile_id, role)"):
        batch.touched.update(row["partner_id"] for row in rows)
        ids = self.env["hospitality.bulk.fact"]._insert("hospitality.stay.guest", rows, conflict=conflict)
        batch.count("hospitality.stay.guest", [row[0] for row in ids])

    @api.model
    def _lock(self, table, ids):
        # Of two lanes that write lines of one parent the second one sums up both.
        self.env.cr.execute(
            SQL(
                "SELECT id FROM %s WHERE id = ANY(%s::int[]) ORDER BY id FOR NO KEY UPDATE",
                SQL.identifier(table),
                pg_int_array(sorted(ids)),
            )
        )

    @api.model
    def _sum_stays(self, batch, stay_ids):
        """Let the amounts of stays be the sums of their lines; only what differs is written."""
        if stay_ids:
            batch.count("hospitality.stay", [], self.env["hospitality.stay"]._refresh_revenue(stay_ids))

    @api.model
    def _sum_checks(self, batch, check_ids):
        """Fill the amounts of checks whose source sends no total from their lines."""
        if not check_ids:
            return
        self._lock("hospitality_check", check_ids)
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE hospitality_check k
                   SET amount_subtotal = c.net, amount_tax = c.tax, amount_tip = c.tip, amount_total = c.total
                  FROM (SELECT l.check_id,
                               coalesce(sum(l.amount_net) FILTER (WHERE w.counts AND l.department <> 'tip'), 0)
                                   AS net,
                               coalesce(sum(l.amount_tax) FILTER (WHERE w.counts AND l.department <> 'tip'), 0)
                                   AS tax,
                               coalesce(sum(l.amount_gross) FILTER (WHERE w.counts AND l.department = 'tip'), 0)
                                   AS tip,
                               coalesce(sum(l.amount_gross) FILTER (WHERE w.counts AND l.department <> 'tip'), 0)
                                   AS total
                          FROM hospitality_charge l,
                               LATERAL (SELECT l.state IN ('live', 'allowance', 'refund') AS counts) w
                         WHERE l.check_id = ANY(%s::int[])
                         GROUP BY l.check_id) c
                 WHERE k.id = c.check_id AND k.warnings @> '["amounts_from_lines"]'
                   AND (k.amount_subtotal, k.amount_tax, k.amount_tip, k.amount_total)
                       IS DISTINCT FROM (c.net, c.tax, c.tip, c.total)
                RETURNING k.id
                """,
                pg_int_array(sorted(check_ids)),
            )
        )
        batch.count("hospitality.check", [], [row[0] for row in rows])
