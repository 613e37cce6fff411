import psycopg2

from odoo import api, models, tools
from odoo.tools import SQL, mute_logger

from ...tools.arrays import pg_int_array
from .merge_source import PARTNER


class HospitalityMerge(models.Model):
    """Rows that go back to the contact they were taken from, by kind of reference."""

    _inherit = "hospitality.merge"

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

        :return: those that do now (dict: key -> who of the chain had the row), and the keys of those that a row of
            the same key has kept from it
        """
        source = self._get_source(line.table_name, line.column_name)
        blocked = []
        if source is None:
            self._report(report, "kept", line.table_name, line.column_name, ids, loser)
            return {}, blocked
        update = getattr(self, f"_return_{source.kind}")
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint(flush=False):
                returned = update(source, line, ids, loser, chain)
        except psycopg2.IntegrityError:
            returned = {}
            for row_id in ids:
                try:
                    with mute_logger("odoo.sql_db"), self.env.cr.savepoint(flush=False):
                        returned |= update(source, line, [row_id], loser, chain)
                except psycopg2.IntegrityError:
                    blocked.append(row_id)
        missing = sorted(set(ids) - set(returned) - set(blocked))
        if missing:
            self._report_changed(source, line, missing, loser, report)
        return returned, blocked

    def _return_fk(self, source, line, ids, loser, chain):
        if source.key == "id":
            return dict.fromkeys(self._return_keys(source, ids, loser, chain), chain[-1])
        # Rows of a relation have no id: the one that stopped first on the way is the loser's, later ones are winners'.
        returned = {}
        for partner in chain:
            left = [key for key in ids if key not in returned]
            if left:
                returned |= dict.fromkeys(self._return_keys(source, left, loser, [partner]), partner)
        return returned

    def _return_keys(self, source, ids, loser, chain):
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
        accepted = [f"{PARTNER},{partner}" for partner in chain]
        return dict.fromkeys(self._return_text(source, ids, f"{PARTNER},{loser}", accepted), chain[-1])

    def _return_default(self, source, line, ids, loser, chain):
        accepted = [str(partner) for partner in chain]
        return dict.fromkeys(self._return_text(source, ids, str(loser), accepted), chain[-1])

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

    def _release(self, line, returned, chain, downstream):
        """Take rows that went back out of the journals of later merges: they don't pass there any more.

        They came there by the winner and by whom he was merged into, as far as each row went. Others may have brought a
        row of the same key, and whoever was further on the way may have one of his own.

        :param dict returned: key -> who of the chain had the row
        """
        source = returned and downstream and self._get_source(line.table_name, line.column_name)
        if source and source.kind in ("company", "properties"):
            self._release_entries(line, returned, downstream)
        elif source:
            for place in set(returned.values()):
                passed = chain[: chain.index(place) + 1]
                keys = pg_int_array(key for key, found in returned.items() if found == place)
                self.env.cr.execute(
                    SQL(
                        "UPDATE hospitality_merge_line"
                        " SET row_ids = ARRAY(SELECT unnest(row_ids) EXCEPT SELECT unnest(%s::int[]))"
                        " WHERE loser_id = ANY(%s) AND table_name = %s AND column_name = %s"
                        " AND kind IN ('moved', 'conflict') AND row_ids && %s::int[]",
                        keys,
                        downstream.member_ids.filtered(lambda row, passed=passed: row.partner_id.id in passed).ids,
                        line.table_name,
                        line.column_name,
                        keys,
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
