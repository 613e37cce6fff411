from odoo import api, models
from odoo.tools import SQL

from ...engine import survivorship
from ...engine.contact import normalise_email, normalise_phone
from ...tools.arrays import pg_int_array
from ..guest.golden_fields import ADDRESS_COLUMNS, COLUMNS, INVOICED_COLUMNS, KEPT_COLUMNS

GOLDEN = tuple(COLUMNS.values())
_NONE = frozenset()


class HospitalityBulkGuest(models.AbstractModel):
    """Golden values of guests, decided by survivorship and written set-wise.

    What is written equals what `res.partner._refresh_golden` writes guest by guest.
    """

    _name = "hospitality.bulk.guest"
    _description = "Bulk refresh of golden records"

    @api.model
    def _prepare_partners(self, groups):
        """Return the golden columns of guests: a pure function of their live profiles.

        :param list groups: per guest his profiles, as `engine.survivorship` describes them
        :return: list of dicts of columns without empty ones
        """
        goldens = [survivorship.resolve(profiles) for profiles in groups]
        references = self.env["hospitality.bulk.codes"]._get_references(goldens)
        convert = self.env["res.partner"]._get_golden_columns
        return [convert(golden, references) for golden in goldens]

    @api.model
    def _refresh_golden(self, partner_ids, anonymous=_NONE, known=None, said=None):
        """Decide and write the golden values of existing guests; only what differs is written.

        :param anonymous: ids of guests who lose their name when no live profile knows it any more
        :param dict known: what :meth:`_read_current` has said of some of them in this transaction
        :param dict said: of some of them profiles that this transaction has inserted, which need not be read back:
            partner id -> list as `engine.survivorship` describes it
        :return: ids of the guests whose row has changed
        """
        if not partner_ids:
            return []
        # Locked before the profiles are read: of two lanes that add profiles to one guest the second
        # one sees both.
        known = known or {}
        unknown = [partner_id for partner_id in partner_ids if partner_id not in known]
        current = {partner_id: known[partner_id] for partner_id in partner_ids if partner_id in known}
        if unknown:
            current |= self._read_current(unknown)
        said = {partner_id: said[partner_id] for partner_id in current if partner_id in said} if said else {}
        without = [profile["profile_id"] for profiles in said.values() for profile in profiles]
        by_partner = self.env["res.partner"]._load_golden_profiles(list(current), without)
        for partner_id, profiles in said.items():
            by_partner.setdefault(partner_id, []).extend(profiles)
        owners = [partner_id for partner_id in current if partner_id in by_partner]
        columns = dict(
            zip(owners, self._prepare_partners([by_partner[partner_id] for partner_id in owners]), strict=True)
        )
        changes = {}
        for partner_id, old in current.items():
            profiles = by_partner.get(partner_id, ())
            is_guest = old["is_guest"] or any(
                profile["kind"] == "person" and not profile["own"] for profile in profiles
            )
            if not is_guest and profiles and all(profile["own"] for profile in profiles):
                continue
            row = columns.get(partner_id, {})
            if partner_id in anonymous and "name" not in row:
                row = {**row, "name": self.env._("Anonymised guest")}
            change = self._get_changes(old, row)
            if is_guest and not old["is_guest"]:
                change["is_guest"] = True
            if change:
                changes[partner_id] = change
        invoiced = self.env["res.partner"]._get_frozen_golden_partners(
            [partner_id for partner_id, change in changes.items() if not INVOICED_COLUMNS.isdisjoint(change)]
        )
        for partner_id in invoiced:
            for name in INVOICED_COLUMNS:
                changes[partner_id].pop(name, None)
        changes = {partner_id: change for partner_id, change in changes.items() if change}
        self.env["hospitality.bulk.partner"]._update_partners(changes, current)
        return list(changes)

    @api.model
    def _get_changes(self, old, columns):
        """Return what of the golden ``columns`` differs from a stored row and may be written."""
        frozen = _NONE
        if old["is_user"] or old["parent_id"]:
            frozen = {"email"} if old["is_user"] else set()
            if old["parent_id"]:
                frozen |= {"vat", "company_name"}
                if old["type"] == "contact":
                    frozen |= ADDRESS_COLUMNS
        change = {}
        for name in GOLDEN:
            new, was = columns.get(name), old[name]
            if new == was or name in frozen or (new is None and (name in KEPT_COLUMNS or not was)):
                continue
            # A number is left as it was typed as long as it is the same number.
            if name == "phone" and was and new and normalise_phone(was, self._get_phone_country(old)) == new:
                continue
            if name == "email" and was and new and normalise_email(was) == new:
                continue
            change[name] = new
        return change

    @api.model
    def _get_phone_country(self, old):
        return old["country"] or self.env.company.country_id.code

    @api.model
    def _read_current(self, partner_ids):
        """Lock guests and return ``{id: {column: value}}`` of their golden columns and what bears on them."""
        names = (*GOLDEN, "is_guest", "is_company", "parent_id", "type", "merged_into_id")
        rows = self.env.execute_query(
            SQL(
                "SELECT p.id, %s, EXISTS (SELECT FROM res_users u WHERE u.partner_id = p.id),"
                " p.parent_id IS NOT NULL OR EXISTS (SELECT FROM res_partner c WHERE c.parent_id = p.id),"
                " (SELECT code FROM res_country c WHERE c.id = p.country_id)"
                " FROM res_partner p WHERE p.id = ANY(%s::int[]) ORDER BY p.id FOR NO KEY UPDATE",
                SQL(", ").join(SQL.identifier("p", name) for name in names),
                pg_int_array(partner_ids),
            )
        )
        names = (*names, "is_user", "has_family", "country")
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}
