from odoo import api, models


class ResLang(models.Model):
    """A language that is switched on gets the wording that guests are shown when they are asked."""

    _inherit = "res.lang"

    @api.model_create_multi
    def create(self, vals_list):
        langs = super().create(vals_list)
        if any(lang.active for lang in langs):
            self.env["hospitality.notice"].sudo()._publish_in_languages()  # follows from the language
        return langs

    def write(self, vals):
        result = super().write(vals)
        if vals.get("active"):
            self.env["hospitality.notice"].sudo()._publish_in_languages()  # follows from the language
        return result
