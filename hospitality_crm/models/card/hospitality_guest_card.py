from odoo import api, fields, models, tools
from odoo.exceptions import MissingError
from odoo.fields import Domain

from ...engine.membership import choose
from .guest_subject import GuestSubject

STAYS_SHOWN = 3
CARD_SUBJECTS = (
    "alerts",
    "allergies",
    "preferences",
    "special_dates",
    "metrics",
    "sources",
    "stays",
)


class HospitalityGuestCard(models.AbstractModel):
    """What the guest card shows: one call for the first screen, one for each further tab."""

    _name = "hospitality.guest.card"
    _description = "Guest Card"
    _inherit = ["hospitality.guest.tabs"]

    @api.model
    def _get_subjects(self):
        return {
            **super()._get_subjects(),
            "sources": GuestSubject(
                model="hospitality.profile",
                columns={
                    "name": "source_id.name",
                    "trust": "source_id.trust",
                    "code": "source_id.code",
                    "state": "state",
                    "seen_at": "seen_at",
                    "values": "values",
                },
                domain=Domain("state", "in", ["live", "superseded"]),
            ),
            "stays": GuestSubject(
                model="hospitality.stay",
                columns={
                    "status": "status",
                    "arrival": "arrival",
                    "departure": "departure",
                    "property": "property_id.name",
                    "room": "room_id.code",
                    "room_type": "room_type_id.name",
                },
                domain=Domain("status", "in", ["in_house", "reserved", "optional"]),
            ),
        }

    @api.model
    @api.readonly
    def get_card(self, partner_id):
        """Return the first screen of a guest's card.

        :param int partner_id: the guest
        :return: dict with ``today``, ``person``, ``alerts``, ``allergies`` (None: no right to see
            them; ``state`` *unknown*, *none* or *known*), ``preferences``, ``special_dates``,
            ``metrics`` (None without visits), ``stays`` (in house and coming), ``sources``,
            ``timeline`` (see ``hospitality.timeline.get_page``) and ``can`` (what the user may
            add or edit). Dates are texts YYYY-MM-DD.
        :raise AccessError: when the user may not read the guest
        :raise MissingError: when the guest no longer exists
        """
        partner = self.env["res.partner"].browse(partner_id)
        if not partner.exists():
            raise MissingError(self.env._("This guest no longer exists. Go back to the list of guests."))
        partner.check_access("read")
        return self._get_card(partner)

    @api.model
    def _get_card(self, partner):
        """Same as :meth:`get_card` for a guest that the user is known to be allowed to read."""
        facts = self._load(partner.ids, *CARD_SUBJECTS)
        today = fields.Date.context_today(self)
        day = fields.Date.to_string(today)

        def rows(subject):
            return facts.get(subject, {}).get(partner.id, [])

        return {
            "today": day,
            "person": {**self._show_person(partner, today), "tier": self._show_tier(rows("sources"))},
            "alerts": self._show_alerts(rows("alerts"), day),
            "allergies": self._show_allergies(rows("allergies")) if "allergies" in facts else None,
            "preferences": self._show_preferences(rows("preferences"), day),
            "special_dates": self._show_special_dates(rows("special_dates")),
            "metrics": self._show_metrics(rows("metrics")) or None,
            "stays": self._show_stays(rows("stays"), day),
            "sources": self._show_sources(rows("sources")),
            "timeline": self.env["hospitality.timeline"]._get_page(partner.ids),
            "can": {
                "edit": self.env["res.partner"].has_access("write"),
                **{
                    name: self.env[f"hospitality.{name.replace('_', '.')}"].has_access("create")
                    for name in ("alert", "preference", "allergy", "relation", "special_date")
                },
                "consent": self.env["hospitality.consent.record"].has_access("create"),
                "hold": self.env["hospitality.message.hold"].has_access("create"),
                "statements": self.env["hospitality.consent.event"].has_access("read"),
            },
        }

    @api.model
    def _show_person(self, partner, today):
        countries = self._get_country_names(self.env.lang)
        return {
            "name": partner.name,
            "local_name": partner.guest_local_name,
            "salutation": partner.guest_salutation,
            "given_name": partner.guest_given_name,
            "family_name": partner.guest_family_name,
            "birthdate": fields.Date.to_string(partner.guest_birthdate),
            "birthday": self._get_birthday(partner.guest_birthdate, today),
            "language": self._get_language_name(partner.guest_language),
            "nationality": countries.get(partner.guest_nationality_id.id),
            "country": countries.get(partner.country_id.id),
            "city": partner.city,
            "email": partner.email,
            "phone": partner.phone,
            "is_company": partner.is_company,
            "active": partner.active,
            "parent": partner.parent_id.sudo().name,  # shown with its employee, as in the name of a contact
        }

    @api.model
    @tools.ormcache("lang")
    def _get_country_names(self, lang):
        countries = self.env["res.country"].sudo().search_fetch([], ["name"])  # names are no secret
        return {country.id: country.name for country in countries}

    @api.model
    def _get_birthday(self, birthdate, today):
        """Return ``age`` and ``days`` to the next birthday, or False where the date is unknown.

        Who was born on 29 February celebrates on 1 March in other years.
        """
        if not birthdate:
            return False
        age = today.year - birthdate.year - ((today.month, today.day) < (birthdate.month, birthdate.day))
        next_one = self._get_day_in_year(birthdate, today.year)
        if next_one < today:
            next_one = self._get_day_in_year(birthdate, today.year + 1)
        return {"age": age, "days": (next_one - today).days}

    @api.model
    def _get_day_in_year(self, date, year):
        try:
            return date.replace(year=year)
        except ValueError:
            return date.replace(year=year, month=3, day=1)

    @api.model
    def _show_stays(self, rows, day):
        """Return the stay in house and the next ones, in the order of arrival."""
        labels = self._get_labels("hospitality.stay", "status")
        shown = [row for row in rows if row["status"] == "in_house" or row["arrival"] >= day]
        for row in shown:
            row["label"] = labels[row["status"]]
        return sorted(shown, key=lambda row: (row["arrival"], row["id"]))[:STAYS_SHOWN]

    @api.model
    def _show_tier(self, rows):
        """Return tier and number as one text, see `res.partner.guest_tier`."""
        profiles = [
            {
                **row,
                "memberships": (row.get("values") or {}).get("memberships"),
                "is_live": row["state"] == "live",
                "is_staff": row["code"] == "odoo",
            }
            for row in rows
        ]
        return " · ".join(filter(None, choose(profiles, self.env["res.partner"]._get_programme())))

    @api.model
    def _show_sources(self, rows):
        """Return the names of the systems that know the guest, most trusted first."""
        trust = {row["name"]: row["trust"] or 0 for row in rows if row["name"] and row["state"] == "live"}
        return sorted(trust, key=lambda name: (-trust[name], name))
