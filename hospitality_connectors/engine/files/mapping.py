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
    ``blank`` (further texts that stand for nothing; "NA" listed here does so in columns of countries
    too, where it is Namibia otherwise), ``date_order`` (``dmy`` or ``mdy``), ``decimal``
    (``.`` or ``,``), ``separator`` (between joined texts), ``base_year``
"""

from collections import defaultdict
from hashlib import blake2b
from zoneinfo import ZoneInfo

from . import catalogue
from .convert import Unknown
from .errors import FileError, RowError
from .fields import Field
from .rows import REQUIRED, SHARED, Row

BLANK = ("NULL", "null", "N/A", "n/a", "NA", "#N/A", "None", "NaN", "nan", "-", "—", "–")
# In a column of two-letter country codes it says something.
NAMIBIA = "NA"
_DATES = {
    "stay": ("booked_on", "arrival"),
    "booking": ("booked_on",),
    "reservation": ("starts_at",),
    "check": ("closed_at", "opened_at", "business_date"),
}


def row_digest(header, values, columns=None):
    """Return the hash of what a row says, whatever the order of the columns: 16 bytes.

    :param list header: names of the columns
    :param list values: texts; blanks around them don't count, blank cells neither
    :param columns: indices to look at, None for all
    """
    indices = range(len(values)) if columns is None else columns
    parts = sorted(f"{header[i]}\x1f{value}" for i in indices if (value := values[i].strip()))
    return blake2b("\x1e".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


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
        self.keeps_namibia = NAMIBIA not in (options.get("blank") or ())
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
        countries = self._fields_of_kind("country").values() if self.keeps_namibia else ()
        self.country_columns = {index for fields in countries for field in fields for index in field.columns}
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
            slots[target.slot].append(Field(target, target_uses, self.header, self.mapping, self.options))
        # Departure comes before what is counted in nights.
        for fields in slots.values():
            fields.sort(key=lambda field: field.after + ("per_night" in field.parts))
        return dict(slots)

    def _check(self):
        if not any(field.columns for fields in self.slots.values() for field in fields):
            raise FileError("nothing_mapped")
        for slot, required in REQUIRED.items():
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
        row = ["" if (text := value.strip()) in blank else text for value in values]
        for index in self.country_columns:
            if values[index].strip() == NAMIBIA:
                row[index] = NAMIBIA
        return row

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
                if field.name in SHARED:
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
        return Row(self, row, keys or {}, overrides or {}).events()

    def zone(self, code):
        """Return the time zone of a property."""
        place = self.places.get(code)
        return ZoneInfo(place["tz"] if place else self.tz)
