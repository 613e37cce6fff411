"""What the columns of a file mean, and the canonical events of a row.

A mapping is a plain dict, so that it can be stored, edited and compared:

``rows``
    what a row is: a slot of :data:`catalogue.BESIDE`
``columns``
    list of uses: ``{"column": name, "target": "stay.arrival"}`` with, where needed,
    ``part`` (``year month day date time nights days_before per_night``), ``prefix`` (put before a
    text or key), or ``value`` (a constant) in place of ``column``
``maps``
    what single texts mean, per target: ``{"stay.status": {"CXL": "cancelled"}}``
``options``
    ``blank`` (texts that stand for nothing), ``date_order`` (``dmy`` or ``mdy``), ``decimal``
    (``.`` or ``,``), ``separator`` (between joined texts), ``base_year``
"""

import re
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from zoneinfo import ZoneInfo

from . import catalogue
from .convert import Converter, Unknown, money_text
from .dates import Moment, parse_month, parse_time
from .errors import FileError, RowError
from .numbers import currency_of, parse_number

BLANK = ("NULL", "null", "N/A", "n/a", "NA", "#N/A", "None", "NaN", "nan", "-", "—", "–")
MAX_NIGHTS = 1830
_IDENTIFYING = frozenset(
    "name given_name middle_name family_name local_name email phone membership_number company_name vat".split()
)
_REQUIRED = {
    "stay": ("arrival", "departure"),
    "reservation": ("starts_at",),
    "charge": ("name",),
    "payment": ("amount",),
}
# Fields of the stay that its booking takes over when nothing else is mapped to them.
_SHARED = ("property", "channel", "booked_on", "cancelled_on", "status", "status_raw", "status_on")
_DATES = {"stay": ("booked_on", "arrival"), "booking": ("booked_on",), "reservation": ("starts_at",),
          "check": ("closed_at", "opened_at", "business_date")}  # fmt: skip
_ANCHORS = ("check", "stay", "reservation", "booking", "charge", "payment")
_PLAIN_NUMBER = re.compile(r"[\d.,\s-]*", re.ASCII).fullmatch
# What these words mean is looked up in the mappings of the connector.
_MAPPED_WORDS = ("department", "method", "purpose")
_TEXTS = ("text", "code", "ref", "key", "email", "phone")


