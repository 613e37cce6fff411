from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array
from .merge_source import PARTNER


class HospitalityMerge(models.Model):
    """Moving rows from losers to winners: one statement per column, journalled by the same statement."""

    _inherit = "hospitality.merge"

    # -- profiles ----------------------------------------------------------------------------

    @api.model
    def _move_profiles(self, plan):
        """Assign the source profiles of the losers to the winners; their own ``odoo`` profiles retire."""
        odoo = self.env["hospitality.profile"]._default_source_id()
        self.env.cr.execute(
            SQL(
                """WITH retired AS (
                       SELECT p.id, m.merge_id, m.loser_id FROM %(map)s
                         JOIN hospitality_profile p ON p.partner_id = m.loser
                        WHERE p.source_id = %(odoo)s AND p.state = 'live'),
                   moved AS (
                       UPDATE hospitality_profile p
                          SET partner_id = m.winner,
                              state = CASE WHEN p.source_id = %(odoo)s AND p.state = 'live' THEN 'superseded'
                                           ELSE p.state END
                         FROM %(map)s WHERE p.partner_id = m.loser
                    RETURNING p.id, m.loser_id),
                   journal AS (
                       INSERT INTO hospitality_merge_line
                              (merge_id, loser_id, kind, table_name, column_name, key_name, row_ids, payload)
                       SELECT merge_id, loser_id, 'value', 'hospitality_profile', 'state', 'id', array_agg(id),
                              '{"old": {"state": "live"}, "new": {"state": "superseded"}}'
                         FROM retired GROUP BY 1, 2)
                   UPDATE hospitality_merge_loser l SET profile_ids = n.ids
                     FROM (SELECT loser_id, array_agg(id ORDER BY id) AS ids FROM moved GROUP BY 1) AS n
                    WHERE l.id = n.loser_id""",
                map=plan.relation(),
                odoo=odoo.id,
            )
        )

    # -- rows --------------------------------------------------------------------------------

    @api.model
    def _move_rows(self, plan):
        """Point every row of the losers at their winners, in all tables."""
        touched = self._find_touched(plan)
        with self._planner_settings(plan):
            position = 0
            for table in self._get_tables():
                sources = []
                for source in table.sources:
                    if touched is None or position in touched:
                        sources.append(source)
                    position += 1
                if sources:
                    self._move_table(plan, table, sources)

    @api.model
    def _planner_settings(self, plan):
        return _PlannerSettings(self.env.cr, plan.bulk)

    @api.model
    def _find_touched(self, plan):
        """Return the positions of the sources that have rows of the losers; None: all may have.

        One prepared statement asks all tables; its plan is made once per connection.
        """
        if plan.bulk:
            return None
        cr = self.env.cr
        name, query = self._get_probe()
        cr.execute("SELECT FROM pg_prepared_statements WHERE name = %s", (name,))
        if not cr.rowcount:
            cr.execute(SQL("PREPARE %s (int[], text[], text[]) AS %s", SQL.identifier(name), SQL(query)))
        with _PlannerSettings(cr, False):
            cr.execute(
                SQL(
                    "EXECUTE %s (%s, %s, %s)",
                    SQL.identifier(name),
                    pg_int_array(plan.losers),
                    pg_array([f"{PARTNER},{loser}" for loser in plan.losers]),
                    pg_array([str(loser) for loser in plan.losers]),
                )
            )
            return {row[0] for row in cr.fetchall()}

    @api.model
    def _move_table(self, plan, table, sources):
        """Move the rows of one table; those that can't be moved stay and are journalled as such."""
        parked = self._find_conflicts(plan, table) if table.uniques or table.checks else []
        for source in sources:
            getattr(self, f"_move_{source.kind}")(plan, table, source, [row for row, *_rest in parked])
        self._journal_parked(table, parked)
        if table.keep is not None:
            self._journal_kept(plan, table, sources)

    @api.model
    def _find_conflicts(self, plan, table):
        """Return the rows that would break a unique key or a check at their winner.

        The table is looked at as it would be afterwards: rows of the winner come first, then those of the
        losers; every row that repeats a key stays.

        :return: list of ``(ctid, key, id of the merged contact, merge id)``
        """
        sources = [source for source in table.sources if source.kind in ("fk", "pair")]
        joins, columns, moved, owners, merges, scope = [], [], [], [], [], []
        members = pg_int_array(plan.members)
        keep = SQL("AND NOT (%s)", table.keep) if table.keep is not None else SQL()
        for number, source in enumerate(sources):
            alias = f"m{number}"
            joins.append(
                SQL(
                    "LEFT JOIN %s ON %s = %s AND %s %s",
                    plan.relation(alias),
                    SQL.identifier(alias, "loser"),
                    source.col("t"),
                    source.refers("t"),
                    keep,
                )
            )
            columns.append(
                SQL(
                    "coalesce(%s, %s) AS %s",
                    SQL.identifier(alias, "winner"),
                    source.col("t"),
                    SQL.identifier(source.column),
                )
            )
            moved.append(SQL("(%s IS NOT NULL)::int", SQL.identifier(alias, "loser")))
            owners.append(SQL.identifier(alias, "loser_id"))
            merges.append(SQL.identifier(alias, "merge_id"))
            scope.append(SQL("(%s = ANY(%s::int[]) AND %s)", source.col("t"), members, source.refers("t")))
        changed = {source.column for source in sources}
        columns += [SQL.identifier("t", name) for name in sorted(table.needs - changed)]
        if any(not unique.own for unique in table.uniques):
            scope = [SQL("TRUE")]
        after = SQL(
            "SELECT t.ctid AS hm_row, %(key)s AS hm_key, %(moved)s AS hm_moved, coalesce(%(owners)s) AS hm_owner,"
            " coalesce(%(merges)s) AS hm_merge, %(columns)s FROM %(table)s t %(joins)s WHERE %(scope)s",
            key=SQL.identifier("t", table.key),
            moved=SQL(" + ").join(moved),
            owners=SQL(", ").join(owners),
            merges=SQL(", ").join(merges),
            columns=SQL(", ").join(columns),
            table=SQL.identifier(table.name),
            joins=SQL(" ").join(joins),
            scope=SQL(" OR ").join(scope),
        )
        found = [self._repeats(unique) for unique in table.uniques]
        found += [
            SQL(
                "SELECT hm_row, hm_key, hm_owner, hm_merge FROM after WHERE hm_moved > 0 AND NOT (%s)",
                SQL(check.replace("%", "%%")),
            )
            for check in table.checks
        ]
        return self.env.execute_query(
            SQL("WITH after AS MATERIALIZED (%s) %s", after, SQL(" UNION ").join(found)),
        )

    @api.model
    def _repeats(self, unique):
        """Return the query of the moved rows that repeat a unique key of the relation ``after``."""
        exprs = [SQL("(%s)", SQL(expr.replace("%", "%%"))) for expr in unique.exprs]
        where = [SQL("(%s)", SQL(unique.where.replace("%", "%%")))] if unique.where else []
        if not unique.nulls_equal:
            where += [SQL("%s IS NOT NULL", expr) for expr in exprs]
        return SQL(
            "SELECT hm_row, hm_key, hm_owner, hm_merge FROM ("
            "SELECT *, row_number() OVER (PARTITION BY %s ORDER BY hm_moved, hm_owner, hm_key) AS hm_nth"
            " FROM after WHERE %s) AS ranked WHERE hm_nth > 1 AND hm_moved > 0",
            SQL(", ").join(exprs),
            SQL(" AND ").join(where) if where else SQL("TRUE"),
        )

    @api.model
    def _move_fk(self, plan, table, source, parked):
        loose = SQL("TRUE") if source.profile is None else SQL("loose")
        where = [SQL("%s = m.loser", source.col("t")), source.refers("t")]
        if parked:
            where.append(SQL("t.ctid <> ALL(%s::tid[])", parked))
        if table.keep is not None:
            where.append(SQL("NOT (%s)", table.keep))
        if table.name == "res_partner":
            where.append(SQL("t.id <> m.loser"))
        self._move(
            plan,
            source,
            "moved",
            SQL(
                "UPDATE %(table)s t SET %(column)s = m.winner FROM %(map)s WHERE %(where)s"
                " RETURNING %(key)s AS key, m.merge_id, m.loser_id, %(loose)s AS loose",
                table=SQL.identifier(source.table),
                column=SQL.identifier(source.column),
                map=plan.relation(),
                where=SQL(" AND ").join(where),
                key=SQL.identifier("t", source.key),
                loose=SQL("TRUE") if source.profile is None else SQL("%s IS NULL", SQL.identifier("t", source.profile)),
            ),
            loose,
        )

    _move_pair = _move_fk

    @api.model
    def _move_reference(self, plan, table, source, parked):
        self._move(
            plan,
            source,
            "moved",
            SQL(
                "UPDATE %(table)s t SET %(column)s = %(model)s || ',' || m.winner FROM %(map)s"
                " WHERE %(value)s = %(model)s || ',' || m.loser RETURNING t.id AS key, m.merge_id, m.loser_id",
                table=SQL.identifier(source.table),
                column=SQL.identifier(source.column),
                value=source.col("t"),
                model=PARTNER,
                map=plan.relation(),
            ),
        )

    @api.model
    def _move_default(self, plan, table, source, parked):
        self._move(
            plan,
            source,
            "moved",
            SQL(
                "UPDATE ir_default t SET json_value = m.winner::text FROM %(map)s, ir_model_fields f"
                " WHERE t.json_value = m.loser::text AND f.id = t.field_id AND f.ttype = 'many2one'"
                " AND f.relation = %(model)s RETURNING t.id AS key, m.merge_id, m.loser_id",
                map=plan.relation(),
                model=PARTNER,
            ),
        )

    @api.model
    def _move_company(self, plan, table, source, parked):
        """Point the entries of a company-dependent column at the winners, company by company."""
        self._move(
            plan,
            source,
            "moved",
            SQL(
                "UPDATE %(table)s t SET %(column)s = n.after FROM ("
                "SELECT s.id, jsonb_object_agg(e.key, coalesce(to_jsonb(m.winner), e.value)) AS after,"
                " jsonb_object_agg(e.key, e.value) FILTER (WHERE m.loser IS NOT NULL) AS before,"
                " min(m.merge_id) AS merge_id, min(m.loser_id) AS loser_id"
                " FROM %(table)s s CROSS JOIN jsonb_each(%(value)s) AS e LEFT JOIN %(map)s ON to_jsonb(m.loser) = e.value"
                " WHERE jsonb_typeof(%(value)s) = 'object' GROUP BY s.id HAVING count(m.loser) > 0) AS n"
                " WHERE t.id = n.id RETURNING t.id AS key, n.merge_id, n.loser_id, n.before",
                table=SQL.identifier(source.table),
                column=SQL.identifier(source.column),
                value=source.col("s"),
                map=plan.relation(),
            ),
            payload=SQL("jsonb_object_agg(key::text, before)"),
        )

    @api.model
    def _move(self, plan, source, kind, update, where=None, payload=None):
        """Run an update that returns ``key merge_id loser_id`` and write its journal in the same statement."""
        self.env.cr.execute(
            SQL(
                """WITH moved AS (%(update)s)
                   INSERT INTO hospitality_merge_line
                          (merge_id, loser_id, kind, table_name, column_name, key_name, row_ids, payload)
                   SELECT merge_id, loser_id, %(kind)s, %(table)s, %(column)s, %(key)s, array_agg(key ORDER BY key),
                          %(payload)s
                     FROM moved WHERE %(where)s GROUP BY merge_id, loser_id""",
                update=update,
                kind=kind,
                table=source.table,
                column=source.column,
                key=source.key,
                payload=payload or SQL("NULL::jsonb"),
                where=where or SQL("TRUE"),
            )
        )

    # -- what stays --------------------------------------------------------------------------

    @api.model
    def _journal_parked(self, table, parked):
        """Write down which rows stay with the archived contact because the winner has their like."""
        lines = {}
        for _row, key, loser_id, merge_id in parked:
            lines.setdefault((merge_id, loser_id), []).append(key)
        self._journal(
            [
                {
                    "merge_id": merge_id,
                    "loser_id": loser_id,
                    "kind": "conflict",
                    "table_name": table.name,
                    "column_name": table.sources[0].column,
                    "key_name": table.key,
                    "row_ids": sorted(set(keys)),
                }
                for (merge_id, loser_id), keys in lines.items()
            ]
        )

    @api.model
    def _journal_kept(self, plan, table, sources):
        """Write down which rows may not be changed and are read through the pointer."""
        for source in sources:
            self._move(
                plan,
                source,
                "kept",
                SQL(
                    "SELECT %(key)s AS key, m.merge_id, m.loser_id FROM %(map)s JOIN %(table)s t ON %(column)s = m.loser"
                    " WHERE %(refers)s AND (%(keep)s)",
                    key=SQL.identifier("t", source.key),
                    map=plan.relation(),
                    table=SQL.identifier(source.table),
                    column=source.col("t"),
                    refers=source.refers("t"),
                    keep=table.keep,
                ),
            )

    @api.model
    def _journal(self, lines):
        """Write lines of the journal.

        :param lines: list of dicts by column of ``hospitality.merge.line``; ``payload`` is plain data
        """
        if not lines:
            return
        names = ("merge_id", "loser_id", "kind", "table_name", "column_name", "key_name", "row_ids", "payload")
        rows = self.env["hospitality.merge.line"]._to_rows(lines, names)
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_merge_line (%s) SELECT n.merge_id::int, n.loser_id::int, n.kind, n.table_name,"
                " n.column_name, n.key_name, n.row_ids::int[], n.payload::jsonb"
                " FROM unnest(%s) AS n (%s)",
                SQL(", ").join(map(SQL.identifier, names)),
                SQL(", ").join(SQL("%s::text[]", pg_array(column)) for column in rows),
                SQL(", ").join(map(SQL.identifier, names)),
            )
        )


class _PlannerSettings:
    """Keep the planner from reading whole tables for a handful of contacts.

    Where a column is unevenly filled (one follower of most records) it would do so for every
    contact. With many contacts it knows best.
    """

    _OFF = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;"
    _GENERIC = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL jit = off"
    _RESET = (
        "SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL enable_hashjoin TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT;"
        "SET LOCAL plan_cache_mode TO DEFAULT; SET LOCAL jit TO DEFAULT"
    )

    def __init__(self, cr, bulk):
        self.cr = cr
        self.bulk = bulk

    def __enter__(self):
        self.cr.execute("SET LOCAL jit = off" if self.bulk else self._OFF + self._GENERIC)

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.cr.execute(self._RESET)
