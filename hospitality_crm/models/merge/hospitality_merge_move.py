from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array
from .merge_source import PARTNER, catalogue_sql, typed_hash


class HospitalityMerge(models.Model):
    """Moving rows from losers to winners: one statement per column, journalled by the same statement."""

    _inherit = "hospitality.merge"

    # -- profiles ----------------------------------------------------------------------------

    @api.model
    def _move_profiles(self, plan):
        """Assign the source profiles of the losers to the winners; their own ``odoo`` profiles retire.

        :return: rows with the ids of the merged contacts that had any
        """
        odoo = self.env["hospitality.profile"]._default_source_id()
        return self.env.execute_query(
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
                   UPDATE hospitality_merge_loser l SET profile_ids = coalesce(l.profile_ids, '{}') || n.ids
                     FROM (SELECT loser_id, array_agg(id ORDER BY id) AS ids FROM moved GROUP BY 1) AS n
                    WHERE l.id = n.loser_id RETURNING l.id""",
                map=plan.relation(),
                odoo=odoo.id,
            )
        )

    # -- rows --------------------------------------------------------------------------------

    @api.model
    def _move_rows(self, plan):
        """Point every row of the losers at their winners, in all tables."""
        self._find_touched(plan, _NO_JIT if plan.bulk else _FEW_ROWS)
        tables = [table for table in self._get_tables() if plan.touches(table)]
        guarded = [table for table in tables if table.uniques or table.checks]
        # Few contacts: one question and one order for all tables. Many: table by table.
        for part in plan.portion(guarded):
            plan.parked.update(self._find_conflicts(plan, part))
        self._leave_again(plan)
        moves = [move for table in tables for move in self._get_moves(plan, table)]
        orders = plan.portion(moves) or [[]]
        orders[-1].append(_RESET)
        for part in orders:
            order = SQL("; ").join(part)
            self.env.cr.execute(order)
        self._journal_parked(plan)

    @api.model
    def _find_touched(self, plan, settings=None):
        """Find out which sources have rows of the losers. For many losers all are taken to have some.

        :param SQL settings: of the planner, from here on
        """
        filled, plan.properties = self._find_filled(settings)
        if plan.bulk:
            return
        rows = self.env.execute_query(self._get_probe(plan.losers, filled, plan.properties))
        positions = {position for (found,) in rows for position in found}
        sources = [source for table in self._get_tables() for source in table.sources]
        plan.touched = {(sources[position].table, sources[position].column) for position in positions}

    @api.model
    def _get_moves(self, plan, table):
        """Return the statements that move the rows of one table; those that can't be moved are journalled."""
        moves = []
        parked = [row for row, *_rest in plan.parked.get(table.name, ())]
        joint = [source for source in table.joint if plan.touches(source)]
        if joint:
            moves.append(self._move_jointly(plan, table, joint, parked))
        for source in table.sources:
            if plan.touches(source) and source not in joint:
                move = getattr(self, f"_move_{source.kind}")(plan, table, source, parked)
                if move is not None:
                    moves.append(move)
        return moves

    @api.model
    def _find_conflicts(self, plan, tables):
        """Return the rows that would break a unique key or a check at their winner.

        The tables are looked at as they would be afterwards: rows of the winner come first, then those
        of the losers; every row that repeats a key stays.

        :return: dict table name -> list of ``(ctid, key, id of the merged contact, merge id)``
        """
        relations, found = [], []
        for number, table in enumerate(tables):
            name = SQL.identifier(f"after{number}")
            relations.append(SQL("%s AS MATERIALIZED (%s)", name, self._get_after(plan, table)))
            queries = [self._repeats(unique, name) for unique in table.uniques]
            queries += [
                SQL(
                    "SELECT hm_row, hm_key, hm_owner, hm_merge FROM %s WHERE hm_moved > 0 AND NOT (%s)",
                    name,
                    catalogue_sql(check),
                )
                for check in table.checks
            ]
            found += [SQL("SELECT %s::int, q.* FROM (%s) AS q", number, query) for query in queries]
        parked = {}
        if found:
            query = SQL("WITH %s %s", SQL(", ").join(relations), SQL(" UNION ").join(found))
            for number, *row in self.env.execute_query(query):
                parked.setdefault(tables[number].name, []).append(tuple(row))
        return parked

    @api.model
    def _get_after(self, plan, table):
        """Return the query of the rows of all members as they would be at their winners."""
        sources = [source for source in table.sources if source.kind in ("fk", "pair")]
        joins, columns, moved, owners, merges, scope = [], [], [], [], [], []
        members = pg_int_array(plan.members)
        keep = SQL("AND NOT (%s)", table.keep) if table.keep is not None else SQL()
        for number, source in enumerate(sources):
            alias = f"m{number}"
            condition = SQL("%s = %s AND %s", SQL.identifier(alias, "loser"), source.col("t"), source.refers("t"))
            joins.append(SQL("LEFT JOIN %s ON %s %s", plan.relation(alias), condition, keep))
            winner = SQL("coalesce(%s, %s)", SQL.identifier(alias, "winner"), source.col("t"))
            columns.append(SQL("%s AS %s", winner, SQL.identifier(source.column)))
            moved.append(SQL("(%s IS NOT NULL)::int", SQL.identifier(alias, "loser")))
            owners.append(SQL.identifier(alias, "loser_id"))
            merges.append(SQL.identifier(alias, "merge_id"))
            scope.append(SQL("(%s = ANY(%s::int[]) AND %s)", source.col("t"), members, source.refers("t")))
        changed = {source.column for source in sources}
        columns += [SQL.identifier("t", name) for name in sorted(table.needs - changed)]
        if any(not unique.own for unique in table.uniques):
            scope = [SQL("TRUE")]
        return SQL(
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

    @api.model
    def _repeats(self, unique, after):
        """Return the query of the moved rows that repeat a unique key in the relation ``after``."""
        exprs = [SQL("(%s)", catalogue_sql(expr)) for expr in unique.exprs]
        where = [SQL("(%s)", catalogue_sql(unique.where))] if unique.where else []
        if not unique.nulls_equal:
            where += [SQL("%s IS NOT NULL", expr) for expr in exprs]
        return SQL(
            "SELECT hm_row, hm_key, hm_owner, hm_merge FROM ("
            "SELECT *, row_number() OVER (PARTITION BY %s ORDER BY hm_moved, hm_owner, hm_key) AS hm_nth"
            " FROM %s WHERE %s) AS ranked WHERE hm_nth > 1 AND hm_moved > 0",
            SQL(", ").join(exprs),
            after,
            SQL(" AND ").join(where) if where else SQL("TRUE"),
        )

    @api.model
    def _move_fk(self, plan, table, source, parked):
        loose = SQL("TRUE") if source.profile is None else SQL("loose")
        where = [SQL("%s = m.loser", source.col("t")), source.refers("t")]
        if parked:
            where.append(SQL("t.ctid <> ALL(%s::tid[])", parked))
        return self._move(
            source,
            "moved",
            SQL(
                "UPDATE %(table)s t SET %(column)s = m.winner FROM %(map)s WHERE %(where)s"
                " RETURNING %(key)s AS key, m.merge_id, m.loser_id, %(loose)s AS loose, %(shown)s AS shown",
                table=SQL.identifier(source.table),
                column=SQL.identifier(source.column),
                map=plan.relation(),
                where=SQL(" AND ").join(where),
                shown=_to_json(source),
                key=SQL.identifier("t", source.key),
                loose=SQL("TRUE") if source.profile is None else SQL("%s IS NULL", SQL.identifier("t", source.profile)),
            ),
            loose,
            SQL("jsonb_build_object('shown', jsonb_object_agg(key::text, shown))") if source.shown else None,
        )

    _move_pair = _move_fk

    @api.model
    def _move_jointly(self, plan, table, sources, parked):
        """Return the statement that moves the rows of several columns of a table at once, and journals each column.

        Every row is written once, whatever number of its columns changes. Rows that may not be changed are written
        down as kept, in the first look at them, and are read through the pointer.
        """
        assignments, columns, lines = [], [], []
        for nth, source in enumerate(sources):
            old, new, merge, owner = (SQL.identifier(f"hm_{name}{nth}") for name in ("old", "new", "merge", "owner"))
            column, loose, shown = source.col("t"), SQL.identifier(f"hm_loose{nth}"), SQL.identifier(f"hm_shown{nth}")
            # Somebody else may have changed the row since it was found.
            assignments.append(
                SQL(
                    "%(name)s = CASE WHEN %(column)s = f.%(old)s THEN f.%(new)s ELSE %(column)s END",
                    name=SQL.identifier(source.column),
                    column=column,
                    old=old,
                    new=new,
                )
            )
            columns.append(
                SQL(
                    "%(column)s = f.%(new)s AND %(loose)s AS %(is_loose)s, %(shown)s AS %(is_shown)s",
                    column=column,
                    new=new,
                    loose=SQL("TRUE")
                    if source.profile is None
                    else SQL("%s IS NULL", SQL.identifier("t", source.profile)),
                    is_loose=loose,
                    shown=_to_json(source),
                    is_shown=shown,
                )
            )
            line = SQL(
                "%s AS nth, %s::text AS name, hm_key, %s AS merge_id, %s AS loser_id", nth, source.column, merge, owner
            )
            lines.append(SQL("SELECT 'moved' AS kind, %s, %s AS shown FROM moved WHERE %s", line, shown, loose))
            if table.keep is not None and plan.left is None:
                lines.append(
                    SQL(
                        "SELECT 'kept' AS kind, %s, NULL::jsonb FROM found WHERE hm_kept AND %s IS NOT NULL",
                        line,
                        merge,
                    )
                )
        return SQL(
            """WITH found AS MATERIALIZED (%(found)s),
                   moved AS (UPDATE %(table)s t SET %(assignments)s FROM found f
                              WHERE t.id = f.hm_key AND NOT f.hm_kept AND NOT %(keep)s RETURNING f.*, %(columns)s)
                   INSERT INTO hospitality_merge_line
                          (merge_id, loser_id, kind, table_name, column_name, key_name, row_ids, payload)
                   SELECT merge_id, loser_id, kind, %(name)s, name, 'id', array_agg(hm_key ORDER BY hm_key),
                          CASE WHEN count(shown) > 0
                               THEN jsonb_build_object('shown', jsonb_object_agg(hm_key::text, shown)) END
                     FROM (%(lines)s) AS n GROUP BY nth, name, kind, merge_id, loser_id ORDER BY nth, kind""",
            found=self._find_jointly(plan, table, sources, parked),
            table=SQL.identifier(table.name),
            name=table.name,
            keep=SQL("FALSE") if table.keep is None else SQL("(%s)", table.keep),
            assignments=SQL(", ").join(assignments),
            columns=SQL(", ").join(columns),
            lines=SQL(" UNION ALL ").join(lines),
        )

    @api.model
    def _find_jointly(self, plan, table, sources, parked):
        """Return the query of the rows of losers in several columns: whom each means, and who takes his place."""
        joins, columns, scope = [], [], []
        for nth, source in enumerate(sources):
            alias = f"m{nth}"
            condition = SQL("%s = %s AND %s", source.col("t"), SQL.identifier(alias, "loser"), source.refers("t"))
            if table.name == "res_partner":  # a contact is its own commercial entity
                condition = SQL("%s AND t.id <> %s", condition, SQL.identifier(alias, "loser"))
            joins.append(SQL("LEFT JOIN %s ON %s", plan.relation(alias), condition))
            for name, given in (("old", "loser"), ("new", "winner"), ("merge", "merge_id"), ("owner", "loser_id")):
                columns.append(SQL("%s AS %s", SQL.identifier(alias, given), SQL.identifier(f"hm_{name}{nth}")))
            scope.append(self._is_of_losers(plan, table, source))
        where = [
            SQL("t.id IN (%s)", SQL(" UNION ").join(scope)) if plan.temporary else SQL("(%s)", SQL(" OR ").join(scope)),
            SQL(
                "num_nonnulls(%s) > 0",
                SQL(", ").join(SQL.identifier(f"m{nth}", "loser") for nth in range(len(sources))),
            ),
        ]
        if parked:
            where.append(SQL("t.ctid <> ALL(%s::tid[])", parked))
        return SQL(
            "SELECT t.id AS hm_key, %(kept)s AS hm_kept, %(columns)s FROM %(table)s t %(joins)s WHERE %(where)s",
            kept=SQL("FALSE") if table.keep is None else SQL("coalesce(%s, FALSE)", table.keep),
            columns=SQL(", ").join(columns),
            table=SQL.identifier(table.name),
            joins=SQL(" ").join(joins),
            where=SQL(" AND ").join(where),
        )

    @api.model
    def _is_of_losers(self, plan, table, source):
        """Return what finds the rows of losers in a column: a condition; for many of them a query of ids."""
        if not plan.temporary:
            return SQL("(%s = ANY(%s::int[]) AND %s)", source.col("t"), pg_int_array(plan.losers), source.refers("t"))
        return SQL(
            "SELECT t.id FROM %s JOIN %s t ON %s = m.loser WHERE %s",
            plan.relation(),
            SQL.identifier(table.name),
            source.col("t"),
            source.refers("t"),
        )

    @api.model
    def _move_reference(self, plan, table, source, parked):
        return self._move(
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
        return self._move(
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
    def _move(self, source, kind, update, where=None, payload=None, first=None):
        """Return the statement that runs an update returning ``key merge_id loser_id`` and journals it.

        :param SQL first: further common table expressions for the update, with a comma at their end
        """
        return SQL(
            """WITH %(first)smoved AS (%(update)s)
                   INSERT INTO hospitality_merge_line
                          (merge_id, loser_id, kind, table_name, column_name, key_name, row_ids, payload)
                   SELECT merge_id, loser_id, %(kind)s, %(table)s, %(column)s, %(key)s, array_agg(key ORDER BY key),
                          %(payload)s
                     FROM moved WHERE %(where)s GROUP BY merge_id, loser_id""",
            first=first or SQL(),
            update=update,
            kind=kind,
            table=source.table,
            column=source.column,
            key=source.key,
            payload=payload or SQL("NULL::jsonb"),
            where=where or SQL("TRUE"),
        )

    # -- what stays --------------------------------------------------------------------------

    @api.model
    def _journal_parked(self, plan):
        """Write down which rows stay with the archived contact because the winner has their like."""
        tables = {table.name: table for table in self._get_tables()}
        for name, rows in plan.parked.items():
            lines = {}
            for _row, key, loser_id, merge_id in rows:
                if merge_id is None or (plan.left and key in plan.left.get(name, ())):
                    continue
                lines.setdefault((merge_id, loser_id), set()).add(key)
            plan.lines += [
                {
                    "merge_id": merge_id,
                    "loser_id": loser_id,
                    "kind": "conflict",
                    "table_name": name,
                    "column_name": tables[name].sources[0].column,
                    "key_name": tables[name].key,
                    "row_ids": sorted(keys),
                }
                for (merge_id, loser_id), keys in lines.items()
            ]

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


def _to_json(source):
    """Return the SQL of what the row ``t`` shows of its contact, with a hash of all that people type into it."""
    if not source.shown:
        return SQL("NULL::jsonb")
    pairs = [SQL("%s::text, %s", name, SQL.identifier("t", name)) for name, _column, _typed in source.shown]
    return SQL("jsonb_build_object('hm_typed', %s, %s)", typed_hash(source), SQL(", ").join(pairs))


# Keep the planner from reading whole tables for a handful of contacts. Where a column is unevenly filled (one follower
# of most records) it would do so for every contact, with processes of their own to help. With many contacts it knows
# best. Compiling such statements takes longer than any statement of a merge: that stays forbidden until the end of the
# transaction. Settings go with the first statement and the last one: each trip to the server takes its time.
_NO_JIT = SQL("SET LOCAL jit = off")
_FEW_ROWS = SQL(
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;"
    "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"
)
_RESET = SQL(
    "SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL enable_hashjoin TO DEFAULT;"
    "SET LOCAL enable_mergejoin TO DEFAULT; SET LOCAL max_parallel_workers_per_gather TO DEFAULT"
)
