import json
import re
from functools import lru_cache

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.tools import SQL, email_normalize

from odoo.addons.phone_validation.tools.phone_validation import phone_format

from ...tools.arrays import pg_int_array

# Columns that the golden values decide.
GOLDEN = tuple(
    "name email phone street street2 zip city state_id country_id lang vat company_name guest_salutation"
    " guest_given_name guest_middle_name guest_family_name guest_local_name guest_gender guest_birthdate"
    " guest_nationality_id".split()
)
# Columns that follow from them by the computes of core.
DERIVED = (
    "complete_name",
    "commercial_company_name",
    "commercial_partner_id",
    "email_normalized",
    "phone_sanitized",
)
FILLED = frozenset((*GOLDEN, *DERIVED, "is_company", "is_guest", "id"))
FROZEN = frozenset(
    ("name", "vat", "street", "street2", "zip", "city", "state_id", "country_id", "company_name")
)
_PLAIN_EMAIL = re.compile(r"[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+").fullmatch


class HospitalityBulkPartner(models.AbstractModel):
    """Write guests into `res_partner` set-wise, column for column as the ORM would.

    What other addons add to a partner (defaults, properties, computed columns) is taken from a
    *template row*: a partner of the same country that the ORM creates once, in a savepoint that is
    rolled back.
    """

    _name = "hospitality.bulk.partner"
    _description = "Bulk writes of guests"

    @api.model
    def _insert_partners(self, rows):
        """Insert guests.

        :param list rows: dicts of :data:`GOLDEN` columns (missing ones are empty) and
            ``is_company``
        :return: ids in the order of ``rows``
        """
        ids = [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    "SELECT nextval('res_partner_id_seq') FROM generate_series(1, %s)",
                    len(rows),
                )
            )
        ]
        stamp = self.env.cr.now().replace(microsecond=0)
        full = []
        for id_, row in zip(ids, rows, strict=True):
            template, stamped = self._get_template(row.get("country_id"), bool(row.get("is_company")))
            values = {**template, **dict.fromkeys(stamped, stamp), **row, "id": id_, "is_guest": True}
            values["commercial_partner_id"] = id_
            values["create_date"] = values["write_date"] = stamp
            values["create_uid"] = values["write_uid"] = self.env.uid
            self._derive(values, row.get("country_id"))
            full.append(values)
        self.env["hospitality.bulk.fact"]._insert("res.partner", full, conflict="(id)", defaults=False)
        self._recompute_foreign(ids, rows)
        return ids

    @api.model
    def _update_partners(self, rows):
        """Write the golden columns of guests.

        :param dict rows: partner id to its dict of all :data:`GOLDEN` columns
        """
        if not rows:
            return
        ids = sorted(rows)
        stamp = self.env.cr.now().replace(microsecond=0)
        family = {
            row[0]
            for row in self.env.execute_query(
                SQL(
                    "SELECT id FROM res_partner WHERE id = ANY(%(ids)s::int[]) AND parent_id IS NOT NULL"
                    " UNION SELECT parent_id FROM res_partner WHERE parent_id = ANY(%(ids)s::int[])",
                    ids=pg_int_array(ids),
                )
            )
        }
        plain = [id_ for id_ in ids if id_ not in family]
        full = []
        for id_ in plain:
            values = {**dict.fromkeys(GOLDEN), **rows[id_]}
            values["write_date"], values["write_uid"] = stamp, self.env.uid
            self._derive(values, values["country_id"])
            full.append(values)
        self.env["hospitality.bulk.fact"]._update("res.partner", plain, full)
        self._recompute_foreign(plain, full)
        for id_ in sorted(family):
            # The address and commercial fields of a contact follow those of its company.
            partner = self.env["res.partner"].browse(id_)
            values = {name: value if value is not None else False for name, value in rows[id_].items()}
            partner.with_context(hospitality_survivorship=True, tracking_disable=True).write(values)

    @api.model
    def _derive(self, values, country_id):
        """Set the columns that core computes from golden ones, as it does."""
        name, company_name = values.get("name") or "", values.get("company_name")
        values["commercial_company_name"] = name if values.get("is_company") else company_name
        complete = f"{company_name}, {name}" if company_name and not values.get("is_company") else name
        values["complete_name"] = complete.strip()
        email, phone = values.get("email"), values.get("phone")
        if email:
            values["email_normalized"] = (
                email if _PLAIN_EMAIL(email) else email_normalize(email, strict=False) or None
            )
        else:
            values["email_normalized"] = None
        values["phone_sanitized"] = self._sanitize(phone, country_id) if phone else None

    @api.model
    def _sanitize(self, phone, country_id):
        country = self._get_phone_countries().get(country_id) or self._get_phone_countries()[None]
        return sanitize_phone(phone, *country)

    @api.model
    @tools.ormcache("self.env.company.id")
    def _get_phone_countries(self):
        countries = {
            id_: (code, phone_code)
            for id_, code, phone_code in self.env.execute_query(
                SQL("SELECT id, code, phone_code FROM res_country")
            )
        }
        countries[None] = countries.get(self.env.company.country_id.id, (None, None))
        return countries

    @api.model
    @tools.ormcache("country_id", "is_company", "self.env.company.id", "self.env.uid")
    def _get_template(self, country_id, is_company):
        """Return what a new partner's other columns hold.

        :return: ``(values, stamped)``: dict of column values without empty ones, and the names of
            columns that hold the time of creation
        """
        Partner = self.env["res.partner"].with_context(tracking_disable=True)
        before = fields.Datetime.now()
        with self.env.cr.savepoint() as savepoint:
            partner = Partner.create(
                {"name": "Template", "is_guest": True, "is_company": is_company, "country_id": country_id}
            )
            partner.flush_recordset()
            row = self.env.execute_query_dict(SQL("SELECT * FROM res_partner WHERE id = %s", partner.id))[0]
            savepoint.rollback()
        values, stamped = {}, []
        for name, value in row.items():
            if value is None or name in FILLED - {"lang"}:
                continue
            if Partner._fields[name].type == "datetime" and value >= before:
                stamped.append(name)
            else:
                values[name] = json.dumps(value) if isinstance(value, (dict, list)) else value
        return values, stamped

    @api.model
    def _recompute_foreign(self, ids, rows):
        """Let other addons' stored computes run for rows that hold what they depend on.

        Those that depend on the country alone come from the template row.
        """
        for name, needs in self._get_foreign_computes():
            due = [
                id_ for id_, row in zip(ids, rows, strict=True) if any(row.get(column) for column in needs)
            ]
            if due:
                records = self.env["res.partner"].browse(due)
                records.invalidate_recordset(flush=False)
                self.env.add_to_compute(records._fields[name], records)
                records.flush_recordset([name])

    @api.model
    @tools.ormcache()
    def _get_foreign_computes(self):
        """Return ``[(field, golden columns it depends on)]`` of computes beyond core's."""
        Partner = self.env["res.partner"]
        varying = {*GOLDEN, *DERIVED} - {"country_id", "lang", "commercial_partner_id"}
        result = []
        for name, field in Partner._fields.items():
            if not (field.store and field.compute and field.column_type) or name in FILLED:
                continue
            needs = {path.partition(".")[0] for path in self.env.registry.field_depends[field]} & varying
            if needs:
                result.append((name, tuple(sorted(needs))))
        return result


@lru_cache(maxsize=1 << 16)
def sanitize_phone(phone, country_code, country_phone_code):
    """Return what core stores as sanitized number of a phone, or None for an invalid one."""
    try:
        return phone_format(
            phone, country_code, country_phone_code, force_format="E164", raise_exception=True
        )
    except UserError:
        return None
