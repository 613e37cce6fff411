from odoo import api, models
from odoo.tools import SQL

from ...engine import survivorship
from ...tools.arrays import pg_int_array
from .hospitality_bulk_partner import FROZEN, GOLDEN

COLUMN_OF = {
    "name": "name",
    "email": "email",
    "phone": "phone",
    "street": "street",
    "street2": "street2",
    "zip": "zip",
    "city": "city",
    "vat": "vat",
    "company_name": "company_name",
    "salutation": "guest_salutation",
    "given_name": "guest_given_name",
    "middle_name": "guest_middle_name",
    "family_name": "guest_family_name",
    "local_name": "guest_local_name",
    "gender": "guest_gender",
    "birthdate": "guest_birthdate",
}


class HospitalityBulkGuest(models.AbstractModel):
    """Golden values of guests, decided by survivorship and written set-wise."""

    _name = "hospitality.bulk.guest"
    _description = "Bulk refresh of golden records"

    @api.model
    def _prepare_partner(self, profiles, fallback=""):
        """Return the golden columns of a guest: a pure function of his live profiles.

        :param list profiles: as `engine.survivorship` describes them
        :param str fallback: name of a guest whose profiles know none
        :return: dict of columns without empty ones
        """
        golden = survivorship.resolve(profiles)
        row = {column: golden[key].value for key, column in COLUMN_OF.items() if key in golden}
        codes = self.env["hospitality.bulk.codes"]
        if "country" in golden or "nationality" in golden or "state" in golden:
            countries, states = codes._get_country_codes()
            for key, column in (("country", "country_id"), ("nationality", "guest_nationality_id")):
                country_id = countries.get(golden[key].value.upper()) if key in golden else None
                if country_id:
                    row[column] = country_id
            if "state" in golden and row.get("country_id"):
                state_id = states.get((row["country_id"], golden["state"].value.strip().lower()))
                if state_id:
                    row["state_id"] = state_id
        if "lang" in golden:
            lang = codes._get_lang(golden["lang"].value)
            if lang:
                row["lang"] = lang
        if not row.get("name"):
            row["name"] = row.get("company_name") or row.get("email") or row.get("phone") or fallback
        kinds = {profile["kind"] for profile in profiles}
        if kinds and "person" not in kinds and "group" not in kinds:
            row["is_company"] = True
            row.pop("company_name", None)
        return row

    @api.model
    def _refresh_golden(self, partner_ids):
        """Decide and write the golden values of existing guests; only what differs is written.

        Name, VAT and address of a guest with posted invoices stay as they are.

        :return: ids of the guests whose row has changed
        """
        if not partner_ids:
            return []
        # Locked before the profiles are read: of two lanes that add profiles to one guest the second
        # one sees both.
        current = self._read_golden(partner_ids)
        profiles = self._load_profiles(partner_ids)
        frozen = None
        changed = {}
        for partner_id, old in current.items():
            row = self._prepare_partner(profiles.get(partner_id, []))
            row.pop("is_company", None)
            if not row["name"]:
                row["name"] = old["name"]
            if "lang" not in row:
                row["lang"] = old["lang"]
            new = {name: row.get(name) for name in GOLDEN}
            if new == old:
                continue
            if frozen is None:
                frozen = self._get_frozen_partners(list(current))
            if partner_id in frozen:
                new.update({name: old[name] for name in FROZEN})
                if new == old:
                    continue
            changed[partner_id] = new
        self.env["hospitality.bulk.partner"]._update_partners(changed)
        return list(changed)

    @api.model
    def _read_golden(self, partner_ids):
        """Return ``{partner id: {column: value}}`` of the golden columns, dates as text."""
        columns = [
            SQL("guest_birthdate::text") if name == "guest_birthdate" else SQL.identifier(name)
            for name in GOLDEN
        ]
        rows = self.env.execute_query(
            SQL(
                "SELECT id, %s FROM res_partner WHERE id = ANY(%s::int[]) ORDER BY id FOR NO KEY UPDATE",
                SQL(", ").join(columns),
                pg_int_array(partner_ids),
            )
        )
        return {row[0]: dict(zip(GOLDEN, row[1:], strict=True)) for row in rows}

    @api.model
    def _get_frozen_partners(self, partner_ids):
        """Return the guests with posted invoices among some."""
        if "account.move" not in self.env or not partner_ids:
            return set()
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT partner_id FROM account_move"
                " WHERE partner_id = ANY(%s::int[]) AND state = 'posted'",
                pg_int_array(partner_ids),
            )
        )
        return {row[0] for row in rows}

    @api.model
    def _load_profiles(self, partner_ids):
        """Return ``{partner id: [profile dicts for engine.survivorship]}`` of live profiles."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.partner_id, p.id, s.trust, extract(epoch FROM p.seen_at)::float8, p.kind, p.values, p.meta,
                       points.points
                  FROM hospitality_profile p
                  JOIN hospitality_source s ON s.id = p.source_id
                  LEFT JOIN LATERAL (
                           SELECT jsonb_object_agg(c.value, jsonb_build_array(c.kind, c.reachable)) AS points
                             FROM hospitality_contact_link l
                             JOIN hospitality_contact_point c ON c.id = l.point_id
                            WHERE l.profile_id = p.id AND (c.kind <> 'real' OR NOT c.reachable)
                       ) points ON TRUE
                 WHERE p.partner_id = ANY(%s::int[]) AND p.state = 'live'
                 ORDER BY p.id
                """,
                pg_int_array(partner_ids),
            )
        )
        result = {}
        for partner_id, id_, trust, at, kind, values, meta, points in rows:
            result.setdefault(partner_id, []).append(
                {
                    "profile_id": id_,
                    "trust": trust,
                    "at": at,
                    "kind": kind,
                    "values": values or {},
                    "meta": meta,
                    "points": points or {},
                }
            )
        return result
