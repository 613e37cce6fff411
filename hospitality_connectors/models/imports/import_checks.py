"""What a dry run and a verification gather: plain Python over messages of the pipeline."""

import re
from collections import Counter
from datetime import date
from decimal import Decimal

from ...engine import reasons
from ...engine.files.scan import short
from ...engine.files.tally import AMOUNTS, Tally

SHOWN_PROBLEMS = 500
SHOWN_DIFFERENCES = 1000
TOLERANCE = Decimal("0.005")
_ROW = re.compile(r"^Row \d+: ")
_ENTITIES = ("guest", "booking", "stay", "reservation", "check", "charge", "payment")


def describe_problem(number, text, reason):
    """Return a problem of a report: the row, and why without its number, in English and as data."""
    said = {name: value for name, value in reason.items() if name != "row"} if reason else None
    return {"row": number, "reason": _ROW.sub("", text or ""), "said": said}


def _expected_amounts(event):
    """Return the amounts of an event; those of a stay with nothing but a rate follow from its nights."""
    amounts = {name: Decimal(event[name]) for name in AMOUNTS.get(event["entity"], ()) if event.get(name) is not None}
    if event["entity"] == "stay" and not amounts and event.get("rate_amount") is not None:
        nights = (date.fromisoformat(event["departure"]) - date.fromisoformat(event["arrival"])).days
        amounts["amount_total"] = Decimal(event["rate_amount"]) * nights
    return amounts


class Check:
    """Gathers what a dry run says.

    :param Scan scan: of the file
    :param dict currencies: ISO code by code of the property
    :param str currency: ISO code of rows without a known property
    """

    def __init__(self, scan, currencies=None, currency=""):
        self.scan = scan
        self._currencies = currencies or {}
        self._currency = currency
        self.cards = {}
        self._tally = Tally()
        self._problems, self._kinds = [], Counter()
        self._tried = self._waiting = 0
        self._new = {entity: set() for entity in _ENTITIES}
        self._updated = {entity: set() for entity in _ENTITIES}
        self._seen = {entity: set() for entity in _ENTITIES}
        self._guest_tokens = set()
        self._new_guests = 0

    def add(self, outcome, tried):
        """Take over what became of a chunk.

        :param outcome: ``(messages, row numbers, existing keys, landed, fresh guests)``
        """
        messages, numbers, existing, landed, fresh = outcome
        emails = {}
        for message, number in zip(messages, numbers, strict=True):
            if message.state == "quarantined":
                self._kinds[message.problem.code] += 1
                if len(self._problems) < SHOWN_PROBLEMS:
                    problem = message.problem
                    self._problems.append(describe_problem(number, problem.message, problem.reason))
                continue
            self._waiting += message.state == "waiting"
            for event in message.events:
                if "currency" not in event:
                    currency = self._currencies.get(event.get("property"), self._currency)
                    event = {**event, "currency": currency}
                self._tally.add(event)
                if tried:
                    self._seen[event["entity"]].add(short(event["external_id"]))
                if event["entity"] == "guest":
                    emails.setdefault(event["external_id"], event["values"].get("emails") or ())
        if not tried:
            return
        self._tried += len(messages)
        for item in landed:
            entity, _colon, key = item.partition(":")
            stored = key in existing.get(entity, ())
            (self._updated if stored else self._new)[entity].add(short(key))
        self._count_guests(fresh, emails)

    def _count_guests(self, fresh, emails):
        """Count guests that would be made; chunks don't see each other's, so their keys are compared."""
        tokens = {}
        for key, partner_id in fresh.items():
            found = tokens.setdefault(partner_id, set())
            found.add(short(key))
            found.update(short(f"@{email.lower()}") for email in emails.get(key, ()))
        for found in tokens.values():
            if not found & self._guest_tokens:
                self._new_guests += 1
            self._guest_tokens |= found

    def as_dict(self, unmapped):
        """Return the report as stored on the job."""
        tally = self._tally.as_dict()
        entities = []
        for entity in _ENTITIES:
            if entity in tally:
                new, updated = len(self._new[entity]), len(self._updated[entity] - self._new[entity])
                seen = len(self._seen[entity])
                entities.append(
                    {"entity": entity, "new": new, "updated": updated, "unchanged": max(seen - new - updated, 0),
                     **tally[entity]}
                )  # fmt: skip
        profiles = len(self._new["guest"])
        return {
            "rows": self.scan.rows,
            "unreadable": self.scan.bad,
            "tried": self._tried,
            "entities": entities,
            "new_guests": self._new_guests,
            "attached_guests": max(profiles - self._new_guests, 0),
            "waiting": self._waiting,
            "quarantined": sum(self._kinds.values()),
            "problem_kinds": dict(self._kinds.most_common()),
            "problems": self._problems,
            "conflicts": len(self.scan.conflicts),
            "repeated": sum(map(len, (self.scan.repeated_rows,))),
            "unmapped": [
                {"kind": kind, "code": code, "count": count}
                for (kind, code), count in sorted(unmapped.items(), key=lambda item: (-item[1], item[0]))
            ][:200],
            "cards": self.cards,
        }


