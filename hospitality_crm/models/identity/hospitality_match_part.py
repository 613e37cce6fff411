from odoo import api, fields, models
from odoo.tools import SQL


class HospitalityMatchPart(models.Model):
    """Intermediate result of a matching run: arrays as bytes, by what they are and two numbers.

    Rows are written by the step that made them and read by those of the next phase, on whatever
    host these run; they go with the run.
    """

    _name = "hospitality.match.part"
    _description = "Part of a Matching Run"
    _log_access = False

    run_id = fields.Many2one("hospitality.match.run", required=True, ondelete="cascade")
    name = fields.Char(required=True)
    first = fields.Integer(required=True)
    second = fields.Integer(required=True, default=0)
    data = fields.Binary(required=True, attachment=False)

    _place_uniq = models.Constraint(
        "UNIQUE (run_id, name, second, first)", "This part of the matching run is there already."
    )

    def init(self):
        # Arrays hardly shrink; squeezing them takes longer than writing them.
        self.env.cr.execute("ALTER TABLE hospitality_match_part ALTER COLUMN data SET STORAGE EXTERNAL")

    @api.model
    def _put(self, run, name, data, first=0, second=0):
        """Store one part; a step that is repeated replaces what it wrote."""
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_match_part (run_id, name, first, second, data) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT (run_id, name, second, first) DO UPDATE SET data = excluded.data",
                run.id,
                name,
                first,
                second,
                data,
            )
        )

    @api.model
    def _get(self, run, name, second=0):
        """Yield ``(first, bytes)`` of all parts of a name, in the order of ``first``, one at a time in memory."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id, first FROM hospitality_match_part"
                " WHERE run_id = %s AND name = %s AND second = %s ORDER BY first",
                run.id,
                name,
                second,
            )
        )
        for id_, first in rows:
            [(data,)] = self.env.execute_query(SQL("SELECT data FROM hospitality_match_part WHERE id = %s", id_))
            yield first, bytes(data)

    @api.model
    def _drop(self, run, *names):
        """Delete all parts of some names."""
        self.env.cr.execute(
            SQL("DELETE FROM hospitality_match_part WHERE run_id = %s AND name = ANY(%s)", run.id, list(names))
        )
