from odoo import api, models


class HospitalityMessageTexts(models.AbstractModel):
    _inherit = "hospitality.message.texts"

    @api.model
    def _get_texts(self):
        return {
            **super()._get_texts(),
            "restricted": self.env._("The guest has had the processing of his data restricted."),
        }
