from odoo import api, models
from odoo.fields import Domain

from .hospitality_guest_search import WATCHED
from .hospitality_guest_search_query import COUNTS, LIKE

#: Longest page that is looked up by ids.
MAX_PAGE = 500


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        self.env["hospitality.guest.search"]._mark(partners.ids)
        return partners

    def _write_multi(self, vals_list):
        # Below write(): stored computed values (complete_name of a contact whose company was
        # renamed) pass only here.
        result = super()._write_multi(vals_list)
        marked = [partner.id for partner, vals in zip(self, vals_list, strict=True) if not WATCHED.isdisjoint(vals)]
        if marked:
            self.env["hospitality.guest.search"]._mark(marked)
        return result

    def unlink(self):
        ids = self.ids
        result = super().unlink()
        self.env["hospitality.guest.search"]._forget(ids)
        return result

    @api.model
    def _search_display_name(self, operator, value):
        domain = super()._search_display_name(operator, value)
        Search = self.env["hospitality.guest.search"]
        if operator in LIKE and isinstance(value, str) and Search._usable():
            return Search._leaf(value, domain) or domain
        return domain

    @api.model
    @api.private
    @api.readonly
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        if limit and limit <= MAX_PAGE and (not order or order == self._order):
            Search = self.env["hospitality.guest.search"]
            ids = Search._page(self, domain, offset, limit)
            if ids is not None:
                # Read like any search, with the rights and rules of the user.
                return super().search_fetch(self._of_ids(ids, domain), field_names, limit=limit, order=order)
            candidates = Search._candidates(self, domain)
            if candidates and len(candidates[0]) >= limit:
                ids, rest = candidates
                found = super().search_fetch(
                    self._of_ids(ids, domain) & rest, field_names, offset=offset, limit=limit, order=order
                )
                if len(found) == limit:
                    return found
        return super().search_fetch(domain, field_names, offset=offset, limit=limit, order=order)

    @api.model
    @api.readonly
    def search_count(self, domain, limit=None):
        count = self.env["hospitality.guest.search"]._count(self, domain, limit)
        return super().search_count(domain, limit=limit) if count is None else count

    @api.model
    @api.readonly
    def web_search_read(self, domain, specification, offset=0, limit=None, order=None, count_limit=None):
        cache = self.env.cr.cache
        cache[COUNTS] = {}
        try:
            return super().web_search_read(
                domain, specification, offset=offset, limit=limit, order=order, count_limit=count_limit
            )
        finally:
            cache.pop(COUNTS, None)

    @api.model
    @api.readonly
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        """Find partners by any part of any of their names in any script, by e-mail, phone digits or codes."""
        ids = None
        if name and operator in LIKE and limit:
            ids = self.env["hospitality.guest.search"]._best(self, name, domain, limit)
        if ids is None:
            return super().name_search(name, domain, operator, limit)
        found = set(self.search_fetch(self._of_ids(ids, Domain(domain or Domain.TRUE)), ["display_name"])._ids)
        names = self.browse(id_ for id_ in ids if id_ in found).sudo()  # whom he may read, he may see by name
        return [(partner.id, partner.display_name) for partner in names]

    @api.model
    def _of_ids(self, ids, domain):
        """Domain of ``ids`` that looks at archived partners where ``domain`` does."""
        result = Domain("id", "in", ids)
        if any(condition.field_expr == "active" for condition in Domain(domain).iter_conditions()):
            result &= Domain("active", "in", [True, False])
        return result
