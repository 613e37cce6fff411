import os

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL, mute_logger

from .privacy_handler import PrivacyHandler

#: Documents of the books: what was written about them and attached to them is struck out, not deleted.
BOOKS = (
    "account.move",
    "account.payment",
    "account.bank.statement.line",
    "payment.transaction",
    "pos.order",
    "sale.order",
    "stock.picking",
)
#: Columns of a contact that say nothing about the person, or that the books need.
KEPT_COLUMNS = frozenset(
    "id active type is_company company_id create_uid create_date write_uid write_date color partner_share is_guest"
    " guest_restricted guest_erased_at merged_into_id commercial_partner_id supplier_rank customer_rank trust"
    " name complete_name message_bounce autopost_bills invoice_sending_method invoice_edi_format_store".split()
)
#: What hangs on a portal user, by the column that names him.
USER_TABLES = (
    ("auth_passkey_key", "create_uid"),
    ("auth_totp_device", "user_id"),
    ("auth_totp_rate_limit_log", "user_id"),
    ("mail_presence", "user_id"),
    ("res_device_log", "user_id"),
    ("res_users_apikeys", "user_id"),
    ("res_users_log", "create_uid"),
    ("res_users_settings", "user_id"),
)
_UNKNOWN = PrivacyHandler(erase="keep")


