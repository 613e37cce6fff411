from werkzeug.datastructures import ImmutableMultiDict

from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _auth_method_hospitality_hook(cls):
        """Nobody is logged in, and no parameter is read: neither of the query nor of a body."""
        cls._auth_method_none()
        for name in ("args", "form", "files"):
            setattr(request.httprequest, name, ImmutableMultiDict())
