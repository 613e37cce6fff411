from odoo import api, models
from odoo.tools import SQL, parse_contact_from_email

from ...engine import names


class ResPartner(models.Model):
    """Core look-ups by e-mail find a guest through any of his contact points.

    Sign-up is left out on purpose: an address typed into a sign-up form is not verified, so it
    must not open the record of the guest whom it belongs to.
    """

    _inherit = "res.partner"

    @api.model
    def find_or_create(self, email, assert_valid_email=False):
        """Find a guest by any of his addresses before a new contact is created."""
        name, normalised = parse_contact_from_email(email) if email else ("", "")
        found = self._find_by_contact_points([normalised]).get(normalised) if normalised else None
        if found:
            return _prefer(found, name)[:1]
        return super().find_or_create(email, assert_valid_email=assert_valid_email)

    @api.model
    def _find_or_create_from_emails(
        self,
        emails,
        ban_emails=None,
        filter_found=None,
        additional_values=None,
        no_create=False,
        sort_key=None,
        sort_reverse=True,
    ):
        """Find guests by any of their addresses; whoever isn't found goes the way of the core.

        Among several contacts with an address those with a compatible name come first, then
        ``sort_key`` decides as in the core, then age.
        """
        parsed = [parse_contact_from_email(email) for email in emails]
        wanted = {address for _name, address in parsed if address and address not in (ban_emails or [])}
        found = {}
        for address, partners in self._find_by_contact_points(wanted).items():
            partners = partners.filtered(filter_found) if filter_found else partners
            if partners:
                found[address] = partners.sorted(key=sort_key, reverse=sort_reverse) if sort_key else partners
        rest = [email for email, (_name, address) in zip(emails, parsed, strict=True) if address not in found]
        others = iter(
            super()._find_or_create_from_emails(
                rest,
                ban_emails=ban_emails,
                filter_found=filter_found,
                additional_values=additional_values,
                no_create=no_create,
                sort_key=sort_key,
                sort_reverse=sort_reverse,
            )
            if rest
            else ()
        )
        return [_prefer(found[address], name)[:1] if address in found else next(others) for name, address in parsed]

    @api.model
    def _find_by_contact_points(self, addresses):
        """Find the contacts that use e-mail addresses, primary or not.

        Counted are addresses of persons, and a relay address as long as it leads to one guest.

        :param addresses: normalised e-mail addresses
        :return: dict address -> partners that the user may see, oldest first; unknown addresses
            are missing
        """
        addresses = sorted(set(addresses))
        if not addresses:
            return {}
        for model in ("hospitality.profile", "hospitality.contact.link", "hospitality.contact.point"):
            self.env[model].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT c.value, p.partner_id, c.kind
                     FROM hospitality_contact_point c
                     JOIN hospitality_contact_link l ON l.point_id = c.id
                     JOIN hospitality_profile p ON p.id = l.profile_id
                    WHERE c.channel = 'email' AND c.value = ANY(%s) AND c.kind IN ('real', 'relay')
                      AND p.state IN ('live', 'superseded')
                 GROUP BY c.value, p.partner_id, c.kind""",
                addresses,
            )
        )
        by_address = {}
        for address, partner_id, kind in rows:
            by_address.setdefault((address, kind), set()).add(partner_id)
        by_address = {address: ids for (address, kind), ids in by_address.items() if kind == "real" or len(ids) == 1}
        if not by_address:
            return {}
        # Contacts that have no profile yet are found by their own address, as in the core.
        for partner in self.search_fetch([("email_normalized", "in", list(by_address))], ["email_normalized"]):
            by_address[partner.email_normalized].add(partner.id)
        ids = sorted(set().union(*by_address.values()))
        visible = self.search_fetch([("id", "in", ids)], ["name"], order="id")
        found = {address: visible.filtered(lambda p, ids=ids: p.id in ids) for address, ids in by_address.items()}
        return {address: partners for address, partners in found.items() if partners}


def _prefer(partners, name):
    """Put those first whose name may be the given one; keep the order otherwise."""
    if not name or len(partners) < 2:
        return partners
    key = names.name_key(name)
    return partners.sorted(
        key=lambda partner: (names.name_key(partner.name) != key, not names.compatible(partner.name, name))
    )
