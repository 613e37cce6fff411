import logging
from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, Query, ormcache, split_every
from odoo.tools import sql as sql_tools

from ...engine import search

_logger = logging.getLogger(__name__)

#: Columns that are copied as they are, so that the usual page of contacts needs no other table.
MIRRORED = ("complete_name", "active", "company_id", "partner_share", "is_company", "is_guest")
#: Columns whose words are in the text.
SEARCHED = ("guest_local_name", "email", "phone", "phone_sanitized", "ref", "vat", "company_registry")
WATCHED = frozenset(MIRRORED + SEARCHED)
LIKE = ("ilike", "like")

COMPLETE = "hospitality_crm.guest_search_complete"
PENDING = "hospitality_crm.guest_search"
BATCH = 2_000
ADOPT_NOW = 20_000
#: An entry of a btree must stay below 2,704 bytes; what is longer continues in ``more``.
MAX_TEXT = 1_400
MAX_NAME = 250
#: Up to so many matches a search over other columns starts from the list of matches.
MAX_PROBED = 3_000
#: Up to so many matches of a picker compete for the best rank.
WINDOW = 200
#: Up to so many matches of a list are sorted at once.
FEW = 1_000
#: So many names are looked at from the start of the alphabet when there are more.
WALK = 30_000
PREFIX = 32
COUNTS = "hospitality_crm.guest_search_counts"


