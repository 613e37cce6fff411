import json

from odoo import api, models, tools
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array
from .merge_source import PARTNER


class HospitalityMerge(models.Model):
    """References to contacts inside JSON columns: one per company, or in properties that users have defined."""

    _inherit = "hospitality.merge"

    @api.model
    @tools.ormcache(cache="stable")
    def _get_definition_columns(self):
        """Return the columns in which users define properties: ``[(table, column)]``."""
        return [
            (model._table, field.name)
            for model in self.env.registry.values()
            if model._auto and not model._abstract and not model._transient
            for field in model._fields.values()
            if field.type == "properties_definition" and field.store and not field.inherited
        ]

    @api.model
    def _get_property_names(self):
        """Return the query of the names of all properties that hold contacts; they are unique in a database."""
        like = json.dumps([{"comodel": PARTNER}])
        parts = [
            SQL(
                "SELECT p ->> 'name' FROM %(table)s d, jsonb_array_elements(d.%(column)s) AS p"
                " WHERE d.%(column)s @> %(like)s::jsonb AND p ->> 'comodel' = %(model)s",
                table=SQL.identifier(table),
                column=SQL.identifier(column),
                like=like,
                model=PARTNER,
            )
            for table, column in self._get_definition_columns()
        ]
        return SQL(" UNION ALL ").join(parts or [SQL("SELECT NULL::text WHERE FALSE")])

    # -- there ---------------------------------------------------------------------------------

    @api.model
    def _move_company(self, plan, table, source, parked):
        """Point the entries of a company-dependent column at the winners, company by company."""
        return self._move_entries(plan, source, SQL("TRUE"))

    @api.model
    def _move_properties(self, plan, table, source, parked):
        """Point properties at the winners, those of one contact and those of several."""
        if not plan.properties:
            return None
        return self._move_entries(plan, source, SQL("e.key = ANY(%s::text[])", pg_array(plan.properties)))

    @api.model
    def _move_entries(self, plan, source, entries):
        """Return the statement that replaces losers by winners in the entries of a JSON object, and journals it.

        :param SQL entries: which entries ``e`` may hold contacts
        """
        found = SQL(
            """SELECT t.id, e.key, e.value, m.winner, m.merge_id, m.loser_id
                 FROM %(table)s t CROSS JOIN jsonb_each(%(column)s) AS e JOIN %(map)s ON e.value @> to_jsonb(m.loser)
                WHERE jsonb_typeof(%(column)s) = 'object' AND %(entries)s""",
            table=SQL.identifier(source.table),
            column=source.col("t"),
            map=plan.relation(),
            entries=entries,
        )
        after = SQL(
            """CASE jsonb_typeof(n.value) WHEN 'array' THEN
                   (SELECT jsonb_agg(q.id ORDER BY q.nth) FROM (
                       SELECT coalesce(to_jsonb(m.winner), x.value) AS id, min(x.nth) AS nth
                         FROM jsonb_array_elements(n.value) WITH ORDINALITY AS x (value, nth)
                         LEFT JOIN %s ON to_jsonb(m.loser) = x.value GROUP BY 1) AS q)
               ELSE to_jsonb(n.winner) END""",
            plan.relation(),
        )
        changed = SQL(
            """UPDATE %(table)s t SET %(name)s = %(column)s || a.entries
                 FROM (SELECT n.id, jsonb_object_agg(n.key, %(after)s) AS entries
                         FROM (SELECT DISTINCT ON (id, key) * FROM found) AS n GROUP BY n.id) AS a
                WHERE t.id = a.id RETURNING t.id""",
            table=SQL.identifier(source.table),
            name=SQL.identifier(source.column),
            column=source.col("t"),
            after=after,
        )
        return self._move(
            source,
            "moved",
            SQL(
                "SELECT f.id AS key, f.merge_id, f.loser_id, jsonb_object_agg(f.key, f.value) AS before"
                " FROM found f JOIN changed USING (id) GROUP BY 1, 2, 3"
            ),
            payload=SQL("jsonb_object_agg(key::text, before)"),
            first=SQL("found AS MATERIALIZED (%s), changed AS (%s), ", found, changed),
        )

    # -- and back ------------------------------------------------------------------------------

    def _return_company(self, source, line, ids, loser, chain):
        entries = line.payload or {}
        rows = self.env.execute_query(
            SQL(
                "SELECT t.id, %s FROM %s t WHERE t.id = ANY(%s::int[]) ORDER BY t.id FOR UPDATE",
                source.col("t"),
                SQL.identifier(source.table),
                pg_int_array(ids),
            )
        )
        changes = {}
        for row_id, values in rows:
            change = {}
            for key, before in (entries.get(str(row_id)) or {}).items():
                value = (values or {}).get(key)
                again = self._put_back(value, before, loser, chain)
                if again != value:
                    change[key] = again
            if change:
                changes[row_id] = {source.column: {**values, **change}}
        self._write_columns(source.table, changes)
        return dict.fromkeys(changes, chain[-1])

    _return_properties = _return_company

    def _put_back(self, value, before, loser, chain):
        """Return the value of an entry with a loser where winners stand for him.

        :param value: id or list of ids at present
        :param before: the same before the merge
        :param chain: ids of who stands for him, one after the other
        """
        if not isinstance(value, list):
            return loser if value in chain else value
        found = [one for one in value if one in chain]
        if not found or loser in value:
            return value
        known = before if isinstance(before, list) else [before]
        # The winner stays where he stood in his own right, and for others who are he.
        absent = self.env["res.partner"].browse(set(known) - {loser, *value})
        stays = found[0] in known or chain[-1] in absent._get_merged_targets().values()
        again = []
        for one in value:
            again += [loser] if one == found[0] else []
            again += [one] if one != found[0] or stays else []
        return sorted(again, key=known.index) if set(known) >= set(again) else again

    def _release_entries(self, line, returned, downstream):
        """Take entries of rows that went back out of the journals of later merges; see :meth:`_release`."""
        loser = line.loser_id.partner_id.id
        lines = downstream.line_ids.filtered(
            lambda other: (
                (other.table_name, other.column_name, other.kind) == (line.table_name, line.column_name, "moved")
                and not set(returned).isdisjoint(other.row_ids)
            )
        )
        for other in lines:
            payload = dict(other.payload or {})
            for row_id in set(returned).intersection(other.row_ids):
                entries = dict(payload.get(str(row_id)) or {})
                for key, before in (line.payload.get(str(row_id)) or {}).items():
                    value = entries.get(key)
                    winner = self._get_stand_in(value, before)
                    if winner and winner == other.loser_id.partner_id.id:
                        entries.pop(key)
                    elif winner and isinstance(value, list):
                        entries[key] = [loser if one == winner else one for one in value]
                payload[str(row_id)] = entries
            gone = {int(row_id) for row_id, entries in payload.items() if not entries}
            other.payload = {row_id: entries for row_id, entries in payload.items() if entries}
            other.row_ids = [row_id for row_id in other.row_ids if row_id not in gone]
        self.env.flush_all()

    def _get_stand_in(self, value, before):
        """Return the id in a later entry that stands for somebody of an earlier one, False without one.

        :param value: id or list of ids before the later merge
        :param before: the same before this one
        """
        chain = set(self.winner_id._get_merged_chain())
        if isinstance(value, list):
            known = before if isinstance(before, list) else [before]
            return next((one for one in value if one in chain and one not in known), False)
        return value in chain and value
