from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import MissingError
from odoo.fields import Domain

from .guest_subject import GuestSubject

STAYS_SHOWN = 3
CARD_SUBJECTS = (
    "person",
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
        subjects = super()._get_subjects()
        person = subjects["person"]
        return {
            **subjects,
            "person": replace(
                person,
                columns={
                    **person.columns,
                    "given_name": "guest_given_name",
                    "family_name": "guest_family_name",
                    "nationality": "guest_nationality_id.name",
                    "country": "country_id.name",
                    "city": "city",
                    "email": "email",
                    "phone": "phone",
                    "active": "active",
                    "parent": "parent_id.name",
                },
            ),
            "sources": GuestSubject(
                model="hospitality.profile",
                columns={"name": "source_id.name", "trust": "source_id.trust"},
                domain=Domain("state", "=", "live"),
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
        facts = self._load(partner.ids, *CARD_SUBJECTS)
        people = facts["person"].get(partner.id)
        if not people:
            partner.check_access("read")
            raise MissingError(self.env._("This guest no longer exists. Go back to the list of guests."))
        today = fields.Date.context_today(self)
        day = fields.Date.to_string(today)

        def rows(subject):
            return facts.get(subject, {}).get(partner.id, [])

        return {
            "today": day,
            "person": self._show_person(people[0], today),
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
            },
        }

    @api.model
    def _show_person(self, person, today):
        person["language"] = self._get_language_name(person["lang"])
        person["birthday"] = self._get_birthday(fields.Date.to_date(person["birthdate"]), today)
        return person

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
    def _show_sources(self, rows):
        """Return the names of the systems that know the guest, most trusted first."""
        trust = {row["name"]: row["trust"] or 0 for row in rows if row["name"]}
        return sorted(trust, key=lambda name: (-trust[name], name))
