from datetime import datetime, timezone

from odoo import api, models
from odoo.tools import SQL

from ...engine import survivorship
from .golden_fields import BLOCK_OF, COLUMNS, KEYS


class ResPartner(models.Model):
    """Where golden values come from, and the values that lost."""

    _inherit = "res.partner"

    @api.readonly
    def get_golden_origin(self, fields=None):
        """Tell for golden fields of one guest where the value comes from and why it won.

        Computed when asked, from the live source profiles.

        :param list fields: names of golden fields of ``res.partner``; all of them by default
        :return: dict field name -> dict with

            - ``value``: the surviving value in canonical form, None when no profile knows one
            - ``source``, ``profile_id``: name of the source system and id of the profile
            - ``at``: when it was said, ``YYYY-MM-DD HH:MM:SS`` UTC
            - ``by``: ``staff``, ``guest`` or ``system``; ``user``: name of the person, if known
            - ``reason``, ``reason_text``: code (``engine.survivorship.REASONS``) and a sentence
            - ``frozen``: the field is never changed automatically, so it may differ from ``value``
            - ``losing``: list of ``{"value", "source", "profile_id", "at"}`` of the other values
        :raise AccessError: when the user may not read the guest or source profiles
        """
        self.ensure_one()
        self.check_access("read")
        self.env["hospitality.profile"].check_access("read")
        profiles = self._load_golden_profiles(self.ids).get(self.id, [])
        golden = survivorship.resolve(profiles, *self.env["hospitality.survivorship.policy"]._get_rules())
        by_id = {profile["profile_id"]: profile for profile in profiles}
        records = self.env["hospitality.profile"].browse(by_id)
        sources = {record.id: record.source_id.sudo().name for record in records}  # the name alone
        frozen = self._get_frozen_golden_columns().get(self.id, frozenset())
        result = {}
        for column in fields or COLUMNS.values():
            if column not in KEYS:
                continue
            key = KEYS[column]
            found = golden.get(survivorship.GOLDEN_KEYS.get(key, key))
            result[column] = {
                **self._describe_origin(key, found, by_id, sources),
                "frozen": column in frozen,
                "losing": self._get_losing_values(key, found, profiles, sources),
            }
        return result

    def _describe_origin(self, key, found, by_id, sources):
        if not found:
            return dict.fromkeys(("value", "source", "profile_id", "at", "by", "user", "reason", "reason_text"), None)
        profile = by_id[found.profile_id]
        entry = (profile.get("meta") or {}).get(BLOCK_OF.get(key, key)) or {}
        user = self.env["res.users"].sudo().browse(entry.get("uid")).exists()  # the name alone
        return {
            "value": found.value,
            "source": sources[found.profile_id],
            "profile_id": found.profile_id,
            "at": _to_text(entry.get("at") or profile["at"]),
            "by": entry.get("by") or "system",
            "user": user.name if entry.get("by") in ("staff", "guest") and user else None,
            "reason": found.reason,
            "reason_text": self._get_reason_texts()[found.reason],
        }

    @api.model
    def _get_reason_texts(self):
        """Return the reason codes of survivorship with a sentence for people."""
        return {
            "only": self.env._("Only this source knows it."),
            "agreed": self.env._("All sources that know it agree."),
            "staff": self.env._("Typed by staff, which comes before every system."),
            "guest": self.env._("Entered by the guest, which comes before every system."),
            "most_trusted": self.env._("From the most trusted source."),
            "most_complete": self.env._("The most complete one of equally trusted sources."),
            "latest": self.env._("The latest one."),
            "most_frequent": self.env._("Most sources say so."),
            "reachable": self.env._("It can be reached, the others can't."),
            "sticky_true": self.env._("Set once by a source; it stays."),
            "union": self.env._("Put together from all sources."),
            "tie": self.env._("As good as the others; the oldest profile wins."),
        }

    @api.model
    def _get_losing_values(self, key, found, profiles, sources):
        losing, seen = [], {survivorship.fingerprint(found.value)} if found else set()
        for profile in profiles:
            value = profile["values"].get(key)
            for item in value if isinstance(value, list) else [value]:
                mark = survivorship.fingerprint(item)
                if not item or mark in seen:
                    continue
                seen.add(mark)
                entry = (profile.get("meta") or {}).get(BLOCK_OF.get(key, key)) or {}
                losing.append(
                    {
                        "value": item,
                        "source": sources[profile["profile_id"]],
                        "profile_id": profile["profile_id"],
                        "at": _to_text(entry.get("at") or profile["at"]),
                    }
                )
        return losing

    @api.model
    def _guest_search_terms(self, partner_ids):
        """Return everything a guest may be found by: golden values and those that lost.

        One query over the contacts and their profiles (anonymised ones left out).

        :param partner_ids: ids of partners
        :return: dict partner id -> list of distinct raw texts: names, companies, e-mail
            addresses, numbers, membership numbers
        """
        self.env["res.partner"].flush_model()
        self.env["hospitality.profile"].flush_model(["partner_id", "state", "values"])
        rows = self.env.execute_query(
            SQL("SELECT p.id, %s FROM res_partner p WHERE p.id = ANY(%s)", self._get_search_sql(), list(partner_ids))
        )
        return {partner_id: self._get_search_terms(*columns) for partner_id, *columns in rows}

    @api.model
    def _get_search_sql(self):
        """Return the columns, of a partner ``p``, that :meth:`_get_search_terms` takes."""
        return SQL(
            """p.name, p.guest_local_name, p.company_name, p.email, p.phone, p.ref,
               (SELECT jsonb_agg(f.values ORDER BY f.id) FROM hospitality_profile f
                 WHERE f.partner_id = p.id AND f.state <> 'anonymised')"""
        )

    @api.model
    def _get_search_terms(self, *columns):
        *columns, profiles = columns
        found = dict.fromkeys(filter(None, columns))
        for values in profiles or ():
            found.update(dict.fromkeys(_search_terms(values or {})))
        return list(found)


def _search_terms(values):
    for key in ("name", "local_name", "company_name"):
        if values.get(key):
            yield values[key]
    parts = [values[key] for key in ("given_name", "middle_name", "family_name") if values.get(key)]
    if parts:
        yield " ".join(parts)
    for key in ("emails", "emails_invalid", "phones"):
        yield from values.get(key) or ()
    for membership in values.get("memberships") or ():
        if membership.get("number"):
            yield str(membership["number"])


def _to_text(at):
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
