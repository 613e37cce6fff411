"""Plant rows of every table that can point at a contact, and conflicting ones wherever something is unique."""

import json

from odoo.tools import SQL, mute_logger

from .merge_references import PARTNER, PROPERTIES, Catalogue

NUMBERS = {"integer", "bigint", "smallint", "numeric", "double precision", "real"}
# Values that check constraints or the meaning of a column ask for.
FIXED = {
    "account_move": {"move_type": "entry", "state": "draft"},
    "account_move_line": {"display_type": "line_note"},
    "calendar_event": {"active": True},
    "discuss_channel_member": {"guest_id": None},
    "ir_embedded_actions": {"name": '{"en_US": "planted"}', "python_method": "planted"},
    "hospitality_allergy": {"kind": "allergy", "detail": "planted"},
    "hospitality_profile": {"values": "{}", "state": "superseded", "kind": "person"},
    "hospitality_reservation": {"covers": 2},
    "mail_notification": {"notification_type": "email", "mail_email_address": "planted@proof.example"},
    "mail_message": {"message_type": "comment", "body": "planted"},
    "mail_message_reaction": {"guest_id": None},
    "rating_rating": {"rating": 3},
    "res_users_settings_volumes": {"guest_id": None},
    "sale_order": {"state": "draft"},
    "sale_order_line": {"display_type": "line_note", "price_unit": 0, "product_uom_qty": 0, "customer_lead": 0},
    # A letter that waits gets the new address when somebody changes the contact's.
    "snailmail_letter": {"state": "sent"},
}
# A contact with a user, or of a company, is not merged like a guest; the rest are no rows about a contact.
SKIPPED = {
    "res_users",
    "res_company",
    "hospitality_guest_dirty",
    "hospitality_golden_queue",
    "hospitality_guest_metrics",
    "hospitality_guest_search",
    "hospitality_consent_state",
    # Planted by hand: a pair has an order.
    "hospitality_match",
    "ir_ui_menu",
    "ir_act_server",
    "theme_ir_ui_view",
}
# Rows of these are pointed at, never made.
SINGLE = {
    "account_journal",
    "res_users_settings",
    "res_company",
    "res_currency",
    "res_lang",
    "ir_model",
    "ir_model_fields",
}
# The columns in which a contact speaks of itself.
OWN = {("res_partner", "commercial_partner_id")}


