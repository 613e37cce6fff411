from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...engine.visit import business_date
from ...tools.select_rows import select_rows

EXPECTED = ("reserved", "optional", "waitlist", "unknown")
TABLES_EXPECTED = ("requested", "waitlist", "booked", "unknown")
# A stay that should have ended longer ago than this is an error of the source, not a guest in a room.
OVERDUE_DAYS = 30
STAY_COLUMNS = {
    "partner_id": "partner_id",
    "status": "status",
    "arrival": "arrival",
    "departure": "departure",
    "nights": "nights",
    "eta": "eta",
    "room": "room_id.code",
    "room_type": "room_type_id.name",
    "adults": "adults",
    "children": "children",
    "infants": "infants",
    "channel": "channel_id.name",
    "requests": "requests",
    "meal_plan": "meal_plan",
    "confirmation": "booking_id.confirmation",
}
TABLE_COLUMNS = {
    "partner_id": "partner_id",
    "status": "status",
    "starts_at": "starts_at",
    "covers": "covers",
    "table": "table",
    "outlet": "outlet_id.name",
    "occasion": "occasion",
    "wishes": "wishes",
}


class HospitalityBoard(models.AbstractModel):
    """The day of a property: who arrives, who is in house, who leaves, which tables are booked.

    One call returns the whole day in a fixed number of statements, however many guests it has.
    """

    _name = "hospitality.board"
    _description = "Arrivals Board"
    _inherit = ["hospitality.guest.facts"]

    @api.model
    @api.readonly
    def get_board(self, property_id=False, date=False):
        """Return the board of one property and day.

        :param property_id: the property, or False for the user's first one
        :param date: day (YYYY-MM-DD), or False for the property's own today
        :return: dict with ``properties`` (id, name, kind), ``property_id``, ``date``, ``today``,
            ``guests`` by id, and the lists ``arrivals``, ``in_house``, ``departures`` (stays) and
            ``tables`` (reservations). Rows refer to a guest by ``partner_id`` and say in ``done``
            whether the arrival, departure or table is dealt with. Without any property the
            board holds ``properties`` alone.
        :raise AccessError: when the user has no hospitality role
        """
        properties = self._get_properties()
        place = next((row for row in properties if row["id"] == property_id), None)
        place = place or (properties[0] if properties else None)
        result = {
            "properties": [{key: row[key] for key in ("id", "name", "kind")} for row in properties],
            "can_configure": self.env["hospitality.property"].has_access("create"),
        }
        if not place:
            return result
        today = self._get_today(place)
        day = fields.Date.to_date(date) or today
        lists = self._get_stay_lists(place, day, today)
        lists["tables"] = self._get_tables(place, day)
        partner_ids = sorted({row["partner_id"] for rows in lists.values() for row in rows if row["partner_id"]})
        guests = self._get_guests(partner_ids, place, day)
        for rows in lists.values():
            rows.sort(key=lambda row: self._get_sort_key(row, guests))
        return {
            **result,
            "property_id": place["id"],
            "date": fields.Date.to_string(day),
            "today": fields.Date.to_string(today),
            "guests": guests,
            "allergies_visible": self.env["hospitality.allergy"].has_access("read"),
            "can_act": self.env["hospitality.stay"].has_access("write"),
            **lists,
        }

    @api.model
    def _get_properties(self):
        domain = Domain("company_id", "in", self.env.companies.ids)
        mine = self.env.user.hospitality_property_ids.ids
        if mine:
            domain &= Domain("id", "in", mine)
        return select_rows(
            self.env["hospitality.property"],
            domain,
            {"name": "name", "kind": "kind", "tz": "tz", "day_close": "day_close"},
            order="sequence, name, id",
        )

    @api.model
    def _get_today(self, place):
        """Return the business day that is running at a property now.

        At half past one in the night reception still works on the day before.
        """
        return business_date.business_date(fields.Datetime.now(), place["tz"], place["day_close"] or 0)

    @api.model
    def _get_stay_lists(self, place, day, today):
        """Return the lists *arrivals*, *in_house* and *departures* of a day.

        Who arrives today and is in already is done as an arrival and stands in house; who
        should have left before today and has not, stands among today's departures.
        """
        in_house = Domain("status", "=", "in_house")
        on_day = Domain("arrival", "=", day) | Domain("departure", "=", day)
        if day == today:
            staying = in_house & Domain("departure", ">=", day - timedelta(days=OVERDUE_DAYS))
        else:
            staying = (
                Domain("arrival", "<", day)
                & Domain("departure", ">", day)
                & Domain("status", "in", ["in_house", "reserved" if day > today else "checked_out"])
            )
        stays = select_rows(
            self.env["hospitality.stay"],
            Domain("property_id", "=", place["id"])
            & Domain("is_pseudo", "=", False)
            & (staying | (on_day & Domain("status", "in", [*EXPECTED, "in_house", "checked_out", "no_show"]))),
            STAY_COLUMNS,
            order="arrival, id",
        )
        people = self._get_people([row["id"] for row in stays])
        lists = {"arrivals": [], "in_house": [], "departures": []}
        labels = self._get_labels("hospitality.stay", "status")
        for row in stays:
            row["people"] = people.get(row["id"], [])
            row["label"] = labels[row["status"]]
            self._place_stay(lists, row, day, today)
        return lists

    @api.model
    def _place_stay(self, lists, row, day, today):
        arrival, departure, status = row["arrival"], row["departure"], row["status"]
        row["arrival"], row["departure"] = (fields.Date.to_string(value) for value in (arrival, departure))
        if arrival == day:
            lists["arrivals"].append({**row, "done": status not in EXPECTED})
        if status == "no_show":
            return
        overdue = day == today and departure < day and status == "in_house"
        if overdue or (departure == day and (arrival < day or status in ("in_house", "checked_out"))):
            lists["departures"].append({**row, "done": status == "checked_out", "overdue": overdue})
        elif departure > day and (arrival < day or status == "in_house"):
            lists["in_house"].append({**row, "done": False})

    @api.model
    def _get_people(self, stay_ids):
        """Return the names of who shares each room, without its main guest."""
        if not stay_ids:
            return {}
        rows = select_rows(
            self.env["hospitality.stay.guest"],
            Domain("stay_id", "in", stay_ids)
            & Domain("sleeps", "=", True)
            & Domain("role", "not in", ["primary", "booker", "payer"]),
            {"stay_id": "stay_id", "partner_id": "partner_id", "name": "partner_id.name"},
            order="sequence, id",
        )
        people = defaultdict(list)
        for row in rows:
            people[row["stay_id"]].append({"id": row["partner_id"], "name": row["name"]})
        return people

    @api.model
    def _get_tables(self, place, day):
        Reservation = self.env["hospitality.reservation"]
        rows = select_rows(
            Reservation,
            Domain("property_id", "=", place["id"])
            & Domain("business_date", "=", day)
            & Domain("status", "!=", "cancelled"),
            TABLE_COLUMNS,
            order="starts_at, id",
        )
        labels = self._get_labels("hospitality.reservation", "status")
        for row in rows:
            row["eta"] = business_date.local_time(row.pop("starts_at"), place["tz"]).strftime("%H:%M")
            row["label"] = labels[row["status"]]
            row["done"] = row["status"] not in TABLES_EXPECTED
        return rows

    @api.model
    def _get_guests(self, partner_ids, place, day):
        """Return what a card of the board shows of each guest, by id."""
        facts = self._load(partner_ids)
        date = fields.Date.to_string(day)
        guests = {}
        for partner_id, [person] in facts["person"].items():
            rows = {subject: by_guest.get(partner_id, []) for subject, by_guest in facts.items()}
            visits = self._show_metrics(rows.get("metrics", []))
            birthdate = fields.Date.to_date(person["birthdate"])
            guests[partner_id] = {
                **person,
                "language": self._get_language_name(person["lang"]),
                "birthday": self._is_yearly_day(birthdate and (birthdate.month, birthdate.day), day),
                "occasions": [
                    special["label"]
                    for special in self._show_special_dates(rows.get("special_dates", []))
                    if self._is_yearly_day((special["month"], special["day"]), day)
                ],
                "alerts": self._show_alerts(rows.get("alerts", []), date, place["id"]),
                "allergies": self._show_allergies(rows["allergies"]) if "allergies" in facts else None,
                "preferences": self._show_preferences(rows.get("preferences", []), date, place["id"]),
                "returning": bool(visits.get("first_visit") and visits["first_visit"] < date),
                "stays": visits.get("stays", 0),
                "last_visit": visits.get("last_visit", False),
            }
        return guests

    @api.model
    def _is_yearly_day(self, month_day, day):
        """Whether a day of the year falls on ``day``; 29 February falls on 1 March in other years."""
        if not month_day:
            return False
        if month_day == (2, 29) and day.month == 3 and day.day == 1:
            return (day - timedelta(days=1)).day == 28
        return month_day == (day.month, day.day)

    @api.model
    def _get_sort_key(self, row, guests):
        """Open before done, overdue first, then VIPs and alerts, then by time, room and name."""
        guest = guests.get(row["partner_id"]) or {}
        alerts = guest.get("alerts") or []
        rank = 0 if row.get("overdue") else 2
        if rank and any(alert["blocks"] or alert["kind"] == "vip" for alert in alerts):
            rank = 1
        by_time = "outlet" in row
        return (
            row["done"],
            0 if by_time else rank,
            row.get("eta") or "99:99",
            rank,
            row.get("room") or "~",
            guest.get("name") or "",
            row["id"],
        )
