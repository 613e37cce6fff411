from lxml import html

from odoo import api, models

from .overrides import is_next


class MailRenderMixin(models.AbstractModel):
    _inherit = "mail.render.mixin"

    @api.model
    def _render_template_qweb(self, template_src, model, res_ids, add_context=None, options=None):
        """Render the body of a mailing from one parsed template, so that it is compiled once (`ir.qweb`).

        Templates with nothing but plain fields take this way, too: the core parses them anew for each guest.
        """
        parsed = self.env.context.get("hospitality_compiled")
        if (
            parsed is None
            or not template_src
            or not self.env.is_admin()
            or not is_next(self, MailRenderMixin, "_render_template_qweb", "mail")
        ):
            return super()._render_template_qweb(template_src, model, res_ids, add_context=add_context, options=options)
        if template_src not in parsed:
            parsed[template_src] = html.fragment_fromstring(template_src, create_parent="div")
        template = parsed[template_src]
        variables = self._render_eval_context()
        variables.update(add_context or {})
        qweb = self.env["ir.qweb"]
        rendered = {}
        for record in self.env[model].browse(res_ids):
            variables["object"] = record
            rendered[record.id] = qweb._render(template, variables, **(options or {}))[len("<div>") : -len("</div>")]
        return rendered
