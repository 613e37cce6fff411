from odoo import api, fields, models
from odoo.fields import Domain

from ...tools.select_rows import select_rows

TAB_ROWS = 60


class HospitalityGuestTabs(models.AbstractModel):
    """The further tabs of the guest card, each loaded when it is opened.

    A loader ``_load_<tab>(partner)`` returns a dict of lists of rows, newest first, at most
    ``TAB_ROWS`` of each; ``more`` names the lists that were cut.
    """

    _name = "hospitality.guest.tabs"
    _description = "Tabs of the guest card"
    _inherit = ["hospitality.guest.facts"]

    @api.model
    def _get_tabs(self):
        """Return the loader of each tab by the tab's name."""
        return {
            "stays": self._load_stays,
            "tables": self._load_tables,
            "wishes": self._load_wishes,
            "contacts": self._load_contacts,
            "relations": self._load_relations,
        }

    @api.model
    def get_tab(self, partner_id, tab):
        """Return the content of a further tab of the card.

        :param int partner_id: the guest
        :param str tab: a key of :meth:`_get_tabs`
        :return: dict of lists of rows, and ``more``: names of the lists that go on
        :raise AccessError: when the user may not read the guest
        :raise KeyError: when there is no such tab
        """
        partner = self.env["res.partner"].browse(partner_id)
        partner.check_access("read")
        lists = self._get_tabs()[tab](partner)
        more = [name for name, rows in lists.items() if rows and len(rows) > TAB_ROWS]
        return {**{name: rows and rows[:TAB_ROWS] for name, rows in lists.items()}, "more": more}

    @api.model
    def _select(self, model, domain, columns, order, selections=()):
        """Return rows of a model, or None where the user may not read it.

        :param selections: columns whose value is replaced by its label; the value itself is
            kept as ``<column>_key``
        """
        Model = self.env[model]
        if not Model.has_access("read"):
            return None
        rows = select_rows(Model, domain, columns, order=order, limit=TAB_ROWS + 1)
        for column in selections:
            labels = self._get_labels(model, columns[column])
            for row in rows:
                row[f"{column}_key"] = row[column]
                row[column] = labels.get(row[column], row[column] or "")
        return rows

    @api.model
    def _load_stays(self, partner):
        ids = partner.ids
        rows = self._select(
            "hospitality.stay",
            Domain("partner_id", "in", ids) | Domain("guest_ids", "any!", Domain("partner_id", "in", ids)),
            {
                "partner_id": "partner_id",
                "with_name": "partner_id.name",
                "status": "status",
                "arrival": "arrival",
                "departure": "departure",
                "nights": "nights",
                "property": "property_id.name",
                "room": "room_id.code",
                "room_type": "room_type_id.name",
                "rate_plan": "rate_plan",
                "meal_plan": "meal_plan",
                "channel": "channel_id.name",
                "confirmation": "booking_id.confirmation",
                "adults": "adults",
                "children": "children",
                "requests": "requests",
                "source": "source_id.name",
                "amount": "amount_total",
                "currency_id": "currency_id",
            },
            order="arrival desc, id desc",
            selections=("status",),
        )
        for row in rows or ():
            if row.pop("partner_id") == partner.id:
                row["with_name"] = False
        return {"stays": rows}

    @api.model
    def _load_tables(self, partner):
        domain = Domain("partner_id", "=", partner.id)
        return {
            "reservations": self._select(
                "hospitality.reservation",
                domain,
                {
                    "status": "status",
                    "date": "business_date",
                    "starts_at": "starts_at",
                    "covers": "covers",
                    "table": "table",
                    "occasion": "occasion",
                    "wishes": "wishes",
                    "outlet": "outlet_id.name",
                    "property": "property_id.name",
                    "channel": "channel_id.name",
                },
                order="business_date desc, id desc",
                selections=("status",),
            ),
            "checks": self._select(
                "hospitality.check",
                domain,
                {
                    "status": "status",
                    "date": "business_date",
                    "number": "number",
                    "daypart": "daypart",
                    "covers": "covers",
                    "table": "table",
                    "outlet": "outlet_id.name",
                    "property": "property_id.name",
                    "amount": "amount_total",
                    "currency_id": "currency_id",
                },
                order="business_date desc, id desc",
                selections=("status", "daypart"),
            ),
        }

    @api.model
    def _load_wishes(self, partner):
        today = fields.Date.context_today(self)
        domain = Domain("partner_id", "=", partner.id)
        preferences = self._select(
            "hospitality.preference",
            domain,
            {
                "type": "type_id.name",
                "category": "category",
                "value": "value",
                "attitude": "attitude",
                "confidence": "confidence",
                "confirmed_on": "confirmed_on",
                "expires_on": "expires_on",
                "property": "property_id.name",
                "source": "source_id.name",
            },
            order="confirmed_on desc, id desc",
            selections=("category", "confidence"),
        )
        for row in preferences or ():
            row["avoids"] = row.pop("attitude") == "avoids"
            row["outdated"] = bool(row["expires_on"] and row["expires_on"] < today)
        return {
            "preferences": preferences,
            "allergies": self._select(
                "hospitality.allergy",
                domain,
                {
                    "kind": "kind",
                    "allergen": "allergen_id.name",
                    "detail": "detail",
                    "severity": "severity",
                    "confirmed_on": "confirmed_on",
                    "source": "source_id.name",
                },
                order="severity desc, id",
                selections=("kind", "severity"),
            ),
            "special_dates": self._get_special_dates(partner.ids).get(partner.id, []),
        }

    @api.model
    def _load_contacts(self, partner):
        return {
            "points": self._select(
                "hospitality.contact.link",
                Domain("profile_id.partner_id", "=", partner.id) & Domain("profile_id.state", "=", "live"),
                {
                    "point_id": "point_id",
                    "channel": "point_id.channel",
                    "value": "point_id.value",
                    "kind": "point_id.kind",
                    "reachable": "point_id.reachable",
                    "name_count": "point_id.name_count",
                    "verified": "verified",
                    "source": "profile_id.source_id.name",
                },
                order="sequence, id",
            ),
            "profiles": self._select(
                "hospitality.profile",
                Domain("partner_id", "=", partner.id),
                {
                    "name": "name",
                    "external_id": "external_id",
                    "state": "state",
                    "kind": "kind",
                    "seen_at": "seen_at",
                    "source": "source_id.name",
                    "property": "property_id.name",
                },
                order="id desc",
                selections=("state", "kind"),
            ),
        }

    @api.model
    def _load_relations(self, partner):
        kinds = self._get_labels("hospitality.relation", "kind")
        relations = self._select(
            "hospitality.relation",
            Domain("partner_id", "=", partner.id) | Domain("related_id", "=", partner.id),
            {
                "partner_id": "partner_id",
                "partner": "partner_id.name",
                "related_id": "related_id",
                "related": "related_id.name",
                "kind": "kind",
                "date_from": "date_from",
                "date_to": "date_to",
                "note": "note",
            },
            order="date_from desc, id desc",
        )
        Relation = self.env["hospitality.relation"]
        for row in relations or ():
            owner = row["partner_id"] == partner.id
            row["other_id"], row["other"] = (
                (row["related_id"], row["related"]) if owner else (row["partner_id"], row["partner"])
            )
            kind = row["kind"] if owner else Relation._get_inverse_kind(row["kind"])
            row["kind"] = kinds.get(kind, kind)
        bookings = self._select(
            "hospitality.booking",
            Domain("partner_id", "=", partner.id)
            | Domain("company_partner_id", "=", partner.id)
            | Domain("agency_partner_id", "=", partner.id),
            {
                "booker_id": "partner_id",
                "booker": "partner_id.name",
                "company_id": "company_partner_id",
                "confirmation": "confirmation",
                "channel": "channel_id.name",
                "property": "property_id.name",
                "status": "status",
                "booked_on": "booked_on",
                "group_code": "group_code",
            },
            order="booked_on desc, id desc",
            selections=("status",),
        )
        for row in bookings or ():
            if row.pop("booker_id") == partner.id:
                row["role"] = self.env._("Booker")
            elif row["company_id"] == partner.id:
                row["role"] = self.env._("Company")
            else:
                row["role"] = self.env._("Agency")
            row.pop("company_id")
        return {"relations": relations, "bookings": bookings}
