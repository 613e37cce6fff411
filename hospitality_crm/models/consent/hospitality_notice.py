from odoo import api, fields, models


class HospitalityNotice(models.Model):
    """A text that guests are shown when they are asked, in versions and languages."""

    _name = "hospitality.notice"
    _description = "Privacy Notice"
    _inherit = ["hospitality.code.mixin"]
    _order = "sequence, name, id"

    brand_id = fields.Many2one("hospitality.brand", index=True, ondelete="restrict", help="Empty: of all brands.")
    purpose_ids = fields.Many2many("hospitality.purpose", string="Purposes")
    version_ids = fields.One2many("hospitality.notice.version", "notice_id", string="Versions")

    _code_uniq = models.Constraint("UNIQUE (code)", "A notice with this code exists already.")

    @api.model
    def _find_version(self, purpose, brand, lang):
        """Return the wording that a guest is shown now about a purpose.

        :param purpose: ``hospitality.purpose``
        :param brand: ``hospitality.brand``, may be empty
        :param lang: language code such as ``uk_UA``; without a text in it English is taken, then any
        :return: ``hospitality.notice.version``, empty without a published text
        """
        versions = self.env["hospitality.notice.version"].search(
            [
                ("state", "=", "published"),
                ("notice_id.active", "=", True),
                ("notice_id.purpose_ids", "in", purpose.ids),
                ("notice_id.brand_id", "in", [brand.id, False]),
            ]
        )
        wanted = (lang or "")[:2]
        return versions.sorted(
            lambda v: (
                v.notice_id.brand_id != brand,
                v.lang != lang,
                v.lang[:2] != wanted,
                v.lang[:2] != "en",
                -v.number,
                -v.id,
            )
        )[:1]
