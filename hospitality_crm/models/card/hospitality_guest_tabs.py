from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .guest_subject import GuestSubject

TAB_ROWS = 60
NEWEST = {"limit": TAB_ROWS + 1}


def _on_stay(partner_ids):
    # An OR over two tables would read all stays; each half has its index.
    return Domain.custom(
        to_sql=lambda model, alias, query: SQL(
            "%(stay)s IN (SELECT id FROM hospitality_stay WHERE partner_id IN %(guests)s"
            " UNION SELECT stay_id FROM hospitality_stay_guest WHERE partner_id IN %(guests)s)",
            stay=SQL.identifier(alias, "id"),
            guests=tuple(partner_ids),
            to_flush=[
                model._fields["partner_id"],
                *(model.env["hospitality.stay.guest"]._fields[name] for name in ("partner_id", "stay_id")),
            ],
        )
    )


def _in_relation(partner_ids):
    return Domain("partner_id", "in", partner_ids) | Domain("related_id", "in", partner_ids)


def _on_booking(partner_ids):
    return (
        Domain("partner_id", "in", partner_ids)
        | Domain("company_partner_id", "in", partner_ids)
        | Domain("agency_partner_id", "in", partner_ids)
    )


def _of_profile(partner_ids):
    # The profile's own rules hold for the guest, and those were asked for.
    return Domain("profile_id", "any!", Domain("partner_id", "in", partner_ids) & Domain("state", "=", "live"))


