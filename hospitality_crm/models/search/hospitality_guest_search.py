import logging

from odoo import api, fields, models
from odoo.tools import SQL, split_every
from odoo.tools import sql as sql_tools

from ...engine import search

_logger = logging.getLogger(__name__)

#: Columns that are copied as they are, so that the usual page of contacts needs no other table.
MIRRORED = ("complete_name", "active", "company_id", "partner_share", "is_company", "is_guest")
#: Columns whose words are in the text.
SEARCHED = ("guest_local_name", "email", "phone", "phone_sanitized", "ref", "vat", "company_registry")
WATCHED = frozenset(MIRRORED + SEARCHED)

COMPLETE = "hospitality_crm.guest_search_complete"
PENDING = "hospitality_crm.guest_search"
BATCH = 2_000
ADOPT_NOW = 20_000
#: An entry of a btree must stay below 2,704 bytes; what is longer continues in ``more``.
MAX_TEXT = 1_400
MAX_NAME = 250


class HospitalityGuestSearch(models.Model):
    """What a partner can be found by: one folded text each (see ``engine.search``).

    A row has the id of its partner, without a foreign key, which merges of contacts would try to
    move. It also mirrors the columns that the usual search for contacts filters and orders by:
    lists, pages and counts are then answered by one narrow index (in the order of names for
    frequent words, by trigrams for rare ones).

    Writes through the ORM mark partners; marked ones are refreshed before the next search of
    the transaction and before it commits. Who writes a watched column of ``res_partner`` or a
    profile by SQL calls :meth:`_refresh` in the same transaction. While an existing data base is
    being adopted, partners without a row are found by the search of the core.
    """

    _name = "hospitality.guest.search"
    _description = "Search Text of a Partner"
    _log_access = False
    _order = "complete_name, id desc"
    _rec_name = "complete_name"

    complete_name = fields.Char()
    active = fields.Boolean()
    company_id = fields.Many2one("res.company")
    partner_share = fields.Boolean()
    is_company = fields.Boolean()
    is_guest = fields.Boolean()
    text = fields.Char(required=True)
    more = fields.Char(help="The end of a text that is too long for an index entry.")

    _text_idx = models.Index(lambda registry: "USING gin (text gin_trgm_ops)" if registry.has_trigram else "")
    _prefix_idx = models.Index("((left(text, 32)) text_pattern_ops)")
    _page_idx = models.Index(
        "(complete_name, id DESC) INCLUDE (text, active, company_id, partner_share, is_company, is_guest)"
    )
    _more_idx = models.Index("(id) WHERE more IS NOT NULL")

    def _auto_init(self):
        if not sql_tools.table_exists(self.env.cr, self._table):
            # What an earlier installation said.
            self.env.cr.execute(SQL("DELETE FROM ir_config_parameter WHERE key = %s", COMPLETE))
            self.env.registry.clear_cache("stable")
        self._ensure_trigrams()
        return super()._auto_init()

    @api.model
    def _ensure_trigrams(self):
        registry = self.env.registry
        if registry.has_trigram:
            return
        self.env.cr.execute(
            "SELECT EXISTS(SELECT FROM pg_available_extensions WHERE name = 'pg_trgm')"
            " AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
            " OR has_database_privilege(current_database(), 'CREATE')"
        )
        if self.env.cr.fetchone()[0]:
            self.env.cr.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            registry.has_trigram = True
        else:
            _logger.warning(
                "The PostgreSQL extension pg_trgm is missing: searching guests works, but rare words are slow."
                " Run CREATE EXTENSION pg_trgm in this database as its owner and update hospitality_crm."
            )

    def init(self):
        result = super().init()
        cr = self.env.cr
        table = SQL.identifier(self._table)
        cr.execute(SQL("ALTER TABLE %s ALTER COLUMN text SET STATISTICS 200", table))
        cr.execute(
            SQL(
                "ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,"
                " autovacuum_vacuum_insert_scale_factor = 0.02)",
                table,
            )
        )
        return result

    @api.model
    def _mark(self, partner_ids):
        """Have partners refreshed before the next search and before the transaction commits."""
        precommit = self.env.cr.precommit
        if PENDING not in precommit.data:
            precommit.data[PENDING] = set()
            precommit.add(self.sudo()._refresh_marked)  # the text of a partner doesn't depend on who reads it
        precommit.data[PENDING].update(partner_ids)

    @api.model
    def _refresh_marked(self):
        """Refresh what was marked in this transaction."""
        self.env["res.partner"].flush_model(WATCHED)
        data = self.env.cr.precommit.data
        while data.get(PENDING):
            marked, data[PENDING] = data[PENDING], set()
            self._refresh(marked)

    @api.model
    def _refresh(self, partner_ids):
        """Write the rows of partners anew where they differ; set-based, within this transaction.

        Reads the database: what the ORM still holds back must be flushed before.

        :param partner_ids: any number of ids, existing or not
        :return: number of rows written
        """
        written = 0
        for ids in split_every(BATCH, sorted(set(partner_ids))):
            left = ids
            # A lane (READ COMMITTED) may have read before another transaction committed: what that one has written
            # is looked at again. Elsewhere PostgreSQL refuses the write, and the request is tried again.
            while left:
                changed = self._changed_rows(left)
                done = self._write_rows(changed)
                written += len(done)
                left = [row[0] for row in changed if row[0] not in done]
        return written

    def _sql_table(self):
        return SQL.identifier(self._table)

    @api.model
    def _changed_rows(self, ids):
        """Return the rows of partners that have none or a different one, the version of the old one (or None) last."""
        Partner = self.env["res.partner"]
        self.env["hospitality.profile"].flush_model(["partner_id", "state", "values"])
        rows = self.env.execute_query(
            SQL(
                "SELECT p.id, left(p.complete_name, %(max_name)s), coalesce(p.active, false), p.company_id,"
                " coalesce(p.partner_share, false), coalesce(p.is_company, false), coalesce(p.is_guest, false),"
                " p.complete_name, p.guest_local_name, p.email, p.phone, p.phone_sanitized, p.ref, p.vat,"
                " p.company_registry, s.complete_name, s.active, s.company_id, s.partner_share, s.is_company,"
                " s.is_guest, s.text, s.more, s.xmin::text,"
                " %(terms)s FROM res_partner p LEFT JOIN %(table)s s ON s.id = p.id"
                " WHERE p.id = ANY(%(ids)s)",
                max_name=MAX_NAME,
                table=self._sql_table(),
                terms=Partner._get_search_sql(),
                ids=list(ids),
            )
        )
        changed = []
        for row in rows:
            partner_id, mirrored, old, version = row[0], row[1:7], row[15:23], row[23]
            new = (*mirrored, *self._text(row[7:15], Partner._get_search_terms(*row[24:])))
            if new != old:
                changed.append((partner_id, *new, version))
        return changed

    @api.model
    def _text(self, columns, terms):
        """Search text of one partner in two parts, the second mostly None."""
        name, local_name, email, phone, sanitized, *codes = columns
        names, emails, phones = search.sort_terms(terms)
        text = search.text_of([name, local_name, *names], [email, *emails], [sanitized or phone, *phones], codes)
        if len(text) <= MAX_TEXT:
            return text, None
        cut = text.rfind(" ", 0, MAX_TEXT) + 1 or MAX_TEXT
        return text[:cut], text[cut - 1 :]

    @api.model
    def _write_rows(self, rows):
        """Write rows that nobody else has written since they were read.

        :param rows: as of :meth:`_changed_rows`
        :return: set of the ids that were written
        """
        if not rows:
            return set()
        first_long = any(row[-2] for row in rows) and not self._has_long_texts()
        names = (*MIRRORED, "text", "more")
        types = ("int4", "varchar", "bool", "int4", "bool", "bool", "bool", "varchar", "varchar", "varchar")
        values = SQL(", ").join(
            SQL("%s::%s[]", list(column), SQL(kind))
            for column, kind in zip(zip(*rows, strict=True), types, strict=True)
        )
        written = self.env.execute_query(
            SQL(
                """
                WITH v AS MATERIALIZED (SELECT * FROM unnest(%(values)s) AS v(id, %(columns)s, version)),
                known AS (
                    UPDATE %(table)s s SET (%(columns)s) = (%(fresh)s)
                      FROM v WHERE s.id = v.id AND s.xmin::text = v.version
                    RETURNING s.id),
                added AS (
                    INSERT INTO %(table)s (id, %(columns)s)
                    SELECT v.id, %(fresh)s FROM v WHERE v.version IS NULL
                    ON CONFLICT (id) DO NOTHING
                    RETURNING id)
                SELECT id FROM known UNION ALL SELECT id FROM added
                """,
                values=values,
                columns=SQL(", ").join(map(SQL.identifier, names)),
                fresh=SQL(", ").join(SQL.identifier("v", name) for name in names),
                table=self._sql_table(),
            )
        )
        if first_long:
            self.env.registry.clear_cache()
        return {row[0] for row in written}

    @api.model
    def _forget(self, partner_ids):
        """Delete the rows of partners that are being deleted."""
        self.env.cr.execute(SQL("DELETE FROM %s WHERE id = ANY(%s)", self._sql_table(), list(partner_ids)))

    @api.autovacuum
    def _gc_strays(self):
        """Heal what SQL did to partners behind our back."""
        if not self._is_complete():
            return
        self.env.cr.execute(
            SQL("DELETE FROM %s s WHERE NOT EXISTS (SELECT FROM res_partner p WHERE p.id = s.id)", self._sql_table())
        )
        last = 0
        while last := self._adopt(last):
            continue

    @api.model
    def _is_complete(self):
        """Whether every partner has a row, so that nobody must be looked for elsewhere."""
        return bool(self.env["ir.config_parameter"].sudo().get_param(COMPLETE))  # no secret, one flag of ours

    @api.model
    def _adopt(self, after=0, limit=5_000):
        """Give rows to up to ``limit`` partners that lack one; the step of a background job.

        :param int after: only partners with a greater id; pass the last result on
        :return: greatest id done, or 0 when no partner is left: searches rely on the rows from then on
        """
        self.env["res.partner"].flush_model(WATCHED)
        if self.env.registry.has_trigram:
            # Entries of a trigram index are far cheaper when many are sorted in together.
            self.env.cr.execute("SET LOCAL gin_pending_list_limit = '64MB'")
        rows = self.env.execute_query(
            SQL(
                "SELECT p.id FROM res_partner p WHERE p.id > %s"
                " AND NOT EXISTS (SELECT FROM %s s WHERE s.id = p.id) ORDER BY p.id LIMIT %s",
                after,
                self._sql_table(),
                limit,
            )
        )
        if rows:
            self._refresh(row[0] for row in rows)
            return rows[-1][0]
        if after:
            return self._adopt(0, limit)
        if not self._is_complete():
            if self.env.registry.has_trigram:
                self.env.cr.execute("SELECT gin_clean_pending_list('hospitality_guest_search_text_idx')")
            self.env["ir.config_parameter"].sudo().set_param(COMPLETE, "1")  # called by jobs and the installation only
        return 0

    @api.model
    def _adopt_small(self):
        """Complete the rows at once in a database of moderate size (on installation and update)."""
        if self._is_complete():
            return
        [(count,)] = self.env.execute_query(
            SQL("SELECT count(*) FROM (SELECT FROM res_partner LIMIT %s) few", ADOPT_NOW + 1)
        )
        last = 0
        while count <= ADOPT_NOW:
            last = self._adopt(last)
            if not last:
                break
