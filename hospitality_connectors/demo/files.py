"""The demo group's records as files, each with its own habits, and what their columns mean.

========================= ====== =====================================================================
file                      form   habits
========================= ====== =====================================================================
``city_guests.csv``       CSV    comma, ISO dates
``city_stays.csv``        CSV    comma, ISO dates, words of the bookings file for the status
``resort_guests.csv``     CSV    semicolon, byte order mark, dates day first
``resort_stays.csv``      CSV    the same, decimal comma and thousands point
``live_guests.xlsx``      Excel  dates as dates
``live_stays.xlsx``       Excel  dates and amounts as such, other words for the status
``*_tables.xml``          XML    table reservations, one element each
``*_checks.json``         JSON   an array of objects
``*_lines.csv``           CSV    the lines of the checks
``*_payments.json``       JSON   an array of objects
========================= ====== =====================================================================
"""

import csv
import gzip
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

_GUEST = (
    ("profile", "Profile", "guest.external_id"),
    ("salutation", "Title", "guest.salutation"),
    ("given_name", "First Name", "guest.given_name"),
    ("family_name", "Last Name", "guest.family_name"),
    ("local_name", "Name in Local Script", "guest.local_name"),
    ("gender", "Gender", "guest.gender"),
    ("birthdate", "Birth Date", "guest.birthdate"),
    ("nationality", "Nationality", "guest.nationality"),
    ("lang", "Language", "guest.lang"),
    ("email", "E-mail", "guest.email"),
    ("phone", "Phone", "guest.phone"),
    ("street", "Street", "guest.street"),
    ("zip", "Postcode", "guest.zip"),
    ("city", "City", "guest.city"),
    ("country", "Country", "guest.country"),
    ("company_name", "Company", "guest.company_name"),
    ("loyalty", "Club No.", "guest.membership_number"),
    ("notes", "Notes", "guest.notes"),
)
_STAY = (
    ("confirmation", "Confirmation", "stay.external_id"),
    ("confirmation", "Confirmation", "booking.confirmation"),
    ("property", "Hotel", "stay.property"),
    ("status", "Status", "stay.status"),
    ("arrival", "Arrival", "stay.arrival"),
    ("departure", "Departure", "stay.departure"),
    ("booked", "Booked On", "stay.booked_on"),
    ("cancelled", "Cancelled On", "stay.cancelled_on"),
    ("lead_time", "Lead Time", "stay.lead_time"),
    ("room_type", "Room Type", "stay.room_type"),
    ("room_type_charged", "Room Type Given", "stay.room_type_charged"),
    ("room", "Room", "stay.room"),
    ("eta", "ETA", "stay.eta"),
    ("adults", "Adults", "stay.adults"),
    ("children", "Children", "stay.children"),
    ("babies", "Babies", "stay.infants"),
    ("meal", "Board", "stay.meal_plan"),
    ("market", "Market", "stay.market"),
    ("channel", "Channel", "stay.channel"),
    ("rate_plan", "Contract", "stay.rate_plan"),
    ("purpose", "Purpose", "stay.purpose"),
    ("requests", "Requests", "stay.request_count"),
    ("wishes", "Wishes", "stay.requests"),
    ("parking", "Parking", "stay.parking_count"),
    ("changes", "Changes", "stay.change_count"),
    ("deposit", "Deposit", "stay.deposit_kind"),
    ("rate", "Rate", "stay.rate_amount"),
    ("revenue", "Room Revenue", "stay.amount_room"),
    ("revenue", "Room Revenue", "stay.amount_total"),
    ("currency", "Currency", "stay.currency"),
    ("profile", "Guest", "guest.external_id"),
    ("companion1", "Second Guest", "companion.external_id"),
    ("companion2", "Third Guest", "companion2.external_id"),
    ("companion3", "Fourth Guest", "companion3.external_id"),
    ("agency", "Agency", "agency.external_id"),
    ("agency_name", "Agency Name", "agency.name"),
    ("agency_email", "Agency E-mail", "agency.email"),
    ("agency_phone", "Agency Phone", "agency.phone"),
    ("company", "Company", "company.external_id"),
    ("company_name", "Company Name", "company.name"),
    ("company_email", "Company E-mail", "company.email"),
    ("company_phone", "Company Phone", "company.phone"),
)
_RESERVATION = (
    ("reservation", "id", "reservation.external_id"),
    ("property", "restaurant", "reservation.property"),
    ("outlet", "room", "reservation.outlet"),
    ("guest", "guest", "guest.external_id"),
    ("status", "state", "reservation.status"),
    ("starts_at", "from", "reservation.starts_at"),
    ("business_date", "businessDate", "reservation.business_date"),
    ("duration", "minutes", "reservation.duration"),
    ("covers", "covers", "reservation.covers"),
    ("table", "table", "reservation.table"),
    ("channel", "via", "reservation.channel"),
    ("booked", "bookedOn", "reservation.booked_on"),
    ("occasion", "occasion", "reservation.occasion"),
    ("wishes", "wishes", "reservation.wishes"),
    ("deposit", "deposit", "reservation.deposit"),
)
_CHECK = (
    ("check", "id", "check.external_id"),
    ("property", "restaurant", "check.property"),
    ("outlet", "outlet", "check.outlet"),
    ("number", "number", "check.number"),
    ("guest", "customer", "guest.external_id"),
    ("stay", "stay", "check.stay"),
    ("reservation", "reservation", "check.reservation"),
    ("refund_of", "refundOf", "check.refund_of"),
    ("status", "status", "check.status"),
    ("opened_at", "openedAt", "check.opened_at"),
    ("closed_at", "closedAt", "check.closed_at"),
    ("business_date", "businessDate", "check.business_date"),
    ("daypart", "daypart", "check.daypart"),
    ("table", "table", "check.table"),
    ("covers", "covers", "check.covers"),
    ("waiter", "waiter", "check.waiter"),
    ("subtotal", "subtotal", "check.amount_subtotal"),
    ("discount", "discount", "check.amount_discount"),
    ("tax", "vat", "check.amount_tax"),
    ("tip", "tip", "check.amount_tip"),
    ("total", "total", "check.amount_total"),
    ("currency", "currency", "check.currency"),
)
_LINE = (
    ("line", "Line", "charge.external_id"),
    ("check", "Check", "charge.check"),
    ("business_date", "Date", "charge.business_date"),
    ("department", "Department", "charge.department"),
    ("code", "Item", "charge.code"),
    ("name", "Name", "charge.name"),
    ("category", "Category", "charge.category"),
    ("quantity", "Quantity", "charge.quantity"),
    ("gross", "Gross", "charge.amount_gross"),
    ("net", "Net", "charge.amount_net"),
    ("tax", "VAT", "charge.amount_tax"),
    ("vat", "VAT %", None),
    ("state", "State", "charge.state"),
    ("currency", "Currency", "charge.currency"),
)
_PAYMENT = (
    ("payment", "id", "payment.external_id"),
    ("check", "check", "payment.check"),
    ("paid_at", "at", "payment.paid_at"),
    ("method", "method", "payment.method"),
    ("amount", "amount", "payment.amount"),
    ("tip", "tip", "payment.tip"),
    ("state", "state", "payment.state"),
    ("card_brand", "brand", "payment.card_brand"),
    ("card_last4", "last4", "payment.card_last4"),
    ("currency", "currency", "payment.currency"),
)
COLUMNS = {
    "guest": _GUEST,
    "stay": _STAY,
    "reservation": _RESERVATION,
    "check": _CHECK,
    "charge": _LINE,
    "payment": _PAYMENT,
}
STATUS = {
    "Check-Out": "checked_out",
    "Canceled": "cancelled",
    "No-Show": "no_show",
    "Confirmed": "reserved",
    "Checked-in": "in_house",
    "Checked-out": "checked_out",
    "Cancelled": "cancelled",
    "No-show": "no_show",
}
CLUB = "Atlântico Club"


