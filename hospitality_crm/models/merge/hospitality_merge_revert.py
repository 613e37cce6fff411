from odoo import api, models
from odoo.tools import SQL

from .hospitality_merge_value import KEPT
from .merge_plan import Group, Plan


class HospitalityMerge(models.Model):
    """Values that go back where they still are as a merge has left them."""

    _inherit = "hospitality.merge"

    def _revert_values(self, lines, report, quiet=False):
        """Give changed columns their old values where they still are as the merge has left them."""
        for line in lines.filtered(lambda line: line.kind == "value" and not line.reverted).sorted("id", reverse=True):
            line.reverted = True
            self.env.flush_all()
            payload = line.payload
            if not payload or not payload["old"]:
                continue
            for row_id in line.row_ids:
                self._revert_row(line, row_id, payload, report, quiet)

    def _revert_row(self, line, row_id, payload, report, quiet):
        old, new, summed = payload["old"], payload["new"], payload.get("sum") or ()
        rows = self.env.execute_query(
            SQL(
                "SELECT to_jsonb(x) FROM (SELECT %s FROM %s t WHERE t.id = %s FOR UPDATE) AS x",
                SQL(", ").join(SQL.identifier("t", name) for name in old),
                SQL.identifier(line.table_name),
                row_id,
            )
        )
        if not rows:
            return
        [[current]] = rows
        old = self._revert_kept(line, row_id, old, new, current)
        change, later = {}, []
        references = dict(self._get_own_references()) if line.table_name == "res_partner" else {}
        for name, value in old.items():
            if name in summed:
                change[name] = (current[name] or 0) - ((new[name] or 0) - (value or 0))
            elif isinstance(new[name], dict) and isinstance(current[name], dict):
                again, others = self._revert_entries(current[name], value, new[name], name in references)
                later += [name] if others else []
                if again != current[name]:
                    change[name] = again
            elif current[name] == new[name] or (name in references and self._is_same(current[name], new[name])):
                change[name] = value
            elif current[name] != value:
                later.append(name)
        if line.table_name == "loyalty_card" and change.get("points", 0) < 0:
            later.append("points")
            self._cover_points(line, -change["points"])
            change["points"] = 0
        if line.table_name == "res_partner":
            self.env["hospitality.guest.search"]._mark([row_id])
            self._revert_golden(row_id, {name: change.pop(name) for name in list(change) if name in self._get_golden()})
        self._write_columns(line.table_name, {row_id: change})
        if line.table_name == "res_partner" and "parent_id" in change:
            self._recompute_partners([row_id], [])
        # Golden values are decided anew from the profiles.
        later = [name for name in later if line.table_name != "res_partner" or name not in self._get_resolved_columns()]
        if later and not quiet and line.table_name != "hospitality_profile":
            for name in later:
                self._report(report, "kept", line.table_name, name, [row_id], row_id)
        if line.table_name == "hospitality_profile" and "values" in change:
            profile = self.env["hospitality.profile"].browse(row_id)
            profile.invalidate_recordset()
            profile.with_context(hospitality_keep_golden=True).write({"values": profile.values})

    def _revert_kept(self, line, row_id, old, new, current):
        """Give back what the journal of a later merge keeps for a contact who was merged on.

        The VAT number is his company's, and goes back with it.

        :return: what is left to be given back to the row itself
        """
        kept = [name for name in KEPT if name != "vat" and name in old and new[name] is not None]
        if line.table_name != "res_partner" or not kept:
            return old
        loser = self.env["hospitality.merge.loser"].search(
            [("partner_id", "=", row_id), ("state", "=", "done")], order="id desc", limit=1
        )
        payload = loser.payload or {}
        again = {name: old[name] for name in kept if payload.get(name) == new[name]}
        if again:
            loser.payload = {**payload, **again}
        return {name: value for name, value in old.items() if name not in again or current[name] is not None}

    @api.model
    def _is_same(self, value, other):
        """Tell whether two values of a reference to contacts mean the same, whoever was merged or un-merged since."""
        one, another = (set(several) if isinstance(several, list) else {several} for several in (value, other))
        if value == other or not all(type(partner_id) is int for partner_id in one | another):
            return value == other
        return all(self._get_kin(partner_id) & another for partner_id in one) and all(
            self._get_kin(partner_id) & one for partner_id in another
        )

    @api.model
    def _get_kin(self, partner_id):
        """Return the ids of the contacts that a contact ever was one with, and his own."""
        rows = self.env.execute_query(
            SQL(
                """WITH RECURSIVE kin AS (
                       SELECT %s AS id
                        UNION
                       SELECT n.id FROM kin k, LATERAL (
                           SELECT g.winner_id AS id FROM hospitality_merge_loser l
                             JOIN hospitality_merge g ON g.id = l.merge_id WHERE l.partner_id = k.id
                            UNION ALL
                           SELECT l.partner_id FROM hospitality_merge g
                             JOIN hospitality_merge_loser l ON l.merge_id = g.id WHERE g.winner_id = k.id) AS n)
                   SELECT id FROM kin""",
                partner_id,
            )
        )
        return {row[0] for row in rows}

    @api.model
    def _revert_entries(self, current, old, new, references):
        """Give the entries of a JSON column back as they were where they still are as the merge has left them.

        :param bool references: the entries hold contacts
        :return: ``(value of the column, whether a person has changed an entry)``
        """
        again, others = dict(current), False
        for key, value in new.items():
            before = (old or {}).get(key)
            if before == value:
                continue
            present = current.get(key)
            if present == value or (references and self._is_same(present, value)):
                if key in (old or {}):
                    again[key] = before
                else:
                    again.pop(key, None)
            elif present != before:
                others = True
        return again or (None if old is None else {}), others

    def _revert_golden(self, partner_id, change):
        """Give a winner golden values back the way the merge has written them, with what follows from them."""
        if change:
            current = self.env["hospitality.bulk.guest"]._read_current([partner_id])
            self.env["hospitality.bulk.partner"]._update_partners({partner_id: change}, current)
            self.env.flush_all()
            self.env.invalidate_all(flush=False)

    def _restore_golden(self):
        """Give the winner the golden values of before the merge: his own profiles say what they said then."""
        lines = self.line_ids.filtered(lambda line: (line.payload or {}).get("golden"))
        original = lines[:1].payload["golden"] if lines else {}
        current = self._read_columns(self.winner_id.ids)[self.winner_id.id]
        self._revert_golden(
            self.winner_id.id, {name: value for name, value in original.items() if current[name] != value}
        )

    def _cover_points(self, line, shortage):
        """Take points that were spent after the merge off the card that gets its points back."""
        twin = line.loser_id.line_ids.filtered(
            lambda other: other.table_name == "loyalty_card" and other.kind == "value" and not other.reverted
        )
        for other in twin.sorted("id", reverse=True)[:1]:
            payload = dict(other.payload)
            payload["old"] = {**payload["old"], "points": max(payload["old"]["points"] - shortage, 0)}
            other.payload = payload

    def _settle_again(self):
        """Fill the winner's values from the losers that are left, and journal it."""
        self.ensure_one()
        left = self.member_ids.filtered(lambda row: row.state == "done").sorted("sequence")
        if not left:
            return
        group = Group(self.winner_id.id, tuple(left.partner_id.ids), {}, self.id, tuple(left.ids))
        plan = Plan([group])
        before = self._read_values(plan)
        for row in left:
            payload = row.payload or {}
            before[row.partner_id.id].update({name: payload[name] for name in KEPT if payload.get(name) is not None})
        self._settle(plan, before, again=True)
        self._journal(plan.lines)
