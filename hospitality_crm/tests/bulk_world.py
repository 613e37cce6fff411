import json
import random
from datetime import date, timedelta

from .common import HospitalityCommon

OBSERVED = 1_700_000_000.0
_SYLLABLES = ("bam", "dek", "fiz", "gol", "lur", "max", "neb", "pid", "rov", "vut")


class BulkWorld(HospitalityCommon):
    """A property and 1,000 random canonical events about it; some people are known to the source twice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(11)
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        cls.palace.write({"currency_id": cls.euro.id, "country_id": cls.env.ref("base.ua").id})
        cls.room_type = cls.env["hospitality.room.type"].create(
            {"name": "Double", "code": "DBL", "property_id": cls.palace.id}
        )
        cls.outlet = cls.env["hospitality.outlet"].create(
            {"name": "Grill", "code": "GRL", "property_id": cls.palace.id}
        )
        cls.channel = cls.env["hospitality.channel"].create({"name": "Test", "code": "T-CH"})
        cls.env["res.currency.rate"].create(
            [
                {"currency_id": cls.euro.id, "name": day, "rate": rate, "company_id": cls.company.id}
                for day, rate in (("2025-01-01", 0.8), ("2025-05-01", 0.9))
            ]
        )
        cls.events = cls._make_events()
        cls.env.flush_all()

    @classmethod
    def _make_events(cls):
        guests = [cls._make_guest(number) for number in range(260)]
        for number in range(0, 60, 2):
            twin = json.loads(json.dumps(guests[number]))
            twin["external_id"] = f"T{number}"
            twin["version"] += 1
            twin["values"].pop("phones", None)
            guests.append(twin)
        bookings = [cls._make_booking(number, guests) for number in range(150)]
        stays = [cls._make_stay(number, guests, bookings) for number in range(200)]
        reservations = [cls._make_reservation(number, guests) for number in range(80)]
        checks = [cls._make_check(number, guests, stays, reservations) for number in range(90)]
        charges = [cls._make_charge(number, stays, checks) for number in range(130)]
        payments = [cls._make_payment(number, stays, checks) for number in range(60)]
        return guests + bookings + reservations + stays + checks + charges + payments

    @classmethod
    def _envelope(cls, entity, key):
        return {
            "entity": entity,
            "op": "upsert",
            "external_id": key,
            "version": 1_690_000_000.0 + cls.random.randrange(1000),
            "payload_hash": f"{cls.random.getrandbits(128):032x}",
            "observed": OBSERVED,
        }

    @classmethod
    def _some(cls, *values, share=0.7):
        return cls.random.choice(values) if cls.random.random() < share else None

    @classmethod
    def _make_guest(cls, number):
        pick = cls.random.choice
        given, family = pick(
            (
                ("Anna", "{}enko"), ("Тарас", "{}юк"), ("Հակոբ", "{}յան"), ("José", "Nú{}ñez"),
                ('Mary "Sue"', "O'{}"), ("Jean", "d’{}\\"), ("小明", "王{}"),
            )
        )  # fmt: skip
        # No two of them are alike enough to be one person.
        family = family.format("".join(_SYLLABLES[int(digit)] for digit in f"{number:03d}"))
        values = {
            "name": f"{given} {family}" if cls.random.random() < 0.9 else None,
            "given_name": given,
            "family_name": family,
            "salutation": cls._some("Mr", "Ms"),
            "local_name": cls._some("Ганна", share=0.1),
            "gender": cls._some("female", "male", "other"),
            "birthdate": cls._some(f"{1940 + number % 60}-{1 + number % 12:02d}-{1 + number % 28:02d}"),
            "nationality": cls._some("UA", "DE", "ZZ"),
            "lang": cls._some("en", "uk-UA", "en-US"),
            "emails": cls._some(
                [f"Guest{number}@Example.com"],
                [f"g{number}@mail.example", f"second{number}@mail.example"],
                [f"abc.{number}@guest.booking.com", f"third{number}@mail.example"],
                ["not an address"],
            ),
            "phones": cls._some(
                [f"+380671{number * 7919 % 10**6:06d}"],
                [f"067 2{number * 7919 % 10**6:06d}", f"+49 30 {number * 7919 % 10**6:06d} ext. 5"],
                [f"+5521912{number * 719 % 10**5:05d}"],
                ["12-34"],
                [f"+38011122{number * 37 % 10**4:04d}99"],
            ),
            "street": cls._some(f"Main Street {number + 1}"),
            "street2": cls._some("Floor 2", share=0.2),
            "zip": cls._some("01001"),
            "city": cls._some("Kyiv", "Berlin"),
            "country": cls._some("UA", "US", "DE", "BR"),
            "state": cls._some("CA", "New York", "Nowhere", share=0.3),
            "company_name": cls._some("Acme", share=0.15),
            "vat": {20: "DE123456788", 40: "BE0477472701"}.get(number),
            "notes": cls._some("Late\narrival", share=0.1),
            "vip": cls._some("gold", share=0.1),
        }
        kind = pick(("person",) * 8 + ("company", "agency", "group"))
        return {
            **cls._envelope("guest", f"G{number}"),
            "kind": kind,
            "values": {key: value for key, value in values.items() if value},
        }

    @classmethod
    def _make_booking(cls, number, guests):
        return {
            **cls._envelope("booking", f"B{number}"),
            "booker": cls.random.choice(guests)["external_id"],
            **cls._given(
                company=cls._some(cls.random.choice(guests)["external_id"], share=0.2),
                agency=cls._some(cls.random.choice(guests)["external_id"], share=0.2),
                confirmation=f"C{number}",
                channel=cls._some("T-CH"),
                group_code=cls._some("GRP", share=0.2),
                status=cls._some("reserved", "cancelled", "unknown"),
                status_raw=cls._some("RES", share=0.3),
                booked_on=cls._some("2025-01-01"),
                cancelled_on=cls._some("2025-01-05", share=0.2),
                warnings=cls._some(["channel:XX"], share=0.1),
            ),
        }

    @classmethod
    def _given(cls, **values):
        return {key: value for key, value in values.items() if value is not None}

    @classmethod
    def _make_stay(cls, number, guests, bookings):
        arrival = date(2025, 1, 1) + timedelta(days=cls.random.randrange(300))
        people = [guest["external_id"] for guest in cls.random.sample(guests, cls.random.randrange(1, 4))]
        roles = ("primary", "sharer", "companion")
        amounts = cls.random.random() < 0.3
        return {
            **cls._envelope("stay", f"S{number}"),
            "arrival": str(arrival),
            "departure": str(arrival + timedelta(days=cls.random.randrange(8))),
            "guest": people[0],
            "guests": [
                {"guest": guest, "role": role, "pays": role != "companion", "sleeps": True}
                for guest, role in zip(people, roles, strict=False)
            ],
            **cls._given(
                booking=cls._some(cls.random.choice(bookings)["external_id"]),
                status=cls._some("reserved", "checked_out", "no_show"),
                eta=cls._some("14:30"),
                checked_in_at=cls._some("2025-02-03 12:30:00"),
                booked_on=cls._some("2025-01-01"),
                room_type=cls._some("DBL"),
                rate_plan=cls._some("BAR"),
                market=cls._some("Direct"),
                channel=cls._some("T-CH"),
                adults=cls._some(0, 1, 2),
                children=cls._some(0, 1),
                purpose=cls._some("leisure"),
                requests=cls._some("Quiet room\n“high floor”"),
                is_pseudo=cls._some(True, False, share=0.2),
                currency=cls._some("USD", "EUR"),
                rate_amount=cls._some("99.5", "120", "80.123"),
                amount_total=cls._some("321.5") if amounts else None,
                amount_fb=cls._some("21.25") if amounts else None,
            ),
        }

    @classmethod
    def _make_reservation(cls, number, guests):
        return {
            **cls._envelope("reservation", f"R{number}"),
            "starts_at": f"2025-03-{1 + number % 28:02d} {number % 24:02d}:15:00",
            "guest": cls.random.choice(guests)["external_id"],
            **cls._given(
                outlet=cls._some("GRL"),
                status=cls._some("booked", "finished"),
                covers=cls._some(1, 2, 5),
                duration=cls._some(90),
                wishes=cls._some("Window"),
                deposit=cls._some("20"),
                channel=cls._some("T-CH"),
            ),
        }

    @classmethod
    def _make_check(cls, number, guests, stays, reservations):
        return {
            **cls._envelope("check", f"K{number}"),
            "closed_at": f"2025-04-{1 + number % 28:02d} {number % 24:02d}:45:00",
            **cls._given(
                guest=cls._some(cls.random.choice(guests)["external_id"]),
                stay=cls._some(cls.random.choice(stays)["external_id"], share=0.3),
                reservation=cls._some(cls.random.choice(reservations)["external_id"], share=0.3),
                refund_of=cls._some("K0", share=0.1) if number else None,
                outlet=cls._some("GRL"),
                number=cls._some(f"#{number}"),
                status=cls._some("paid", "voided"),
                covers=cls._some(2),
                currency=cls._some("USD"),
                amount_total="50.5",
                amount_tip=cls._some("5"),
            ),
        }

    @classmethod
    def _make_charge(cls, number, stays, checks):
        parent = cls.random.choice(stays if number % 2 else checks)
        return {
            **cls._envelope("charge", f"L{number}"),
            parent["entity"]: parent["external_id"],
            "name": "Item",
            **cls._given(
                business_date=cls._some("2025-06-01"),
                department=cls._some("room", "fb", "tax", "tip"),
                quantity=cls._some(2.0),
                amount_gross=cls._some("12.34", "-5"),
                amount_tax=cls._some("1.1"),
                state=cls._some("live", "void", "refund"),
                window=cls._some(2, share=0.2),
            ),
        }

    @classmethod
    def _make_payment(cls, number, stays, checks):
        parent = cls.random.choice(stays if number % 2 else checks)
        return {
            **cls._envelope("payment", f"P{number}"),
            parent["entity"]: parent["external_id"],
            "amount": "99.99",
            **cls._given(method=cls._some("card", "cash"), tip=cls._some("1"), card_last4=cls._some("4242")),
        }