class File(NamedTuple):
    """A file of a source system.

    :ivar name: file name, which ends in its form
    :ivar source: code of the source
    :ivar rows: what a row is: a key of :data:`COLUMNS`
    :ivar records: list of dicts
    :ivar style: ``plain``, or ``european`` for a CSV with semicolons and decimal commas
    """

    name: str
    source: str
    rows: str
    records: list
    style: str = "plain"


def used(file):
    """Return the ``(key, header, target)`` of the columns that have a value in some row."""
    keys = {key for record in file.records for key, value in record.items() if value not in ("", None)}
    return [column for column in COLUMNS[file.rows] if column[0] in keys]


def headers(file):
    """Return ``{key: header}`` of the file, in its order."""
    return {key: header for key, header, _target in used(file)}


def mapping(file):
    """Return what the columns of the file mean, as an import takes it (see ``engine/files/mapping.py``)."""
    columns = [{"column": header, "target": target} for _key, header, target in used(file) if target]
    targets = {use["target"] for use in columns}
    if "guest.membership_number" in targets:
        columns.append({"value": CLUB, "target": "guest.membership_program"})
    options = {"date_order": "dmy", "decimal": "," if file.style == "european" else "."}
    maps = (
        {"stay.status": {word: STATUS[word] for word in {r["status"] for r in file.records}}}
        if file.rows == "stay"
        else {}
    )
    return {"rows": file.rows, "columns": columns, "maps": maps, "options": options}


