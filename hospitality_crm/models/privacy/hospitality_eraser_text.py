import psycopg2

from odoo import api, models
from odoo.tools import SQL, mute_logger

from ...engine.privacy import MASK

#: Names are struck out where people write to each other; elsewhere they may be those of places and dishes.
TALK = frozenset(
    "bus_bus calendar_event discuss_channel hospitality_message_event ir_logging"
    " mail_activity mail_mail mail_message mail_notification"
    " mail_scheduled_message mail_tracking_value rating_rating sms_sms".split()
)
#: Tables without texts of people, and the many facts about guests, which references lead to: not searched.
SILENT = frozenset(
    "ir_model ir_model_fields ir_model_constraint ir_model_relation ir_model_access ir_module_module ir_ui_view"
    " ir_module_module_dependency ir_ui_menu ir_asset res_country res_country_state res_currency res_lang"
    " ir_model_fields_selection hospitality_tombstone hospitality_suppression hospitality_erasure_notice"
    " hospitality_match_normal hospitality_match_part hospitality_ledger_pending hospitality_guest_search"
    " hospitality_profile hospitality_contact_point hospitality_contact_link hospitality_match hospitality_booking"
    " hospitality_stay hospitality_stay_guest hospitality_reservation hospitality_check hospitality_charge"
    " hospitality_payment hospitality_guest_metrics hospitality_consent_state hospitality_consent_payload"
    " hospitality_connector_inbox".split()
)
#: Of these tables only some columns are searched: the others are their rows' own.
SEARCHED = {"res_partner": ("comment",)}
JSON = {"json": SQL("json"), "jsonb": SQL("jsonb")}
#: So many tables are searched by one statement.
TABLES = 40


