"""The two restaurants: menu, table reservations, and checks with their lines and payments.

*Bica* belongs to the city hotel and runs on the PMS's own till: its checks have the source of the hotel
and can name the stay they are charged to. *Maré* stands alone, with a till and a table book of its own.
Prices include VAT at the Portuguese rates (13 % on food and still water, 23 % on other drinks).
"""

import csv
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from .places import TZ

MENU = Path(__file__).parent / "data" / "menu.csv"
CENT = Decimal("0.01")
DAYS = {"full": 730, "small": 21}
AHEAD = 14
PER_DAY = {"BICA": 8.0, "MARE": 10.0}
BOOKED = 0.6
# Guests of the evening come more often on Friday and Saturday (Monday is 0).
WEEKDAY = (0.75, 0.8, 0.9, 1.0, 1.35, 1.4, 0.8)
WAITERS = ("Tiago", "Inês", "Yuri", "Larissa", "Paulo", "Anahit", "Duarte")
OCCASIONS = ("Birthday", "Anniversary", "Business dinner", "First date", "Engagement", "Family reunion")
TABLE_WISHES = (
    "Window table",
    "High chair",
    "Quiet corner",
    "On the terrace",
    "Wheelchair access",
    "Cake at 21:00",
)
# (daypart, local opening hours, share of the checks)
DAYPARTS = (
    ("lunch", (12, 14), 0.36),
    ("afternoon", (15, 18), 0.1),
    ("dinner", (19, 22), 0.44),
    ("late", (22, 24), 0.1),
)


class Dish(NamedTuple):
    """A line of the menu; ``price`` includes ``vat`` per cent."""

    code: str
    name: str
    category: str
    price: Decimal
    vat: int
    dayparts: frozenset
    allergens: tuple


class Day(NamedTuple):
    """What the tills of a restaurant have recorded: lists of dicts."""

    checks: list
    lines: list
    payments: list
    reservations: list


@cache
def menu():
    """Return the dishes of the menu."""
    with MENU.open(encoding="utf-8", newline="") as file:
        return [
            Dish(
                row["code"],
                row["name"],
                row["category"],
                Decimal(row["price"]),
                int(row["vat"]),
                frozenset(row["dayparts"].split()),
                tuple(row["allergens"].split()),
            )
            for row in csv.DictReader(file)
        ]


@cache
def _courses(daypart):
    """Return ``[(dishes, chance per cover)]`` for a part of the day."""
    served = defaultdict(list)
    for dish in menu():
        if daypart in dish.dayparts:
            served[dish.category].append(dish)
    chances = {"Starter": 0.35, "Main": 0.93, "Dessert": 0.33, "Soft drink": 0.45, "Hot drink": 0.35}
    chances.update({"Wine": 0.3, "Beer": 0.2, "Cocktail": 0.1} if daypart != "late" else {"Main": 0.3, "Wine": 0.5})
    if daypart == "afternoon":
        chances.update({"Main": 0.25, "Starter": 0.15, "Hot drink": 0.7, "Cocktail": 0.3})
    if daypart == "late":
        chances.update({"Cocktail": 0.8, "Beer": 0.5, "Dessert": 0.15})
    return [(served[category], chance) for category, chance in chances.items() if served[category]]


def _cents(amount):
    return amount.quantize(CENT, ROUND_HALF_UP)


