from odoo import api, models

from ...engine.contact import mask_email, mask_phone, mask_point
from ..card.hospitality_guest_tabs import TAB_ROWS


class HospitalityGuestCard(models.AbstractModel):
    """The card shows contact data masked where the user has no need to know, until he asks for them."""

    _inherit = "hospitality.guest.card"

    @api.model
    def _show_person(self, partner, today):
        person = super()._show_person(partner, today)
        person["contacts_hidden"] = partner._hides_contacts()
        if person["contacts_hidden"]:
            person.update(email=mask_email(person["email"]), phone=mask_phone(person["phone"]))
        return person

    @api.model
    def _show_tab_points(self, rows, partner_id):
        hidden = self.env["res.partner"]._hides_contacts()
        for row in rows:
            row["hidden"] = hidden
            if hidden:
                row["value"] = mask_point(row["channel"], row["value"])
        return rows

    @api.model
    def reveal_contacts(self, partner_id, again=False):
        """Show e-mail, phone and contact points of a guest in full, and write down that the user has seen them.

        :param int partner_id: the guest
        :param bool again: they were shown on this card before: minutes later that is no view of its own
        :return: dict with ``email``, ``phone`` and ``points`` (id of a contact point -> its value)
        :raise AccessError: when the user may not read the guest
        """
        partner = self.env["res.partner"].browse(partner_id)
        partner.check_access("read")
        if partner._hides_contacts():
            partner._reveal_contacts(once=again)
        rows = self._load(partner.ids, "tab_points").get("tab_points", {}).get(partner.id, [])
        return {
            "email": partner.email,
            "phone": partner.phone,
            "points": {row["point_id"]: row["value"] for row in rows[:TAB_ROWS]},
        }
