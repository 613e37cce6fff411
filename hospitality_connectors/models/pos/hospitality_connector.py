from odoo import api, models
from odoo.tools import SQL

from ...engine.adapter import Finding, Gone, Hint, Page


class HospitalityConnector(models.Model):
    """Connectors to the point of sale of this database; without that app they find nothing and say so."""

    _inherit = "hospitality.connector"

    @api.model_create_multi
    def create(self, vals_list):
        connectors = super().create(vals_list)
        connectors._prepare_pos()
        return connectors

    def write(self, vals):
        result = super().write(vals)
        if "adapter" in vals:
            self._prepare_pos()
        return result

    def _prepare_pos(self):
        """Have the index by which orders are read; without a connector nobody needs it."""
        if "pos.order" in self.env and any(connector.adapter == "odoo_pos" for connector in self):
            self.env.cr.execute(
                SQL("CREATE INDEX IF NOT EXISTS hospitality_pos_order_write_date_idx ON pos_order (write_date, id)")
            )

    def _check_local(self):
        if self.adapter != "odoo_pos":
            return super()._check_local()
        if "pos.order" not in self.env:
            return [Finding("error", self.env._("Point of Sale is not installed in this database."))]
        return self.env["hospitality.connector.pos"]._check(self)

    def _fetch_local(self, stream, window, cursor):
        if self.adapter != "odoo_pos":
            return super()._fetch_local(stream, window, cursor)
        if "pos.order" not in self.env:
            return Page([])
        return self.env["hospitality.connector.pos"]._fetch(self, stream, window, cursor)

    def _fetch_local_one(self, entity, external_id):
        if self.adapter != "odoo_pos":
            return super()._fetch_local_one(entity, external_id)
        if "pos.order" not in self.env:
            return Gone()
        return self.env["hospitality.connector.pos"]._fetch_one(self, external_id)

    def _register_hook(self):
        """Have an order read as soon as it is paid.

        Point of Sale need not be installed, so its model can't be extended by the usual means.
        """
        result = super()._register_hook()
        if "pos.order" not in self.env:
            return result
        model = self.env.registry["pos.order"]
        origin = model.action_pos_order_paid
        if hasattr(origin, "hospitality_origin"):
            return result

        def action_pos_order_paid(self):
            result = origin(self)
            self.env["hospitality.connector"]._note_paid(self)
            return result

        action_pos_order_paid.hospitality_origin = origin
        model.action_pos_order_paid = action_pos_order_paid
        return result

    def _unregister_hook(self):
        if "pos.order" in self.env:
            model = self.env.registry["pos.order"]
            if hasattr(model.__dict__.get("action_pos_order_paid"), "hospitality_origin"):
                del model.action_pos_order_paid
        return super()._unregister_hook()

    @api.model
    def _note_paid(self, orders):
        """List orders to be read at once, and start a lane that does, after the current transaction.

        Nothing is written but new rows: the cashier never waits for a lane.
        """
        running = [("adapter", "=", "odoo_pos"), ("state", "=", "running")]
        connectors = self.sudo().search(running)  # cashiers see no connectors
        if not connectors or not orders:
            return
        Order = self.env["hospitality.connector.pos"]
        hints = [Hint("check", Order._get_key(order), "paid") for order in orders]
        for connector in connectors:
            self.env["hospitality.connector.hint"].sudo()._note(connector, hints)  # hints belong to the system
        self._get_reader_crons().filtered("active")[:1]._trigger()
