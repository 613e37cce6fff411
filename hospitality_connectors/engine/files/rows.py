"""The canonical events of one row."""

import re
from datetime import date, datetime, timedelta, timezone
from hashlib import blake2b

from . import catalogue
from .convert import Unknown, money_text
from .errors import RowError, _
from .numbers import currency_of

REQUIRED = {
    "stay": ("arrival", "departure"),
    "reservation": ("starts_at",),
    "charge": ("name",),
    "payment": ("amount",),
}
# Fields of the stay that its booking takes over when nothing else is mapped to them.
SHARED = ("property", "channel", "booked_on", "cancelled_on", "status", "status_raw", "status_on")
_IDENTIFYING = frozenset(
    "name given_name middle_name family_name local_name email phone membership_number company_name vat".split()
)
_ANCHORS = ("check", "stay", "reservation", "booking", "charge", "payment")
_PLAIN_NUMBER = re.compile(r"[\d.,\s-]*", re.ASCII).fullmatch
# What these words mean is looked up in the mappings of the connector.
_MAPPED_WORDS = ("department", "method", "purpose")


class Row:
    """A cleaned row on its way to events; used once.

    :param Mapping mapping: what the columns mean
    :param list row: cleaned values
    :param dict known_keys: keys by content, per slot
    :param dict overrides: what other rows say about the same key, per slot
    """

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
        if not records and main not in people:
            raise RowError("missing_value", target=catalogue.SLOT_LABELS[main])
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
        for name in REQUIRED.get(slot, ()):
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
        return {name: known[name] for name in SHARED if name in known}

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
                raise RowError("missing_value", target=_("the time of the reservation"))
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
