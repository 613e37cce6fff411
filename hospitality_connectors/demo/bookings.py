"""Reading ``data/hotel_bookings.csv.gz``: 119,390 bookings of two Portuguese hotels, 2015 to 2017.

See ``data/README.md`` for origin, licence and the quirks that are handled here.
"""

import csv
import gzip
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .countries import iso2

PATH = Path(__file__).parent / "data" / "hotel_bookings.csv.gz"
LAST_ARRIVAL = date(2017, 8, 31)
LAST_DEPARTURE = date(2017, 9, 14)

HOTELS = {"City Hotel": "CITY", "Resort Hotel": "RESORT"}
STATUS = {"Check-Out": "checked_out", "Canceled": "cancelled", "No-Show": "no_show"}
MONTHS = {
    name: number
    for number, name in enumerate(
        "January February March April May June July August September October November December".split(), 1
    )
}


class Booking(NamedTuple):
    """A row of the file. ``number`` counts from 1 and is its key: equal rows are several bookings.

    Codes are as in the file, with ``""`` where it has ``NULL`` or ``NA``; ``country`` is an ISO
    3166 code of two letters, ``rate`` the average daily rate in euro.
    """

    number: int
    hotel: str
    status: str
    status_raw: str
    status_date: date
    arrival: date
    nights: int
    lead_time: int
    adults: int
    children: int
    babies: int
    meal: str
    country: str
    market: str
    distribution: str
    repeated: bool
    previous_cancelled: int
    previous_stayed: int
    room_type: str
    room_type_charged: str
    changes: int
    deposit: str
    agent: str
    company: str
    waiting_days: int
    customer_type: str
    rate: Decimal
    parking: int
    requests: int

    @property
    def departure(self):
        return self.arrival + timedelta(self.nights)

    @property
    def booked_on(self):
        return self.arrival - timedelta(self.lead_time)

    @property
    def key(self):
        """The confirmation number, unique over both hotels."""
        return f"{self.hotel[0]}{self.number:06d}"

    @property
    def revenue(self):
        """Rate times nights of a stay that took place, else nothing."""
        return self.rate * self.nights if self.status == "checked_out" else Decimal(0)

    def moved(self, days):
        """Return the booking with all its dates moved by ``days``."""
        step = timedelta(days)
        return self._replace(arrival=self.arrival + step, status_date=self.status_date + step)


def shift_to(today):
    """Return by how many days to move the file so that it ends just before ``today``.

    It is a number of whole weeks, so that week-ends stay week-ends, and every stay of the file
    has ended: the last departure lies 0 to 6 days back.
    """
    return (today - LAST_DEPARTURE).days // 7 * 7


def _text(value):
    return "" if value in ("NULL", "NA") else value


@cache
def read(path=PATH):
    """Return the bookings of the file as a tuple, in its order.

    :raise ValueError: a row that does not have the expected form
    """
    with gzip.open(path, "rt", encoding="ascii", newline="") as file:
        reader = csv.reader(file)
        head = next(reader)
        return tuple(_booking(number, dict(zip(head, row, strict=True))) for number, row in enumerate(reader, 1))


def _booking(number, row):
    return Booking(
        number=number,
        hotel=HOTELS[row["hotel"]],
        status=STATUS[row["reservation_status"]],
        status_raw=row["reservation_status"],
        status_date=date.fromisoformat(row["reservation_status_date"]),
        arrival=date(
            int(row["arrival_date_year"]),
            MONTHS[row["arrival_date_month"]],
            int(row["arrival_date_day_of_month"]),
        ),
        nights=int(row["stays_in_weekend_nights"]) + int(row["stays_in_week_nights"]),
        lead_time=int(row["lead_time"]),
        adults=int(row["adults"]),
        children=int(_text(row["children"]) or 0),
        babies=int(row["babies"]),
        meal=row["meal"],
        country=iso2(_text(row["country"])),
        market=row["market_segment"],
        distribution=row["distribution_channel"],
        repeated=row["is_repeated_guest"] == "1",
        previous_cancelled=int(row["previous_cancellations"]),
        previous_stayed=int(row["previous_bookings_not_canceled"]),
        room_type=row["reserved_room_type"],
        room_type_charged=row["assigned_room_type"],
        changes=int(row["booking_changes"]),
        deposit=row["deposit_type"],
        agent=_text(row["agent"]),
        company=_text(row["company"]),
        waiting_days=int(row["days_in_waiting_list"]),
        customer_type=row["customer_type"],
        rate=Decimal(row["adr"]),
        parking=int(row["required_car_parking_spaces"]),
        requests=int(row["total_of_special_requests"]),
    )
