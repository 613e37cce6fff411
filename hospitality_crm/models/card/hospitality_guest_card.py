from odoo import api, fields, models
from odoo.fields import Domain

from ...tools.select_rows import select_rows

SOURCES_READ = 50
PERSON_COLUMNS = {
    "name": "name",
    "local_name": "guest_local_name",
    "salutation": "guest_salutation",
    "given_name": "guest_given_name",
    "family_name": "guest_family_name",
    "gender": "guest_gender",
    "birthdate": "guest_birthdate",
    "nationality": "guest_nationality_id.name",
    "country": "country_id.name",
    "city": "city",
    "lang": "lang",
    "email": "email",
    "phone": "phone",
    "is_company": "is_company",
    "is_guest": "is_guest",
    "active": "active",
    "parent_id": "parent_id",
    "parent": "parent_id.name",
    "comment": "comment",
}


class HospitalityGuestCard(models.AbstractModel):
    """What the guest card shows: one call for the first screen, one for each further tab."""

    _name = "hospitality.guest.card"
    _description = "Guest Card"
    _inherit = ["hospitality.guest.tabs"]

    @api.model
    def get_card(self, partner_id):
        """Return the first screen of a guest's card.

        :param int partner_id: the guest
        :return: dict with ``person``, ``alerts``, ``allergies`` (None: no right to see them;
            ``state`` *unknown*, *none* or *known*), ``preferences``, ``special_dates``,
            ``metrics``, ``stays`` (in house and coming), ``sources``, ``timeline`` (see
            ``hospitality.timeline.get_page``) and ``can`` (what the user may add)
        :raise AccessError: when the user may not read the guest
        :raise MissingError: when the guest no longer exists
        """
        partner = self.env["res.partner"].browse(partner_id)
        partner.check_access("read")
        today = fields.Date.context_today(self)
        ids = partner.ids
        allergies = self._get_allergies(ids)
        return {
            "today": fields.Date.to_string(today),
            "person": self._get_person(partner, today),
            "alerts": self._get_alerts(ids, today).get(partner.id, []),
            "allergies": None
            if allergies is None
            else allergies.get(partner.id, {"state": "unknown", "items": []}),
            "preferences": self._get_preferences(ids, today).get(partner.id, []),
            "special_dates": self._get_special_dates(ids).get(partner.id, []),
            "metrics": self._get_metrics(ids).get(partner.id),
            "stays": self._get_current_stays(partner, today),
            "sources": self._get_sources(partner),
            "timeline": self.env["hospitality.timeline"]._get_page(ids),
            "can": {
                "alert": self.env["hospitality.alert"].has_access("create"),
                "preference": self.env["hospitality.preference"].has_access("create"),
                "allergy": self.env["hospitality.allergy"].has_access("create"),
                "relation": self.env["hospitality.relation"].has_access("create"),
                "special_date": self.env["hospitality.special.date"].has_access("create"),
            },
        }

    @api.model
    def _get_person(self, partner, today):
        [person] = select_rows(
            partner.with_context(active_test=False), Domain("id", "=", partner.id), PERSON_COLUMNS
        )
        person["language"] = self._get_language_name(person["lang"])
        person["birthday"] = self._get_birthday(person["birthdate"], today)
        person["birthdate"] = fields.Date.to_string(person["birthdate"])
        return person

    @api.model
    def _get_language_name(self, code):
        return dict(self.env["res.lang"].get_installed()).get(code, code or "")

    @api.model
    def _get_birthday(self, birthdate, today):
        """Return age and days to the next birthday, or False where the date is unknown.

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
    def _get_current_stays(self, partner, today):
        """Return the stay in house and the next ones, in the order of arrival."""
        rows = select_rows(
            self.env["hospitality.stay"],
            Domain("partner_id", "=", partner.id)
            & (
                Domain("status", "=", "in_house")
                | (Domain("status", "in", ["reserved", "optional"]) & Domain("arrival", ">=", today))
            ),
            {
                "status": "status",
                "arrival": "arrival",
                "departure": "departure",
                "property": "property_id.name",
                "room": "room_id.code",
                "room_type": "room_type_id.name",
            },
            order="arrival, id",
            limit=3,
        )
        labels = self._get_labels("hospitality.stay", "status")
        for row in rows:
            row["label"] = labels[row["status"]]
            row["arrival"] = fields.Date.to_string(row["arrival"])
            row["departure"] = fields.Date.to_string(row["departure"])
        return rows

    @api.model
    def _get_sources(self, partner):
        """Return the names of the systems that know the guest, most trusted first."""
        rows = select_rows(
            self.env["hospitality.profile"],
            Domain("partner_id", "=", partner.id) & Domain("state", "=", "live"),
            {"name": "source_id.name", "trust": "source_id.trust", "kind": "kind"},
            limit=SOURCES_READ,
        )
        names = {row["name"]: row["trust"] or 0 for row in rows if row["name"]}
        return sorted(names, key=lambda name: (-names[name], name))
