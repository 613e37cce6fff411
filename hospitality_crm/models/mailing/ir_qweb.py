from lxml import etree

from odoo import models


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    def _compile(self, template):
        """Compile the body of a mailing once, instead of once per guest."""
        compiled = self.env.context.get("hospitality_compiled")
        if compiled is None or not isinstance(template, etree._Element):
            return super()._compile(template)
        key = (template, *(self.env.context.get(name) or False for name in self._get_template_cache_keys()))
        if key not in compiled:
            compiled[key] = super()._compile(template)
        return compiled[key]