class Comparison:
    """Compares the records of a file with what is stored."""

    COLUMNS = {
        "guest": ("state",),
        "booking": ("status",),
        "stay": ("status", *AMOUNTS["stay"]),
        "reservation": ("status", *AMOUNTS["reservation"]),
        "check": ("status", *AMOUNTS["check"]),
        "charge": ("state", *AMOUNTS["charge"]),
        "payment": ("state", *AMOUNTS["payment"]),
    }
    WITH_CURRENCY = ("stay", "reservation", "check", "charge", "payment")

    def __init__(self):
        self._file, self._landed = Tally(), Tally()
        self._differences, self._count = [], 0

    def add(self, messages, numbers, landed):
        """Compare the records of a chunk.

        :param landed: ``{entity: {key: values}}`` of the stored records
        """
        for message, number in zip(messages, numbers, strict=True):
            if message.problem is not None:
                continue
            for event in message.events:
                entity, key = event["entity"], event["external_id"]
                if self._file.is_new(entity, key):
                    self._compare(event, number, landed.get(entity, {}).get(key))

    def _compare(self, event, number, stored):
        entity, key = event["entity"], event["external_id"]
        amounts = _expected_amounts(event)
        currency = event.get("currency") or (stored or {}).get("currency") or ""
        self._file.add_values(entity, event.get("status"), currency, amounts)
        if stored is None:
            self._differ(number, entity, key, "not_there")
            return
        self._landed.is_new(entity, key)
        shown = {name: stored[name] for name in amounts if stored.get(name) is not None}
        self._landed.add_values(
            entity, stored.get("status") if event.get("status") else None, stored.get("currency") or "", shown
        )
        if event.get("status") and stored.get("status") != event["status"]:
            self._differ(number, entity, key, "status_differs", ours=event["status"], stored=stored.get("status"))
        if event.get("currency") and stored.get("currency") != event["currency"]:
            self._differ(number, entity, key, "currency_differs", ours=event["currency"], stored=stored.get("currency"))
        for name, amount in amounts.items():
            if abs(Decimal(str(stored.get(name) or 0)) - amount) > TOLERANCE:
                ours, there = str(amount), str(stored.get(name))
                self._differ(number, entity, key, "amount_differs", name=name, ours=ours, stored=there)

    def _differ(self, number, entity, key, code, **params):
        self._count += 1
        if len(self._differences) < SHOWN_DIFFERENCES:
            said = {"key": code, "params": params}
            self._differences.append(
                {"row": number, "entity": entity, "key": key, "text": reasons.tell(said), "said": said}
            )

    def as_dict(self):
        """Return the report: per entity what the file says and what landed, and the differences."""
        file, landed = self._file.as_dict(), self._landed.as_dict()
        empty = {"count": 0, "by_status": {}, "sums": {}}
        return {
            "entities": {
                entity: {"file": file[entity], "landed": landed.get(entity, empty)}
                for entity in _ENTITIES
                if entity in file
            },
            "differences": self._differences,
            "difference_count": self._count,
        }
