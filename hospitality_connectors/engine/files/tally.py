"""Counts and sums of events, to compare what a file says with what landed."""

from collections import defaultdict
from decimal import Decimal

from .convert import money_text
from .scan import short

AMOUNTS = {
    "stay": ("amount_room", "amount_fb", "amount_other", "amount_tax", "amount_total"),
    "reservation": ("deposit",),
    "check": ("amount_total",),
    "charge": ("amount_gross",),
    "payment": ("amount",),
}


class Tally:
    """Counts records once per key, by status, and adds up their amounts per currency."""

    def __init__(self, currency=""):
        self._currency = currency
        self._seen = defaultdict(set)
        self._count = defaultdict(int)
        self._status = defaultdict(lambda: defaultdict(int))
        self._sums = defaultdict(lambda: defaultdict(lambda: defaultdict(Decimal)))

    def is_new(self, entity, key):
        """Whether a key wasn't counted yet; it is now."""
        seen, number = self._seen[entity], short(key)
        if number in seen:
            return False
        seen.add(number)
        self._count[entity] += 1
        return True

    def add(self, event):
        """Count an event unless one with its key was counted."""
        entity = event["entity"]
        if not self.is_new(entity, event["external_id"]):
            return
        currency = event.get("currency") or self._currency
        amounts = {name: event[name] for name in AMOUNTS.get(entity, ()) if event.get(name) is not None}
        self.add_values(entity, event.get("status"), currency, amounts)

    def add_values(self, entity, status, currency, amounts, count=0):
        """Add values of a record that :meth:`is_new` counted, or of ``count`` records at once."""
        self._count[entity] += count
        if status:
            self._status[entity][status] += count or 1
        for name, amount in amounts.items():
            if amount is not None:
                self._sums[entity][name][currency] += Decimal(str(amount))

    def as_dict(self):
        """Return ``{entity: {"count", "by_status", "sums": {column: {currency: text}}}}``."""
        return {
            entity: {
                "count": count,
                "by_status": dict(sorted(self._status[entity].items())),
                "sums": {
                    name: {code: money_text(total) for code, total in sorted(totals.items())}
                    for name, totals in self._sums[entity].items()
                },
            }
            for entity, count in self._count.items()
        }