class HospitalityEraser(models.AbstractModel):
    """Striking a person's names and addresses out of texts."""

    _inherit = "hospitality.eraser"

    @api.model
    def _redact_rows(self, subject, evidence):
        """Strike the person out of what is left of his rows and of rows that mention him."""
        pattern = subject.get_row_pattern()
        if not pattern:
            return
        Privacy = self.env["hospitality.privacy"]
        handlers = Privacy._get_handlers()
        ledgers = self._get_ledger_tables()
        rows = {}
        for group in (subject.rows, subject.mentions):
            for table, keys in group.items():
                handler = handlers.get(table)
                if table not in ledgers and (
                    handler is None or handler.method or handler.erase not in ("none", "delete")
                ):
                    rows.setdefault(table, set()).update(keys)
        columns = Privacy._get_text_columns(rows)
        for table, texts in sorted(columns.items()):
            handler = handlers.get(table)
            keep = handler.keep if handler is not None else None
            changed = self._redact(table, texts, pattern, sorted(rows[table]), keep)
            self._count(evidence, table, "redacted", changed)

    @api.model
    def _get_ledger_tables(self):
        return {
            model._table
            for model in self.env.values()
            if isinstance(model, self.env.registry["hospitality.ledger"]) and not model._abstract
        }

    @api.model
    def _redact(self, table, columns, pattern, ids, keep=None):
        """Replace what a pattern finds in columns of rows; return the number of rows that had it."""
        parts, conditions = [], []
        for name, kind, _nullable in columns:
            column = SQL.identifier("t", name)
            conditions.append(SQL("%s::text ~* %s", column, pattern))
            value = SQL("regexp_replace(%s::text, %s, %s, 'gi')", column, pattern, MASK)
            if kind in JSON:
                value = SQL("%s::%s", value, JSON[kind])
            parts.append(SQL("%s = %s", SQL.identifier(name), value))
        query = SQL(
            "UPDATE %s t SET %s WHERE t.id = ANY(%s) AND (%s) AND NOT coalesce((%s), FALSE)",
            SQL.identifier(table),
            SQL(", ").join(parts),
            ids,
            SQL(" OR ").join(conditions),
            keep or SQL("FALSE"),
        )
        try:
            with self.env.cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
                self.env.cr.execute(query)
                return self.env.cr.rowcount
        except psycopg2.IntegrityError:
            # The text is a key: two rows may not become the same.
            replace = self._replace_key
        except psycopg2.DataError:
            # A number without quotes in JSON: what is left of it would be no JSON any more.
            replace = self._blank_json
        return sum(replace(table, columns, pattern, id_) for id_ in ids)

    @api.model
    def _replace_key(self, table, columns, pattern, id_):
        """Replace texts of a row that must stay different by the row's own number."""
        return self._replace_one(
            table,
            [column for column in columns if column[1] not in JSON],
            pattern,
            id_,
            lambda _kind, _nullable: SQL("%s || t.id", f"{MASK}-"),
        )

    @api.model
    def _blank_json(self, table, columns, pattern, id_):
        """Empty JSON of a row, and strike the person out of its other texts."""
        others = [column for column in columns if column[1] not in JSON]
        changed = self._redact(table, others, pattern, [id_]) if others else 0
        return changed + self._replace_one(
            table,
            [column for column in columns if column[1] in JSON],
            pattern,
            id_,
            lambda kind, nullable: SQL("NULL") if nullable else SQL("'{}'::%s", JSON[kind]),
        )

    @api.model
    def _replace_one(self, table, columns, pattern, id_, value):
        """Replace whole columns of a row in which a pattern finds something; return 1 when there was one."""
        changed = 0
        for name, kind, nullable in columns:
            self.env.cr.execute(
                SQL(
                    "UPDATE %s t SET %s = %s WHERE t.id = %s AND %s::text ~* %s",
                    SQL.identifier(table),
                    SQL.identifier(name),
                    value(kind, nullable),
                    id_,
                    SQL.identifier("t", name),
                    pattern,
                )
            )
            changed = max(changed, self.env.cr.rowcount)
        return changed

    # -- everything else -----------------------------------------------------------------------

    @api.model
    def _sweep(self, subjects):
        """Look through every table for the addresses of erased guests, once for all of them.

        Rows of wizards, queues and the bus that have one are deleted, others lose it. Full names are looked for where
        people write to each other, unless somebody else bears the same name.

        :return: ``(number of tables searched, {table: rows})``
        """
        addresses = "|".join(filter(None, (subject.get_address_pattern() for subject in subjects)))
        names = "|".join(filter(None, (subject.get_name_pattern() for subject in subjects)))
        if not addresses and not names:
            return 0, {}
        columns = self.env["hospitality.privacy"]._get_text_columns(self._get_filled_tables())
        passing = {model._table for model in self.env.registry.values() if model._transient} | {"bus_bus"}
        searches = []
        for table, texts in sorted(columns.items()):
            texts = [text for text in texts if text[0] in SEARCHED.get(table, (text[0],))]
            talk = table in TALK or table in passing
            pattern = "|".join(filter(None, (addresses, names if talk else "")))
            if pattern and texts:
                searches.append((table, texts, pattern))
        found = {}
        for start in range(0, len(searches), TABLES):
            found |= self._search_tables(searches[start : start + TABLES])
        for table, texts, pattern in searches:
            ids = found.get(table)
            if ids and (table not in passing or self._try_delete(table, ids) is None):
                self._redact(table, texts, pattern, ids)
        return len(searches), {table: len(ids) for table, ids in found.items()}

    @api.model
    def _get_filled_tables(self):
        """Return the tables with rows and an id that may hold texts of people."""
        rows = self.env.execute_query(
            SQL(
                """SELECT c.relname FROM pg_class c
                    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
                      AND (c.relkind = 'p' OR pg_relation_size(c.oid) > 0)
                      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'id')"""
            )
        )
        return sorted({row[0] for row in rows} - SILENT - self._get_ledger_tables())

    @api.model
    def _search_tables(self, searches):
        """Return the rows of some tables that a pattern finds: ``{table: ids}``, in one statement."""
        parts = [
            SQL(
                "SELECT %s, array_agg(t.id) FROM %s t WHERE %s HAVING count(*) > 0",
                number,
                SQL.identifier(table),
                SQL(" OR ").join(SQL("%s::text ~* %s", SQL.identifier("t", name), pattern) for name, _k, _n in texts),
            )
            for number, (table, texts, pattern) in enumerate(searches)
        ]
        rows = self.env.execute_query(SQL(" UNION ALL ").join(parts))
        return {searches[number][0]: ids for number, ids in rows}
