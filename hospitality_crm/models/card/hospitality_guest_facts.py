from odoo import api, fields, models
from odoo.fields import Domain

from ...tools.select_rows import select_rows

PREFERENCES_SHOWN = 12


class HospitalityGuestFacts(models.AbstractModel):
    """What staff must see of some guests at a glance, one statement per subject.

    Every method takes ids of guests, applies the user's rules and returns a dict by guest id;
    a guest without anything is missing from it.
    """

    _name = "hospitality.guest.facts"
    _description = "Guest facts for screens"

    @api.model
    def _get_labels(self, model, field):
        return dict(self.env[model]._fields[field]._description_selection(self.env))

    @api.model
    def _group_by_partner(self, rows):
        grouped = {}
        for row in rows:
            grouped.setdefault(row["partner_id"], []).append(row)
        return grouped

    @api.model
    def _get_alerts(self, partner_ids, date):
        """Return the alerts that hold on ``date``, blocking ones first."""
        Alert = self.env["hospitality.alert"]
        if not partner_ids or not Alert.has_access("read"):
            return {}
        rows = select_rows(
            Alert,
            Domain("partner_id", "in", partner_ids)
            & (Domain("date_from", "=", False) | Domain("date_from", "<=", date))
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", date)),
            {
                "partner_id": "partner_id",
                "kind": "kind",
                "level": "level",
                "message": "message",
                "property_id": "property_id",
                "property": "property_id.name",
                "at_booking": "at_booking",
                "at_check_in": "at_check_in",
                "at_seating": "at_seating",
                "at_check_out": "at_check_out",
            },
            order="level desc, id",
        )
        labels = self._get_labels("hospitality.alert", "kind")
        for row in rows:
            row["label"] = labels.get(row["kind"], row["kind"])
            row["blocks"] = row.pop("level") == "2_block"
        return self._group_by_partner(rows)

    @api.model
    def _get_allergies(self, partner_ids):
        """Return what is known about allergies.

        :return: dict by guest id of ``{"state": "known"|"none", "items": [...]}``. A guest who
            is missing is *unknown*. None when the user may not see allergies.
        """
        Allergy = self.env["hospitality.allergy"]
        if not Allergy.has_access("read"):
            return None
        if not partner_ids:
            return {}
        rows = select_rows(
            Allergy,
            Domain("partner_id", "in", partner_ids),
            {
                "partner_id": "partner_id",
                "kind": "kind",
                "allergen": "allergen_id.name",
                "detail": "detail",
                "severity": "severity",
            },
            order="severity desc, id",
        )
        labels = self._get_labels("hospitality.allergy", "kind")
        result = {}
        for row in rows:
            entry = result.setdefault(row["partner_id"], {"state": "unknown", "items": []})
            if row["kind"] == "none":
                entry["state"] = "none"
                continue
            if row["kind"] != "diet":
                entry["state"] = "known"
            entry["items"].append(
                {
                    "id": row["id"],
                    "kind": row["kind"],
                    "label": labels.get(row["kind"], row["kind"]),
                    "name": ", ".join(filter(None, [row["allergen"], row["detail"]])),
                    "severe": row["kind"] != "diet" and row["severity"] == "3",
                }
            )
        return result

    @api.model
    def _get_preferences(self, partner_ids, date, property_id=None):
        """Return the preferences that hold on ``date``, at one property or at any of them."""
        Preference = self.env["hospitality.preference"]
        if not partner_ids or not Preference.has_access("read"):
            return {}
        domain = Domain("partner_id", "in", partner_ids) & (
            Domain("expires_on", "=", False) | Domain("expires_on", ">=", date)
        )
        if property_id:
            domain &= Domain("property_id", "in", [False, property_id])
        rows = select_rows(
            Preference,
            domain,
            {
                "partner_id": "partner_id",
                "type": "type_id.name",
                "category": "category",
                "value": "value",
                "attitude": "attitude",
                "confidence": "confidence",
            },
            order="confirmed_on desc, id desc",
        )
        for row in rows:
            row["avoids"] = row.pop("attitude") == "avoids"
        return {
            partner_id: items[:PREFERENCES_SHOWN] for partner_id, items in self._group_by_partner(rows).items()
        }

    @api.model
    def _get_special_dates(self, partner_ids):
        """Return the yearly days of the guests (the birthday is a value of the guest itself)."""
        Special = self.env["hospitality.special.date"]
        if not partner_ids or not Special.has_access("read"):
            return {}
        rows = select_rows(
            Special,
            Domain("partner_id", "in", partner_ids),
            {
                "partner_id": "partner_id",
                "kind": "kind",
                "name": "name",
                "day": "day",
                "month": "month",
                "year": "year",
            },
            order="month, day, id",
        )
        labels = self._get_labels("hospitality.special.date", "kind")
        for row in rows:
            row["label"] = row.pop("name") or labels.get(row["kind"], row["kind"])
        return self._group_by_partner(rows)

    @api.model
    def _get_metrics(self, partner_ids):
        """Return counts and dates over the user's companies, and spend per company.

        Amounts of different companies are never summed: they may be in different currencies.
        """
        Metrics = self.env["hospitality.guest.metrics"]
        if not partner_ids or not Metrics.has_access("read"):
            return {}
        rows = select_rows(
            Metrics,
            Domain("partner_id", "in", partner_ids),
            {
                "partner_id": "partner_id",
                "company": "company_id.name",
                "currency_id": "company_id.currency_id",
                "stays": "stay_count",
                "nights": "night_count",
                "checks": "check_count",
                "reservations": "reservation_count",
                "cancelled": "cancel_count",
                "no_shows": "no_show_count",
                "upcoming": "upcoming_count",
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
            order="stay_count desc, check_count desc, id",
        )
        return {
            partner_id: self._sum_metrics(entries)
            for partner_id, entries in self._group_by_partner(rows).items()
        }

    @api.model
    def _sum_metrics(self, rows):
        """Add up the rows of one guest; favourites come from the company with most visits."""
        counts = ("stays", "nights", "checks", "reservations", "cancelled", "no_shows", "upcoming")
        result = {name: sum(row[name] or 0 for row in rows) for name in counts}
        for name, pick in (("first_visit", min), ("last_visit", max), ("next_visit", min)):
            date = pick((row[name] for row in rows if row[name]), default=False)
            result[name] = fields.Date.to_string(date)
        for name in ("room_type", "outlet", "dish", "channel"):
            result[name] = next((row[name] for row in rows if row[name]), False)
        result["spend"] = [
            {
                "company": row["company"],
                "currency_id": row["currency_id"],
                "total": row["spend"],
                "adr": row["adr"],
                "check_average": row["check_average"],
            }
            for row in rows
            if row.get("spend")
        ]
        return result