class Planter:
    """Insert rows by SQL as other addons leave them.

    ``profiles`` gives the profile of each guest that his facts hang on.
    ``planted`` holds ``{table: [key]}``: ids, or dicts of all columns for tables without an id; ``failed`` what could
    not be planted and why.
    """

    def __init__(self, env, profiles, skipped=()):
        self.env = env
        self.catalogue = Catalogue(env)
        self.profiles = profiles
        self.outsider = env.company.partner_id.id
        self.shortcuts = {
            (env[model]._table, partner): profile
            for model, profile, partner in env["hospitality.profile"]._get_shortcuts()
        }
        self.skipped = SKIPPED | set(skipped)
        self.planted = {}
        self.failed = {}
        self.conflicts = set()
        self._counter = 0
        self._bases = {}

    def plant(self, guests):
        """Plant rows for a list of contacts' ids: own rows, conflicting rows, and rows with two of them."""
        for reference in self.catalogue.references:
            if reference.table in self.skipped or (reference.table, reference.column) in OWN:
                continue
            for guest in guests:
                self._try(reference, {}, guest)
            self._plant_conflicts(reference, guests)
        self._plant_pairs(guests)
        self.conflicts = set(self._find_conflicts(guests))
        self._compute()

    def _compute(self):
        """Let the planted rows have the stored values that the ORM would have computed for them."""
        self.env.invalidate_all(flush=False)
        for table in sorted(self.planted):
            model = self.catalogue.models.get(table)
            if model is None or model._transient or table in self.skipped:
                continue
            # Twice: a field may follow from one that is computed after it.
            for field in (*model._fields.values(), *model._fields.values()):
                if field.store and field.compute and field.column_type and field.name in self.catalogue.columns[table]:
                    self._compute_field(model, field, self.planted[table])

    def _compute_field(self, model, field, ids):
        """Compute a field of planted rows; one that people may edit where it is empty."""
        if not field.readonly:
            query = SQL(
                "SELECT id FROM %s WHERE id = ANY(%s) AND %s IS NULL ORDER BY id",
                SQL.identifier(model._table),
                ids,
                SQL.identifier(field.name),
            )
            ids = [row_id for (row_id,) in self.env.execute_query(query)]
        records = model.browse(ids)
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint(flush=False):
                self.env.add_to_compute(field, records)
                records.flush_recordset([field.name])
        except Exception:  # noqa: BLE001 a planted row need not make sense to every addon
            self.env.clear()

    def _plant_conflicts(self, reference, guests):
        """Rows of different contacts that would be equal in a unique index if they had the same contact."""
        for unique in self.catalogue.uniques.get(reference.table, ()):
            if reference.column not in unique.columns or len(unique.columns) < 2:
                continue
            try:
                with mute_logger("odoo.sql_db"), self.env.cr.savepoint(flush=False):
                    shared = {
                        name: self._value(reference.table, name, fresh=True)
                        for name in unique.columns
                        if name not in (reference.column, reference.model_column)
                    }
            except Exception as error:  # noqa: BLE001 reported like a row that can't be inserted
                self.failed.setdefault((reference.table, unique.name), str(error).splitlines()[0])
                continue
            for guest in guests:
                self._try(reference, shared, guest, optional=True)

    def _find_conflicts(self, guests):
        """Yield ``(table, unique index)`` that would be broken if the contacts became one."""
        for reference in self.catalogue.references:
            for unique in self.catalogue.uniques.get(reference.table, ()):
                if reference.column not in unique.columns or len(unique.columns) < 2:
                    continue
                others = [name for name in unique.columns if name not in (reference.column, reference.model_column)]
                if self.env.execute_query(
                    SQL(
                        "SELECT FROM %s WHERE %s AND (%s) GROUP BY %s HAVING count(*) > 1 LIMIT 1",
                        SQL.identifier(reference.table),
                        reference.condition(guests),
                        SQL(unique.predicate or "TRUE"),
                        SQL(", ").join(map(SQL.identifier, others)),
                    )
                ):
                    yield reference.table, unique.name

    def _plant_pairs(self, guests):
        """Rows that point at two of the contacts, and at one of them twice."""
        for table in sorted({reference.table for reference in self.catalogue.references} - self.skipped):
            references = [r for r in self.catalogue.of_table(table) if (table, r.column) not in OWN]
            for first, second in zip(references, references[1:], strict=False):
                for one, other in zip(guests, [*guests[1:], guests[0]], strict=True):
                    self._try(first, self._point(second, other), one, optional=True)
                    self._try(second, self._point(first, other), one, optional=True)
                    self._try(first, self._point(second, one), one, optional=True)

    def _try(self, reference, values, guest, optional=False):
        """Insert a row; note why it is impossible.

        :return: whether the row is there
        """
        before = {table: len(keys) for table, keys in self.planted.items()}, dict(self._bases)
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint(flush=False):
                self.insert(reference.table, {**values, **self._point(reference, guest)})
        except Exception as error:  # noqa: BLE001 any refusal of the database is reported, by its first line
            # Rows to point at went with it.
            self.planted = {table: keys[: before[0].get(table, 0)] for table, keys in self.planted.items()}
            self._bases = before[1]
            if not optional:
                self.failed.setdefault((reference.table, reference.column), str(error).splitlines()[0])
            return False
        return True

    def _point(self, reference, guest):
        if reference.model_column.endswith("_id"):
            return {reference.column: guest, reference.model_column: self.env["ir.model"]._get_id(PARTNER)}
        if reference.kind == "properties":
            one, several = PROPERTIES
            return {reference.column: json.dumps({one: guest, several: [self.outsider, guest], "proofother": guest})}
        if reference.kind == "pair":
            values = {reference.column: guest, reference.model_column: PARTNER}
            model_id = f"{reference.model_column}_id"
            if model_id in self.catalogue.columns[reference.table]:
                values[model_id] = self.env["ir.model"]._get_id(PARTNER)
            return values
        if reference.kind == "text":
            return {reference.column: f"{PARTNER},{guest}"}
        if reference.kind == "json":
            return {reference.column: f'{{"{self.env.company.id}": {guest}}}'}
        values = {reference.column: guest}
        if profile := self.shortcuts.get((reference.table, reference.column)):
            values[profile] = self.profiles[guest]
        if reference.table == "website_visitor":
            values["access_token"] = str(guest)
        return values

    def insert(self, table, values):
        """Insert a row with the given values, and what its table asks for besides; return its id, if it has one."""
        columns = self.catalogue.columns[table]
        model = self.catalogue.models.get(table)
        row = {"create_date": None, "write_date": None} if "create_date" in columns else {}
        row = {name: self.env.cr.now() for name in row}
        for name, column in columns.items():
            if name in FIXED.get(table, ()):
                row[name] = FIXED[table][name]
            elif name in ("active",):
                row[name] = True
            elif column.required and not column.has_default and name not in values and name != "id":
                row[name] = self._value(table, name)
        row |= values
        if "id" in columns:
            [(row_id,)] = self.env.execute_query(
                SQL(
                    "INSERT INTO %s (%s) VALUES %s RETURNING id",
                    SQL.identifier(table),
                    SQL(", ").join(map(SQL.identifier, row)),
                    tuple(row.values()),
                )
            )
            self.planted.setdefault(table, []).append(row_id)
            if model is not None:
                model.invalidate_model(flush=False)
            return row_id
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) VALUES %s",
                SQL.identifier(table),
                SQL(", ").join(map(SQL.identifier, row)),
                tuple(row.values()),
            )
        )
        self.planted.setdefault(table, []).append(row)
        return None

    def _value(self, table, name, fresh=False):
        """A value for a column: a valid choice, a row to point at, or a word that no other row has.

        :param fresh: rows to point at are new ones that nothing else points at
        """
        if name in FIXED.get(table, ()):
            return FIXED[table][name]
        column = self.catalogue.columns[table][name]
        target = self.catalogue.foreign.get(table, {}).get(name)
        model = self.catalogue.models.get(table)
        field = model._fields.get(name) if model is not None else None
        if not target and field is not None and field.type == "many2one" and field.store:
            target = self.env[field.comodel_name]._table
        if target:
            return self._base(target, fresh or self._is_key(table, name))
        if field is not None and field.type == "selection":
            return field.get_values(self.env)[0]
        self._counter += 1
        if field is not None and field.type in ("many2one_reference", "reference"):
            return None if not column.required else self._counter
        if column.type in NUMBERS:
            return self._counter if self._is_key(table, name) else 1
        if column.type == "boolean":
            return False
        if column.type == "jsonb":
            return f'{{"en_US": "planted {self._counter}"}}'
        if column.type.startswith("timestamp") or column.type == "date":
            return self.env.cr.now()
        return f"planted_{self._counter}" if not 0 < column.length < 16 else f"p{self._counter}"[: column.length]

    def _is_key(self, table, name):
        """Whether a column is unique, alone or together with other references."""
        keys = self.catalogue.foreign.get(table, {})
        return any(
            name in unique.columns and any(column in keys for column in unique.columns)
            for unique in self.catalogue.uniques.get(table, ())
        )

    def _base(self, table, fresh):
        """Id of a row to point at: any that is there, or a new one."""
        if fresh and table == "res_users":
            # A user of its own would drag in a contact, groups and companies: the last one that is there does.
            return self.env["res.users"].with_context(active_test=False).search([], order="id desc", limit=1).id
        fresh = fresh and table not in SINGLE
        if not fresh:
            if table not in self._bases:
                rows = self.env.execute_query(SQL("SELECT id FROM %s ORDER BY id LIMIT 1", SQL.identifier(table)))
                self._bases[table] = rows[0][0] if rows else self.insert(table, {})
            return self._bases[table]
        values = {"partner_id": self.env.company.partner_id.id} if table == "discuss_channel_member" else {}
        return self.insert(table, values)
