"""Propose what the columns of a file mean, from their names and their values."""

import re
from functools import lru_cache

from rapidfuzz import fuzz

from . import catalogue, synonyms
from .columns import decide_formats
from .mapping import NAMIBIA
from .words import CHOICES, choose, plain

EXACT = 100
FUZZY = 86
# A proposal below this is shown as doubtful.
SURE = 90
_CAMEL = re.compile(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])")
_KINDS = {
    "date": ("date", "number"),
    "moment": ("date", "number"),
    "money": ("number",),
    "number": ("number",),
    "integer": ("number",),
    "email": ("email", "text"),
    "phone": ("phone", "number", "text"),
}
_SLOTS = {
    "guest": ("guest",),
    "booking": ("booking", "guest", "company", "agency"),
    "stay": ("stay", "booking", "guest", "company", "agency"),
    "reservation": ("reservation", "guest"),
    "check": ("check", "guest", "charge", "payment"),
    "charge": ("charge", "check", "guest", "payment"),
    "payment": ("payment", "check", "guest"),
}
# What tells the kinds of files apart: fields that only they have.
_MARKS = {
    "stay": ("arrival", "departure", "room_type", "rate_plan", "meal_plan", "rate_amount", "room"),
    "reservation": ("starts_at", "covers", "table", "occasion"),
    "check": ("external_id", "business_date", "closed_at", "waiter", "table", "covers", "amount_total", "amount_tip"),
    "charge": ("name", "quantity", "category", "code", "amount_gross"),
    "payment": ("method", "paid_at", "card_brand"),
    "guest": ("name", "given_name", "family_name", "birthdate", "email", "phone"),
}


# What a part of a nested record is called, and which slots its values belong to.
_HEADS = {
    "charge": "line lines item items position positions product products dishes selections postings charges rows",
    "payment": "payment payments tender tenders transactions",
    "guest": "guest customer client primaryguest mainguest person profile",
    "booker": "booker bookedby contact",
    "company": "company corporate",
    "agency": "agency agent travelagent",
    "stay": "stay stays room rooms roomstay roomstays",
    "booking": "booking",
    "check": "check bill order receipt header",
    "reservation": "reservation",
}
_SLOT_OF_HEAD = {word: slot for slot, words in _HEADS.items() for word in words.split()}


def heading(name):
    """Return a heading as plain words.

    >>> heading("arrivalDate_Year"), heading("E-Mail")
    ('arrival date year', 'e mail')
    """
    return plain(_CAMEL.sub(" ", name))


@lru_cache(maxsize=1)
def _known():
    """Return ``{slot: {heading: field}}``."""
    result = {}
    for slot, fields in synonyms.BY_SLOT.items():
        names = {}
        for field, text in fields.items():
            for word in text.split("|"):
                names.setdefault(plain(word), field)
        result[slot] = names
    return result


@lru_cache(maxsize=1)
def _lists():
    def words(text):
        return frozenset(plain(word) for word in text.split("|"))

    return {
        "year": words(synonyms.YEAR),
        "month": words(synonyms.MONTH),
        "day": words(synonyms.DAY),
        "nights": words(synonyms.NIGHTS),
        "time": words(synonyms.TIME),
        **{f"prefix:{slot}": words(text) for slot, text in synonyms.PREFIXES.items()},
    }


def _fits(column, target):
    """Whether the values of a column can be what the target wants."""
    if column.kind == "blank":
        return True
    kinds = _KINDS.get(target.kind)
    if kinds and column.kind not in kinds:
        return False
    if target.kind in ("date", "moment") and column.kind == "number":
        return bool(column.dates and column.dates.serial)
    if column.kind == "email" and target.kind not in ("email", "text", "key"):
        return False
    if column.kind == "email" and target.kind != "email":
        return target.field == "external_id"
    if target.field in ("given_name", "family_name", "name") and column.kind in ("number", "date", "phone"):
        return target.slot in ("agency", "company")
    if target.kind == "choice" and column.distinct:
        table = target.name if target.name in CHOICES else f"stay.{target.field}"
        known = sum(1 for value in column.distinct if choose(table, value))
        return target.field == "status" or known * 2 >= len(column.distinct)
    return True


def _candidates(column, slots):
    """Yield ``(score, target)`` of what a column may mean."""
    name = heading(column.name)
    for slot in slots:
        own, slot_name = name, slot
        known = _known().get(slot) or {}
        if slot in catalogue.PEOPLE:
            rest = _without_prefix(name, slot)
            if rest is None and any(_without_prefix(name, s) for s in ("booker", "sharer", "companion", "payer")):
                continue
            if rest:
                yield from _match(column, rest, synonyms_of_person(), slot, 2)
        yield from _match(column, own, known, slot_name, 0)
    for slot in ("booker", "sharer", "companion", "payer"):
        if "guest" in slots:
            rest = _without_prefix(name, slot)
            if rest:
                yield from _match(column, rest, synonyms_of_person(), slot, 3)