def write(file, folder):
    """Write a file into a folder.

    :return: its path; the content depends on the records alone
    """
    path = Path(folder) / file.name
    suffix = "".join(path.suffixes)
    if suffix in (".csv", ".csv.gz"):
        _write_csv(file, path)
    elif suffix == ".xlsx":
        _write_xlsx(file, path)
    elif suffix == ".json":
        _write_json(file, path)
    elif suffix == ".xml":
        _write_xml(file, path)
    else:
        raise ValueError(f"{file.name} has no known form.")
    return path


def _text(value, european=False):
    if value is None:
        return ""
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}" if european else value.isoformat()
    if isinstance(value, Decimal):
        # An amount has two decimals at least, also where the value is a whole number.
        text = f"{value:,.2f}" if european else f"{value:.2f}"
        return text.translate(str.maketrans(",.", ".,")) if european else text
    return str(value)


def _write_csv(file, path):
    european = file.style == "european"
    names = headers(file)
    opened = (
        gzip.open(path, "wt", encoding="utf-8", newline="")
        if path.suffix == ".gz"
        else path.open("w", encoding="utf-8-sig" if european else "utf-8", newline="")
    )
    with opened as stream:
        writer = csv.writer(stream, delimiter=";" if european else ",")
        writer.writerow(names.values())
        for record in file.records:
            writer.writerow([_text(record.get(key), european) for key in names])


def _write_xlsx(file, path):
    import xlsxwriter  # takes a while to load, and only these files need it

    names = headers(file)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("Export")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, list(names.values()))
        for row, record in enumerate(file.records, 1):
            for column, key in enumerate(names):
                value = record.get(key)
                if value in (None, ""):
                    continue
                if isinstance(value, date):
                    sheet.write_datetime(row, column, value, day)
                elif isinstance(value, int | Decimal):
                    sheet.write_number(row, column, value)
                else:
                    sheet.write_string(row, column, str(value))


def _write_json(file, path):
    names = headers(file)
    with path.open("w", encoding="utf-8") as stream:
        stream.write("[")
        for number, record in enumerate(file.records):
            plain = {header: _plain(record[key]) for key, header in names.items() if record.get(key) not in (None, "")}
            stream.write(",\n" if number else "\n")
            json.dump(plain, stream, ensure_ascii=False)
        stream.write("\n]\n")


def _plain(value):
    return value if isinstance(value, int) else _text(value)


def _write_xml(file, path):
    names = headers(file)
    with path.open("w", encoding="utf-8") as stream:
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n<reservations>\n')
        for record in file.records:
            values = "".join(
                f" {header}={quoteattr(_text(record[key]))}"
                for key, header in names.items()
                if record.get(key) not in (None, "")
            )
            stream.write(f"  <reservation{values}/>\n")
        stream.write("</reservations>\n")
