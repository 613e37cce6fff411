from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...engine import names
from ..card.guest_subject import GuestSubject

# Rows of a comparison in the order that people look at them. ``columns`` are those of the guest that
# change hands when the value of one guest is chosen; rows without any are for reading only.
ROWS = {
    "name": ("name", "guest_given_name", "guest_middle_name", "guest_family_name"),
    "local_name": ("guest_local_name",),
    "salutation": ("guest_salutation",),
    "gender": ("guest_gender",),
    "birthdate": ("guest_birthdate",),
    "emails": ("email",),
    "phones": ("phone",),
    "address": ("street", "street2", "zip", "city", "state_id", "country_id"),
    "nationality": ("guest_nationality_id",),
    "language": ("guest_language",),
    "company": ("company_name",),
    "documents": (),
    "memberships": (),
}
LISTS = frozenset({"emails", "phones", "documents", "memberships"})
NAMES = frozenset({"name", "local_name", "company"})
_KEYS = {"emails": "emails", "phones": "phones", "documents": "documents"}


class HospitalityGuestCompare(models.AbstractModel):
    """Guests side by side: what is equal, what differs, what only one of them has.

    A fixed number of statements for any number of guests.
    """

    _name = "hospitality.guest.compare"
    _description = "Guests Side by Side"
    _inherit = ["hospitality.guest.facts"]

    @api.model
    def _get_subjects(self):
        return {
            **super()._get_subjects(),
            "compare_person": GuestSubject(
                model="res.partner",
                guest_field="id",
                archived=True,
                columns={
                    "name": "name",
                    "local_name": "guest_local_name",
                    "salutation": "guest_salutation",
                    "gender": "guest_gender",
                    "birthdate": "guest_birthdate",
                    "email": "email",
                    "phone": "phone",
                    "street": "street",
                    "street2": "street2",
                    "zip": "zip",
                    "city": "city",
                    "state": "state_id.name",
                    "country_id": "country_id",
                    "nationality_id": "guest_nationality_id",
                    "language": "guest_language",
                    "company": "company_name",
                    "parent": "parent_id.name",
                    "is_company": "is_company",
                    "active": "active",
                    "since": "create_date",
                },
            ),
            "compare_profiles": GuestSubject(
                model="hospitality.profile",
                domain=Domain("state", "=", "live"),
                order="id",
                columns={
                    "values": "values",
                    "name": "name",
                    "source": "source_id.name",
                    "property": "property_id.name",
                },
            ),
        }

    @api.model
    def _compare(self, groups):
        """Return groups of guests side by side.

        :param list groups: lists of guest ids
        :return: list in the same order, None for a group with fewer than two guests that the user may
            read; else dict with ``guests`` (list of dicts: id, name, alerts, visits, sources, ...) and
            ``rows``: ``{"name", "label", "status", "choose", "cells": [...]}`` with one cell per guest.
            ``status`` is *same*, *alike* (another spelling), *some* (not everybody has one) or *differ*;
            a cell is a list of ``{"text", "shared", "note"}``, where ``shared`` says that another guest has
            the same value
        """
        ids = sorted({guest for group in groups for guest in group})
        facts = self._load(ids, "compare_person", "compare_profiles", "alerts", "metrics") if ids else {}
        people = {guest: rows[0] for guest, rows in facts.get("compare_person", {}).items()}
        profiles = facts.get("compare_profiles", {})
        kinds = self._get_point_kinds(profiles)
        users = self._get_user_guests(ids)
        countries = self.env["hospitality.guest.card"]._get_country_names(self.env.lang)
        values = {
            guest: self._get_compared_values(person, profiles.get(guest, []), countries)
            for guest, person in people.items()
        }
        day = fields.Date.to_string(fields.Date.context_today(self))
        result = []
        for group in groups:
            readable = [guest for guest in group if guest in people]
            if len(readable) < 2:
                result.append(None)
                continue
            guests = [
                {
                    **self._show_head(people[guest], profiles.get(guest, [])),
                    "alerts": self._show_alerts([dict(row) for row in facts.get("alerts", {}).get(guest, [])], day),
                    "visits": self._show_visits(facts.get("metrics", {}).get(guest, [])),
                    "has_user": guest in users,
                }
                for guest in readable
            ]
            result.append({"guests": guests, "rows": self._get_rows([values[guest] for guest in readable], kinds)})
        return result

    @api.model
    def _show_head(self, person, profiles):
        sources = {}
        for profile in profiles:
            label = profile["source"] or ""
            sources[label] = sources.get(label, 0) + 1
        return {
            "id": person["id"],
            "name": person["name"] or "",
            "local_name": person["local_name"] if person["local_name"] != person["name"] else False,
            "is_company": person["is_company"],
            "parent": person["parent"],
            "active": person["active"],
            "since": str(person["since"] or "")[:10],
            "sources": [{"name": name, "count": count} for name, count in sorted(sources.items())],
        }

    @api.model
    def _show_visits(self, rows):
        visits = self._show_metrics(rows)
        return {name: visits.get(name, False) for name in ("stays", "nights", "checks", "last_visit", "next_visit")}

    @api.model
    def _get_compared_values(self, person, profiles, countries):
        """Return the value of each row: a list of texts, several for the kinds in ``LISTS``."""
        genders = self._get_labels("res.partner", "guest_gender")
        birthdate = fields.Date.to_date(person.get("birthdate"))
        place = " ".join(filter(None, [person["zip"], person["city"]]))
        country = countries.get(person["country_id"])
        address = filter(None, [person["street"], person["street2"], place, person["state"], country])
        single = {
            "name": person["name"],
            "local_name": person["local_name"],
            "salutation": person["salutation"],
            "gender": genders.get(person.get("gender")),
            "birthdate": fields.Date.to_string(birthdate) if birthdate else "",
            "address": ", ".join(address),
            "nationality": countries.get(person.get("nationality_id")),
            "language": self._get_language_name(person["language"]),
            "company": person["company"] or person["parent"],
        }
        result = {name: [text] if text else [] for name, text in single.items()}
        result["emails"] = self._collect(profiles, "emails", person["email"])
        result["phones"] = self._collect(profiles, "phones", person["phone"])
        result["documents"] = self._collect(profiles, "documents")
        result["memberships"] = list(
            dict.fromkeys(
                " ".join(filter(None, [card.get("program"), card.get("number")]))
                for profile in profiles
                for card in (profile["values"] or {}).get("memberships") or ()
            )
        )
        return result

    @api.model
    def _collect(self, profiles, key, first=None):
        """Return the distinct values of all profiles, the guest's main one first."""
        found = {}
        known = [value for profile in profiles for value in (profile["values"] or {}).get(key) or ()]
        for value in filter(None, [first, *known]):
            found.setdefault("".join(value.lower().split()), value)
        return list(found.values())

    @api.model
    def _get_rows(self, values, kinds):
        rows = []
        labels = self._get_row_labels()
        notes = self._get_labels("hospitality.contact.point", "kind")
        for name, columns in ROWS.items():
            cells = [guest[name] for guest in values]
            if not any(cells):
                continue
            marks = [{self._get_mark(name, text) for text in cell} for cell in cells]
            rows.append(
                {
                    "name": name,
                    "label": labels[name],
                    "status": self._get_status(name, cells, marks),
                    "choose": bool(columns) and len({cell[0] for cell in cells if cell}) > 1,
                    "cells": [
                        [
                            {
                                "text": text,
                                "shared": any(
                                    self._get_mark(name, text) in other
                                    for place, other in enumerate(marks)
                                    if place != index
                                ),
                                "note": notes.get(kinds.get(text)) if kinds.get(text, "real") != "real" else "",
                            }
                            for text in cell
                        ]
                        for index, cell in enumerate(cells)
                    ],
                }
            )
        return rows

    @api.model
    def _get_mark(self, name, text):
        return "".join(text.lower().split()) if name not in NAMES else " ".join(text.lower().split())

    @api.model
    def _get_status(self, name, cells, marks):
        filled = [cell for cell in marks if cell]
        if name in LISTS:
            if len(filled) < 2:
                return "some"
            if all(cell == filled[0] for cell in filled):
                return "same" if len(filled) == len(cells) else "some"
            shared = any(one & other for index, one in enumerate(filled) for other in filled[index + 1 :])
            return "alike" if shared else "differ"
        distinct = set().union(*filled)
        if len(distinct) == 1:
            return "same" if len(filled) == len(cells) else "some"
        texts = [cell[0] for cell in cells if cell]
        alike = all(self._is_alike(name, one, other) for index, one in enumerate(texts) for other in texts[index + 1 :])
        return "alike" if alike else "differ"

    @api.model
    def _is_alike(self, name, one, other):
        """Whether two texts may mean the same: another spelling, or one says more than the other."""
        if name in NAMES and names.compatible(one, other):
            return True
        if name in NAMES or name == "address":
            first, second = (set(names.fold(text).split()) for text in (one, other))
            return bool(first and second) and (first <= second or second <= first)
        return False

    @api.model
    def _get_row_labels(self):
        return {
            "name": self.env._("Name"),
            "local_name": self.env._("Name in local script"),
            "salutation": self.env._("Form of address"),
            "gender": self.env._("Gender"),
            "birthdate": self.env._("Birth date"),
            "emails": self.env._("E-mail"),
            "phones": self.env._("Phone"),
            "address": self.env._("Address"),
            "nationality": self.env._("Nationality"),
            "language": self.env._("Language"),
            "company": self.env._("Company"),
            "documents": self.env._("Documents"),
            "memberships": self.env._("Loyalty numbers"),
        }

    @api.model
    def _get_point_kinds(self, profiles):
        """Return the kind (*relay*, *shared*, ...) of the contact values of some profiles."""
        known = {
            (channel, value)
            for rows in profiles.values()
            for row in rows
            for channel, key in (("email", "emails"), ("phone", "phones"))
            for value in (row["values"] or {}).get(key) or ()
        }
        if not known or not self.env["hospitality.contact.point"].has_access("read"):
            return {}
        return dict(
            self.env.execute_query(
                SQL(
                    """SELECT p.value, p.kind FROM hospitality_contact_point p
                         JOIN unnest(%s::text[], %s::text[]) AS n (channel, value)
                           ON p.channel = n.channel AND p.value = n.value""",
                    [channel for channel, _value in known],
                    [value for _channel, value in known],
                )
            )
        )

    @api.model
    def _get_user_guests(self, partner_ids):
        """Return the ids of the guests that have a login."""
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT partner_id FROM res_users WHERE partner_id = ANY(%s) AND active", list(partner_ids))
        )
        return {row[0] for row in rows}

    @api.model
    def _get_chosen_values(self, choices):
        """Turn choices of the screen into values for a merge.

        :param dict choices: name of a row -> id of the guest whose value is kept
        :return: dict of column -> value, as ``hospitality.merge._merge_groups`` takes it
        """
        values = {}
        for name, guest_id in (choices or {}).items():
            guest = self.env["res.partner"].browse(guest_id)
            guest.check_access("read")
            for column in ROWS.get(name, ()):
                field = guest._fields[column]
                # A plain number would be taken for the id of a profile.
                values[column] = {"value": field.convert_to_write(guest[column], guest)}
        return values
