from odoo import api, models

from .batch import Problem


class HospitalityBulkVisit(models.AbstractModel):
    """Why a record is refused, as data that is told in the language of whoever reads it."""

    _inherit = "hospitality.bulk.visit"

    @api.model
    def _get_refusal_texts(self):
        """Return the sentences of refusals by key, in the user's language, with their placeholders."""
        return {
            "bulk.no_property": self.env._(
                "The record does not say which property it belongs to, and the connector has no property of its own. "
                "Give the connector one."
            ),
            "bulk.unknown_property": self.env._(
                "There is no property with the code “%(code)s”. Create it or map the code, then replay."
            ),
            "bulk.unknown_currency": self.env._(
                "The currency “%(code)s” is not known or not active. Activate it under Currencies or map the code, "
                "then replay."
            ),
            "bulk.cycle": self.env._(
                "The check refunds “%(key)s”, which leads back to the check itself. Correct one of them in the source."
            ),
            "bulk.merge_cycle": self.env._(
                "The source has merged “%(key)s” into “%(winner)s”, which leads back to “%(key)s”. Correct one of the "
                "merges in the source."
            ),
            "bulk.unmerge_refused": self.env._(
                "The source has taken the merge of “%(key)s” back, which is not possible here any more: %(reason)s"
            ),
            "bulk.consent_refused": self.env._("The consent can't be recorded: %(reason)s"),
            "bulk.two_currencies": self.env._(
                "The record is in %(parent)s but its lines are in %(line)s. A bill has one currency: correct it in the "
                "source, then replay."
            ),
            "bulk.line_currency": self.env._(
                "The line is in %(line)s but its stay or check is in %(parent)s. A bill has one currency: convert the "
                "line in the source, then replay."
            ),
        }

    @api.model
    def _get_refusal(self, code, path, text=None, /, **params):
        """Return a :class:`Problem`.

        :param str text: key of the sentence where it isn't that of the code
        :param params: values of the placeholders
        """
        key = f"bulk.{text or code}"
        texts = self.with_context(lang=None)._get_refusal_texts()  # in English, whoever imports
        return Problem(code, texts[key] % params, path, {"key": key, "params": params})
