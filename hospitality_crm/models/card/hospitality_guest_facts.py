import babel

from odoo import api, models, tools
from odoo.tools import SQL
from odoo.tools.misc import babel_locale_parse

from ...tools.select_rows import GUESTS, Columns, Statement
from .guest_subject import GuestSubject

PREFERENCES_SHOWN = 12


class HospitalityGuestFacts(models.AbstractModel):
    """What staff must see of some guests at a glance, in one statement for all subjects.

    The user's access rights, record rules and field groups are part of the statement.
    """

    _name = "hospitality.guest.facts"
    _description = "Guest facts for screens"

    @api.model
    def _get_subjects(self):
        """Return the subjects by name.

        :return: dict of str to :class:`GuestSubject`
        """
        return {
            "person": GuestSubject(
                model="res.partner",
                guest_field="id",
                archived=True,
                columns={
                    "name": "name",
                    "local_name": "guest_local_name",
                    "salutation": "guest_salutation",
                    "birthdate": "guest_birthdate",
                    "lang": "guest_language",
                    "is_company": "is_company",
                },
            ),
            "alerts": GuestSubject(
                model="hospitality.alert",
                columns={
                    "kind": "kind",
                    "level": "level",
                    "message": "message",
                    "property_id": "property_id",
                    "date_from": "date_from",
                    "date_to": "date_to",
                },
            ),
            "allergies": GuestSubject(
                model="hospitality.allergy",
                columns={
                    "kind": "kind",
                    "allergen": "allergen_id.name",
                    "detail": "detail",
                    "severity": "severity",
                },
            ),
            "preferences": GuestSubject(
                model="hospitality.preference",
                columns={
                    "type": "type_id.name",
                    "value": "value",
                    "attitude": "attitude",
                    "confirmed_on": "confirmed_on",
                    "expires_on": "expires_on",
                    "property_id": "property_id",
                },
            ),
            "special_dates": GuestSubject(
                model="hospitality.special.date",
                columns={"kind": "kind", "name": "name", "day": "day", "month": "month", "year": "year"},
            ),
            "metrics": GuestSubject(
                model="hospitality.guest.metrics",
                columns={
                    "company_id": "company_id",
                    "stays": "stay_count",
                    "nights": "night_count",
                    "checks": "check_count",
                    "cancelled": "cancel_count",
                    "no_shows": "no_show_count",
                    "first_visit": "first_visit",
                    "last_visit": "last_visit",
                    "next_visit": "next_visit",
                    "room_type": "room_type_id.name",
                    "outlet": "outlet_id.name",
                    "dish": "favourite_dish",
                    "channel": "channel_id.name",
                    "spend": "revenue_total",
                    "adr": "adr",
                    "check_average": "check_average",
                },
            ),
        }

    @api.model
    def _load(self, partner_ids, *names):
        """Return the rows of some subjects by guest.

        :param partner_ids: ids of guests
        :param names: subjects; all of them without any
        :return: dict of subject -> dict of guest id -> list of rows (dicts, with ``id``); a subject
            that the user may not read is missing
        """
        statement, readable = self._get_statement(
            names, self.env.companies._ids, self.env.lang, tuple(self.env.user._get_group_ids())
        )
        result = {name: {} for name in readable}
        if statement and partner_ids:
            found = statement.fetch(self.env, partner_ids)
            for partner_id, record_id, _rank, name, row in sorted(found, key=lambda row: row[2]):
                row["id"] = record_id
                result[name].setdefault(partner_id or partner_ids[0], []).append(row)
        return result

    @api.model
    @tools.ormcache("self._name", "self.env.uid", "self.env.su", "names", "company_ids", "lang", "group_ids")
    def _get_statement(self, names, company_ids, lang, group_ids):
        """Return the statement over subjects and the names of those that the user may read."""
        subjects = self._get_subjects()
        branches, columns = [], {}
        for name in names or subjects:
            subject = subjects[name]
            Model = self.env[subject.model].with_context(active_test=not subject.archived)
            if not Model.has_access("read"):
                continue
            query = Model._search(subject.get_domain(list(GUESTS)), order=subject.order, limit=subject.limit)
            columns[name] = Columns(Model, query, subject.columns)
            if query.is_empty():
                continue
            # A subject with a condition of its own is read for one guest: whose rows is no question.
            guest = (
                SQL("NULL::int4")
                if subject.guest_domain
                else Model._field_to_sql(query.table, subject.guest_field, query)
            )
            select = query.select(
                SQL("%s AS partner_id", guest),
                SQL("%s AS id", SQL.identifier(query.table, "id")),
                SQL("row_number() OVER (ORDER BY %s) AS rank", query.order) if query.order else SQL("0 AS rank"),
                SQL("%s::text AS subject", name),
                SQL("%s AS data", columns[name].to_json()),
            )
            branches.append(SQL("(%s)", select))
        if not branches:
            return None, tuple(columns)
        return Statement(SQL(" UNION ALL ").join(branches), columns), tuple(columns)

    @api.model
    def _get_labels(self, model, field):
        """Return the labels of a selection field by key, in the language of the user."""
        return self._get_labels_in(model, field, self.env.lang)

    @api.model
    @tools.ormcache("model", "field", "lang")
    def _get_labels_in(self, model, field, lang):
        return dict(self.env[model]._fields[field]._description_selection(self.env))

    @api.model
    def _get_language_name(self, tag):
        """Return the name of a guest's language (``pt-BR``) in the language of the user.

        Empty where it isn't known; a tag that nobody knows is shown as it is.
        """
        return self._get_language_name_in(tag, self.env.lang) if tag else ""

    @api.model
    @tools.ormcache("tag", "lang")
    def _get_language_name_in(self, tag, lang):
        try:
            locale = babel.Locale.parse(tag.replace("_", "-"), sep="-")
            return locale.get_language_name(babel_locale_parse(lang)) or tag
        except (ValueError, babel.UnknownLocaleError):
            return tag

    @api.model
    def _show_alerts(self, rows, date, property_id=None):
        """Return the alerts that hold on a date (at one property), blocking ones first.

        :param str date: YYYY-MM-DD
        """
        labels = self._get_labels("hospitality.alert", "kind")
        alerts = []
        for row in rows:
            if (row["date_from"] or date) > date or (row["date_to"] or date) < date:
                continue
            if property_id and row["property_id"] not in (None, property_id):
                continue
            row["label"] = labels.get(row["kind"], row["kind"])
            row["blocks"] = row.pop("level") == "2_block"
            alerts.append(row)
        return sorted(alerts, key=lambda row: (not row["blocks"], row["id"]))

    @api.model
    def _show_allergies(self, rows):
        """Return what is known about allergies: ``state`` (unknown, none, known) and ``items``.

        No row at all is *unknown*, which is not *none*; a diet alone leaves it unknown.
        """
        labels = self._get_labels("hospitality.allergy", "kind")
        state, items = "unknown", []
        for row in sorted(rows, key=lambda row: (-int(row["severity"] or 0), row["id"])):
            if row["kind"] == "none":
                state = "none" if state == "unknown" else state
                continue
            if row["kind"] != "diet":
                state = "known"
            items.append(
                {
                    "id": row["id"],
                    "kind": row["kind"],
                    "label": labels.get(row["kind"], row["kind"]),
                    "name": ", ".join(filter(None, [row["allergen"], row["detail"]])),
                    "severe": row["kind"] != "diet" and row["severity"] == "3",
                }
            )
        return {"state": state, "items": items}

    @api.model
    def _show_preferences(self, rows, date, property_id=None):
        """Return the preferences that hold on a date (at one property), freshest first."""
        current = [
            {
                "id": row["id"],
                "type": row["type"],
                "value": row["value"],
                "avoids": row["attitude"] == "avoids",
                "confirmed_on": row["confirmed_on"] or "",
            }
            for row in rows
            if (row["expires_on"] or date) >= date and (not property_id or row["property_id"] in (None, property_id))
        ]
        current.sort(key=lambda row: (row["confirmed_on"], row["id"]), reverse=True)
        return current[:PREFERENCES_SHOWN]

    @api.model
    def _show_special_dates(self, rows):
        """Return the yearly days in the order of the calendar."""
        labels = self._get_labels("hospitality.special.date", "kind")
        for row in rows:
            row["label"] = row.pop("name") or labels.get(row["kind"], row["kind"])
        return sorted(rows, key=lambda row: (row["month"], row["day"], row["id"]))

    @api.model
    def _show_metrics(self, rows):
        """Return counts and dates over the user's companies, and spend per company.

        Amounts of different companies are never summed: they may be in different currencies.
        Favourites come from the company with most visits.
        """
        if not rows:
            return {}
        rows = sorted(rows, key=lambda row: (-(row["stays"] or 0), -(row["checks"] or 0), row["id"]))
        counts = ("stays", "nights", "checks", "cancelled", "no_shows")
        result = {name: sum(row[name] or 0 for row in rows) for name in counts}
        for name, pick in (("first_visit", min), ("last_visit", max), ("next_visit", min)):
            result[name] = pick((row[name] for row in rows if row[name]), default=False)
        for name in ("room_type", "outlet", "dish", "channel"):
            result[name] = next((row[name] for row in rows if row[name]), False)
        result["spend"] = [self._show_spend(row) for row in rows if row.get("spend")]
        return result

    @api.model
    def _show_spend(self, row):
        # Rules let only rows of the user's companies through.
        company = self.env["res.company"].sudo().browse(row["company_id"])  # whose names are his to read
        return {
            "company": company.name,
            "currency_id": company.currency_id.id,
            "total": row["spend"],
            "adr": row.get("adr"),
            "check_average": row.get("check_average"),
        }