class HospitalityGuestTabs(models.AbstractModel):
    """The further tabs of the guest card, each read in one statement when it is opened."""

    _name = "hospitality.guest.tabs"
    _description = "Tabs of the guest card"
    _inherit = ["hospitality.guest.facts"]

    @api.model
    def _get_tabs(self):
        """Return the tabs by name: for each the names of its subjects.

        A subject's rows are shown by ``_show_tab_<subject>(rows, partner_id)`` where such a
        method exists, else as they are. An addon adds a tab here, its subjects in
        :meth:`_get_subjects`, and what it looks like in the client's registry
        ``hospitality_guest_tabs``.
        """
        return {
            "stays": ("tab_stays",),
            "tables": ("tab_reservations", "tab_checks"),
            "wishes": ("tab_preferences", "tab_allergies", "special_dates"),
            "contacts": ("tab_points", "tab_profiles"),
            "relations": ("tab_relations", "tab_bookings"),
        }

    @api.model
    @api.readonly
    def get_tab(self, partner_id, tab):
        """Return the content of a further tab of the card.

        :param int partner_id: the guest
        :param str tab: a key of :meth:`_get_tabs`
        :return: dict of subject (without ``tab_``) -> list of rows, newest first, or None where the
            user may not read it; and ``more``: names of the subjects that go on
        :raise AccessError: when the user may not read the guest
        :raise KeyError: when there is no such tab
        """
        partner = self.env["res.partner"].browse(partner_id)
        subjects = self._get_tabs()[tab]
        found = self._load(partner.ids, "person", *subjects)
        if partner.id not in found["person"]:
            partner.check_access("read")
        result = {"more": []}
        for subject in subjects:
            name = subject.removeprefix("tab_")
            if subject not in found:
                result[name] = None
                continue
            rows = found[subject].get(partner.id, [])
            if len(rows) > TAB_ROWS:
                result["more"].append(name)
            show = getattr(self, f"_show_{subject}", None)
            result[name] = show(rows[:TAB_ROWS], partner.id) if show else rows[:TAB_ROWS]
        return result

    @api.model
    def _label(self, model, rows, **selections):
        """Replace keys of selections by their labels, in place; the key stays as ``<name>_key``."""
        for name, field in selections.items():
            labels = self._get_labels(model, field)
            for row in rows:
                row[f"{name}_key"] = row[name]
                row[name] = labels.get(row[name], row[name] or "")
        return rows

    @api.model
    def _show_tab_stays(self, rows, partner_id):
        for row in self._label("hospitality.stay", rows, status="status"):
            if row.pop("partner_id") == partner_id:
                row["with_name"] = False
        return rows

    @api.model
    def _show_tab_reservations(self, rows, partner_id):
        for row in self._label("hospitality.reservation", rows, status="status"):
            starts_at = fields.Datetime.to_datetime(row["starts_at"].replace("T", " ")[:19])
            row["starts_at"] = fields.Datetime.to_string(starts_at)
        return rows

    @api.model
    def _show_tab_checks(self, rows, partner_id):
        return self._label("hospitality.check", rows, status="status", daypart="daypart", evidence="guest_evidence")

    @api.model
    def _show_tab_preferences(self, rows, partner_id):
        today = fields.Date.to_string(fields.Date.context_today(self))
        for row in self._label("hospitality.preference", rows, category="category", confidence="confidence"):
            row["avoids"] = row.pop("attitude") == "avoids"
            row["outdated"] = bool(row["expires_on"] and row["expires_on"] < today)
        return rows

    @api.model
    def _show_tab_allergies(self, rows, partner_id):
        return self._label("hospitality.allergy", rows, kind="kind", severity="severity")

    @api.model
    def _show_tab_profiles(self, rows, partner_id):
        return self._label("hospitality.profile", rows, state="state", kind="kind")

    @api.model
    def _show_tab_relations(self, rows, partner_id):
        kinds = self._get_labels("hospitality.relation", "kind")
        Relation = self.env["hospitality.relation"]
        for row in rows:
            owner = row["partner_id"] == partner_id
            row["other_id"], row["other"] = (
                (row["related_id"], row["related"]) if owner else (row["partner_id"], row["partner"])
            )
            kind = row["kind"] if owner else Relation._get_inverse_kind(row["kind"])
            row["kind"] = kinds.get(kind, kind)
        return rows

    @api.model
    def _show_tab_bookings(self, rows, partner_id):
        for row in self._label("hospitality.booking", rows, status="status"):
            if row["booker_id"] == partner_id:
                row["role"] = self.env._("Booker")
            elif row["company_id"] == partner_id:
                row["role"] = self.env._("Company")
            else:
                row["role"] = self.env._("Agency")
        return rows

    @api.model
    def _show_special_dates(self, rows, *_args):
        return super()._show_special_dates(rows)

    @api.model
    def _get_subjects(self):
        return {**super()._get_subjects(), **self._get_visit_subjects(), **self._get_person_subjects()}

    @api.model
    def _get_visit_subjects(self):
        place = {"property": "property_id.name", "status": "status"}
        money = {"amount": "amount_total", "currency_id": "currency_id"}
        return {
            "tab_stays": GuestSubject(
                model="hospitality.stay",
                guest_domain=_on_stay,
                order="arrival desc, id desc",
                columns={
                    **place,
                    **money,
                    "partner_id": "partner_id",
                    "with_name": "partner_id.name",
                    "arrival": "arrival",
                    "departure": "departure",
                    "nights": "nights",
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
                },
                **NEWEST,
            ),
            "tab_reservations": GuestSubject(
                model="hospitality.reservation",
                order="business_date desc, id desc",
                columns={
                    **place,
                    "date": "business_date",
                    "starts_at": "starts_at",
                    "covers": "covers",
                    "table": "table",
                    "occasion": "occasion",
                    "wishes": "wishes",
                    "outlet": "outlet_id.name",
                    "channel": "channel_id.name",
                },
                **NEWEST,
            ),
            "tab_checks": GuestSubject(
                model="hospitality.check",
                order="business_date desc, id desc",
                columns={
                    **place,
                    **money,
                    "date": "business_date",
                    "number": "number",
                    "daypart": "daypart",
                    "covers": "covers",
                    "table": "table",
                    "outlet": "outlet_id.name",
                    "evidence": "guest_evidence",
                    "confidence": "guest_confidence",
                },
                **NEWEST,
            ),
            "tab_bookings": GuestSubject(
                model="hospitality.booking",
                guest_domain=_on_booking,
                order="booked_on desc, id desc",
                columns={
                    **place,
                    "booker_id": "partner_id",
                    "booker": "partner_id.name",
                    "company_id": "company_partner_id",
                    "confirmation": "confirmation",
                    "channel": "channel_id.name",
                    "booked_on": "booked_on",
                    "group_code": "group_code",
                },
                **NEWEST,
            ),
        }

    @api.model
    def _get_person_subjects(self):
        return {
            "tab_preferences": GuestSubject(
                model="hospitality.preference",
                order="confirmed_on desc, id desc",
                columns={
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
                **NEWEST,
            ),
            "tab_allergies": GuestSubject(
                model="hospitality.allergy",
                order="severity desc, id",
                columns={
                    "kind": "kind",
                    "allergen": "allergen_id.name",
                    "detail": "detail",
                    "severity": "severity",
                    "confirmed_on": "confirmed_on",
                    "is_dropped": "is_dropped",
                    "source": "source_id.name",
                },
                **NEWEST,
            ),
            "tab_points": GuestSubject(
                model="hospitality.contact.link",
                guest_domain=_of_profile,
                order="sequence, id",
                columns={
                    "point_id": "point_id",
                    "channel": "point_id.channel",
                    "value": "point_id.value",
                    "kind": "point_id.kind",
                    "reachable": "point_id.reachable",
                    "name_count": "point_id.name_count",
                    "verified": "verified",
                    "source": "profile_id.source_id.name",
                },
                **NEWEST,
            ),
            "tab_profiles": GuestSubject(
                model="hospitality.profile",
                order="id desc",
                columns={
                    "name": "name",
                    "external_id": "external_id",
                    "state": "state",
                    "kind": "kind",
                    "seen_at": "seen_at",
                    "source": "source_id.name",
                    "property": "property_id.name",
                },
                **NEWEST,
            ),
            "tab_relations": GuestSubject(
                model="hospitality.relation",
                guest_domain=_in_relation,
                order="date_from desc, id desc",
                columns={
                    "partner_id": "partner_id",
                    "partner": "partner_id.name",
                    "related_id": "related_id",
                    "related": "related_id.name",
                    "kind": "kind",
                    "date_from": "date_from",
                    "date_to": "date_to",
                    "note": "note",
                },
                **NEWEST,
            ),
        }