class HospitalityEraser(models.AbstractModel):
    """What an erasure does to the rows that references and addresses have led to."""

    _inherit = "hospitality.eraser"

    @api.model
    def _erase_rows(self, subject, evidence):
        Privacy = self.env["hospitality.privacy"]
        handlers = Privacy._get_handlers()
        columns = self._get_columns(subject.rows)
        doomed = {}
        for table, keys in sorted(subject.rows.items()):
            handler = handlers.get(table)
            if "id" not in columns.get(table, ()):
                continue
            if handler is None:
                evidence["unknown"][table] = len(keys)
                handler = _UNKNOWN
            elif handler.reason and handler.erase in ("keep", "blank"):
                evidence["kept"][table] = handler.reason
            if handler.method:
                getattr(self, handler.method)(subject, evidence)
            elif handler.erase == "delete":
                doomed[table] = sorted(keys)
            elif handler.erase == "blank":
                rows = self._blank(table, sorted(keys), handler, columns[table])
                self._count(evidence, table, "blanked", rows)
        self._delete_relations(subject, evidence)
        self._delete_rows(doomed, handlers, columns, evidence)
        self._redact_rows(subject, evidence)

    @api.model
    def _get_columns(self, tables):
        """Return ``{table: {column: may be empty}}`` of what can be written."""
        found = {}
        for table, column, nullable in self.env.execute_query(
            SQL(
                """SELECT c.relname, a.attname, NOT a.attnotnull
                     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s)
                      AND c.relkind IN ('r', 'p')
                      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''""",
                list(tables),
            )
        ):
            found.setdefault(table, {})[column] = nullable
        return found

    @api.model
    def _blank(self, table, ids, handler, columns):
        """Empty and replace the columns that a handler names; return the number of rows."""
        parts = [
            SQL("%s = %s", SQL.identifier(name), SQL("NULL") if columns[name] else SQL("''"))
            for name in handler.blank
            if name in columns
        ]
        parts += [
            SQL("%s = %s", SQL.identifier(name), value) for name, value in handler.fill.items() if name in columns
        ]
        if not parts:
            return 0
        self.env.cr.execute(
            SQL(
                "UPDATE %s t SET %s WHERE t.id = ANY(%s) AND NOT coalesce((%s), FALSE)",
                SQL.identifier(table),
                SQL(", ").join(parts),
                ids,
                handler.keep or SQL("FALSE"),
            )
        )
        return self.env.cr.rowcount

    @api.model
    def _delete_relations(self, subject, evidence):
        """Take the contacts out of relations: recipients, tags, attendees."""
        for table, key, column, beside, _handler in self.env["hospitality.privacy"]._get_sources():
            if key != "id" and table in subject.rows and not beside:
                query = SQL(
                    "DELETE FROM %s WHERE %s = ANY(%s)",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    subject.partner_ids,
                )
                self.env.cr.execute(query)
                self._count(evidence, table, "deleted", self.env.cr.rowcount)

    @api.model
    def _delete_rows(self, doomed, handlers, columns, evidence):
        """Delete rows, whatever their order; those that others need are emptied instead."""
        while doomed:
            left = {}
            for table, ids in doomed.items():
                rows = self._try_delete(table, ids)
                if rows is None:
                    left[table] = ids
                else:
                    self._count(evidence, table, "deleted", rows)
            if len(left) == len(doomed):
                break
            doomed = left
        for table, ids in doomed.items():
            kept = [id_ for id_ in ids if self._try_delete(table, [id_]) is None]
            self._count(evidence, table, "deleted", len(ids) - len(kept))
            rows = self._blank(table, kept, handlers[table], columns[table])
            self._count(evidence, table, "blanked", rows)

    @api.model
    def _try_delete(self, table, ids):
        """Delete rows; None when other rows need them."""
        try:
            with self.env.cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
                self.env.cr.execute(SQL("DELETE FROM %s WHERE id = ANY(%s)", SQL.identifier(table), ids))
                return self.env.cr.rowcount
        except (
            psycopg2.errors.ForeignKeyViolation,
            psycopg2.errors.RestrictViolation,
            psycopg2.errors.NotNullViolation,
        ):
            return None

    # -- methods of handlers -------------------------------------------------------------------

    @api.model
    def _erase_partners(self, subject, evidence):
        """Make the contacts stubs that keep accounts together."""
        columns = self._get_columns(["res_partner"])["res_partner"]
        Partner = self.env["res.partner"]
        parts = [
            SQL("%s = NULL", SQL.identifier(name))
            for name, nullable in columns.items()
            if nullable and name not in KEPT_COLUMNS and self._is_personal(Partner._fields.get(name))
        ]
        number = self.env["ir.sequence"].sudo().next_by_code("hospitality.erased.guest")  # a number, no secret
        name = self.env._("Erased guest #%(number)s", number=number)
        self.env.cr.execute(
            SQL(
                """UPDATE res_partner SET %s, name = %s, complete_name = %s, parent_id = NULL,
                          commercial_partner_id = CASE WHEN commercial_partner_id = ANY(%s) THEN commercial_partner_id
                                                       ELSE id END,
                          active = FALSE, guest_erased_at = now() AT TIME ZONE 'UTC', write_uid = %s,
                          write_date = now() AT TIME ZONE 'UTC'
                    WHERE id = ANY(%s)""",
                SQL(", ").join(parts),
                name,
                name,
                subject.partner_ids,
                self.env.uid or SUPERUSER_ID,
                subject.partner_ids,
            )
        )
        self._count(evidence, "res_partner", "blanked", self.env.cr.rowcount)
        People = Partner.sudo().with_context(active_test=False)  # whoever erases: those below him show his name
        below = People.search([("parent_id", "in", subject.partner_ids)])
        self.env.cr.execute(  # the core gives them his VAT number
            SQL(
                "UPDATE res_partner SET vat = NULL WHERE parent_id = ANY(%s) AND vat = ANY(%s)",
                subject.partner_ids,
                sorted(subject.numbers),
            )
        )
        self._erase_search([*subject.partner_ids, *below.ids], evidence)
        for name in ("complete_name", "commercial_company_name"):
            self.env.add_to_compute(Partner._fields[name], below)
        self.env.invalidate_all(flush=False)
        Partner.flush_model()
        if "account.move" in self.env:
            # Shown beside the contact; the file of the invoice keeps what the law asks for.
            self.env.cr.execute(
                SQL(
                    "UPDATE account_move SET invoice_partner_display_name = %s"
                    " WHERE id = ANY(%s) AND invoice_partner_display_name IS NOT NULL AND inalterable_hash IS NULL",
                    name,
                    sorted(subject.rows.get("account_move", ())),
                )
            )

    @api.model
    def _is_personal(self, field):
        """Tell whether a column of a contact is emptied: all but what accounts and other apps need of it."""
        if field is None or field.type in ("many2one_reference", "monetary", "boolean"):
            return False
        if field.type == "many2one":
            return not field.company_dependent and field.comodel_name in (
                *("res.country", "res.country.state", "res.partner.industry", "res.users", "res.partner.title"),
            )
        if field.type in ("integer",):
            return False
        return not (field.company_dependent and field.type not in ("char", "text", "html"))

    @api.model
    def _erase_profiles(self, subject, evidence):
        """Empty the source profiles, their contact points and what matching knows; the keys go later."""
        ids = subject.profile_ids
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_profile SET state = 'anonymised', name = NULL, name_key = NULL, values = NULL,
                          meta = NULL WHERE id = ANY(%s)""",
                ids,
            )
        )
        self._count(evidence, "hospitality_profile", "blanked", self.env.cr.rowcount)
        if ids:
            self.env["hospitality.bulk.profile"]._forget_points(ids)
            self.env["hospitality.matcher"]._erase(ids)

    @api.model
    def _erase_search(self, ids, evidence):
        """Delete the texts by which contacts are found; those of people below a guest name him, too."""
        self.env.cr.execute(SQL("DELETE FROM hospitality_guest_search WHERE id = ANY(%s)", ids))
        self._count(evidence, "hospitality_guest_search", "deleted", self.env.cr.rowcount)
        self.env["hospitality.guest.dirty"]._mark(ids)

    @api.model
    def _keep_notices(self, subject, evidence):
        """The recipients' keys are needed until they are told."""

    @api.model
    def _erase_users(self, subject, evidence):
        """Close portal accounts: no login, no keys, no sessions."""
        ids = sorted(subject.rows["res_users"])
        self.env.cr.execute(
            SQL(
                """UPDATE res_users SET login = 'erased-' || id, password = NULL, active = FALSE, signature = NULL
                    WHERE id = ANY(%s)""",
                ids,
            )
        )
        self._count(evidence, "res_users", "blanked", self.env.cr.rowcount)
        known = self._get_columns([table for table, _column in USER_TABLES])
        for table, column in USER_TABLES:
            if column in known.get(table, ()):
                self.env.cr.execute(
                    SQL("DELETE FROM %s WHERE %s = ANY(%s)", SQL.identifier(table), SQL.identifier(column), ids)
                )
                self._count(evidence, table, "deleted", self.env.cr.rowcount)

    @api.model
    def _erase_external_ids(self, subject, evidence):
        """Keys that imports and exports have made; they may be made of names."""
        ids = sorted(subject.rows["ir_model_data"])
        self.env.cr.execute(SQL("DELETE FROM ir_model_data WHERE id = ANY(%s)", ids))
        self._count(evidence, "ir_model_data", "deleted", self.env.cr.rowcount)

    @api.model
    def _erase_messages(self, subject, evidence):
        """Delete the talk on the person's records; empty what he has written on others and on the books."""
        ids = sorted(subject.rows["mail_message"])
        Privacy = self.env["hospitality.privacy"]
        handlers, models_of = Privacy._get_handlers(), Privacy._get_model_of()
        names, keys = [], []
        for table, rows in subject.rows.items():
            model, handler = models_of.get(table), handlers.get(table)
            if model and model not in BOOKS and (handler is None or handler.own):
                names += [model] * len(rows)
                keys += sorted(rows)
        query = SQL(
            """SELECT id FROM mail_message WHERE id = ANY(%s)
                  AND (model, res_id) IN (SELECT * FROM unnest(%s::varchar[], %s::int[]))""",
            ids,
            names,
            keys,
        )
        mine = [row[0] for row in self.env.execute_query(query)]
        self.env.cr.execute(SQL("DELETE FROM mail_tracking_value WHERE mail_message_id = ANY(%s)", mine))
        self._count(evidence, "mail_tracking_value", "deleted", self.env.cr.rowcount)
        deleted = self._try_delete("mail_message", mine)
        self._count(evidence, "mail_message", "deleted", deleted or 0)
        columns = self._get_columns(["mail_message"])["mail_message"]
        texts = (
            "subject",
            "body",
            "email_from",
            "reply_to",
            "incoming_email_to",
            "incoming_email_cc",
            "outgoing_email_to",
        )
        self.env.cr.execute(
            SQL(
                "UPDATE mail_message SET %s WHERE id = ANY(%s) AND (author_id = ANY(%s) OR id = ANY(%s))",
                SQL(", ").join(SQL("%s = NULL", SQL.identifier(name)) for name in texts if columns.get(name)),
                ids,
                subject.partner_ids,
                mine,
            )
        )
        self._count(evidence, "mail_message", "blanked", self.env.cr.rowcount)

    @api.model
    def _erase_tracking(self, subject, evidence):
        """Old and new values go with their messages; those on documents of the books are struck out."""

    @api.model
    def _erase_files(self, subject, evidence):
        """Delete the person's files; documents that were issued stay for the books, without their full text."""
        ids = sorted(subject.rows["ir_attachment"])
        issued = SQL("FALSE")
        if "account.move" in self.env:
            issued = SQL(
                """a.res_model = 'account.move'
                   AND EXISTS (SELECT FROM account_move m WHERE m.id = a.res_id AND m.state = 'posted')"""
            )
        rows = self.env.execute_query(
            SQL("SELECT a.id, a.store_fname, %s FROM ir_attachment a WHERE a.id = ANY(%s)", issued, ids)
        )
        kept = [id_ for id_, _name, keep in rows if keep]
        self.env.cr.execute(
            SQL("UPDATE ir_attachment SET index_content = NULL, description = NULL WHERE id = ANY(%s)", kept)
        )
        if kept:
            evidence["kept"]["ir_attachment"] = self.env._("%s files of issued invoices, as the law asks.", len(kept))
            evidence["kept_files"] = kept
        doomed = [id_ for id_, _name, keep in rows if not keep]
        self.env.cr.execute(SQL("DELETE FROM ir_attachment WHERE id = ANY(%s)", doomed))
        self._count(evidence, "ir_attachment", "deleted", self.env.cr.rowcount)
        names = sorted({name for _id, name, keep in rows if name and not keep})
        self._count(evidence, "ir_attachment", "files", len(names))
        if names:
            self._forget_files(names)

    @api.model
    def _forget_files(self, names):
        """Delete files of the filestore that no attachment has any more, once the transaction is committed."""
        Attachment = self.env["ir.attachment"]
        for name in names:
            Attachment._mark_for_gc(name)  # should this process end before
        registry = self.env.registry

        def collect():
            with registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})["hospitality.eraser"]._collect_files(names)

        self.env.cr.postcommit.add(collect)

    @api.model
    def _collect_files(self, names):
        """Delete files at once, instead of with the next collection. Needs a fresh transaction.

        :return: number of files
        """
        cr, Attachment = self.env.cr, self.env["ir.attachment"]
        try:
            with cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
                cr.execute("SET LOCAL lock_timeout TO '5s'")
                # Nobody stores the same content while it is decided that nobody has it.
                cr.execute("LOCK ir_attachment IN SHARE MODE")
        except psycopg2.errors.LockNotAvailable:
            return 0  # they are marked: the collection of Odoo takes them
        cr.execute("SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname = ANY(%s)", [names])
        used = {row[0] for row in cr.fetchall()}
        removed = 0
        for name in set(names) - used:
            for path in (Attachment._full_path(name), os.path.join(Attachment._full_path("checklist"), name)):
                try:
                    os.unlink(path)
                    removed += 1
                except FileNotFoundError:
                    continue
        return removed

    @api.model
    def _get_erased_at(self, partner):
        """Return when a guest was erased, None if he wasn't."""
        return partner.guest_erased_at and fields.Datetime.to_string(partner.guest_erased_at)
