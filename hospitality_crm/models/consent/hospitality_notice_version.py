import hashlib
import unicodedata

from odoo import api, fields, models
from odoo.exceptions import UserError

_FIXED = frozenset({"notice_id", "number", "lang", "body", "sha256", "published_at"})


class HospitalityNoticeVersion(models.Model):
    """One wording of a notice in one language. Once published it never changes: statements of guests refer to it."""

    _name = "hospitality.notice.version"
    _description = "Wording of a Notice"
    _order = "notice_id, number desc, lang"

    notice_id = fields.Many2one("hospitality.notice", required=True, index=True, ondelete="restrict")
    number = fields.Integer(string="Version", required=True, default=1, aggregator=None)
    lang = fields.Selection("_list_languages", string="Language", required=True, default=lambda self: self.env.lang)
    body = fields.Text(string="Wording", required=True)
    state = fields.Selection(
        [("draft", "Draft"), ("published", "Published"), ("retired", "Retired")],
        required=True,
        readonly=True,
        default="draft",
    )
    published_at = fields.Datetime(readonly=True)
    sha256 = fields.Char(string="SHA-256", compute="_compute_sha256", store=True, size=64)

    _number_uniq = models.Constraint(
        "UNIQUE (notice_id, number, lang)", "There is a wording of this version in this language already."
    )

    @api.model
    def _list_languages(self):
        return [(code, name) for code, name in self.env["res.lang"].get_installed()]

    @api.model
    def _digest(self, text):
        """Return the SHA-256 of a text in NFC and UTF-8, as hexadecimal digits."""
        return hashlib.sha256(unicodedata.normalize("NFC", text or "").encode()).hexdigest()

    @api.depends("body")
    def _compute_sha256(self):
        for version in self:
            version.sha256 = self._digest(version.body)

    @api.depends("notice_id.name", "number", "lang")
    def _compute_display_name(self):
        for version in self:
            version.display_name = f"{version.notice_id.name} {version.number} ({version.lang})"

    def write(self, vals):
        if _FIXED & vals.keys() and any(version.state != "draft" for version in self):
            raise UserError(self.env._("This wording was published. Make a new version instead of changing it."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        if any(version.state != "draft" for version in self):
            raise UserError(self.env._("This wording was published: guests may have agreed to it. Retire it instead."))

    def action_publish(self):
        """Publish the wording; the one that was shown in its language so far retires."""
        for version in self.filtered(lambda v: v.state == "draft"):
            self.search(
                [
                    ("notice_id", "=", version.notice_id.id),
                    ("lang", "=", version.lang),
                    ("state", "=", "published"),
                ]
            ).write({"state": "retired"})
            version.write({"published_at": fields.Datetime.now()})
            version.state = "published"

    def action_retire(self):
        """Show the wording to nobody any more."""
        self.filtered(lambda v: v.state == "published").state = "retired"
