from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

REFUSE = "hospitality_ledger_refuse"
ENQUEUE = "hospitality_ledger_enqueue"


class HospitalityLedger(models.AbstractModel):
    """A table that only grows.

    Rows are appended by :meth:`_append` alone and never changed: a correction is another row. The ORM and triggers in
    the database refuse everything else, TRUNCATE included. Rows hold ids, codes and hashes; whatever is personal
    lies in a table beside, which may be emptied.

    A model with ``_sealed`` has its rows sealed (`hospitality.ledger.seal`): a trigger notes new rows for the sealer,
    which chains them soon after their transaction has ended. :attr:`_seal_columns` are what is sealed; a column that is
    added later is not, so that old seals stay valid.
    """

    _name = "hospitality.ledger"
    _description = "Ledger"
    _log_access = False

    _sealed = False
    _seal_columns = ()

    def init(self):
        """Create the triggers of a concrete ledger."""
        if self._abstract or not self._auto:
            return
        cr = self.env.cr
        cr.execute(
            SQL(
                """CREATE OR REPLACE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $$
                   BEGIN
                       RAISE EXCEPTION 'The ledger %% only grows: %% is refused.', TG_TABLE_NAME, TG_OP
                             USING ERRCODE = 'restrict_violation';
                   END $$""",
                SQL.identifier(REFUSE),
            )
        )
        self._create_trigger("append_only", SQL("BEFORE UPDATE OR DELETE"), SQL("FOR EACH ROW"), REFUSE)
        self._create_trigger("no_truncate", SQL("BEFORE TRUNCATE"), SQL("FOR EACH STATEMENT"), REFUSE)
        if self._sealed:
            cr.execute(
                SQL(
                    """CREATE OR REPLACE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $$
                       BEGIN
                           INSERT INTO hospitality_ledger_pending (ledger, row_id)
                           SELECT TG_TABLE_NAME, id FROM added ORDER BY id;
                           RETURN NULL;
                       END $$""",
                    SQL.identifier(ENQUEUE),
                )
            )
            self._create_trigger(
                "enqueue", SQL("AFTER INSERT"), SQL("REFERENCING NEW TABLE AS added FOR EACH STATEMENT"), ENQUEUE
            )

    @api.model
    def _create_trigger(self, name, event, scope, function):
        self.env.cr.execute(
            SQL(
                "CREATE OR REPLACE TRIGGER %s %s ON %s %s EXECUTE FUNCTION %s()",
                SQL.identifier(f"{self._table}_{name}"),
                event,
                SQL.identifier(self._table),
                scope,
                SQL.identifier(function),
            )
        )

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super  # the ORM never writes here
        raise UserError(self.env._("Rows of this ledger are written by the procedure behind it, not by hand."))

    def write(self, vals):  # pylint: disable=method-required-super  # the ORM never writes here
        raise UserError(self.env._("This ledger only grows: correct an entry by a new one."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("This ledger only grows: entries can't be deleted."))

    @api.model
    def _append(self, rows):
        """Append rows.

        :param rows: list of dicts from column to value, all with the same columns
        :return: their ids, in the order of the rows
        """
        if not rows:
            return []
        names = list(rows[0])
        values = SQL(", ").join(SQL("(%s)", SQL(", ").join(SQL("%s", row[name]) for name in names)) for row in rows)
        added = self.env.execute_query(
            SQL(
                "INSERT INTO %s (%s) VALUES %s RETURNING id",
                SQL.identifier(self._table),
                SQL(", ").join(map(SQL.identifier, names)),
                values,
            )
        )
        self.invalidate_model(flush=False)
        return [row[0] for row in added]

    @api.model
    def _read_sealed(self, ids):
        """Return what is sealed of rows, by id; rows that are gone are missing."""
        names = ["id", *self._seal_columns]
        rows = self.env.execute_query(
            SQL(
                "SELECT %s FROM %s WHERE id = ANY(%s)",
                SQL(", ").join(map(SQL.identifier, names)),
                SQL.identifier(self._table),
                list(ids),
            )
        )
        return {row[0]: dict(zip(names, row, strict=True)) for row in rows}