def _instant(day, hour, minute):
    """Return the UTC instant of a local time; an hour from 24 on lies in the next night."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(TZ)) + timedelta(hours=hour, minutes=minute)
    return local.astimezone(timezone.utc)


def _stamp(instant):
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


class Till:
    """Writes the checks of one restaurant.

    :param str code: ``BICA`` or ``MARE``
    :param guests: function of ``(rng, day, booked)`` returning who comes to a table, as a dict with
        ``guest`` (profile key; ``""`` if nobody asked, never when the table is ``booked``), ``stay``
        (booking key or ``""``) and ``covers`` (0: any number)
    """

    def __init__(self, code, guests, seed):
        self.code = code
        self.guests = guests
        self.seed = seed
        self.out = Day([], [], [], [])

    def day(self, index, day, today):
        """Record a day as of ``today``: bills of the past, table reservations that are made already.

        :param int index: number of the day; together with the number of the table it makes the key,
            and everything that happens follows from it
        """
        rng = Random(f"{self.seed}:{self.code}:{index}")
        count = int(PER_DAY[self.code] * WEEKDAY[day.weekday()] * rng.uniform(0.75, 1.25) + rng.random())
        for number in range(1, count + 1):
            self._table(f"{self.code}-{index:04d}-{number:02d}", day, today)

    def _table(self, key, day, today):
        rng = Random(f"{self.seed}:{key}")
        daypart, (first, last), _share = rng.choices(DAYPARTS, [share for _d, _h, share in DAYPARTS])[0]
        hour, minute = rng.randrange(first, last), rng.choice((0, 15, 30, 45))
        covers = rng.choices((1, 2, 3, 4, 5, 6, 8), (16, 48, 12, 14, 4, 4, 2))[0]
        table, chance = f"{rng.randrange(1, 31)}", rng.random()
        booked_on = day - timedelta(int(rng.triangular(0, AHEAD, 2)))
        booked = rng.random() < BOOKED
        party = self.guests(rng, day, booked)
        covers = party["covers"] or covers
        reservation, past = "", day < today
        if booked and party["guest"] and booked_on <= today:
            reservation = f"R-{key}"
            status = "cancelled" if chance < 0.1 else "booked"
            if past and status == "booked":
                status = "no_show" if chance < 0.16 else "finished"
            self.out.reservations.append(
                {
                    "reservation": reservation,
                    "property": self.code,
                    "guest": party["guest"],
                    "status": status,
                    "starts_at": _stamp(_instant(day, hour, minute)),
                    "business_date": day,
                    "duration": 120 if hour >= 19 else 90,
                    "covers": covers,
                    "table": table if status != "cancelled" else "",
                    "outlet": f"{self.code}-ROOM",
                    "channel": rng.choice(("TABLES", "TABLES", "PHONE")),
                    "booked": booked_on,
                    "occasion": rng.choice(OCCASIONS) if rng.random() < 0.15 else "",
                    "wishes": rng.choice(TABLE_WISHES) if rng.random() < 0.25 else "",
                    "deposit": Decimal(20 * covers) if covers >= 6 else None,
                }
            )
            if status in ("cancelled", "no_show"):
                return
        if past:
            # The bill's own source: what a table orders doesn't depend on how it was booked.
            self._check(
                Random(f"{self.seed}:{key}:bill"), key, party, reservation, day, (daypart, hour, minute), covers, table
            )

    def _check(self, rng, key, party, reservation, day, when, covers, table):
        daypart, hour, minute = when
        opened = _instant(day, hour, minute + rng.randrange(0, 12))
        closed = opened + timedelta(minutes=rng.randrange(35, 70) + 14 * min(covers, 5) + (30 if hour >= 19 else 0))
        chance = rng.random()
        voided = chance < 0.008
        lines = self._lines(rng, key, day, daypart, covers, voided)
        live = [line for line in lines if line["state"] in ("live", "allowance")]
        total = sum((line["gross"] for line in live), Decimal(0))
        discount = -sum((line["gross"] for line in live if line["state"] == "allowance"), Decimal(0))
        by_room = bool(party["stay"]) and rng.random() < 0.8
        tip = _cents(total * Decimal(rng.choice((5, 8, 10))) / 100) if not voided and rng.random() < 0.3 else Decimal(0)
        check = {
            "check": key,
            "property": self.code,
            "outlet": f"{self.code}-{self._room(rng, daypart)}",
            "number": key.partition("-")[2].replace("-", ""),
            "guest": party["guest"],
            "stay": party["stay"],
            "reservation": reservation,
            "refund_of": "",
            "status": "voided" if voided else "paid",
            "opened_at": _stamp(opened),
            "closed_at": _stamp(closed),
            "business_date": day,
            "daypart": daypart,
            "table": table,
            "covers": covers,
            "waiter": rng.choice(WAITERS),
            "subtotal": total + discount,
            "discount": discount,
            "tax": sum((line["tax"] for line in live), Decimal(0)),
            "tip": tip,
            "total": total,
            "currency": "EUR",
        }
        self.out.checks.append(check)
        self.out.lines.extend(lines)
        if not voided:
            self._pay(rng, check, closed, by_room)
        if 0.008 <= chance < 0.014 and not by_room:
            self._refund(rng, check, live, closed)

    def _room(self, rng, daypart):
        if self.code == "BICA":
            return "BAR" if daypart in ("late", "afternoon") else "ROOM"
        return "TERRACE" if daypart in ("lunch", "afternoon") and rng.random() < 0.5 else "ROOM"

    def _lines(self, rng, key, day, daypart, covers, voided):
        ordered = defaultdict(int)
        for dishes, chance in _courses(daypart):
            for _cover in range(covers):
                if rng.random() < chance:
                    # Favourites: a table often takes the same.
                    same = [dish for dish in dishes if dish in ordered]
                    dish = (
                        rng.choice(same)
                        if same and rng.random() < 0.45
                        else dishes[int(len(dishes) * rng.random() ** 1.4)]
                    )
                    ordered[dish] += 1
        if not ordered:
            ordered[_courses(daypart)[0][0][0]] = 1
        lines = []
        for dish, quantity in ordered.items():
            state = "void" if voided or (len(ordered) > 1 and lines and rng.random() < 0.012) else "live"
            lines.append(self._line(key, day, len(lines) + 1, dish, quantity, dish.price * quantity, state))
        if not voided and rng.random() < 0.03:
            gross = sum(line["gross"] for line in lines if line["state"] == "live")
            lines.append(
                {**self._line(key, day, len(lines) + 1, menu()[0], 1, -_cents(gross / 10), "allowance"),
                 "code": "DISC", "name": "Courtesy discount 10 %", "category": "Discount"}
            )  # fmt: skip
        return lines

    def _line(self, key, day, number, dish, quantity, gross, state):
        net = _cents(gross / (1 + Decimal(dish.vat) / 100))
        return {
            "line": f"{key}/{number}",
            "check": key,
            "business_date": day,
            "department": "fb",
            "code": dish.code,
            "name": dish.name,
            "category": dish.category,
            "quantity": quantity,
            "gross": gross,
            "net": net,
            "tax": gross - net,
            "vat": dish.vat,
            "state": state,
            "currency": "EUR",
        }

    def _pay(self, rng, check, closed, by_room):
        parts = [check["total"]]
        if not by_room and check["covers"] >= 2 and rng.random() < 0.06:
            parts = [_cents(check["total"] / 2)]
            parts.append(check["total"] - parts[0])
        for number, amount in enumerate(parts, 1):
            method = "room" if by_room else rng.choices(("card", "cash", "voucher"), (76, 21, 3))[0]
            self.out.payments.append(
                {
                    "payment": f"{check['check']}/P{number}",
                    "check": check["check"],
                    "paid_at": _stamp(closed),
                    "method": method,
                    "amount": amount,
                    "tip": check["tip"] if number == 1 else Decimal(0),
                    "state": "live",
                    "card_brand": rng.choice(("Visa", "Mastercard", "Amex")) if method == "card" else "",
                    "card_last4": f"{rng.randrange(10_000):04d}" if method == "card" else "",
                    "currency": "EUR",
                }
            )

    def _refund(self, rng, check, live, closed):
        key = f"{check['check']}R"
        line = dict(rng.choice([line for line in live if line["state"] == "live"]))
        for amount in ("gross", "net", "tax"):
            line[amount] = -line[amount]
        line.update(line=f"{key}/1", check=key, state="refund", quantity=-line["quantity"])
        at = closed + timedelta(minutes=10)
        self.out.lines.append(line)
        self.out.checks.append(
            {
                **check,
                **{
                    "check": key,
                    "number": f"{check['number']}R",
                    "refund_of": check["check"],
                    "reservation": "",
                },
                **{"status": "refunded", "opened_at": _stamp(at), "closed_at": _stamp(at), "covers": 0},
                **{"subtotal": line["gross"], "discount": Decimal(0), "tax": line["tax"], "tip": Decimal(0)},
                "total": line["gross"],
            }
        )
        self.out.payments.append(
            {
                **{"payment": f"{key}/P1", "check": key, "paid_at": _stamp(at), "method": "card"},
                **{"amount": line["gross"], "tip": Decimal(0), "state": "refund"},
                **{"card_brand": "Visa", "card_last4": f"{rng.randrange(10_000):04d}", "currency": "EUR"},
            }
        )
