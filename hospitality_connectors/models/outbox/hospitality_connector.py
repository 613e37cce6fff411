from odoo import api, fields, models, tools
from odoo.tools import SQL


class HospitalityConnector(models.Model):
    """Which sources are told what."""

    _inherit = "hospitality.connector"

    tells = fields.Boolean(
        string="Tell the Source",
        default=True,
        help="VIP status, alerts, allergies, preferences, consents and erasures go back to the source, as far as it "
        "understands them.",
    )
    can_tell = fields.Char(string="Understands", compute="_compute_can_tell")
    outbox_count = fields.Integer(string="To Tell", compute="_compute_outbox_count")
    outbox_problem_count = fields.Integer(string="Not Told", compute="_compute_outbox_count")

    @api.depends("adapter")
    def _compute_can_tell(self):
        labels = dict(self.env["hospitality.connector.outbox"]._fields["kind"]._description_selection(self.env))
        labels["erasure"] = self.env._("Erasures")
        for connector in self:
            kinds = connector._get_adapter().capabilities().push
            connector.can_tell = ", ".join(labels[kind] for kind in sorted(kinds) if kind in labels)

    def _compute_outbox_count(self):
        Outbox = self.env["hospitality.connector.outbox"].sudo()  # numbers
        groups = Outbox._read_group([("connector_id", "in", self.ids)], ["connector_id", "state"], ["__count"])
        counts = {(connector.id, state): count for connector, state, count in groups}
        for connector in self:
            connector.outbox_count = counts.get((connector.id, "waiting"), 0)
            connector.outbox_problem_count = sum(
                counts.get((connector.id, state), 0) for state in ("conflict", "refused", "gone")
            )

    @api.model_create_multi
    def create(self, vals_list):
        connectors = super().create(vals_list)
        self.env.registry.clear_cache()
        return connectors

    def write(self, vals):
        result = super().write(vals)
        if {"active", "adapter", "property_id", "source_id", "state", "tells"} & vals.keys():
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    def _get_tellers(self, kind):
        """Return the connectors whose source understands a kind of command and is to be told."""
        return self.sudo().browse(self._get_teller_ids().get(kind, ()))  # the system tells whoever has changed it

    @api.model
    @tools.ormcache()
    def _get_teller_ids(self):
        found = {}
        for connector in self.sudo().search([("tells", "=", True)]):  # see above
            for kind in connector._get_adapter().capabilities().push:
                found.setdefault(kind, []).append(connector.id)
        return {kind: tuple(ids) for kind, ids in found.items()}

    def action_open_outbox(self):
        """Show what the source is to be told, or, as the context names it, what it could not be told."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hospitality_connectors.hospitality_connector_outbox_action"
        )
        context = {f"search_default_{self.env.context.get('outbox_state', 'waiting')}": 1}
        return {**action, "domain": [("connector_id", "in", self.ids)], "context": context}

    def action_tell_all(self):
        """Have the source told everything that it should know about its guests."""
        self.check_access("write")
        count = 0
        for connector in self:
            rows = self.env.execute_query(
                SQL(
                    "SELECT DISTINCT partner_id FROM hospitality_profile WHERE source_id = %s AND state = 'live'"
                    " AND partner_id IS NOT NULL",
                    connector.source_id.id,
                )
            )
            Outbox = self.env["hospitality.connector.outbox"].sudo()  # rights were checked
            count += Outbox._tell_known([row[0] for row in rows])
        return self._get_notice(
            self.env._("To be told now, within the limits of the vendor: %s", count)
            if count
            else self.env._("The source knows everything already.")
        )