def synonyms_of_person():
    """Return the headings of the fields of a person."""
    return _known()["guest"]


def _without_prefix(name, slot):
    for prefix in _lists()[f"prefix:{slot}"]:
        if name.startswith(prefix + " "):
            return name[len(prefix) + 1 :]
    return None


def _match(column, name, known, slot, bonus):
    field = known.get(name)
    if field:
        target = catalogue.find(f"{slot}.{field}")
        if target and _fits(column, target):
            yield EXACT + bonus, target
        return
    best, best_score = None, 0
    for word, field in known.items():
        if len(word) < 4 or len(name) < 4:
            continue
        score = max(fuzz.ratio(name, word), fuzz.token_sort_ratio(name, word)) - 4
        if score > best_score:
            best, best_score = field, score
    if best and best_score >= FUZZY:
        target = catalogue.find(f"{slot}.{best}")
        if target and _fits(column, target):
            yield best_score, target


def guess_rows(columns):
    """Guess what a row of the file is: a slot of :data:`catalogue.BESIDE`."""
    points = {}
    for slot, marks in _MARKS.items():
        known = _known()[slot]
        total = 0
        for column in columns:
            if _slot_of(column) not in (None, slot):
                continue
            name = heading(_stripped(column).name)
            field = known.get(name)
            if field in marks and _fits(column, catalogue.find(f"{slot}.{field}")):
                total += 2 if field in marks[:3] else 1
            elif slot == "stay" and name in _lists()["nights"]:
                total += 3
        points[slot] = total
    if points["stay"] >= 3:
        return "stay"
    if points["charge"] >= 3 and (points["check"] >= 2 or points["charge"] > points["check"]):
        return "charge"
    if points["payment"] >= 3 and points["payment"] > points["check"]:
        return "payment"
    best = max(("check", "reservation"), key=points.get)
    if points[best] >= 3:
        return best
    return "guest"


def propose(columns, rows=None):
    """Propose a mapping.

    :param columns: list of :class:`columns.Column`, profiled
    :param rows: what a row is where the user said so
    :return: ``(mapping, sure, questions)``: mapping as in :mod:`mapping`; ``sure`` maps each used
        column to a score from 0 to 100; questions as in :func:`columns.decide_formats`
    """
    rows = rows or guess_rows(columns)
    slots = _SLOTS[rows]
    uses, scores, taken = [], {}, set()
    if rows in ("stay", "booking"):
        uses, scores = _arrival_parts(columns)
        taken = {use["target"] for use in uses}
    offers = []
    nested = {_slot_of(column) for column in columns}
    for position, column in enumerate(columns):
        if column.name in scores:
            continue
        for score, target in _candidates(_stripped(column), _slots_for(column, slots, nested)):
            penalty = slots.index(target.slot) if target.slot in slots else 1
            offers.append((-(score - penalty), position, column.name, target))
    offers.sort(key=lambda offer: offer[:3])
    many = {"email", "phone"}
    for score, _position, name, target in offers:
        if name in scores or (target.name in taken and target.field not in many):
            continue
        scores[name] = min(-score, 100)
        taken.add(target.name)
        uses.append({"column": name, "target": target.name})
    _by_value(columns, uses, scores, taken, rows)
    _complete(columns, uses, scores, taken, rows)
    order = {column.name: index for index, column in enumerate(columns)}
    uses.sort(key=lambda use: order.get(use.get("column"), len(order)))
    options, questions = decide_formats(columns, {use["column"] for use in uses if use.get("column")})
    _currency(columns, uses, taken, rows)
    if _without_country_codes(columns, uses):
        options["blank"] = [NAMIBIA]
    return {"rows": rows, "columns": uses, "maps": {}, "options": options}, scores, questions


def _without_country_codes(columns, uses):
    """Whether most values of country columns are names or codes of three letters, so that "NA" is no country."""
    names = {
        use.get("column") for use in uses if (target := catalogue.find(use["target"])) and target.kind == "country"
    }
    texts = {text for column in columns if column.name in names for text in column.distinct}
    return 2 * sum(len(text) == 2 for text in texts) < len(texts)


class _Renamed:
    """A column under a shorter name."""

    def __init__(self, column, name):
        self._column = column
        self.name = name

    def __getattr__(self, attribute):
        return getattr(self._column, attribute)


