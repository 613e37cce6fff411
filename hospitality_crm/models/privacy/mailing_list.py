from odoo import api, models

#: So many addresses are hashed at once.
CHUNK = 10_000


class MailingList(models.Model):
    """Mailing lists leave suppressed addresses out, too: an imported list brings them back."""

    _inherit = "mailing.list"

    def _mailing_get_opt_out_list(self, mailing):
        return (
            set(super()._mailing_get_opt_out_list(mailing))
            | self._find_suppressed(mailing, "email", "email_normalized").keys()
        )

    def _mailing_get_opt_out_list_sms(self, mailing):
        found = self._find_suppressed(mailing, "phone", "phone_sanitized")
        ids = [contact_id for contacts in found.values() for contact_id in contacts]
        return [*super()._mailing_get_opt_out_list_sms(mailing), *ids]

    @api.model
    def _find_suppressed(self, mailing, channel, field):
        """Return the suppressed addresses of the lists of a mailing, each with the ids of its contacts."""
        Suppression = self.env["hospitality.suppression"].sudo()  # whether an address is on it, whoever sends
        if not Suppression._is_used():
            return {}
        contacts = self.env["mailing.contact"].search_fetch(
            [("list_ids", "in", mailing.contact_list_ids.ids), (field, "!=", False)], [field]
        )
        users = {}
        for contact in contacts:
            users.setdefault(contact[field], []).append(contact.id)
        values, found = sorted(users), {}
        for start in range(0, len(values), CHUNK):
            pairs = [(channel, value) for value in values[start : start + CHUNK]]
            suppressed = Suppression._match(pairs, mailing.hospitality_purpose_id)
            found |= {value: users[value] for _channel, value in suppressed}
        return found
