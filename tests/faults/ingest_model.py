"""Events of a hotel for the ingest fault run, and what must be left of them, worked out in plain Python.

Every event is a snapshot with a version. The expected end is what the newest snapshot of each record says, with
persons told apart by name and e-mail address, and folios summed over their live lines, whatever the order of arrival.
"""

import json
import random
from decimal import Decimal

START = 1_700_000_000


class World:
    """``total`` deliveries: about one fifth repeated, one tenth older than what came before.

    :ivar deliveries: list of ``(event key, entity, external id, body)`` in the order of arrival
    :ivar final: ``{(entity, external id): newest event}``
    """

    def __init__(self, total, seed=5):
        self.random = random.Random(seed)
        self.final = {}
        self.repeated = self.late = 0
        fresh = self._make_events(int(total * 0.8))
        self.deliveries = self._deliver(fresh, total)

    def _make_events(self, count):
        """Return ``count`` distinct events, each record's versions in their order."""
        persons = max(20, count // 8)
        stays = max(20, count // 8)
        events = []
        while len(events) < count:
            kind = self.random.choices(("guest", "booking", "stay", "charge", "payment"), (25, 10, 30, 30, 5))[0]
            event = getattr(self, f"_make_{kind}")(persons, stays)
            key = (kind, event["external_id"])
            # No two records change at the same second: between equals the first to arrive would win.
            event = {"entity": kind, "version": START + len(events), **event}
            if event.get("op") == "tombstone" and key not in self.final:
                continue
            events.append(event)
            self.final[key] = event
        return events

    def _make_guest(self, persons, _stays):
        number = self.random.randrange(persons * 6 // 5)
        person = number % persons  # some persons are known to the source under two keys
        return {
            "external_id": f"G{number}",
            "values": {
                "name": f"Person{letters(person)} Family{letters(person)}",
                "emails": [f"person{person}@mailbox.net"],
                "city": self.random.choice(("Kyiv", "Lviv", "Odesa", "Dnipro")),
                "street": f"Street {self.random.randrange(99)}",
            },
        }

    def _make_booking(self, persons, stays):
        number = self.random.randrange(stays)
        return {
            "external_id": f"B{number}",
            "booker": f"G{number % persons}",
            "confirmation": f"C{number}-{self.random.randrange(9)}",
            "status": self.random.choice(("reserved", "cancelled")),
        }

    def _make_stay(self, persons, stays):
        number = self.random.randrange(stays)
        people = [{"guest": f"G{number % persons}"}]
        if number % 3 == 0:
            people.append({"guest": f"G{(number + 1) % persons}", "role": "companion"})
        return {
            "external_id": f"S{number}",
            "booking": f"B{number}",
            "guest": f"G{number % persons}",
            "guests": people,
            "status": self.random.choice(("reserved", "in_house", "checked_out", "no_show")),
            "arrival": f"2025-0{1 + number % 9}-{1 + self.random.randrange(20):02d}",
            "departure": f"2025-0{1 + number % 9}-{22 + self.random.randrange(6)}",
            "rate_amount": str(50 + self.random.randrange(100)),
            "adults": 1 + self.random.randrange(3),
        }

    def _make_charge(self, _persons, stays):
        number = self.random.randrange(stays * 2)
        event = {"external_id": f"L{number}"}
        if self.random.random() < 0.05:
            return {**event, "op": "tombstone"}
        return {
            **event,
            "stay": f"S{number % stays}",
            "name": "Item",
            "department": ("room", "fb", "other")[number % 3],
            "amount_gross": f"{self.random.randrange(1, 9999) / 100:.2f}",
            "business_date": "2025-01-01",
            "state": self.random.choice(("live", "live", "live", "void")),
        }

    def _make_payment(self, _persons, stays):
        number = self.random.randrange(stays)
        return {"external_id": f"P{number}", "stay": f"S{number}", "amount": str(self.random.randrange(1, 500))}

    def _deliver(self, events, total):
        order = list(events)
        late = total // 10
        for _again in range(late):
            # An event arrives after newer news about the same record or others.
            source = self.random.randrange(len(order) - 1)
            target = self.random.randrange(source, min(len(order), source + 2000))
            order.insert(target, order.pop(source))
        self.late = late
        deliveries = [(event, False) for event in order]
        while len(deliveries) < total:
            deliveries.insert(self.random.randrange(len(deliveries)), (self.random.choice(events), True))
            self.repeated += 1
        return [
            (f"event-{number}", event["entity"], event["external_id"], json.dumps(event))
            for number, (event, _again) in enumerate(deliveries)
        ]

    # What must be left

    def expected(self):
        """Return ``{table: {business key: values}}`` of the end state."""
        newest = {
            entity: {key: event for (kind, key), event in self.final.items() if kind == entity}
            for entity in ("guest", "booking", "stay", "charge", "payment")
        }
        guests = newest["guest"]
        lines = self._lines(newest)
        return {
            "guest": self._guests(guests),
            "booking": {
                key: (event["confirmation"], event["status"], self._known(guests, event["booker"]))
                for key, event in newest["booking"].items()
            },
            "stay": {key: self._stay(event, newest, lines) for key, event in newest["stay"].items()},
            "charge": {key: line for key, line in lines.items() if line is not None},
            "payment": {
                key: (event["stay"], Decimal(event["amount"]))
                for key, event in newest["payment"].items()
                if event["stay"] in newest["stay"]
            },
            "people": self._people(newest),
        }

    def _known(self, guests, key):
        return key if key in guests else None

    def _guests(self, guests):
        """Every person once: his keys, and the address of his newest record."""
        persons = {}
        for key, event in guests.items():
            persons.setdefault(event["values"]["emails"][0], []).append((event["version"], key, event["values"]))
        return {
            email: (
                records[0][2]["name"],
                tuple(sorted(key for _version, key, _values in records)),
                *max(records)[2]["city"].split(),
                max(records)[2]["street"],
            )
            for email, records in persons.items()
        }

    def _lines(self, newest):
        """Newest state of each folio line whose stay has arrived; the amount of a void one is of no account."""
        parents = self._parents()
        lines = {}
        for key, event in newest["charge"].items():
            gone = event.get("op") == "tombstone"
            stay = parents.get(key)
            if stay not in newest["stay"]:
                lines[key] = None
            elif gone or event["state"] == "void":
                lines[key] = (stay, parents.department(key), None, "void")
            else:
                lines[key] = (stay, event["department"], Decimal(event["amount_gross"]), event["state"])
        return lines

    def _parents(self):
        """Stay and department of each folio line that was ever delivered: they never change."""
        found = Parents()
        for _key, entity, external_id, body in self.deliveries:
            if entity == "charge":
                event = json.loads(body)
                if "stay" in event:
                    found[external_id] = event["stay"]
                    found.departments[external_id] = event["department"]
        return found

    def _stay(self, event, newest, lines):
        key = event["external_id"]
        own = [line for line in lines.values() if line and line[0] == key]
        nights = int(event["departure"][-2:]) - int(event["arrival"][-2:])
        if own:
            live = [line for line in own if line[3] == "live"]
            amounts = tuple(
                sum((line[2] for line in live if line[1] == department), Decimal()) for department in ("room", "fb")
            )
            money = (*amounts, sum((line[2] for line in live), Decimal()), "lines")
        else:
            total = Decimal(event["rate_amount"]) * nights
            money = (total, None, total, "rate")
        return (
            event["arrival"],
            event["departure"],
            event["status"],
            event["adults"],
            nights,
            event["booking"] if event["booking"] in newest["booking"] else None,
            self._known(newest["guest"], event["guest"]),
            *money,
        )

    def _people(self, newest):
        return {
            (key, one["guest"]): one.get("role", "primary")
            for key, event in newest["stay"].items()
            for one in event["guests"]
            if one["guest"] in newest["guest"]
        }


class Parents(dict):
    """Stay per folio line, and its department."""

    def __init__(self):
        super().__init__()
        self.departments = {}

    def department(self, key):
        return self.departments[key]


def letters(number):
    """A word that no other number has and that no spelling rule takes for another's."""
    text = ""
    number += 1
    while number:
        number, digit = divmod(number, 10)
        text += ("ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "vu")[digit]
    return text
