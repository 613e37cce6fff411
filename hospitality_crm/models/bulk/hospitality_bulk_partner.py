import json
import re
from functools import lru_cache

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.tools import SQL, email_normalize

from odoo.addons.phone_validation.tools.phone_validation import phone_format

from ...engine.contact import is_valid_e164, split_e164
from ..guest.golden_fields import COLUMNS

GOLDEN = tuple(COLUMNS.values())
# Columns that follow from them by the computes of core.
DERIVED = (
    "complete_name",
    "commercial_company_name",
    "commercial_partner_id",
    "email_normalized",
    "phone_sanitized",
)
FILLED = frozenset((*GOLDEN, *DERIVED, "is_company", "is_guest", "id"))
STAMPS = ("create_date", "write_date", "create_uid", "write_uid")
_DERIVED_FROM = {
    "complete_name": ("name", "company_name"),
    "commercial_company_name": ("name", "company_name"),
    "email_normalized": ("email",),
    "phone_sanitized": ("phone", "country_id"),
}
# Countries whose numbers core's phone metadata patches rewrite.
_PATCHED = frozenset({52, 54, 55, 57, 212, 221, 225, 230, 254, 507, 972})
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

        :param list rows: dicts of golden columns (missing ones are empty), ``is_guest`` and
            ``is_company``
        :return: ids in the order of ``rows``
        """
        taken = self.env.execute_query(
            SQL("SELECT nextval('res_partner_id_seq'), now() AT TIME ZONE 'UTC' FROM generate_series(1, %s)", len(rows))
        )
        ids, stamp = [row[0] for row in taken], taken[0][1]
        templates = {}
        for row in rows:
            key = row.get("country_id"), row["is_company"]
            if key not in templates:
                values, stamped = self._get_template(*key)
                templates[key] = {**values, **dict.fromkeys(stamped, stamp.replace(microsecond=0))}
        constants = self._split_templates(templates)
        constants |= dict.fromkeys(("create_date", "write_date"), stamp)
        constants |= dict.fromkeys(("create_uid", "write_uid"), self.env.uid)
        full = []
        for id_, row in zip(ids, rows, strict=True):
            country_id = row.get("country_id")
            values = {
                **templates[country_id, row["is_company"]],
                **row,
                "id": id_,
                "commercial_partner_id": id_,
            }
            self._derive(values, country_id)
            full.append(values)
        self.env["hospitality.bulk.fact"]._insert("res.partner", full, conflict=None, defaults=constants)
        self._recompute_foreign(ids, rows)
        return ids

    @api.model
    def _split_templates(self, templates):
        """Move what all template rows agree on out of them; return it."""
        first = next(iter(templates.values()))
        constants = {
            name: value
            for name, value in first.items()
            if name not in GOLDEN and all(other.get(name) == value for other in templates.values())
        }
        for values in templates.values():
            for name in constants:
                del values[name]
        return constants

    @api.model
    def _update_partners(self, changes, current):
        """Write golden columns of guests.

        :param dict changes: partner id to the changed columns
        :param dict current: partner id to all its golden columns as they are stored, and ``has_family``: whether
            the contact has a parent or children
        """
        ids = sorted(changes)
        family = [id_ for id_ in ids if current[id_]["has_family"]]
        plain = [id_ for id_ in ids if not current[id_]["has_family"]]
        if plain:
            names = {name for id_ in plain for name in changes[id_]}
            derived = {name for name, needs in _DERIVED_FROM.items() if not names.isdisjoint(needs)}
            full, rows = [], []
            for id_ in plain:
                values = {**current[id_], **changes[id_]}
                self._derive(values, values["country_id"], derived)
                rows.append(values)
                full.append({name: values[name] for name in (*names, *derived)})
            written = {"write_date": SQL("now() AT TIME ZONE 'UTC'"), "write_uid": SQL("%s", self.env.uid)}
            self.env["hospitality.bulk.fact"]._update("res.partner", plain, full, expressions=written)
            self._recompute_foreign(plain, rows, names)
        for id_ in family:
            # The address and commercial fields of a contact follow those of its company.
            partner = self.env["res.partner"].browse(id_)
            values = {name: False if value is None else value for name, value in changes[id_].items()}
            partner.with_context(**partner._survivorship_context()).write(values)

    @api.model
    def _derive(self, values, country_id, wanted=DERIVED):
        """Set the ``wanted`` columns that core computes from golden ones, as it does."""
        if "complete_name" in wanted:
            name, company_name = values.get("name") or "", values.get("company_name")
            values["commercial_company_name"] = name if values.get("is_company") else company_name
            complete = f"{company_name}, {name}" if company_name and not values.get("is_company") else name
            values["complete_name"] = complete.strip()
        if "email_normalized" in wanted:
            email = values.get("email")
            if email and not _PLAIN_EMAIL(email):
                email = email_normalize(email, strict=False)
            values["email_normalized"] = email or None
        if "phone_sanitized" in wanted:
            phone = values.get("phone")
            values["phone_sanitized"] = self._sanitize(phone, country_id) if phone else None

    @api.model
    def _sanitize(self, phone, country_id):
        country = self._get_phone_countries().get(country_id) or self._get_phone_countries()[None]
        return sanitize_phone(phone, *country)

    @api.model
    @tools.ormcache("self.env.uid", "tuple(self.env.context.get('allowed_company_ids') or ())")
    def _get_phone_countries(self):
        countries = {
            id_: (code, phone_code)
            for id_, code, phone_code in self.env.execute_query(SQL("SELECT id, code, phone_code FROM res_country"))
        }
        countries[None] = countries.get(self.env.company.country_id.id, (None, None))
        return countries

    @api.model
    @tools.ormcache(
        "country_id", "is_company", "self.env.uid", "tuple(self.env.context.get('allowed_company_ids') or ())"
    )
    def _get_template(self, country_id, is_company):
        """Return what a new partner's other columns hold.

        :return: ``(values, stamped)``: dict of column values without empty ones, and the names of
            columns that hold the time of creation
        """
        Partner = self.env["res.partner"]
        Partner = Partner.with_context(**Partner._survivorship_context())
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
            if value is None or name in STAMPS or name in FILLED - {"lang"}:
                continue
            if Partner._fields[name].type == "datetime" and value >= before:
                stamped.append(name)
            else:
                values[name] = json.dumps(value) if isinstance(value, (dict, list)) else value
        return values, stamped

    @api.model
    def _recompute_foreign(self, ids, rows, changed=None):
        """Let other addons' stored computes run for rows that hold what they depend on.

        For new rows those that depend on the country alone come from the template row.

        :param changed: names of the columns that were written, of stored rows
        """
        for name, needs in self._get_foreign_computes(changed is None):
            if changed is not None and changed.isdisjoint(needs):
                continue
            due = [
                id_
                for id_, row in zip(ids, rows, strict=True)
                if changed is not None or any(row.get(column) for column in needs)
            ]
            if due:
                records = self.env["res.partner"].browse(due)
                records.invalidate_recordset(flush=False)
                self.env.add_to_compute(records._fields[name], records)
                records.flush_recordset([name])

    @api.model
    @tools.ormcache("new", cache="stable")
    def _get_foreign_computes(self, new):
        """Return ``[(field, golden columns it depends on)]`` of computes beyond core's."""
        Partner = self.env["res.partner"]
        varying = {*GOLDEN, *DERIVED} - {"commercial_partner_id"}
        if new:
            varying -= {"country_id", "lang"}
        result = []
        for name, field in Partner._fields.items():
            if not (field.store and field.compute and field.column_type) or name in FILLED:
                continue
            paths = {path.partition(".")[0] for path in self.env.registry.field_depends[field]}
            if not new and "country_code" in paths:
                paths.add("country_id")
            needs = paths & varying
            if needs:
                result.append((name, tuple(sorted(needs))))
        return result


@lru_cache(maxsize=1 << 16)
def sanitize_phone(phone, country_code, country_phone_code):
    """Return what core stores as sanitized number of a phone, or None for an invalid one.

    Core parses twice, so that the few regions it patches come out right. A valid number of any
    other region in E.164 comes out as it went in.
    """
    parts = split_e164(phone)
    if parts is not None and parts[0] not in _PATCHED and is_valid_e164(phone):
        return phone
    try:
        return phone_format(phone, country_code, country_phone_code, force_format="E164", raise_exception=True)
    except UserError:
        return None
