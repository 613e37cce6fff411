from odoo import api, models


class Base(models.AbstractModel):
    _inherit = "base"

    @api.model
    def _after_bulk_upsert(self, ids):
        """Hook: rows of this model were inserted or updated by SQL, in the current transaction.

        Called once per batch and model, after all rows of the batch are written. The rows equal
        those that the ORM would have written; what an override derives from them it writes
        set-wise too.

        The context key ``bulk_rows`` has what the batch itself wrote into these rows, ``{id: {column: value}}`` with
        dates as texts; ids that are missing there were changed in some of their columns only.

        :param list ids: ids of the rows, each once
        """
