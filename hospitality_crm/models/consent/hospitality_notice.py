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

    @api.model
    def _get_guest_text(self):
        """Return the wording of the notice that comes with the product, in the language of the environment."""
        return self.env._(
            "You decide what we may use your data for and how we may reach you. You agree freely: your booking and"
            " our service don't depend on it. You can change your mind at any time, with effect from then on, on this"
            " page or by the link in each of our messages. We keep a record of what you have chosen, so that we can"
            " prove it. You may ask us for your data, have them corrected or deleted, object to their use, and"
            " complain to a supervisory authority."
        )

    @api.model
    def _publish_in_languages(self):
        """Publish the wording that comes with the product in the languages of the house that it is translated to.

        Nothing is added once the house has a wording of its own.
        """
        notice = self.env.ref("hospitality_crm.notice_guest", raise_if_not_found=False)
        first = self.env.ref("hospitality_crm.notice_guest_1_en", raise_if_not_found=False)
        if not notice or not first or first.state != "published" or any(v.number > 1 for v in notice.version_ids):
            return
        Version = self.env["hospitality.notice.version"]
        have = set(notice.with_context(active_test=False).version_ids.mapped("lang"))
        for code, _name in self.env["res.lang"].get_installed():
            text = self.with_context(lang=code)._get_guest_text()
            if code not in have and text != first.body:
                Version.create({"notice_id": notice.id, "number": 1, "lang": code, "body": text}).action_publish()
