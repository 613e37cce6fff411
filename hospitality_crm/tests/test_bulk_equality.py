import json
import random
from datetime import date, timedelta

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.hospitality_crm.models.bulk.batch import Message

from .common import HospitalityCommon

TABLES = (
    "res.partner",
    "hospitality.profile",
    "hospitality.contact.point",
    "hospitality.contact.link",
    "hospitality.booking",
    "hospitality.reservation",
    "hospitality.stay",
    "hospitality.stay.guest",
    "hospitality.check",
    "hospitality.charge",
    "hospitality.payment",
)
# Who wrote a row and when is no business of the data; ids are compared through business keys.
IGNORED = {"id", "create_date", "write_date", "create_uid", "write_uid", "calendar_last_notif_ack"}
OBSERVED = 1_700_000_000.0
_SYLLABLES = ("bam", "dek", "fiz", "gol", "lur", "max", "neb", "pid", "rov", "vut")


@tagged("post_install", "-at_install")
class TestBulkEquality(HospitalityCommon):
    """Rows written set-wise equal rows written by the ORM in every stored column."""

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

    # The world: 1,000 records, some people known to the source twice

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

    # The two ways to write it

    def _write_in_bulk(self):
        messages = [Message(number, [dict(event)]) for number, event in enumerate(self.events)]
        self.env["hospitality.bulk"]._apply(self.source, messages, {"property_id": self.palace.id})
        self.assertEqual({message.state for message in messages}, {"done"}, [m.problem for m in messages])

    def _write_by_orm(self):
        records = {entity: {} for entity in ("guest", "booking", "reservation", "stay", "check")}
        for event in self.events:
            entity = event["entity"]
            record = getattr(self, f"_orm_{entity}")(event, records)
            if entity in records:
                records[entity][event["external_id"]] = record
        self.env.flush_all()
        for stay in records["stay"].values():
            self._sum_lines(stay)
        self.env.flush_all()

    def _common(self, event, *names):
        values = {name: event[name] for name in ("external_id", "version", "payload_hash", *names) if name in event}
        return {**values, "source_id": self.source.id}

    def _visit(self, event, records, *names):
        values = self._common(event, "status", "status_raw", "booked_on", "cancelled_on", "warnings", *names)
        values["property_id"] = self.palace.id
        for key, value in (("channel", self.channel), ("outlet", self.outlet), ("room_type", self.room_type)):
            if key in event:
                values[f"{key}_id"] = value.id
        if "guest" in event:
            values["profile_id"] = records["guest"][event["guest"]].id
        return values

    def _money(self, event, day, values, *names):
        currency = self.env["res.currency"].search([("name", "=", event.get("currency", "EUR"))])
        values["currency_id"] = currency.id
        if day:
            values["currency_rate"] = self.env["res.currency"]._get_conversion_rate(
                currency, self.company.currency_id, self.company, day
            )
        values.update({name: float(event[name]) for name in names if name in event})
        return values

    def _orm_guest(self, event, _records):
        return self.env["hospitality.profile"].create(
            {
                **self._common(event, "kind", "values"),
                "property_id": self.palace.id,
                "seen_at": self._to_datetime(event["version"]),
            }
        )

    def _to_datetime(self, seconds):
        self.env.cr.execute("SELECT to_timestamp(%s) AT TIME ZONE 'UTC'", [seconds])
        return self.env.cr.fetchone()[0]

    def _orm_booking(self, event, records):
        values = self._visit(event, records, "confirmation", "group_code")
        for key, name in (
            ("booker", "profile_id"),
            ("company", "company_profile_id"),
            ("agency", "agency_profile_id"),
        ):
            if key in event:
                profile = records["guest"][event[key]]
                values[name] = profile.id
                values[name.replace("profile", "partner")] = profile.partner_id.id
        return self.env["hospitality.booking"].create(values)

    def _orm_reservation(self, event, records):
        values = self._visit(event, records, "starts_at", "covers", "duration", "wishes")
        self._money(event, None, values, "deposit")
        # Kyiv is two hours ahead of UTC in winter, three in summer; the day ends at four.
        values["business_date"] = self._business_date(event["starts_at"])
        return self.env["hospitality.reservation"].create(values)

    def _business_date(self, instant):
        self.env.cr.execute(
            "SELECT ((%s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Kyiv') - interval '4 hours')::date",
            [instant],
        )
        return self.env.cr.fetchone()[0]

    def _daypart(self, instant):
        self.env.cr.execute(
            "SELECT extract(hour FROM %s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Kyiv')::int",
            [instant],
        )
        hour = self.env.cr.fetchone()[0]
        limits = ((5, "late"), (11, "breakfast"), (15, "lunch"), (18, "afternoon"), (23, "dinner"), (24, "late"))
        return next(part for end, part in limits if hour < end)

    def _orm_stay(self, event, records):
        values = self._visit(
            event, records,
            *"arrival departure eta checked_in_at rate_plan market adults children purpose requests is_pseudo".split(),
        )  # fmt: skip
        arrival, departure = date.fromisoformat(event["arrival"]), date.fromisoformat(event["departure"])
        self._money(event, arrival, values, "rate_amount", "amount_total", "amount_fb")
        if "booking" in event:
            values["booking_id"] = records["booking"][event["booking"]].id
        if "booked_on" in event:
            values["lead_time"] = (arrival - date.fromisoformat(event["booked_on"])).days
        if "amount_total" in event or "amount_fb" in event:
            values["revenue_basis"] = "source"
            meals = values.get("amount_fb", 0)
            if "amount_total" in values:
                values["amount_room"] = values["amount_total"] - meals
            else:
                values["amount_total"] = meals
        elif "rate_amount" in event:
            values["revenue_basis"] = "rate"
            total = values["rate_amount"] * (departure - arrival).days
            values["amount_room"] = values["amount_total"] = total
        stay = self.env["hospitality.stay"].create(values)
        self.env["hospitality.stay.guest"].create(
            [
                {
                    "stay_id": stay.id,
                    "profile_id": records["guest"][person["guest"]].id,
                    "sequence": sequence,
                    **{key: person[key] for key in ("role", "pays", "sleeps")},
                }
                for sequence, person in enumerate(event["guests"])
            ]
        )
        return stay

    def _orm_check(self, event, records):
        values = self._visit(event, records, "number", "covers", "closed_at")
        values["business_date"] = self._business_date(event["closed_at"])
        values["daypart"] = self._daypart(event["closed_at"])
        for key in ("stay", "reservation"):
            if key in event:
                values[f"{key}_id"] = records[key][event[key]].id
        if "refund_of" in event:
            values["refund_of_id"] = records["check"][event["refund_of"]].id
        self._money(event, values["business_date"], values, "amount_total", "amount_tip")
        return self.env["hospitality.check"].create(values)

    def _parent(self, event, records):
        parent = records["stay"][event["stay"]] if "stay" in event else records["check"][event["check"]]
        return parent, {"stay_id" if "stay" in event else "check_id": parent.id, "currency_id": parent.currency_id.id}

    def _orm_charge(self, event, records):
        parent, values = self._parent(event, records)
        values.update(self._common(event, "name", "department", "quantity", "state", "window", "business_date"))
        values.setdefault("business_date", parent["arrival" if "stay" in event else "business_date"])
        values.update({name: float(event[name]) for name in ("amount_gross", "amount_tax") if name in event})
        if "amount_gross" in values:
            values["amount_net"] = values["amount_gross"] - values.get("amount_tax", 0)
        return self.env["hospitality.charge"].create(values)

    def _orm_payment(self, event, records):
        _parent, values = self._parent(event, records)
        values.update(self._common(event, "method", "card_last4"))
        values.update({name: float(event[name]) for name in ("amount", "tip") if name in event})
        return self.env["hospitality.payment"].create(values)

    def _sum_lines(self, stay):
        lines = stay.charge_ids
        if not lines:
            return
        lines = lines.filtered(lambda line: line.state in ("live", "allowance", "refund"))

        def total(*departments):
            return sum(line.amount_gross for line in lines if line.department in departments)

        tax = sum(line.amount_tax for line in lines if line.department != "tax")
        stay.write(
            {
                "revenue_basis": "lines",
                "amount_room": total("room"),
                "amount_fb": total("fb"),
                "amount_other": total("other", "package", "fee"),
                "amount_tax": total("tax") + tax,
                "amount_total": total("room", "fb", "other", "package", "fee", "tax"),
            }
        )

    # Comparison

    def _dump(self):
        """Return ``{model: {business key: {column: value}}}`` of all rows but those of the common world."""
        self.env.flush_all()
        keys = {model: self._get_keys(model) for model in TABLES}
        dump = {}
        for model in TABLES:
            rows = dump[model] = {}
            for row in self.env.execute_query_dict(
                SQL("SELECT * FROM %s WHERE id > %s", SQL.identifier(self.env[model]._table), self.last_ids[model])
            ):
                key = keys[model][row["id"]]
                self.assertNotIn(key, rows, f"two rows of {model} have the key {key}")
                rows[key] = {
                    name: self._comparable(model, name, value, keys)
                    for name, value in row.items()
                    if name not in IGNORED
                }
        return dump

    def _comparable(self, model, name, value, keys):
        field = self.env[model]._fields.get(name)
        if field is None:  # a column that PostgreSQL generates
            return value
        if value is not None and field.type == "many2one" and field.comodel_name in keys:
            return keys[field.comodel_name][value]
        if value is not None and field.type in ("float", "monetary"):
            return round(float(value), 6)
        return value

    def _get_keys(self, model):
        if model == "res.partner":
            query = SQL(
                "SELECT g.id, coalesce(min(p.external_id), g.id::text) FROM res_partner g"
                " LEFT JOIN hospitality_profile p ON p.partner_id = g.id GROUP BY g.id"
            )
        elif model == "hospitality.contact.point":
            query = SQL("SELECT id, channel || value FROM hospitality_contact_point")
        elif model == "hospitality.contact.link":
            query = SQL(
                "SELECT l.id, p.external_id || ' ' || c.value FROM hospitality_contact_link l"
                " JOIN hospitality_profile p ON p.id = l.profile_id"
                " JOIN hospitality_contact_point c ON c.id = l.point_id"
            )
        elif model == "hospitality.stay.guest":
            query = SQL(
                "SELECT g.id, s.external_id || ' ' || p.external_id || ' ' || g.role FROM hospitality_stay_guest g"
                " JOIN hospitality_profile p ON p.id = g.profile_id JOIN hospitality_stay s ON s.id = g.stay_id"
            )
        else:
            query = SQL("SELECT id, source_id || external_id FROM %s", SQL.identifier(self.env[model]._table))
        return dict(self.env.execute_query(query))

    def _run(self, write):
        with self.env.cr.savepoint() as savepoint:
            write()
            dump = self._dump()
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        return dump

    def test_rows_equal_those_of_the_orm(self):
        self.maxDiff = None
        self.last_ids = {
            model: self.env.execute_query(
                SQL("SELECT coalesce(max(id), 0) FROM %s", SQL.identifier(self.env[model]._table))
            )[0][0]
            for model in TABLES
        }
        ours = self._run(self._write_in_bulk)
        orm = self._run(self._write_by_orm)
        self.assertEqual(len(self.events), 1000)
        for model in TABLES:
            self.assertEqual(sorted(ours[model]), sorted(orm[model]), model)
            self.assertTrue(ours[model], model)
            for key, row in orm[model].items():
                self.assertEqual(ours[model][key], row, f"{model} {key}")
