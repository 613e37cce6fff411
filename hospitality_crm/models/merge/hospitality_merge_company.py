from odoo import api, models, tools
from odoo.tools import SQL

from ...tools.arrays import pg_int_array

_ADDRESS = ("street", "street2", "zip", "city", "state_id", "country_id")


class HospitalityMerge(models.Model):
    """Winners who get a company from a loser, and what their own references to contacts have become."""

    _inherit = "hospitality.merge"

    @api.model
    @tools.ormcache(cache="stable")
    def _get_commercial_columns(self):
        """Return the columns of a contact that are those of his company."""
        Partner = self.env["res.partner"]
        found = (Partner._fields[name] for name in Partner._commercial_fields())
        return sorted(field.name for field in found if field.store and field.column_type and not field.inherited)

    @api.model
    @tools.ormcache(cache="stable")
    def _get_own_references(self):
        """Return the columns of a contact that hold other contacts: ids, and JSON with ids."""
        read = self._get_value_columns()[2]
        return [
            (source.column, source.kind)
            for table in self._get_tables()
            if table.name == "res_partner"
            for source in table.sources
            if source.column in read
        ]

    @api.model
    def _follow_references(self, plan, before):
        """Return the columns of the members with their references as they are after rows have moved.

        A reference that leads to the contact's own winner says nothing any more.

        :param dict before: columns of the members before the merge; takes the present references of the winners
        """
        references = self._get_own_references()
        if not references or not plan.touches_table("res_partner"):
            return before
        now = dict(
            self.env.execute_query(
                SQL(
                    "SELECT p.id, to_jsonb(x) FROM res_partner p, LATERAL (SELECT %s) AS x WHERE p.id = ANY(%s::int[])",
                    SQL(", ").join(SQL.identifier("p", name) for name, _kind in references),
                    pg_int_array(plan.members),
                )
            )
        )
        # What has become of the winners' own references stands in the journal already.
        for winner in plan.winners:
            before[winner] = {**before[winner], **now[winner]}
        rows = {partner_id: {**row, **now[partner_id]} for partner_id, row in before.items()}
        for group in plan.groups:
            for member in group.members:
                for name, kind in references:
                    if kind == "fk" and rows[member][name] == group.winner:
                        rows[member][name] = None
        return rows

    @api.model
    def _adopt(self, plan, rows, changes):
        """Put winners without a company below the one that a loser belongs to, with what is the company's.

        Not those with an address or a VAT number of their own, nor those who were invoiced in their own name:
        the contact of a company shares its address and is invoiced as the company, and what is typed into one
        is written into the other.

        :param dict rows: columns of all members
        :param dict changes: winner id -> columns to write; takes more
        :return: ids of these winners
        """
        found = {}
        for group in plan.groups:
            own = rows[group.winner]
            if own["parent_id"] or own["is_company"]:
                continue
            for loser in group.losers:
                row = rows[loser]
                if row["parent_id"] and all(own[name] in (None, "", row[name]) for name in (*_ADDRESS, "vat")):
                    found[group.winner] = loser
                    break
        if not found:
            return []
        invoiced = self._get_invoiced(list(found))
        found = {winner: loser for winner, loser in found.items() if winner not in invoiced}
        for winner, loser in found.items():
            own, row = rows[winner], rows[loser]
            changes[winner]["parent_id"] = row["parent_id"]
            for name in (*_ADDRESS, *self._get_commercial_columns()):
                value = row.get(name)
                if isinstance(value, dict):
                    value = {**(own.get(name) or {}), **value}
                if value and value != own.get(name):
                    changes[winner][name] = value
        return list(found)

    @api.model
    def _read_below(self, plan):
        """Return what the contacts below the members share with their company, which the core writes into them.

        :return: ``{id: (id of the member, {column: value})}``
        """
        rows = self.env.execute_query(
            SQL(
                """WITH RECURSIVE below AS (
                       SELECT id, parent_id AS member FROM res_partner WHERE parent_id = ANY(%(ids)s::int[])
                        UNION
                       SELECT p.id, b.member FROM below b JOIN res_partner p ON p.parent_id = b.id)
                   SELECT b.id, b.member, to_jsonb(x) FROM below b JOIN res_partner p ON p.id = b.id,
                          LATERAL (SELECT %(columns)s) AS x WHERE b.id <> ALL(%(ids)s::int[])""",
                ids=pg_int_array(plan.members),
                columns=SQL(", ").join(SQL.identifier("p", name) for name in self._get_commercial_columns()),
            )
        )
        return {row_id: (member, columns) for row_id, member, columns in rows}

    @api.model
    def _journal_below(self, plan):
        """Write down what has changed in the contacts below the winners."""
        after = self._read_below(plan) if plan.below else {}
        merges = {partner: group.merge_id for group in plan.groups for partner in group.members}
        for row_id, (member, old) in plan.below.items():
            new = after[row_id][1] if row_id in after else old
            names = [name for name in old if old[name] != new[name]]
            if names:
                plan.lines.append(
                    {
                        "merge_id": merges[member],
                        "kind": "value",
                        "table_name": "res_partner",
                        "row_ids": [row_id],
                        "payload": {
                            "old": {name: old[name] for name in names},
                            "new": {name: new[name] for name in names},
                        },
                    }
                )

    @api.model
    def _get_invoiced(self, partner_ids):
        """Return those of some contacts that have posted invoices in their own name."""
        if "account.move" not in self.env:
            return set()
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT commercial_partner_id FROM account_move"
                " WHERE commercial_partner_id = ANY(%s::int[]) AND state = 'posted' AND move_type <> 'entry'",
                pg_int_array(partner_ids),
            )
        )
        return {row[0] for row in rows}
