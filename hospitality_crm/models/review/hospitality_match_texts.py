from odoo import api, models


class HospitalityMatchTexts(models.AbstractModel):
    """What the matching engine found, in words for people.

    The engine speaks in stable codes; here they get sentences in the language of the user.
    """

    _name = "hospitality.match.texts"
    _description = "Words for Evidence"

    @api.model
    def _get_evidence_texts(self):
        """Return a sentence per code of evidence. Codes without one are shown as they are."""
        return {}

    @api.model
    def _show_evidence(self, evidence):
        """Return pieces of evidence for the screen, the strongest first.

        :param list evidence: ``{"code", "weight", "left", "right"}`` as stored
        :return: list of ``{"code", "label", "weight", "left", "right"}`` with texts
        """
        texts = self._get_evidence_texts()
        shown = [
            {
                "code": piece["code"],
                "label": texts.get(piece["code"]) or piece["code"].replace("_", " ").replace(".", ": ").capitalize(),
                "weight": round(piece["weight"], 2),
                "left": self._to_text(piece.get("left")),
                "right": self._to_text(piece.get("right")),
            }
            for piece in evidence or ()
        ]
        return sorted(shown, key=lambda piece: -abs(piece["weight"]))

    @api.model
    def _to_text(self, value):
        if isinstance(value, (list, tuple)):
            return ", ".join(self._to_text(item) for item in value)
        return "" if value in (None, False) else str(value)

    @api.model
    def _get_band_texts(self):
        """Return what a band means, as the heading of a case."""
        return {
            "merge": self.env._("Almost certainly the same person"),
            "ask": self.env._("Perhaps the same person"),
            "household": self.env._("Probably two people of one household"),
        }