class HospitalityGuestSearch(models.Model):
    """What a partner can be found by: one folded text each (see ``engine.search``).

    A row has the id of its partner. It also mirrors the columns that the usual search for
    contacts filters and orders by: lists, pages and counts are then answered by one narrow
    index (in the order of names for frequent words, by trigrams for rare ones).

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

    _text_idx = models.Index(
        lambda registry: "USING gin (text gin_trgm_ops)" if registry.has_trigram else ""
    )
    _prefix_idx = models.Index("((left(text, 32)) text_pattern_ops)")
    _page_idx = models.Index(
        "(complete_name, id DESC) INCLUDE (text, active, company_id, partner_share, is_company, is_guest)"
    )
    _more_idx = models.Index("(id) WHERE more IS NOT NULL")

    def _auto_init(self):
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
        super().init()
        cr = self.env.cr
        if not sql_tools.get_foreign_keys(cr, self._table, "id", "res_partner", "id", "cascade"):
            sql_tools.add_foreign_key(cr, self._table, "id", "res_partner", "id", "cascade")
        table = SQL.identifier(self._table)
        cr.execute(SQL("ALTER TABLE %s ALTER COLUMN text SET STATISTICS 200", table))
        cr.execute(
            SQL(
                "ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,"
                " autovacuum_vacuum_insert_scale_factor = 0.02)",
                table,
            )
        )

    # Maintenance

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
            changed, known = self._changed_rows(ids)
            if known:
                # Another transaction may have read older values and be about to write.
                self.env.execute_query(
                    SQL("SELECT FROM %s WHERE id IN %s ORDER BY id FOR NO KEY UPDATE", self._sql_table(), tuple(known))
                )
                again, _known = self._changed_rows(known)
                changed = [row for row in changed if row[0] not in known] + again
            self._upsert(changed)
            written += len(changed)
        return written

    def _sql_table(self):
        return SQL.identifier(self._table)

    @api.model
    def _changed_rows(self, ids):
        """Rows of partners that have none or a different one, and which of them have one."""
        rows = self.env.execute_query(
            SQL(
                "SELECT p.id, left(p.complete_name, %(max_name)s), coalesce(p.active, false), p.company_id,"
                " coalesce(p.partner_share, false), coalesce(p.is_company, false), coalesce(p.is_guest, false),"
                " p.complete_name, p.guest_local_name, p.email, p.phone, p.phone_sanitized, p.ref, p.vat,"
                " p.company_registry, s.complete_name, s.active, s.company_id, s.partner_share, s.is_company,"
                " s.is_guest, s.text, s.more FROM res_partner p LEFT JOIN %(table)s s ON s.id = p.id"
                " WHERE p.id = ANY(%(ids)s)",
                max_name=MAX_NAME,
                table=self._sql_table(),
                ids=list(ids),
            )
        )
        terms = self.env["res.partner"]._guest_search_terms(ids)
        changed, known = [], set()
        for row in rows:
            partner_id, mirrored, old = row[0], row[1:7], row[15:]
            new = (*mirrored, *self._text(row[7:15], terms.get(partner_id, ())))
            if new != old:
                changed.append((partner_id, *new))
                if old[6] is not None:
                    known.add(partner_id)
        return changed, known

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
    def _upsert(self, rows):
        if not rows:
            return
        first_long = any(row[-1] for row in rows) and not self._has_long_texts()
        names = ("id", *MIRRORED, "text", "more")
        types = ("int4", "varchar", "bool", "int4", "bool", "bool", "bool", "varchar", "varchar")
        columns = SQL(", ").join(map(SQL.identifier, names))
        arrays = SQL(", ").join(
            SQL("%s::%s[]", list(column), SQL(kind)) for column, kind in zip(zip(*rows, strict=True), types, strict=True)
        )
        assignments = SQL(", ").join(
            SQL("%s = EXCLUDED.%s", SQL.identifier(name), SQL.identifier(name)) for name in names[1:]
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) SELECT * FROM unnest(%s) ON CONFLICT (id) DO UPDATE SET %s",
                self._sql_table(),
                columns,
                arrays,
                assignments,
            )
        )
        if first_long:
            self.env.registry.clear_cache()

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

    # Searching

    @api.model
    def _usable(self):
        """Whether the user may search by all values of a partner: nobody from outside."""
        return self.env.su or self.env.user._is_internal()

    @api.model
    def _condition(self, groups, alias=None):
        """SQL condition for the pattern groups of a query."""
        alias = alias or self._table

        def holds(column):
            return SQL(" AND ").join(
                SQL("(%s)", SQL(" OR ").join(SQL("%s LIKE %s", column, self._like(text)) for text in group))
                for group in groups
            )

        condition = holds(SQL.identifier(alias, "text"))
        if not self._has_long_texts():
            return condition
        long = SQL(
            "SELECT m.id FROM %s m WHERE m.more IS NOT NULL AND %s", self._sql_table(), holds(SQL("(m.text || m.more)"))
        )
        ids = tuple(row[0] for row in self.env.execute_query(long))
        return SQL("(%s OR %s IN %s)", condition, SQL.identifier(alias, "id"), ids) if ids else condition

    @api.model
    @ormcache()
    def _has_long_texts(self):
        return bool(self.env.execute_query(SQL("SELECT FROM %s WHERE more IS NOT NULL LIMIT 1", self._sql_table())))

    @staticmethod
    def _like(text, start="%"):
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"{start}{escaped}%"

    @api.model
    def _leaf(self, value, core_domain):
        """Domain for ``display_name ilike value``, or None when the value has nothing to search for.

        :param core_domain: what the core would search, for partners without a row
        """
        groups = search.patterns(value)
        if not groups:
            return None
        return Domain.custom(to_sql=partial(self._leaf_to_sql, groups, core_domain))

    @api.model
    def _leaf_to_sql(self, groups, core_domain, model, alias, query):
        Search = model.env[self._name].sudo()  # the caller's rights and rules on partners apply to the result
        Search._refresh_marked()
        condition = Search._condition(groups)
        table = Search._sql_table()
        partner_id = SQL.identifier(alias, "id")
        rows = Search.env.execute_query(SQL("SELECT id FROM %s WHERE %s LIMIT %s", table, condition, MAX_PROBED + 1))
        if not rows:
            result = SQL("FALSE")
        elif len(rows) <= MAX_PROBED:
            result = SQL("%s IN %s", partner_id, tuple(row[0] for row in rows))
        else:
            result = SQL("%s IN (SELECT id FROM %s WHERE %s)", partner_id, table, condition)
        if Search._is_complete():
            return result
        core = Domain(core_domain).optimize_full(model)._to_sql(model, alias, query)
        return SQL("(%s OR (%s) AND NOT EXISTS (SELECT FROM %s s WHERE s.id = %s))", result, core, table, partner_id)

    @api.model
    def _narrow_query(self, Partner, domain, named=True):
        """Query over this table alone that is equal to a search for partners, or None.

        That is possible when the domain searches by name and otherwise, like the user's record
        rules, uses mirrored columns only.

        :param Partner: empty recordset of ``res.partner`` of the user who searches
        :param named: whether to apply the search by name as well
        """
        Search = self.sudo()  # rights and rules on partners are applied below
        if not self._usable() or not self._is_complete():
            return None
        domain = Domain(domain)
        if not self._is_covered(domain, named=True):
            return None
        if Partner.env.context.get("active_test", True) and not any(
            condition.field_expr == "active" for condition in domain.iter_conditions()
        ):
            domain &= Domain("active", "=", True)
        rules = Domain.TRUE
        if not self.env.su:
            Partner.browse().check_access("read")
            rules = self.env["ir.rule"]._compute_domain(Partner._name, "read")
            if not self._is_covered(rules):
                return None
        Search._refresh_marked()
        query = Query(Search.env, Search._table, Search._table_sql)

        def narrow(condition):
            if condition.field_expr != "display_name":
                return condition
            if not named:
                return Domain.TRUE
            sql = Search._condition(search.patterns(condition.value))
            return Domain.custom(to_sql=lambda *_args: sql)

        for part in (domain.map_conditions(narrow), rules):
            part = part.optimize_full(Search)
            if not part.is_true():
                query.add_where(part._to_sql(Search, Search._table, query))
        return query

    @api.model
    def _is_covered(self, domain, named=False):
        """Whether a domain uses mirrored columns only, and, if asked, a search by name."""
        found = False
        for item in domain:
            if isinstance(item, str):
                if item == "!":
                    return False
                continue
            if isinstance(item, Domain):
                return False
            field, operator, value = item
            if field == "display_name" and named:
                if operator not in LIKE or not isinstance(value, str) or not search.patterns(value):
                    return False
                found = True
            elif field in MIRRORED and field != "complete_name":
                if operator in LIKE or isinstance(value, (str, Domain, Query, SQL)):
                    return False
            elif field not in (0, 1):
                return False
        return found or not named

    @api.model
    def _page(self, Partner, domain, offset, limit):
        """Ids of a page of partners in the order of names, or None (see :meth:`_narrow_query`).

        The planner knows neither how often a term occurs nor that one given name fills a page
        of the alphabet, so the effort is bounded in steps: all matches if they are few, else the
        beginning of the alphabet, else all matches however many.
        """
        query = self._narrow_query(Partner, domain)
        if query is None:
            return None
        parts = {
            "where": query.where_clause,
            "table": self._sql_table(),
            "page": SQL("ORDER BY complete_name, id DESC OFFSET %s LIMIT %s", offset, limit),
            "few": FEW + 1,
            "walk": WALK,
        }
        [(total, ids)] = self.env.execute_query(
            SQL(
                "WITH few AS MATERIALIZED (SELECT id, complete_name FROM %(table)s WHERE %(where)s LIMIT %(few)s)"
                " SELECT (SELECT count(*) FROM few), ARRAY(SELECT id FROM few %(page)s)",
                **parts,
            )
        )
        if total <= FEW:
            self._counts()[query.where_clause] = total
            return ids
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM (SELECT id, complete_name, text, active, company_id, partner_share, is_company, is_guest"
                " FROM %(table)s ORDER BY complete_name, id DESC LIMIT %(walk)s) %(table)s WHERE %(where)s %(page)s",
                **parts,
            )
        )
        if len(rows) < limit:
            rows = self.env.execute_query(
                SQL(
                    "SELECT id FROM (SELECT id, complete_name FROM %(table)s WHERE %(where)s OFFSET 0) every %(page)s",
                    **parts,
                )
            )
        return [row[0] for row in rows]

    @api.model
    def _count(self, Partner, domain, limit):
        """Number of partners, counted up to ``limit``, or None (see :meth:`_narrow_query`)."""
        query = self._narrow_query(Partner, domain)
        if query is None:
            return None
        known = self._counts().get(query.where_clause)
        if known is not None:
            return min(known, limit) if limit else known
        query.limit = limit or None
        return len(query)

    @api.model
    def _counts(self):
        """What :meth:`_page` counted on the way, while one page is read with its number of records."""
        return self.env.cr.cache.get(COUNTS, {})

    @api.model
    def _best(self, Partner, name, domain, limit):
        """Ids of the partners that match ``name`` best, or None (see :meth:`_narrow_query`).

        Shown names that start with the query come first, then those with more of its words at
        the start of a word. Of very many matches a part competes.
        """
        domain = Domain("display_name", "ilike", name) & Domain(domain or Domain.TRUE)
        query = self._narrow_query(Partner, domain)
        if query is None:
            return None
        where, table = query.where_clause, self._sql_table()
        found = []
        prefix = search.prefix(name)
        if prefix:
            found = self._beginning(Partner, prefix, domain, limit)
        if len(found) < limit:
            starts = SQL(" + ").join(
                SQL("(text LIKE %s)::int", self._like(" " + group[0].strip())) for group in search.patterns(name)
            )
            window = SQL(
                "SELECT id, complete_name, %s AS starts FROM %s WHERE %s%s LIMIT %s",
                starts,
                table,
                where,
                SQL(" AND id NOT IN %s", tuple(found)) if found else SQL(),
                max(WINDOW, limit),
            )
            rows = self.env.execute_query(
                SQL("SELECT id FROM (%s) w ORDER BY starts DESC, complete_name, id DESC LIMIT %s", window, limit - len(found))
            )
            found += [row[0] for row in rows]
        return found

    @api.model
    def _beginning(self, Partner, prefix, domain, limit):
        """Ids of the first partners whose text starts with ``prefix``, by the index of beginnings alone."""
        query = self._narrow_query(Partner, domain, named=False)
        if len(prefix) > PREFIX:
            query.add_where(SQL("text || '' LIKE %s", self._like(prefix, start="")))
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM %s WHERE left(text, 32) LIKE %s%s ORDER BY left(text, 32) USING ~<~ LIMIT %s",
                self._sql_table(),
                self._like(prefix[:PREFIX], start=""),
                SQL(" AND %s", query.where_clause) if query.where_clause.code else SQL(),
                limit,
            )
        )
        return [row[0] for row in rows]
