from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class ResPartner(models.Model):
    """Documents of merged contacts that the law keeps where they are, seen from the contact of today."""

    _inherit = "res.partner"

    merge_kept_count = fields.Integer(
        string="Kept Documents",
        compute="_compute_merge_kept_count",
        groups="hospitality_crm.group_hospitality_base",
        help="Documents of contacts that were merged into this one which may not be changed and stay with them.",
    )

    @api.depends("merged_into_id")
    def _compute_merge_kept_count(self):
        counts = self._get_kept_counts()
        for partner in self:
            partner.merge_kept_count = counts.get(partner.id, 0)

    def _get_kept_counts(self):
        """Return how many documents stay with those who were merged into each of these: ``{id: number}``."""
        tables = self._get_kept_tables()
        if not tables or not self.ids:
            return {}
        self.env["hospitality.merge.line"].flush_model()
        return dict(
            self.env.execute_query(
                SQL(
                    """WITH RECURSIVE family AS (
                           SELECT id AS root, id FROM unnest(%s::int[]) AS f (id)
                            UNION
                           SELECT f.root, p.id FROM family f JOIN res_partner p ON p.merged_into_id = f.id)
                       SELECT f.root, count(DISTINCT (n.table_name, k.id))::int
                         FROM family f
                         JOIN hospitality_merge_loser l ON l.partner_id = f.id AND l.state = 'done'
                         JOIN hospitality_merge_line n ON n.loser_id = l.id AND n.kind = 'kept',
                              unnest(n.row_ids) AS k (id)
                        WHERE f.id <> f.root AND n.table_name = ANY(%s) GROUP BY 1""",
                    self.ids,
                    tables,
                )
            )
        )

    @api.model
    def _get_kept_tables(self):
        return [self.env[name]._table for name in self.env["hospitality.merge"]._get_kept_documents()]

    def action_view_merge_kept(self):
        """List the documents that stay with those who were merged into this contact, and why."""
        self.ensure_one()
        losers = self.with_context(active_test=False)._get_merged_family() - self
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Kept Documents"),
            "res_model": "hospitality.merge.line",
            "views": [(self.env.ref("hospitality_crm.hospitality_merge_line_view_list_kept").id, "list")],
            "domain": [
                ("kind", "=", "kept"),
                ("column_name", "=", "partner_id"),
                ("table_name", "in", self._get_kept_tables()),
                ("loser_id.state", "=", "done"),
                ("loser_id.partner_id", "in", losers.ids),
            ],
        }

    @api.model
    def _search(self, domain, *args, **kwargs):
        """Count who was merged into a contact as below it, where archived ones are asked for.

        This is how the apps sum up and list the documents of a contact, *Invoiced* above all.
        """
        if not self.env.context.get("active_test", True):
            domain = Domain(domain).map_conditions(self._widen_below)
        return super()._search(domain, *args, **kwargs)

    @api.model
    def _widen_below(self, condition):
        ids = condition.value
        if condition.field_expr != "id" or condition.operator != "child_of":
            return condition
        if isinstance(ids, int):
            ids = [ids]
        if not isinstance(ids, (list, tuple, set)) or not all(type(partner_id) is int for partner_id in ids):
            return condition
        return Domain("id", "child_of", self.browse(ids)._get_merged_family().ids)
