import json

from odoo import api, fields, models

from ...tools.arrays import pg_int_array
from ...tools.id_array import IdArray
from ...tools.soft_many2one import SoftMany2one


class HospitalityMergeLine(models.Model):
    """What a merge did to the rows of one table that belonged to one loser.

    *moved*: ``column_name`` of the rows ``row_ids`` was given to the winner. *conflict*: the rows would
    have broken a unique key or a check at the winner, so they stay on the archived contact.
    *kept*: the rows may not be changed by law (hash chains); they stay too. *value*: columns of the
    rows were changed, ``payload`` has them before and after. *effect*: the rows were written by
    the merge itself or by another addon on its occasion.

    Rows are named by ``key_name``: ``id``, or the other column of a relation table. Personal values
    are in ``payload`` alone, which may be emptied: links can be restored without it.
    """

    _name = "hospitality.merge.line"
    _description = "Merge Journal"
    _order = "id"
    _log_access = False

    # Without foreign keys: a big merge writes many thousand lines, and nobody deletes a merge.
    merge_id = SoftMany2one("hospitality.merge", required=True, readonly=True, index=True)
    loser_id = SoftMany2one("hospitality.merge.loser", readonly=True, index=True)
    kind = fields.Selection(
        [
            ("moved", "Moved"),
            ("conflict", "Left with the Archived Contact"),
            ("kept", "Kept as Signed"),
            ("value", "Value Changed"),
            ("effect", "Side Effect"),
        ],
        required=True,
        readonly=True,
    )
    table_name = fields.Char(required=True, readonly=True)
    column_name = fields.Char(readonly=True)
    key_name = fields.Char(readonly=True, default="id")
    row_ids = IdArray(string="Rows", readonly=True)
    reverted = fields.Boolean(readonly=True, help="The values were given back.")
    payload = fields.Json(readonly=True, groups="hospitality_crm.group_hospitality_manager")

    @api.model
    def _to_rows(self, lines, names):
        """Return the columns of some lines as lists of texts, for one INSERT."""
        columns = []
        for name in names:
            values = [line.get(name) for line in lines]
            if name == "row_ids":
                values = [None if value is None else pg_int_array(value) for value in values]
            elif name == "payload":
                values = [None if value is None else self._to_text(value) for value in values]
            elif name == "key_name":
                values = [value or "id" for value in values]
            columns.append([value if value is None else str(value) for value in values])
        return columns

    @api.model
    def _to_text(self, value):
        """Return plain data as JSON text; dates as the database writes them."""
        return json.dumps(value, default=str)