def _slot_of(column):
    """Return the slot that the part of a nested record stands for, None for the record itself."""
    parts = column.name.split(".")[:-1]
    slots = [_SLOT_OF_HEAD.get(part.replace("_", "").lower()) for part in parts]
    return next((slot for slot in reversed(slots) if slot), None)


def _slots_for(column, slots, nested):
    """Return the slots that a column may belong to, most likely first."""
    slot = _slot_of(column)
    if slot in ("charge", "payment"):
        return (slot,)
    if slot:
        return (slot, *(s for s in slots if s not in ("charge", "payment", "guest", slot)))
    if "." not in column.name and nested & {"charge", "payment"}:
        return tuple(s for s in slots if s not in nested & {"charge", "payment"})
    return slots


def _stripped(column):
    """Nested files name their columns ``lines.name``; the part in front says whose value it is."""
    head, dot, tail = column.name.rpartition(".")
    if not dot:
        return column
    return _Renamed(column, tail if _slot_of(column) else f"{head.rpartition('.')[2]} {tail}")


def _arrival_parts(columns):
    """Find arrival as year, month and day, and departure as a number of nights."""
    lists = _lists()
    uses, scores = [], {}
    parts = {}
    for column in columns:
        name = heading(column.name)
        if column.kind in ("number", "month"):
            for part in ("year", "month", "day"):
                if name in lists[part] and part not in parts:
                    parts[part] = column
    if "year" in parts and "month" in parts:
        for part, column in parts.items():
            uses.append({"column": column.name, "target": "stay.arrival", "part": part})
            scores[column.name] = EXACT
    known = _known()["stay"]
    departure = any(known.get(heading(c.name)) == "departure" and c.kind == "date" for c in columns)
    for column in columns:
        if heading(column.name) in lists["nights"] and column.kind == "number" and not departure:
            uses.append({"column": column.name, "target": "stay.departure", "part": "nights"})
            scores[column.name] = EXACT
    return uses, scores


def _by_value(columns, uses, scores, taken, rows):
    """Columns whose values speak for themselves: e-mail addresses and telephone numbers."""
    if "guest" not in _SLOTS[rows]:
        return
    for column in columns:
        if column.name in scores or column.kind not in ("email", "phone"):
            continue
        field = column.kind
        if column.kind == "phone" and not any(
            sample.lstrip().startswith(("+", "00", "(")) for sample in column.samples
        ):
            continue
        if f"guest.{field}" not in taken:
            taken.add(f"guest.{field}")
            uses.append({"column": column.name, "target": f"guest.{field}"})
            scores[column.name] = 75


def _complete(columns, uses, scores, taken, rows):
    """Add what follows from what was found."""
    by_target = {use["target"]: use for use in uses}
    if rows == "stay":
        lead = by_target.get("stay.lead_time")
        if lead and "stay.booked_on" not in taken:
            uses.append({"column": lead["column"], "target": "stay.booked_on", "part": "days_before"})
    columns_by_name = {column.name: column for column in columns}
    for slot in ("agency", "company"):
        use = by_target.get(f"{slot}.name")
        if use and f"{slot}.external_id" not in taken and columns_by_name[use["column"]].kind == "number":
            # A number isn't a name: it is the key, and the name says what it numbers.
            label = catalogue.SLOT_LABELS[slot]
            use["prefix"] = f"{label} "
            uses.append({"column": use["column"], "target": f"{slot}.external_id", "prefix": f"{slot}:"})
    charged = by_target.get("charge.business_date")
    if charged and "check.external_id" in taken and not {"check.business_date", "check.closed_at"} & taken:
        uses.append({"column": charged["column"], "target": "check.business_date"})
    if rows == "reservation" and "reservation.starts_at" in taken:
        use = by_target["reservation.starts_at"]
        for column in columns:
            if column.name not in scores and heading(column.name) in _lists()["time"]:
                use["part"] = "date"
                uses.append({"column": column.name, "target": "reservation.starts_at", "part": "time"})
                scores[column.name] = EXACT
                break


def _currency(columns, uses, taken, rows):
    """Take the currency from headings and values when the file has no column for it."""
    slot = {"booking": None, "guest": None}.get(rows, rows)
    if not slot or f"{slot}.currency" in taken:
        return
    used = {use["column"] for use in uses if use.get("column")}
    named = {c.currency for c in columns if c.name in used and c.numbers and c.currency not in ("", "?")}
    if len(named) == 1:
        uses.append({"value": named.pop(), "target": f"{slot}.currency"})


def signature(header):
    """Return what identifies the kind of a file: its headings, whatever their order and case."""
    return "|".join(sorted(heading(name) for name in header))
