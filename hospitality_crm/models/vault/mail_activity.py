from odoo import api, models

from ...engine.contact import mask_phone


class MailActivity(models.Model):
    """Who is to call a guest sees his number, which is written down; others see it masked where they see it so."""

    _inherit = "mail.activity"

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_hospitality_phone(self):
        super()._compute_hospitality_phone()
        Partner = self.env["res.partner"]
        if not Partner._hides_contacts():
            return
        calls = self.filtered("hospitality_phone")
        mine = calls.filtered(lambda call: call.user_id == self.env.user)
        if mine:
            Partner.browse(mine.mapped("res_id"))._reveal_contacts(once=True)
        for call in calls - mine:
            call.hospitality_phone = mask_phone(call.hospitality_phone)
