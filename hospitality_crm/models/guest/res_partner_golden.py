from datetime import datetime, timezone

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ...engine import survivorship
from ...engine.contact import normalise_email, normalise_phone
from ...engine.profile import clean
from ...tools.arrays import pg_int_array
from .golden_fields import (
    ADDRESS_COLUMNS,
    BLOCK_OF,
    COLUMNS,
    INVOICED_COLUMNS,
    KEPT_COLUMNS,
    KEYS,
    canonical_values,
    known_items,
    record_typed,
)

_COUNTRY_COLUMNS = {"country_id", "guest_nationality_id"}


class ResPartner(models.Model):
    """Golden values: what people type goes to the ``odoo`` profile, what survives comes back."""

    _inherit = "res.partner"

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        if not self.env.context.get("hospitality_survivorship"):
            partners._adopt_created(vals_list)
        return partners

    def write(self, vals):
        columns = KEYS.keys() & vals.keys()
        if self.env.context.get("hospitality_survivorship") or not (columns or vals.get("is_guest")):
            return super().write(vals)
        known = self._filter_profiled() if columns else self.browse()
        for key in {BLOCK_OF.get(KEYS[column], KEYS[column]) for column in columns}:
            columns |= {COLUMNS[member] for member in survivorship.BLOCKS.get(key, (key,)) if member in COLUMNS}
        before = {partner.id: partner._get_golden_row(columns) for partner in known}
        result = super().write(vals)
        if vals.get("is_guest"):
            self._adopt_if_unknown()
        known._capture_typed(before, columns)
        return result

    @api.model
    def _survivorship_context(self):
        """Return the context of our own writes: no capture, no tracking, no validation of old VAT numbers."""
        return {"hospitality_survivorship": True, "tracking_disable": True, "no_vat_validation": True}

    def _filter_profiled(self):
        """Return the partners of ``self`` that have a source profile."""
        if not self.ids:
            return self.browse()
        self.env["hospitality.profile"].flush_model(["partner_id"])
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT partner_id FROM hospitality_profile WHERE partner_id = ANY(%s)", self.ids)
        )
        return self.browse(sorted(row[0] for row in rows))

    # -- what people and other addons type ---------------------------------------------------

    @api.model
    def _get_writer_class(self):
        """Return who writes now: ``staff``, ``guest`` (portal, website) or ``system``."""
        if self.env.uid == SUPERUSER_ID:
            return "system"
        return "staff" if self.env.user._is_internal() else "guest"

    @api.model
    def _get_writer_entry(self):
        """Return the ``meta`` entry of a value that is written now."""
        return {
            "by": self._get_writer_class(),
            "at": datetime.now(timezone.utc).timestamp(),
            "uid": self.env.uid,
        }

    def _get_golden_row(self, columns):
        """Return golden columns of one partner as plain values (codes for countries and states)."""
        self.ensure_one()
        partner = self.sudo()  # the writer passed the access check of the write itself
        row = {}
        for column in columns:
            value = partner[column]
            if column in _COUNTRY_COLUMNS:
                value = value.code
            elif column == "state_id":
                value = value.code
            row[column] = value or None
        return row

    def _capture_typed(self, before, columns):
        """Put what has just been written into the ``odoo`` profile of each guest."""
        changes = {}
        for partner in self:
            country = partner.sudo().country_id.code or self.env.company.country_id.code  # as in _get_golden_row
            was = clean(canonical_values(before[partner.id]), country)
            now = clean(canonical_values(partner._get_golden_row(columns)), country)
            if was != now:
                changes[partner.id] = was, now
        if not changes:
            return
        entry = self._get_writer_entry()
        partners = self.browse(changes)
        profiles = partners._get_odoo_profile().sudo()  # profiles are written by the system only
        # The guests are resolved together below.
        profiles = profiles.with_context(hospitality_keep_golden=True)
        for partner, profile in zip(partners, profiles, strict=True):
            values, meta = dict(profile.values or {}), dict(profile.meta or {})
            record_typed(values, meta, *changes[partner.id], entry, partner._get_known_values)
            profile.write({"values": values, "meta": meta, "seen_at": fields.Datetime.now()})
        partners._refresh_golden()
        self.env["hospitality.guest.dirty"]._mark(partners.ids)

    def _get_known_values(self, key):
        """Return what the live profiles of a guest say about a key or block, as a list."""
        self.ensure_one()
        profiles = self.env["hospitality.profile"].sudo()  # all sources count, whoever typed
        found = profiles.search([("partner_id", "=", self.id), ("state", "in", ["live", "superseded"])])
        return [item for profile in found for item in known_items(key, profile.values or {})]

    def _adopt_created(self, vals_list):
        """Give new contacts their ``odoo`` profile, with who typed what."""
        if not self._default_odoo_source():
            return
        entry = self._get_writer_entry()
        meta = {}
        if entry["by"] != "system":
            for partner, vals in zip(self, vals_list, strict=True):
                keys = {KEYS[column] for column in KEYS.keys() & vals.keys() if vals[column]}
                meta[partner.id] = {BLOCK_OF.get(key, key): entry for key in keys}
        self.env["hospitality.adoption"]._adopt(self.ids, meta)

    def _adopt_if_unknown(self):
        """Make an ``odoo`` profile of what the contacts without any profile say."""
        unknown = self - self._filter_profiled()
        if unknown and self._default_odoo_source():
            self.env["hospitality.adoption"]._adopt(unknown.ids)

    @api.model
    def _default_odoo_source(self):
        return self.env["hospitality.profile"]._default_source_id()

    def _mark_guests(self):
        """Make the partners guests."""
        partners = self.sudo().filtered(lambda partner: not partner.is_guest)  # a fact was written for them
        if partners:
            partners.with_context(**self._survivorship_context()).write({"is_guest": True})

    # -- what survives -----------------------------------------------------------------------

    def _refresh_golden(self):
        """Resolve the golden values of the guests again and write what has changed.

        Contacts that are no guests and have only what was typed into them are left alone.
        Values that are frozen (see :meth:`_get_frozen_golden_columns`) stay as they are.

        :return: dict partner id -> dict of written columns
        """
        by_partner = self._load_golden_profiles(self.ids)
        partners = self.sudo().with_context(  # golden values follow the profiles, whoever triggered it
            **self._survivorship_context()
        )
        partners = partners.filtered(
            lambda partner: (
                (profiles := by_partner.get(partner.id))
                and (partner.is_guest or any(not profile["own"] for profile in profiles))
            )
        )
        frozen = partners._get_frozen_golden_columns()
        golden = {partner.id: survivorship.resolve(by_partner[partner.id]) for partner in partners}
        references = self._get_golden_references(golden.values())
        written = {}
        for partner in partners:
            columns = self._get_golden_columns(golden[partner.id], references)
            vals = partner._get_golden_changes(columns, frozen.get(partner.id, frozenset()))
            if vals:
                partner.write(vals)
                written[partner.id] = vals
        return written

    @api.model
    def _load_golden_profiles(self, partner_ids, without=()):
        """Load the live profiles of guests in the form that the survivorship engine takes.

        Superseded ones count as well: where nothing else decides, the guest's own comes first.

        :param without: ids of profiles that the caller knows
        :return: dict partner id -> list of profiles; ``own`` tells those of source ``odoo``
        """
        env = self.env
        env["hospitality.profile"].flush_model()
        env["hospitality.contact.link"].flush_model()
        env["hospitality.contact.point"].flush_model()
        rows = env.execute_query(
            SQL(
                """SELECT p.partner_id, p.id, s.trust - (p.state = 'superseded')::int,
                          extract(epoch FROM p.seen_at)::float8, p.kind, p.values, p.meta,
                          s.kind = 'odoo',
                          (SELECT jsonb_object_agg(c.value, jsonb_build_array(c.kind, c.reachable))
                             FROM hospitality_contact_link l JOIN hospitality_contact_point c ON c.id = l.point_id
                            WHERE l.profile_id = p.id)
                     FROM hospitality_profile p JOIN hospitality_source s ON s.id = p.source_id
                    WHERE p.partner_id = ANY(%s) AND p.state IN ('live', 'superseded')%s
                    ORDER BY p.id""",
                list(partner_ids),
                SQL(" AND NOT EXISTS (SELECT FROM unnest(%s::int[]) AS k(id) WHERE k.id = p.id)", pg_int_array(without))
                if without
                else SQL(),
            )
        )
        found = {}
        for partner_id, profile_id, trust, at, kind, values, meta, own, points in rows:
            found.setdefault(partner_id, []).append(
                {
                    "profile_id": profile_id,
                    "trust": trust or 0,
                    "at": at,
                    "kind": kind,
                    "values": values or {},
                    "meta": meta,
                    "own": own,
                    "points": points,
                }
            )
        return found

    @api.model
    def _resolve_columns(self, profiles):
        """Return the golden values of profiles in engine form as values of ``res.partner``."""
        golden = survivorship.resolve(profiles)
        return self._get_golden_columns(golden, self._get_golden_references([golden]))

    @api.model
    def _get_golden_references(self, goldens):
        """Look up the countries, states and languages of golden values, all at once.

        :param goldens: results of ``survivorship.resolve``
        :return: dict ``{"country": {code: id}, "state": {(country code, text): id}, "lang": {tag: code}}``
        """
        codes, states = set(), set()
        for golden in goldens:
            codes.update(golden[key].value for key in ("country", "nationality") if key in golden)
            if "state" in golden and "country" in golden:
                states.add((golden["country"].value, golden["state"].value))
        countries = {}
        if codes:
            Country = self.env["res.country"].sudo()  # reference data
            rows = Country.search_fetch([("code", "in", list(codes))], ["code"])
            countries = {country.code: country.id for country in rows}
        found = {}
        if states:
            rows = self.env.execute_query(
                SQL(
                    """SELECT DISTINCT ON (n.country, n.state) n.country, n.state, s.id
                         FROM unnest(%s::text[], %s::text[]) AS n (country, state)
                         JOIN res_country c ON c.code = n.country
                         JOIN res_country_state s ON s.country_id = c.id
                          AND lower(n.state) IN (lower(s.code), lower(s.name))
                        ORDER BY n.country, n.state, s.id""",
                    [country for country, _state in states],
                    [state for _country, state in states],
                )
            )
            found = {(country, state): state_id for country, state, state_id in rows}
        installed = [code for code, _name in self.env["res.lang"].get_installed()]
        return {"country": countries, "state": found, "lang": installed}

    @api.model
    def _get_golden_columns(self, golden, references):
        """Turn golden values into values of ``res.partner``; what can't be turned is left out."""
        columns = {}
        for key, column in COLUMNS.items():
            found = golden.get("lang" if key == "language" else survivorship.GOLDEN_KEYS.get(key, key))
            if not found:
                continue
            value = found.value
            if column in _COUNTRY_COLUMNS:
                value = references["country"].get(value)
            elif key == "state":
                country = golden.get("country")
                value = country and references["state"].get((country.value, value))
            elif key == "lang":
                value = _best_lang(value, references["lang"])
            elif key == "birthdate":
                value = _to_date(value)
            elif key == "gender" and value not in dict(self._fields[column].selection):
                value = None
            if value:
                columns[column] = value
        return columns

    def _get_golden_changes(self, columns, frozen):
        """Return what of the golden ``columns`` differs from the partner and may be written."""
        self.ensure_one()
        country = self.country_id.code or self.env.company.country_id.code
        vals = {}
        for column in COLUMNS.values():
            if column in frozen:
                continue
            new = columns.get(column, False)
            if not new and column in KEPT_COLUMNS:
                continue
            old = self[column]
            if isinstance(old, models.BaseModel):
                old = old.id
            if (old or False) == new:
                continue
            # A number is left as it was typed as long as it is the same number.
            if column == "phone" and old and new and normalise_phone(old, country) == new:
                continue
            if column == "email" and old and new and normalise_email(old) == new:
                continue
            vals[column] = new
        return vals

    def _get_frozen_golden_columns(self):
        """Return which golden columns are never changed automatically, per partner.

        - invoiced ones (name, VAT, address) of partners with posted invoices;
        - the e-mail address of users: it resets their password;
        - what a contact of a company shares with it: address, VAT, company name.

        :return: dict partner id -> set of column names
        """
        invoiced = self._get_frozen_golden_partners(self.ids)
        users = set()
        if self.ids:
            rows = self.env.execute_query(
                SQL("SELECT DISTINCT partner_id FROM res_users WHERE partner_id = ANY(%s)", self.ids)
            )
            users = {row[0] for row in rows}
        frozen = {}
        for partner in self:
            columns = set()
            if partner.id in invoiced:
                columns |= INVOICED_COLUMNS
            if partner.id in users:
                columns.add("email")
            if partner.parent_id:
                columns |= {"vat", "company_name"}
                if partner.type == "contact":
                    columns |= ADDRESS_COLUMNS
            if columns:
                frozen[partner.id] = columns
        return frozen

    @api.model
    def _get_frozen_golden_partners(self, partner_ids):
        """Return which of these partners, or their contacts, stand on a posted invoice.

        :param list partner_ids: ids of partners
        :return: set of ids; empty without the invoicing app
        """
        if "account.move" not in self.env or not partner_ids:
            return set()
        self.env["account.move"].flush_model(["partner_id", "state", "move_type"])
        rows = self.env.execute_query(
            SQL(
                """SELECT g.id FROM unnest(%s::int[]) AS g (id)
                    WHERE EXISTS (SELECT 1 FROM res_partner c JOIN account_move m ON m.partner_id = c.id
                                   WHERE (c.id = g.id OR c.commercial_partner_id = g.id)
                                     AND m.state = 'posted' AND m.move_type <> 'entry')""",
                list(partner_ids),
            )
        )
        return {row[0] for row in rows}


def _best_lang(tag, installed):
    """Return the installed language for a BCP 47 tag: the same region, else the same language.

    >>> _best_lang("uk", ["en_US", "uk_UA"]), _best_lang("de-CH", ["de_DE"]), _best_lang("fr", ["de_DE"])
    ('uk_UA', 'de_DE', None)
    """
    wanted = tag.replace("-", "_").lower()
    language = wanted.partition("_")[0]
    exact = [code for code in installed if code.lower() == wanted]
    return next(iter(exact or [code for code in installed if code.lower().partition("_")[0] == language]), None)


def _to_date(text):
    try:
        return fields.Date.to_date(text)
    except ValueError:
        return None
