"""A PMS and a POS in which something happens all the time: what the demo group is fed by.

``python -m fakes.live --pms PORT --pos PORT`` (with ``tests`` on the path) serves both until it is ended. Somebody
books for tonight, checks in, eats, and pays; now and then the front desk merges a guest whom it had twice. What is
made is forgotten with the process; keys begin at the time of its start, so that no key comes twice.

``--describe`` prints how a connector reaches each, as JSON.
"""

import argparse
import datetime
import itertools
import json
import random
import signal
import sys
import threading
import time

from .cloudbeds import Cloudbeds
from .square import SquareFake

PEOPLE = (
    ("Beatriz", "Carvalho", "PT", "F"),
    ("Tiago", "Nogueira", "PT", "M"),
    ("Олена", "Кравчук", "UA", "F"),
    ("Andriy", "Melnyk", "UA", "M"),
    ("Անի", "Սարգսյան", "AM", "F"),
    ("Davit", "Hakobyan", "AM", "M"),
    ("Chloé", "Lefèvre", "FR", "F"),
    ("Matteo", "Ricci", "IT", "M"),
    ("Hannah", "Schäfer", "DE", "F"),
    ("Oliver", "Whitmore", "GB", "M"),
    ("美玲", "陈", "CN", "F"),
    ("Kenji", "Watanabe", "JP", "M"),
    ("Layla", "Haddad", "LB", "F"),
    ("Mateus", "Azevedo", "BR", "M"),
)
DISHES = ("Bacalhau à Brás", "Polvo à lagareiro", "Caldo verde", "Arroz de marisco", "Pastel de nata", "Vinho verde")
ROOMS = ("A", "D", "E", "F")
#: Seconds between two things that happen: at first, and after ten minutes.
BUSY, CALM = 6.0, 45.0
BUSY_SECONDS = 600
ARRIVALS = 300
#: How many other things happen before somebody sees that a guest is there twice.
TWIN_STEPS = 15


class Town:
    """What happens in a hotel and its restaurant."""

    def __init__(self, seed=None):
        self.random = random.Random(seed)
        start = int(time.time())
        self.pms, self.pos = Cloudbeds(), SquareFake()
        self.pms.number = (start - 1_700_000_000) * 10
        self.pos._numbers = itertools.count((start - 1_700_000_000) * 10)
        self.pos.places = ["BICA-ROOM"]
        self.began = time.monotonic()
        self.people = itertools.cycle(self.random.sample(PEOPLE, len(PEOPLE)))
        self.arriving, self.staying, self.twins, self.count = [], [], [], 0

    def pause(self):
        return BUSY if time.monotonic() - self.began < BUSY_SECONDS else CALM

    def happen(self):
        """Let the next thing happen; return what it was."""
        self.count += 1
        if self.count % 20 == 0 and self.staying:
            return self.appear_twice()
        if self.twins and self.count >= self.twins[0][2]:
            return self.merge()
        if self.arriving and self.count % 3 == 1:
            return self.check_in()
        if self.staying and self.count % 3 == 2:
            return self.eat()
        return self.book() if self.count < ARRIVALS else self.eat()

    def _person(self):
        given, family, country, gender = next(self.people)
        number = self.pms.number + 1
        return {
            "firstName": given,
            "lastName": family,
            "country": country,
            "gender": gender,
            "email": f"guest{number}@mail.example",
            "phone": f"+35191{number % 10_000_000:07}",
            "city": "",
        }

    def book(self):
        with self.pms.lock:
            guest = self.pms.add_guest(**self._person())
            today = self.pms.now().astimezone().date()
            nights = self.random.randint(1, 4)
            room = {
                "roomCheckIn": today.isoformat(),
                "roomCheckOut": (today + datetime.timedelta(days=nights)).isoformat(),
                "roomTypeName": self.random.choice(ROOMS),
                "rate": self.random.choice((98.0, 120.5, 145.0, 210.0)),
            }
            key = self.pms.add_reservation(guest, rooms=[room])
        self.arriving.append((key, guest))
        return f"{self._name(guest)} books {nights} nights from today"

    def check_in(self):
        key, guest = self.arriving.pop(0)
        with self.pms.lock:
            reservation = self.pms.reservations[key]
            reservation["status"], reservation["modified"] = "checked_in", self.pms.now()
            for room in reservation["rooms"]:
                room["roomStatus"] = "in_house"
        self.staying.append((key, guest))
        return f"{self._name(guest)} checks in"

    def eat(self):
        if not self.staying:
            return "nobody is there to eat"
        _key, guest = self.random.choice(self.staying)
        known = self.pms.guests[guest]
        with self.pos.lock:
            order = self.pos.sell(cents=self.random.randint(900, 8800))
            order["line_items"][0]["name"] = self.random.choice(DISHES)
            customer = self.pos.customers[order["customer_id"]]
            customer.update(
                given_name=known["firstName"],
                family_name=known["lastName"],
                email_address=known["email"],
                phone_number=known["phone"],
            )
        return f"{self._name(guest)} pays {order['total_money']['amount'] / 100:.2f} EUR"

    def appear_twice(self):
        """Somebody books for a guest who is there already, and the front desk makes a new one of him."""
        _key, guest = self.staying[-1]
        with self.pms.lock:
            person = {name: self.pms.guests[guest][name] for name in ("firstName", "lastName", "country", "gender")}
            twin = self.pms.add_guest(**person, email="", city="")
            self.pms.add_reservation(twin, rooms=[{"roomTypeName": "A"}])
        self.twins.append((twin, guest, self.count + TWIN_STEPS))
        return f"{self._name(guest)} is there twice"

    def merge(self):
        """The front desk finds a guest twice and merges him."""
        twin, guest, _when = self.twins.pop(0)
        self.pms.merge(twin, guest)
        return f"{self._name(guest)} was there twice and is one now"

    def _name(self, guest):
        return f"{self.pms.guests[guest]['firstName']} {self.pms.guests[guest]['lastName']}"

    def describe(self):
        """Return how connectors reach both: ``[{name, source, kind, adapter, property, settings, secrets}]``."""
        return [
            {
                "name": "Cloudbeds (live)",
                "source": "live_pms",
                "kind": "pms",
                "property": "CITY",
                "adapter": self.pms.code,
                "settings": self.pms.settings(),
                "secrets": self.pms.secrets(),
            },
            {
                "name": "Square (live)",
                "source": "live_pos",
                "kind": "pos",
                "property": "BICA",
                "adapter": self.pos.code,
                "settings": self.pos.settings(),
                "secrets": self.pos.secrets(),
            },
        ]


def main():
    parser = argparse.ArgumentParser(prog="fakes.live", description=__doc__.partition("\n")[0])
    parser.add_argument("--pms", type=int, required=True, help="port of the PMS")
    parser.add_argument("--pos", type=int, required=True, help="port of the POS")
    parser.add_argument("--describe", action="store_true", help="print how to reach them, and end")
    options = parser.parse_args()
    town = Town()
    if options.describe:
        town.pms.url, town.pos.url = (f"http://127.0.0.1:{port}" for port in (options.pms, options.pos))
        print(json.dumps(town.describe()))
        return
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_args: ended.set())
    with town.pms.running(options.pms), town.pos.running(options.pos):
        while not ended.wait(town.pause()):
            print(f"{datetime.datetime.now():%H:%M:%S} {town.happen()}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
