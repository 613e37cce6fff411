from functools import partial

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, Query, ormcache

from ...engine import search
from .hospitality_guest_search import MIRRORED

LIKE = ("ilike", "like")
#: Up to so many matches a search over other columns starts from the list of matches.
MAX_PROBED = 3_000
#: Up to so many matches of a picker compete for the best rank.
WINDOW = 200
#: So many names are looked through from the start of the alphabet, in half a millisecond.
WALK = 3_000
#: The same where further conditions will leave fewer of them, and how many of those are tried.
WIDE_WALK = 15_000
CANDIDATES = 200
#: From so many matches on a search over other columns may start from these.
FREQUENT = 30_000
#: Length of the beginnings in their index.
PREFIX = 32
COUNTS = "hospitality_crm.guest_search_counts"


class HospitalityGuestSearch(models.Model):
    """How the texts are searched."""

    _inherit = "hospitality.guest.search"

    @api.model
    def _usable(self):
        """Whether the user may search by all values of a partner: nobody from outside.

        A partner that isn't searched by any name is left to the core, which restricts nothing then.
        """
        return bool(self.env["res.partner"]._rec_names_search) and (self.env.su or self.env.user._is_internal())

    @api.model
    def _condition(self, groups, alias=None):
        """SQL condition for the pattern groups of a query."""
        alias = alias or self._table

        def holds(column):
            return SQL(" AND ").join(
                SQL("(%s)", SQL(" OR ").join(self._contains(column, pattern) for pattern in group)) for group in groups
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

    @api.model
    def _contains(self, column, pattern):
        """SQL condition that a text contains a pattern, in a form that is cheap for the trigram index."""
        pieces = search.pieces(pattern)
        likes = SQL(" AND ").join(SQL("%s LIKE %s", column, self._like(piece)) for piece in pieces)
        if pieces == [pattern]:
            return likes
        return SQL("(%s AND strpos(%s, %s) > 0)", likes, column, pattern)

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
        elif Search._estimate(condition) < FREQUENT:
            # The planner must not look at partners one by one in the order that is asked for.
            result = SQL("%s = ANY(ARRAY(SELECT id FROM %s WHERE %s))", partner_id, table, condition)
        else:
            result = SQL("%s IN (SELECT id FROM %s WHERE %s)", partner_id, table, condition)
        if Search._is_complete():
            return result
        core = Domain(core_domain).optimize_full(model)._to_sql(model, alias, query)
        return SQL("(%s OR (%s) AND NOT EXISTS (SELECT FROM %s s WHERE s.id = %s))", result, core, table, partner_id)

    @api.model
    def _estimate(self, condition):
        """Number of texts that the planner expects to fulfil a condition."""
        [(plan,)] = self.env.execute_query(
            SQL("EXPLAIN (FORMAT JSON) SELECT FROM %s WHERE %s", self._sql_table(), condition)
        )
        return plan[0]["Plan"]["Plan Rows"]

    @api.model
    def _narrow_query(self, Partner, domain, named=True, ruled=True):
        """Query over this table alone that is equal to a search for partners, or None.

        That is possible when the domain searches by name and otherwise, like the user's record
        rules, uses mirrored columns only.

        :param Partner: empty recordset of ``res.partner`` of the user who searches
        :param named: whether to apply the search by name as well
        :param ruled: whether to apply the record rules, where the caller doesn't do it himself
        """
        Search = self.sudo()  # rights and rules on partners are applied below
        domain = Domain(domain)
        if not self._is_covered(domain, named=True) or not self._usable() or not self._is_complete():
            return None
        if Partner.env.context.get("active_test", True) and not any(
            condition.field_expr == "active" for condition in domain.iter_conditions()
        ):
            domain &= Domain("active", "=", True)
        rules = Domain.TRUE
        if ruled and not self.env.su:
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

        The planner knows neither how often a term occurs nor that everybody of one given name
        stands together, so it is not asked: the first names are looked through, which is enough for
        a frequent term, and failing that all matches are taken, sorted and counted.
        """
        query = self._narrow_query(Partner, domain)
        if query is None:
            return None
        ids = self._among_first_names(query.where_clause, offset + limit)
        if len(ids) == offset + limit:
            return ids[offset:]
        [(total, ids)] = self.env.execute_query(
            SQL(
                "WITH every AS MATERIALIZED (SELECT id, complete_name FROM %s WHERE %s)"
                " SELECT (SELECT count(*) FROM every), ARRAY(SELECT id FROM every %s)",
                self._sql_table(),
                query.where_clause,
                SQL("ORDER BY complete_name, id DESC OFFSET %s LIMIT %s", offset, limit),
            )
        )
        self._counts()[query.where_clause] = total
        return ids

    @api.model
    def _among_first_names(self, where, limit, walk=WALK, rank=None):
        """Ids of up to ``limit`` matches among the first names of the alphabet, in order.

        :param SQL rank: order of the result, where it is another one
        """
        matches = SQL(
            "SELECT id, complete_name, text FROM (SELECT id, text, %(mirrored)s FROM %(table)s"
            " ORDER BY complete_name, id DESC LIMIT %(walk)s) %(table)s WHERE %(where)s"
            " ORDER BY complete_name, id DESC LIMIT %(limit)s",
            mirrored=SQL(", ").join(map(SQL.identifier, MIRRORED)),
            table=self._sql_table(),
            walk=walk,
            where=where,
            limit=limit,
        )
        if rank:
            matches = SQL("SELECT id FROM (%s) matches %s", matches, rank)
        return [row[0] for row in self.env.execute_query(matches)]

    @api.model
    def _candidates(self, Partner, domain):
        """Who may be first of a search that asks for more than the mirrored columns.

        :return: ids of the first partners in the order of names that fulfil the covered part of the
            domain, and the rest of it; or None
        """
        domain = Domain(domain)
        parts = domain.children if getattr(domain, "OPERATOR", "") == "&" else (domain,)
        covered, rest = [], []
        for part in parts:
            (covered if self._is_covered(part) or self._is_covered(part, named=True) else rest).append(part)
        query = self._narrow_query(Partner, Domain.AND(covered), ruled=False)
        if query is None:
            return None
        return self._among_first_names(query.where_clause, CANDIDATES, walk=WIDE_WALK), Domain.AND(rest)

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
        where = query.where_clause
        prefix = search.prefix(name)
        found = self._beginning(Partner, prefix, domain, limit) if prefix else []
        if len(found) < limit:
            if found:
                where = SQL("%s AND id NOT IN %s", where, tuple(found))
            starts = SQL(" + ").join(
                SQL("(text LIKE %s)::int", self._like(" " + group[0].strip())) for group in search.patterns(name)
            )
            rank = SQL("ORDER BY %s DESC, complete_name, id DESC LIMIT %s", starts, limit - len(found))
            more = self._among_first_names(where, max(WINDOW, limit), rank=rank)
            if len(more) + len(found) < limit:
                window = SQL(
                    "SELECT id, complete_name, text FROM %s WHERE %s LIMIT %s",
                    self._sql_table(),
                    where,
                    max(WINDOW, limit),
                )
                more = [row[0] for row in self.env.execute_query(SQL("SELECT id FROM (%s) few %s", window, rank))]
            found += more
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
