from odoo import api, models

#: What says something about the health of a guest.
SENSITIVE = frozenset({"kind", "allergen_id", "detail", "severity", "display_name", "withdrawn_reason"})


class HospitalityAllergy(models.Model):
    """Reading what is known about a guest's health is written down, by whatever way a client reads it."""

    _inherit = "hospitality.allergy"

    def _read_format(self, fnames, load="_classic_read"):
        if self and not self.env.su and not SENSITIVE.isdisjoint(fnames):
            self.env["hospitality.access.log"]._log("allergy", self, once=True)
        return super()._read_format(fnames, load)

    @api.model
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        found = super().name_search(name, domain, operator, limit)
        if found:
            self.env["hospitality.access.log"]._log("allergy", self.browse(row[0] for row in found), once=True)
        return found

    @api.model
    @api.readonly
    def formatted_read_group(self, domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None):
        if groupby:
            self.env["hospitality.access.log"]._log("allergy", self, fields=groupby, domain=domain)
        return super().formatted_read_group(domain, groupby, aggregates, having, offset, limit, order)