def row_digest(header, values, columns=None):
    """Return the hash of what a row says, whatever the order of the columns: 16 bytes.

    :param list header: names of the columns
    :param list values: texts; blanks around them don't count, blank cells neither
    :param columns: indices to look at, None for all
    """
    indices = range(len(values)) if columns is None else columns
    parts = sorted(f"{header[i]}\x1f{value}" for i in indices if (value := values[i].strip()))
    return blake2b("\x1e".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _year(text):
    number = int(text)
    if not 1850 <= number < 2200:
        raise ValueError(text)
    return number


class _Field:
    """One target of a slot, fed by one or several columns."""

    __slots__ = ("after", "columns", "convert", "get", "name", "parts", "separator", "target", "uses")

    def __init__(self, target, uses, header, mapping, options):
        self.target = target
        self.name = target.field
        words = mapping.get("maps", {}).get(target.name) or {}
        self.convert = Converter(target, options, {**{k.casefold(): v for k, v in words.items()}, **words})
        self.separator = options["separator"]
        self.uses = []
        for use in uses:
            if "value" in use and not use.get("column"):
                self.uses.append((None, str(use["value"]), use.get("part") or "", use.get("prefix") or ""))
            else:
                if use["column"] not in header:
                    raise FileError("unknown_column", column=use["column"])
                index = header.index(use["column"])
                self.uses.append((index, use["column"], use.get("part") or "", use.get("prefix") or ""))
        self.columns = [index for index, *_rest in self.uses if index is not None]
        self.parts = {part for _i, _n, part, _p in self.uses}
        self.after = bool(self.parts & {"nights", "days_before", "per_night"})
        self.get = self._reader()

    def _reader(self):
        if self.parts & {"year", "month", "day", "date", "time"}:
            return self._from_parts
        if self.after:
            return self._from_base
        if len(self.uses) == 1 and not self.uses[0][3]:
            return self._single if self.uses[0][0] is not None else self._constant
        if self.target.kind in _TEXTS:
            return self._joined
        if self.target.kind in ("money", "number", "integer"):
            return self._summed
        return self._first

    def _text(self, use, row):
        return use[1] if use[0] is None else row[use[0]]

    def _constant(self, _row, _out):
        text = self.uses[0][1]
        return self.convert(text, self.target.label) if text else None

    def _single(self, row, _out):
        index, column, _part, _prefix = self.uses[0]
        text = row[index]
        return self.convert(text, column) if text else None

    def _joined(self, row, _out):
        glue = "|" if self.target.kind in ("key", "ref") else self.separator
        if self.target.kind in ("email", "phone"):
            glue = "\n"
        texts = [use[3] + text for use in self.uses if (text := self._text(use, row))]
        if not texts or not any(row[index] for index in self.columns):
            return None
        return self.convert(glue.join(texts), self.uses[0][1])

    def _summed(self, row, _out):
        values = [self.convert(text, use[1]) for use in self.uses if (text := self._text(use, row))]
        return sum(values[1:], values[0]) if values else None

    def _first(self, row, _out):
        for use in self.uses:
            text = self._text(use, row)
            if text:
                return self.convert(use[3] + text, use[1])
        return None

    def _from_parts(self, row, _out):
        """A date or instant out of columns for year, month, day, or date and time."""
        found = {}
        for use in self.uses:
            text = self._text(use, row)
            if not text:
                continue
            part = use[2] or "date"
            try:
                if part == "year":
                    found[part] = _year(text)
                elif part == "month":
                    found[part] = parse_month(text)
                elif part == "day":
                    found[part] = int(text)
                elif part == "time":
                    found[part] = parse_time(_clock(text))
                else:
                    found[part] = self.convert(text, use[1])
            except (ValueError, OverflowError) as error:
                code = "bad_time" if part == "time" else "bad_date"
                raise RowError(code, value=text[:80], column=use[1]) from error
        if "year" in found:
            try:
                day = date(found["year"], found.get("month", 1), found.get("day", 1))
            except ValueError as error:
                text = f"{found['year']}-{found.get('month')}-{found.get('day')}"
                raise RowError("bad_date", value=text, column=self.uses[0][1]) from error
        elif found.get("date"):
            day = found["date"]
        else:
            return None
        if self.target.kind == "date":
            return day.isoformat() if isinstance(day, date) else day
        second, offset = found.get("time", (None, None))
        if isinstance(day, tuple):
            return day._replace(second=second, offset=offset) if second is not None else day
        return Moment(day, second, offset)

    def _from_base(self, row, out):
        """Arrival plus nights, arrival minus days, or an amount per night times the nights."""
        values = []
        for use in self.uses:
            text = self._text(use, row)
            if text:
                try:
                    values.append(parse_number(text, self.convert._options["decimal"]))
                except ValueError as error:
                    code = "bad_number" if use[2] == "per_night" else "too_many_nights"
                    raise RowError(code, value=text[:80], column=use[1]) from error
        arrival = out.get("arrival")
        if not values or not arrival:
            return None
        total = sum(values)
        if "per_night" in self.parts:
            departure = out.get("departure")
            if not departure:
                return None
            return total * _days(arrival, departure)
        if total != int(total) or not (0 if "nights" in self.parts else -MAX_NIGHTS) <= total <= 36500:
            raise RowError("too_many_nights", value=str(total), column=self.uses[0][1])
        try:
            return _shift(arrival, int(total) if "nights" in self.parts else -int(total))
        except OverflowError as error:
            raise RowError("too_many_nights", value=str(total), column=self.uses[0][1]) from error


@lru_cache(maxsize=16384)
def _shift(day, days):
    return (date.fromisoformat(day) + timedelta(days)).isoformat()


@lru_cache(maxsize=16384)
def _days(first, last):
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def _clock(text):
    """Return 1930 and 0.8125 (a fraction of a day) as a time, other texts as they are."""
    if text.isdigit() and len(text) in (3, 4):
        return f"{text[:-2]}:{text[-2:]}"
    if text.startswith(("0.", "0,")) and text[2:].isdigit():
        minutes = round(float(text.replace(",", ".")) * 1440)
        return f"{minutes // 60}:{minutes % 60:02d}"
    return text


class Mapping:
    """A mapping made ready for the rows of one heading.

    :param dict mapping: see the module
    :param list header: names of the columns
    :param dict places: ``{property code: {"tz": name}}`` for local times
    :param str tz: time zone of rows without a known property
    :raise FileError: the mapping doesn't fit the file or misses something a row needs
    """

    def __init__(self, mapping, header, places=None, tz="UTC"):
        self.mapping = mapping
        self.header = list(header)
        self.main = mapping.get("rows") or "stay"
        if self.main not in catalogue.BESIDE:
            raise FileError("unknown_target", target=self.main)
        options = mapping.get("options") or {}
        base_year = int(options.get("base_year") or 2025)
        self.options = {
            "date_order": options.get("date_order") or "dmy",
            "decimal": options.get("decimal") or ".",
            "separator": options.get("separator") or " ",
            "base_year": base_year,
            "last_year": base_year + 20,
        }
        self.blank = frozenset(BLANK) | frozenset(options.get("blank") or ())
        self.places = places or {}
        self.tz = tz
        self.slots = self._compile()
        self._check()
        self.content_slots = self._content_slots()
        # Who ate is said of the check, though every line of it repeats it, or only the first does.
        lines = self.main in ("charge", "payment") and "guest" in self.slots and self.field("check", "external_id")
        self.follows = {"guest": "check"} if lines else {}
        self.money_fields = self._fields_of_kind("money")
        self.moment_fields = self._fields_of_kind("moment")
        self.columns_of = {
            slot: tuple(sorted({index for field in fields for index in field.columns}))
            for slot, fields in self.slots.items()
        }

    def _compile(self):
        uses = defaultdict(list)
        for use in self.mapping.get("columns") or ():
            if use.get("target"):
                target = catalogue.find(use["target"])
                if not target:
                    raise FileError("unknown_target", target=use["target"])
                uses[target].append(use)
        slots = defaultdict(list)
        for target, target_uses in uses.items():
            slots[target.slot].append(_Field(target, target_uses, self.header, self.mapping, self.options))
        # Departure comes before what is counted in nights.
        for fields in slots.values():
            fields.sort(key=lambda field: field.after + ("per_night" in field.parts))
        return dict(slots)

    def _check(self):
        if not any(field.columns for fields in self.slots.values() for field in fields):
            raise FileError("nothing_mapped")
        for slot, required in _REQUIRED.items():
            if slot in self.slots:
                names = {field.name for field in self.slots[slot]}
                for name in required:
                    if name not in names:
                        raise FileError(
                            "missing_target", target=catalogue.find(f"{slot}.{name}").label,
                            slot=catalogue.SLOT_LABELS[slot].lower(),
                        )  # fmt: skip
        lines = [slot for slot in ("charge", "payment") if slot in self.slots]
        for slot in lines:
            names = {field.name for field in self.slots[slot]}
            parents = [p for p in ("check", "stay") if self.field(p, "external_id") or p in names]
            if not parents:
                raise FileError(
                    "missing_target", target=catalogue.find("check.external_id").label,
                    slot=catalogue.SLOT_LABELS[slot].lower(),
                )  # fmt: skip
        if self.main not in self.slots and not lines:
            raise FileError("missing_target", target=catalogue.SLOT_LABELS[self.main], slot="row")

    def _fields_of_kind(self, kind):
        return {slot: [field for field in fields if field.target.kind == kind] for slot, fields in self.slots.items()}

    def field(self, slot, name):
        """Return the field of a slot that columns are mapped to, None without one."""
        return next((field for field in self.slots.get(slot, ()) if field.name == name), None)

    def _content_slots(self):
        """Return ``{slot: columns}`` of the slots that are keyed by their content; None: the whole row.

        A line of a check counts by its own columns and the key of the check, so that a later export
        with another status of the check doesn't make new lines of it.
        """
        result = {}
        for slot in dict.fromkeys((self.main, *(s for s in ("charge", "payment") if s in self.slots))):
            if slot not in self.slots or self.field(slot, "external_id"):
                continue
            if slot in ("charge", "payment"):
                columns = {index for field in self.slots[slot] for index in field.columns}
                for parent in ("check", "stay"):
                    key = self.field(parent, "external_id")
                    columns |= set(key.columns) if key else set()
                result[slot] = tuple(sorted(columns))
            else:
                result[slot] = None
        return result

    def clean(self, values):
        """Return the values of a row without blanks around them and without texts that say nothing."""
        blank = self.blank
        return ["" if (text := value.strip()) in blank else text for value in values]

    def digest(self, slot, row):
        """Return the content hash of a cleaned row for a slot of ``content_slots``: 16 bytes."""
        return row_digest(self.header, row, self.content_slots[slot])

    def key(self, slot, row, keys=None):
        """Return the key of a slot in a cleaned row, "" when it has none.

        :param dict keys: keys by content that are known already; without them a row is the first
            of its kind
        """
        field = self.field(slot, "external_id")
        if field:
            return field.get(row, {}) or ""
        if keys and slot in keys:
            return keys[slot]
        if slot in self.content_slots:
            return f"{self.digest(slot, row).hex()}#1"
        return ""

    def said_by(self, slot):
        """Return the columns that say something about the record of a slot, in order."""
        columns = set(self.columns_of[slot])
        if slot == "booking" and self.main == "stay":
            for field in self.slots["stay"]:
                if field.name in _SHARED:
                    columns |= set(field.columns)
        for follower, leader in self.follows.items():
            if leader == slot:
                columns |= set(self.columns_of[follower])
        return sorted(columns)

    def status_columns(self, slot):
        """Return the columns that hold the status of a slot."""
        field = self.field("stay" if slot == "booking" and self.main == "stay" else slot, "status")
        return field.columns if field else []

    def row_date(self, row):
        """Return the day that a row tells about (booked on, else arrival, ...), None if it doesn't say."""
        for slot, names in _DATES.items():
            out = {}
            for field in self.slots.get(slot, ()):
                if field.name in (*names, "arrival"):
                    try:
                        value = field.get(row, out)
                    except (RowError, Unknown):
                        continue
                    if value:
                        out[field.name] = value if isinstance(value, str) else value.day.isoformat()
            for name in names:
                if out.get(name):
                    return out[name]
        return None

    def parse(self, values, keys=None, overrides=None):
        """Return the canonical events of a row.

        :param list values: texts in the order of the header
        :param dict keys: key of each slot that is keyed by content: hash and occurrence number
        :param dict overrides: ``{slot: {column index as text: text}}``, what other rows of the file
            say about the same person or booking
        :return: list of events, what is referred to first
        :raise RowError: the row can't be understood; column and value are named
        """
        for index, value in enumerate(values):
            if "\x00" in value:
                raise RowError("nul", column=self.header[index])
        row = self.clean(values)
        return _Row(self, row, keys or {}, overrides or {}).events()

    def zone(self, code):
        """Return the time zone of a property."""
        place = self.places.get(code)
        return ZoneInfo(place["tz"] if place else self.tz)


class _Row:
    """The events of one row."""

    def __init__(self, mapping, row, known_keys, overrides):
        self.mapping = mapping
        self.row = row
        self.known_keys = known_keys
        self.overrides = overrides
        self.keys = {}
        self.stay_values = {}
        self.list = []

    def events(self):
        mapping = self.mapping
        main = mapping.main
        filled = {slot for slot in mapping.slots if self._is_filled(slot)}
        if not filled:
            raise RowError("blank_row")
        records = {}
        if main == "stay" and "stay" in filled:
            filled.add("booking")
        for slot in ("stay", "booking", "reservation", "check", "charge", "payment"):
            if slot in filled:
                records[slot] = self._record(slot)
        # People of a line are people of its check or stay: every line then names the same ones.
        first = () if main in ("charge", "payment") else (main,)
        anchor = next((s for s in (*first, *_ANCHORS) if s in self.keys), None)
        people = {}
        for slot in mapping.slots:
            if slot in filled and catalogue.entity_of(slot) == "guest":
                key = self._person(slot, anchor, records)
                if key:
                    people[slot] = key
        self._link(records, people)
        return [*self.list, *(records[slot] for slot in catalogue.RECORDS if slot in records)]

    def _is_filled(self, slot):
        row = self._row_of(slot)
        return any(row[index] for index in self.mapping.columns_of[slot])

    def _row_of(self, slot):
        if not self.overrides:
            return self.row
        values = {**self.overrides.get(self.mapping.follows.get(slot), {}), **self.overrides.get(slot, {})}
        if not values:
            return self.row
        row = list(self.row)
        for index, value in values.items():
            row[int(index)] = value
        return row

    def _values(self, slot):
        """Return ``(values by field, warnings)`` of a slot."""
        row = self._row_of(slot)
        out, warnings = {}, []
        for field in self.mapping.slots.get(slot, ()):
            try:
                value = field.get(row, out)
            except Unknown as error:
                if field.name == "status":
                    out["status_raw"] = str(error)
                elif field.name in _MAPPED_WORDS:
                    out[field.name] = str(error)
                else:
                    warnings.append(f"{field.name}_unknown: {error}"[:200])
                continue
            if value is None or value == "":
                continue
            out[field.name] = value
            if field.name == "status":
                out["status_raw"] = row[field.columns[0]] if field.columns else None
        return out, warnings

    def _record(self, slot):
        out, warnings = self._values(slot)
        if slot == "booking" and "stay" in self.keys:
            out = {**self._shared_values(), **out}
        key = out.pop("external_id", "") or self.mapping.key(slot, self._row_of(slot), self.known_keys)
        if slot == "booking" and not key:
            key = self.keys.get("stay") or self.mapping.key("stay", self.row, self.known_keys)
        if not key:
            raise RowError("missing_value", target=catalogue.find(f"{slot}.external_id").label)
        self.keys[slot] = key
        event = {"entity": slot, "external_id": key, "version": out.pop("version", None)}
        if slot == "stay":
            self.stay_values = dict(out)
        status_on = out.pop("status_on", None)
        if status_on and out.get("status") == "cancelled":
            out.setdefault("cancelled_on", status_on)
        self._money(slot, out)
        self._instants(slot, out)
        event.update(out)
        for name in _REQUIRED.get(slot, ()):
            if not event.get(name):
                raise RowError("missing_value", target=catalogue.find(f"{slot}.{name}").label)
        if slot == "stay":
            self._check_dates(event)
        if warnings:
            event["warnings"] = warnings
        return event

    def _shared_values(self):
        """Return what a booking takes over from its stay."""
        known = self.stay_values
        if "booking" in self.overrides:
            row, self.row = self.row, self._row_of("booking")
            known, _warnings = self._values("stay")
            self.row = row
        return {name: known[name] for name in _SHARED if name in known}

    def _check_dates(self, event):
        if event["departure"] < event["arrival"]:
            raise RowError("before_arrival", arrival=event["arrival"], departure=event["departure"])

    def _money(self, slot, out):
        """Write amounts as text and find the currency that they are written with."""
        row = self._row_of(slot)
        found = set()
        for field in self.mapping.money_fields.get(slot, ()):
            value = out.get(field.name)
            if value is None:
                continue
            out[field.name] = money_text(value)
            for index in field.columns:
                if not _PLAIN_NUMBER(row[index]):
                    found.add(currency_of(row[index]))
        found -= {"", "?"}
        if "currency" in out:
            found.add(out["currency"])
        if len(found) > 1:
            first, second = sorted(found)[:2]
            raise RowError("two_currencies", first=first, second=second)
        if found:
            out["currency"] = found.pop()

    def _instants(self, slot, out):
        """Turn local times into UTC; a date without a time is a business date, not an instant."""
        for field in self.mapping.moment_fields.get(slot, ()):
            moment = out.get(field.name)
            if moment is None:
                continue
            if moment.second is not None:
                out[field.name] = self._utc(moment, out.get("property"))
                continue
            if slot == "reservation":
                raise RowError("missing_value", target="the time of the reservation")
            del out[field.name]
            if slot == "check":
                out.setdefault("business_date", moment.day.isoformat())

    def _utc(self, moment, code):
        local = datetime(moment.day.year, moment.day.month, moment.day.day) + timedelta(seconds=moment.second)
        if moment.offset is not None:
            zone = timezone(timedelta(seconds=moment.offset))
        else:
            zone = self.mapping.zone(code)
        return local.replace(tzinfo=zone).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _person(self, slot, anchor, records):
        """Add the event of a people slot and return its key; "" when the row names nobody there."""
        out, warnings = self._values(slot)
        key = out.pop("external_id", "")
        version = out.pop("version", None)
        prop = out.pop("property", None)
        if not key and not _IDENTIFYING & out.keys():
            return ""
        values = _person_values(out)
        kind = catalogue.kind_of(slot)
        if kind != "person" and not values.get("name"):
            values["name"] = values.get("company_name") or key
        if not key:
            key = self._derived_key(slot, anchor, values, kind)
        if version is None and anchor:
            version = _as_version(records.get(anchor, {}))
        self.keys[slot] = key
        if values:
            event = {"entity": "guest", "external_id": key, "version": version, "kind": kind, "values": values}
            if prop:
                event["property"] = prop
            if warnings:
                event["warnings"] = warnings
            if all(other["external_id"] != key for other in self.list):
                self.list.append(event)
        return key

    def _derived_key(self, slot, anchor, values, kind):
        if slot == self.mapping.main:
            return self.mapping.key(slot, self.row, self.known_keys)
        if kind != "person":
            name = " ".join(values["name"].casefold().split())
            return f"{kind}:{blake2b(name.encode(), digest_size=12).hexdigest()}"
        return f"{self.keys[anchor]}:{slot}" if anchor else ""

    def _link(self, records, people):
        """Fill the references between the events."""
        guest = people.get("guest")
        for slot in ("reservation", "check"):
            if slot in records and guest:
                records[slot]["guest"] = guest
        booking = records.get("booking")
        if booking:
            for slot in ("company", "agency"):
                if slot in people:
                    booking[slot] = people[slot]
            booker = people.get("booker") or guest
            if booker:
                booking["booker"] = booker
        stay = records.get("stay")
        if stay:
            if booking:
                stay["booking"] = booking["external_id"]
            roles = _roles(people)
            if roles:
                stay["guest"] = guest or roles[0]["guest"]
                stay["guests"] = roles
        for slot in ("charge", "payment"):
            line = records.get(slot)
            if line and not (line.get("check") or line.get("stay")):
                parent = "check" if "check" in self.keys else "stay" if "stay" in self.keys else None
                if parent:
                    line[parent] = self.keys[parent]
            if line:
                self._share_with_parent(line, records)

    def _share_with_parent(self, line, records):
        """A row has one currency and one business date for a line and its parent."""
        for slot in ("check", "stay"):
            parent = records.get(slot)
            if parent and line.get(slot) == parent["external_id"]:
                names = ("currency", "business_date") if slot == "check" else ("currency",)
                for name in names:
                    if name in parent or name in line:
                        if name != "business_date" or line["entity"] == "charge":
                            line.setdefault(name, parent.get(name))
                        if not (name == "business_date" and (parent.get("closed_at") or parent.get("opened_at"))):
                            parent.setdefault(name, line.get(name))


def _roles(people):
    """Return the people of a stay. The main guest pays unless the row names a payer."""
    roles, seen = [], set()
    for slot, key in people.items():
        role = catalogue.role_of(slot)
        if role and (key, role) not in seen:
            seen.add((key, role))
            pays = role == "payer" or (role == "primary" and "payer" not in people)
            roles.append({"guest": key, "role": role, "pays": pays, "sleeps": role not in ("booker", "payer")})
    roles.sort(key=lambda item: ("primary", "sharer", "companion", "payer", "booker").index(item["role"]))
    return roles


def _person_values(out):
    values = {}
    membership = {}
    for name, value in out.items():
        if name == "email":
            values["emails"] = _split(value)
        elif name == "phone":
            values["phones"] = _split(value)
        elif name.startswith("membership_"):
            membership[name.removeprefix("membership_")] = value
        else:
            values[name] = value
    if membership.get("number"):
        values["memberships"] = [membership]
    return values


def _split(text):
    """Several addresses or numbers may stand in one cell."""
    parts = [part.strip() for chunk in text.split("\n") for part in chunk.replace(";", ",").split(",")]
    return list(dict.fromkeys(filter(None, parts)))


def _as_version(event):
    """Return the day of a visit as version of what it says about its people (seconds since 1970)."""
    for name in ("booked_on", "arrival", "business_date", "closed_at", "opened_at", "starts_at"):
        if event.get(name):
            day = date.fromisoformat(event[name][:10])
            return (day.toordinal() - 719163) * 86400.0
    return None
