import psycopg2

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.tools import SQL, mute_logger

from ...tools.arrays import pg_int_array
from .hospitality_merge_value import CACHED_TABLES
from .merge_plan import Group, Plan
from .merge_source import PARTNER

# So many ids are named in a report; the count tells the rest.
_NAMED = 100


class HospitalityMerge(models.Model):
    """Taking merges back.

    A row goes back when it still is where merges have put it: at the winner, or at whom the winner
    was merged into later. What somebody has changed since then stays and is listed.
    """

    _inherit = "hospitality.merge"

    def action_undo(self):
        """Take the merge back and tell what stayed with the winner."""
        report = self._undo()
        kept, asked = len(report["kept"]), len(report["asked"])
        message = self.env._("The merge was taken back.")
        if kept or asked:
            message = self.env._(
                "The merge was taken back. Changed since and therefore left as it is: %(kept)s. Made since and left"
                " with the winner: %(asked)s.",
                kept=kept,
                asked=asked,
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _undo(self, partner_ids=None):
        """Take merges back, newest first.

        The result is what the same work without the merge would have given: rows, values and source
        profiles return with everything that has arrived for those profiles meanwhile.

        :param partner_ids: losers to take out; all of them by default
        :return: dict ``{"kept": [...], "asked": [...]}``; *kept* are rows and values that were changed
            after the merge and stay as they are, *asked* rows that were made after the merge and stay
            with the winner until a person decides; both lists hold dicts ``{"model", "table", "field", "ids",
            "count", "partner_id"}``
        :raise UserError: when it was taken back already or its time is over
        :raise AccessError: when the user may not merge guests
        """
        merges = self.sorted("id", reverse=True)
        merges._check_may_merge((merges.sudo().winner_id | merges.sudo().loser_ids).ids)  # which contacts are meant
        report = {"kept": [], "asked": []}
        context = {**self.env["res.partner"]._survivorship_context(), "mail_notrack": True}
        for merge in merges.sudo().with_context(**context):  # rights were checked above; foreign rows are the system's
            self.env.flush_all()
            rows = merge._get_undoable(partner_ids)
            chain = merge._lock_undo(rows)
            downstream = merge._find_downstream(chain)
            merge._undo_rows(rows, chain, downstream, report)
            merge._list_newcomers(chain, report)
            self.env.invalidate_all(flush=False)
        return report

    def _get_undoable(self, partner_ids):
        """Return the losers to take out of this merge, the last one first."""
        self.ensure_one()
        if self.undo_until and self.undo_until < fields.Datetime.now():
            raise UserError(
                self.env._(
                    "The merge into %(guest)s was made on %(day)s and can't be taken back any more.",
                    guest=self.winner_id.display_name,
                    day=fields.Date.to_string(self.merged_at),
                )
            )
        rows = self.member_ids.filtered(
            lambda row: row.state == "done" and (partner_ids is None or row.partner_id.id in partner_ids)
        )
        if not rows:
            raise UserError(
                self.env._("The merge into %(guest)s was taken back already.", guest=self.winner_id.display_name)
            )
        return rows.sorted("sequence", reverse=True)

    def _lock_undo(self, rows):
        """Lock everybody concerned; return the ids of the winner and of whom he was merged into since."""
        chain = self.winner_id._get_merged_chain()
        self._lock_members([*chain, *rows.partner_id.ids])
        self.invalidate_recordset()
        if any(row.state != "done" for row in rows):
            raise UserError(self.env._("Somebody else has taken this merge back at this moment."))
        return self.winner_id._get_merged_chain()

    def _find_downstream(self, chain):
        """Return the merges in which the winner of this one was merged further, in their order."""
        later = self.env["hospitality.merge.loser"].search(
            [("partner_id", "in", chain), ("state", "=", "done"), ("merge_id", ">", self.id)]
        )
        return later.merge_id.sorted("id")

    def _undo_rows(self, rows, chain, downstream, report):
        """Take some losers of one merge out of it."""
        followed = self._read_columns(chain)
        due, blocked = {}, []
        for row in rows:
            self._undo_row(row, chain, downstream, report, followed, due, blocked)
        self._retry_blocked(blocked, chain, downstream, report)
        for merge in downstream.sorted("id", reverse=True):
            merge._revert_values(merge.line_ids, report, quiet=True)
        self._revert_values(self.line_ids.filtered(lambda line: not line.loser_id), report)
        left = self.member_ids.filtered(lambda row: row.state == "done")
        self.state = "partly" if left else "undone"
        self.env.flush_all()
        for merge in self | downstream:
            merge._settle_again()
        affected = [*chain, *rows.partner_id.ids]
        self.env.invalidate_all(flush=False)
        # Values that came from elsewhere than survivorship stay as they are unless a profile has changed.
        digests = self._get_digests(affected)
        known = {row.partner_id.id: row.digest for row in rows}
        if not left:
            known[self.winner_id.id] = self.winner_digest
        if not left and digests.get(self.winner_id.id, "") == (self.winner_digest or ""):
            self._restore_golden()
        changed = [partner for partner in affected if digests.get(partner, "") != (known.get(partner) or "")]
        self.env["res.partner"].browse(changed)._refresh_golden()
        self.env.flush_all()
        self.env.invalidate_all(flush=False)
        self._follow_winners(followed, self._read_columns(chain), downstream, due)
        self._recompute_due(due)
        self.env["hospitality.guest.dirty"]._mark(affected)
        self.env["hospitality.guest.search"]._mark(affected)
        names = ", ".join(f"{partner.name} (ID {partner.id})" for partner in rows.partner_id)
        self._journal(self._post_notes([(self.id, self.winner_id.id, self.env._("Un-merged: %s", names))]))

    def _undo_row(self, row, chain, downstream, report, followed, due, blocked):
        """Give one loser back what was his.

        :param dict followed: columns of the winners before the undo
        :param list blocked: takes ``(line, keys)`` of rows that another row keeps from going back yet
        :param dict due: takes which written columns others depend on: ``{(model, column): ids}``
        """
        loser = row.partner_id.id
        self._return_profiles(row, chain, downstream)
        lines = row.line_ids.sorted("id", reverse=True)
        children, users = [], []
        for line in lines:
            if line.kind == "moved":
                returned, waiting = self._return_line(line, list(line.row_ids or ()), loser, chain, report)
                if waiting:
                    blocked.append((line, waiting))
                self._release(line, returned, downstream)
                self._return_shown(line, returned, followed, due, report)
                if (line.table_name, line.column_name) == ("res_partner", "parent_id"):
                    children += returned
                if line.table_name == "res_users":
                    users = [loser, *chain]
            elif line.kind == "value":
                self._revert_values(line, report)
            elif line.kind == "effect":
                self._undo_effect(line)
        payload = row.payload or {}
        self._write_columns(
            "res_partner",
            {
                loser: {
                    "active": payload.get("active", True),
                    "merged_into_id": None,
                    **{name: payload[name] for name in ("vat", "ref", "barcode") if payload.get(name) is not None},
                }
            },
        )
        row.write({"state": "undone", "undone_at": fields.Datetime.now(), "undone_by_id": self.env.uid})
        self.env.flush_all()
        self._recompute_partners(children, users)
        if any(line.table_name in CACHED_TABLES for line in lines):
            self.env.registry.clear_cache()

    def _return_profiles(self, row, chain, downstream):
        """Give the loser his source profiles back, and with them every fact of theirs, old or new."""
        loser = row.partner_id.id
        returned = [
            found[0]
            for found in self.env.execute_query(
                SQL(
                    "UPDATE hospitality_profile SET partner_id = %s WHERE id = ANY(%s::int[]) AND partner_id = ANY(%s)"
                    " RETURNING id",
                    loser,
                    pg_int_array(row.profile_ids),
                    chain,
                )
            )
        ]
        for later in downstream.member_ids:
            if not set(returned).isdisjoint(later.profile_ids):
                later.profile_ids = [found for found in later.profile_ids if found not in set(returned)]
        for model_name, profile_field, partner_field in self.env["hospitality.profile"]._get_shortcuts():
            self.env.cr.execute(
                SQL(
                    "UPDATE %(table)s SET %(partner)s = %(loser)s"
                    " WHERE %(profile)s = ANY(%(ids)s::int[]) AND %(partner)s = ANY(%(chain)s)",
                    table=SQL.identifier(self.env[model_name]._table),
                    partner=SQL.identifier(partner_field),
                    profile=SQL.identifier(profile_field),
                    loser=loser,
                    ids=pg_int_array(returned),
                    chain=chain,
                )
            )

    def _return_line(self, line, ids, loser, chain, report):
        """Point rows of a line of the journal at the loser again.

        :return: keys of those that do now, and of those that a row of the same key has kept from it
        """
        source = self._get_source(line.table_name, line.column_name)
        blocked = []
        if source is None:
            self._report(report, "kept", line.table_name, line.column_name, ids, loser)
            return [], blocked
        update = getattr(self, f"_return_{source.kind}")
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint(flush=False):
                returned = update(source, line, ids, loser, chain)
        except psycopg2.IntegrityError:
            returned = []
            for row_id in ids:
                try:
                    with mute_logger("odoo.sql_db"), self.env.cr.savepoint(flush=False):
                        returned += update(source, line, [row_id], loser, chain)
                except psycopg2.IntegrityError:
                    blocked.append(row_id)
        missing = sorted(set(ids) - set(returned) - set(blocked))
        if missing:
            self._report_changed(source, line, missing, loser, report)
        return returned, blocked

    def _return_fk(self, source, line, ids, loser, chain):
        rows = self.env.execute_query(
            SQL(
                "UPDATE %(table)s t SET %(column)s = %(loser)s WHERE %(key)s = ANY(%(ids)s::int[])"
                " AND %(value)s = ANY(%(chain)s) AND %(refers)s RETURNING %(key)s",
                table=SQL.identifier(source.table),
                column=SQL.identifier(source.column),
                loser=loser,
                key=SQL.identifier("t", source.key),
                ids=pg_int_array(ids),
                value=source.col("t"),
                chain=chain,
                refers=source.refers("t"),
            )
        )
        return [row[0] for row in rows]

    _return_pair = _return_fk

    def _return_reference(self, source, line, ids, loser, chain):
        return self._return_text(source, ids, f"{PARTNER},{loser}", [f"{PARTNER},{partner}" for partner in chain])

    def _return_default(self, source, line, ids, loser, chain):
        return self._return_text(source, ids, str(loser), [str(partner) for partner in chain])

    def _return_text(self, source, ids, value, accepted):
        rows = self.env.execute_query(
            SQL(
                "UPDATE %(table)s t SET %(column)s = %(new)s WHERE t.id = ANY(%(ids)s::int[])"
                " AND %(value)s = ANY(%(accepted)s) RETURNING t.id",
                table=SQL.identifier(source.table),
                column=SQL.identifier(source.column),
                new=value,
                ids=pg_int_array(ids),
                value=source.col("t"),
                accepted=accepted,
            )
        )
        return [row[0] for row in rows]

    def _return_company(self, source, line, ids, loser, chain):
        returned = []
        for row_id in ids:
            for company in (line.payload or {}).get(str(row_id)) or ():
                rows = self.env.execute_query(
                    SQL(
                        "UPDATE %(table)s t SET %(column)s = jsonb_set(%(value)s, %(path)s, to_jsonb(%(loser)s::int))"
                        " WHERE t.id = %(id)s AND (%(value)s ->> %(company)s)::int = ANY(%(chain)s) RETURNING t.id",
                        table=SQL.identifier(source.table),
                        column=SQL.identifier(source.column),
                        value=source.col("t"),
                        path=[company],
                        loser=loser,
                        id=row_id,
                        company=company,
                        chain=chain,
                    )
                )
                returned += [row[0] for row in rows]
        return returned

    @api.model
    @tools.ormcache("table", cache="stable")
    def _get_model_of_table(self, table):
        return next(
            (
                name
                for name, model in self.env.registry.items()
                if model._table == table and model._auto and not model._abstract
            ),
            None,
        )

    def _release(self, line, returned, downstream):
        """Take rows that went back out of the journals of later merges: they don't pass there any more."""
        if returned and downstream:
            self.env.cr.execute(
                SQL(
                    "UPDATE hospitality_merge_line"
                    " SET row_ids = ARRAY(SELECT unnest(row_ids) EXCEPT SELECT unnest(%s::int[]))"
                    " WHERE merge_id = ANY(%s) AND table_name = %s AND column_name = %s"
                    " AND kind IN ('moved', 'conflict') AND row_ids && %s::int[]",
                    pg_int_array(returned),
                    downstream.ids,
                    line.table_name,
                    line.column_name,
                    pg_int_array(returned),
                )
            )
            self.env["hospitality.merge.line"].invalidate_model(["row_ids"], flush=False)

    def _undo_effect(self, line):
        """Take back what the merge itself has written; notes in the chatter stay."""
        if (line.payload or {}).get("deleted"):
            self._restore_deleted(line)
        if line.table_name == "loyalty_history" and "loyalty.history" in self.env:
            self.env.cr.execute(
                SQL("DELETE FROM loyalty_history WHERE id = ANY(%s::int[])", pg_int_array(line.row_ids))
            )

    # -- values ----------------------------------------------------------------------------------

    def _revert_values(self, lines, report, quiet=False):
        """Give changed columns their old values where they still are as the merge has left them."""
        for line in lines.filtered(lambda line: line.kind == "value" and not line.reverted).sorted("id", reverse=True):
            line.reverted = True
            self.env.flush_all()
            payload = line.payload
            if not payload:
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
        change, later = {}, []
        for name, value in old.items():
            if name in summed:
                change[name] = (current[name] or 0) - ((new[name] or 0) - (value or 0))
            elif current[name] == new[name]:
                change[name] = value
            elif current[name] != value:
                later.append(name)
        if line.table_name == "loyalty_card" and change.get("points", 0) < 0:
            later.append("points")
            self._cover_points(line, -change["points"])
            change["points"] = 0
        if line.table_name == "res_partner":
            self._revert_golden(row_id, {name: change.pop(name) for name in list(change) if name in self._get_golden()})
        self._write_columns(line.table_name, {row_id: change})
        # Golden values are decided anew from the profiles.
        later = [name for name in later if line.table_name != "res_partner" or name not in self._get_resolved_columns()]
        if later and not quiet and line.table_name != "hospitality_profile":
            for name in later:
                self._report(report, "kept", line.table_name, name, [row_id], row_id)
        if line.table_name == "hospitality_profile" and "values" in change:
            profile = self.env["hospitality.profile"].browse(row_id)
            profile.invalidate_recordset()
            profile.with_context(hospitality_keep_golden=True).write({"values": profile.values})

    def _revert_golden(self, partner_id, change):
        """Give a winner golden values back the way the merge has written them, with what follows from them."""
        if change:
            current = self.env["hospitality.bulk.guest"]._read_current([partner_id])
            self.env["hospitality.bulk.partner"]._update_partners({partner_id: change}, current)
            self.env.flush_all()
            self.env.invalidate_all(flush=False)

    def _restore_golden(self):
        """Give the winner the golden values of before the merge: his own profiles say what they said then."""
        original = {}
        lines = self.line_ids.filtered(lambda line: line.kind == "value" and line.table_name == "res_partner")
        for line in lines.sorted("id"):
            for name, value in (line.payload or {}).get("old", {}).items():
                if name in self._get_golden():
                    original.setdefault(name, value)
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
            before[row.partner_id.id].update(
                {name: payload[name] for name in ("ref", "barcode", "vat") if payload.get(name) is not None}
            )
        self._settle(plan, before, again=True)
        self._journal(plan.lines)

    # -- report ----------------------------------------------------------------------------------

    @api.model
    def _report(self, report, kind, table, column, ids, partner_id):
        model = self._get_model_of_table(table)
        report[kind].append(
            {
                "model": model,
                "table": table,
                "field": column,
                "ids": sorted(ids)[:_NAMED],
                "count": len(ids),
                "partner_id": partner_id,
            }
        )

    def _report_changed(self, source, line, ids, loser, report):
        """List those of the rows that still exist and point at somebody else."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT %(key)s FROM %(table)s t WHERE %(key)s = ANY(%(ids)s::int[]) AND %(refers)s",
                key=SQL.identifier("t", source.key),
                table=SQL.identifier(source.table),
                ids=pg_int_array(ids),
                refers=source.refers("t"),
            )
        )
        if rows:
            self._report(report, "kept", source.table, source.column, [row[0] for row in rows], loser)

    def _list_newcomers(self, chain, report):
        """List the rows that were made for the winner after the merge: who they belong to is a person's call."""
        shortcuts = {source for table in self._get_tables() for source in table.sources if source.profile}
        for table in self._get_tables():
            if "create_date" not in table.columns or table.name in ("mail_message", "mail_followers"):
                continue
            for source in table.sources:
                if source.kind not in ("fk", "pair") or source in shortcuts or source.key != "id":
                    continue
                rows = self.env.execute_query(
                    SQL(
                        "SELECT t.id FROM %s t WHERE %s = ANY(%s) AND %s AND t.create_date > %s AND t.id <> ALL(%s)"
                        " ORDER BY 1",
                        SQL.identifier(table.name),
                        source.col("t"),
                        chain,
                        source.refers("t"),
                        self.merged_at,
                        chain if table.name == "res_partner" else [0],
                    )
                )
                if rows:
                    self._report(
                        report, "asked", table.name, source.column, [row[0] for row in rows], self.winner_id.id
                    )
