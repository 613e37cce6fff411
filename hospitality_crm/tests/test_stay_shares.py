import random

from odoo.tests import tagged
from odoo.tools import SQL

from ..models.bulk.hospitality_bulk import Message
from ..models.visit.visit_tally import PAYER, SLEEPER
from .metrics_common import MetricsCase

ROLES = ["primary", "sharer", "companion", "booker", "payer"]


@tagged("post_install", "-at_install")
class TestStayShares(MetricsCase):
    """Who gets the nights and the spend of a stay is decided when people are written."""

    def _read(self, stay):
        """Shares of the guest of a stay and of its people, as they are stored."""
        self.env.flush_all()
        [(own,)] = self.env.execute_query(SQL("SELECT metric_share FROM hospitality_stay WHERE id = %s", stay.id))
        people = self.env.execute_query(
            SQL("SELECT id, metric_share FROM hospitality_stay_guest WHERE stay_id = %s", stay.id)
        )
        return own, dict(people)

    def _expect(self, stay):
        """The same, told person by person."""
        people = stay.guest_ids.sorted("id")
        if not people:
            return SLEEPER | PAYER, {}
        paying = people.filtered("pays").sorted(lambda p: (p.role != "payer", p.role != "primary", p.sequence, p.id))[
            :1
        ]
        own = 0 if paying else PAYER
        shares = dict.fromkeys(people.ids, 0)
        asleep = set()
        for person in people:
            share = PAYER if person == paying else 0
            if person.sleeps and person.partner_id not in asleep:
                asleep.add(person.partner_id)
                share |= SLEEPER
            if person.partner_id == stay.partner_id:
                own |= share
            else:
                shares[person.id] = share
        return own, shares

    def assertShares(self, stays, message=None):
        for stay in stays:
            self.assertEqual(self._read(stay), self._expect(stay), message)

    def _add(self, stay, guest, **values):
        return self.env["hospitality.stay.guest"].create(
            {"stay_id": stay.id, "partner_id": guest.id, "role": "sharer", **values}
        )

    def test_stay_without_people_is_its_guests(self):
        stay = self._stay(self.anna)
        self.assertEqual(self._read(stay), (SLEEPER | PAYER, {}))

    def test_every_change_of_people(self):
        rng = random.Random(5)
        guests = [self.anna, self.ben, self.carla]
        stays = self._stay(self.anna) | self._stay(self.ben) | self._stay(self.carla)
        Person = self.env["hospitality.stay.guest"]
        for step in range(120):
            stay = rng.choice(stays)
            people = stay.guest_ids
            free = [role for role in ROLES if role not in people.mapped("role")]
            action = rng.choice(["add", "add", "change", "leave", "guest"])
            if action == "add" and free:
                self._add(
                    stay, rng.choice(guests), role=rng.choice(free), pays=rng.random() < 0.5, sleeps=rng.random() < 0.7,
                    sequence=rng.randint(0, 3),
                )  # fmt: skip
            elif action == "change" and people:
                rng.choice(people).write(
                    rng.choice(
                        [
                            {"pays": rng.random() < 0.5},
                            {"sleeps": rng.random() < 0.5},
                            {"sequence": rng.randint(0, 3)},
                            {"partner_id": rng.choice(guests).id},
                        ]
                    )
                )
            elif action == "leave" and people:
                Person.browse(rng.sample(people.ids, rng.randint(1, len(people)))).unlink()
            elif action == "guest":
                stay.partner_id = rng.choice(guests)
            self.assertShares(stays, f"step {step}: {action}")

    def test_two_people_become_one_guest(self):
        stay = self._stay(self.anna, people=[(self.anna, {"pays": False}), (self.ben, {"role": "sharer"})])
        self.assertShares(stay)
        self.assertMetrics(self.ben, stay_count=1)
        profile = self.ben._get_odoo_profile()
        profile.partner_id = self.anna
        self.assertShares(stay)
        self.assertMetrics(self.anna, stay_count=1, night_count=2)
        profile.partner_id = self.ben
        self.assertShares(stay)
        self.assertMetrics(self.ben, stay_count=1)

    def test_merge_and_its_undoing(self):
        stays = self._stay(self.anna, people=[(self.anna, {"pays": False}), (self.ben, {"role": "payer"})])
        stays |= self._stay(self.ben, people=[(self.carla, {}), (self.anna, {"role": "sharer"})])
        stays |= self._stay(self.anna)
        before = [self._read(stay) for stay in stays]
        self._refresh()
        self.assertMetrics(self.ben, stay_count=1)
        merge = self.anna._merge_guests(self.ben)
        self.env.invalidate_all()
        self.assertEqual(stays.partner_id, self.anna)
        self.assertShares(stays)
        self.assertMetrics(self.anna, stay_count=3)
        merge._undo()
        self.env.invalidate_all()
        self.assertEqual([self._read(stay) for stay in stays], before)
        self.assertMetrics(self.ben, stay_count=1)

    def test_payer_who_loses_the_spend_is_queued(self):
        stay = self._stay(self.anna, amount_room=100, revenue_basis="source", people=[(self.anna, {}), (self.ben, {})])
        self._refresh()
        self.env.cr.execute("UPDATE hospitality_stay_guest SET pays = false WHERE partner_id = %s", [self.anna.id])
        self.env["hospitality.stay"]._refresh_shares(stay.ids)
        self.assertEqual(
            set(self.env["hospitality.guest.dirty"].search([]).mapped("partner_id")), {self.anna.id, self.ben.id}
        )
        self.assertMetrics(self.ben, revenue_room=100)
        self.assertMetrics(self.anna, revenue_room=0)

    def _import(self, *events):
        self.version = getattr(self, "version", 0) + 1
        common = {"op": "upsert", "version": self.version, "payload_hash": str(self.version), "observed": 0.0}
        messages = [Message(number, [{**common, **event}]) for number, event in enumerate(events)]
        self.env["hospitality.bulk"]._apply(self.source, messages, {"property_id": self.palace.id})
        self.assertEqual({message.state for message in messages}, {"done"}, [m.problem for m in messages])
        return self.env["hospitality.stay"].search([("source_id", "=", self.source.id), ("external_id", "=", "SH1")])

    def test_import(self):
        guests = [
            {"entity": "guest", "external_id": key, "kind": "person", "values": {"name": name}}
            for key, name in (("SG1", "Uma Thorn"), ("SG2", "Otto Lind"), ("SG3", "Ida Berg"))
        ]
        stay = {
            "entity": "stay", "external_id": "SH1", "status": "checked_out", "arrival": "2026-06-01",
            "departure": "2026-06-03",
        }  # fmt: skip
        one = {"guest": "SG1", "role": "primary", "sleeps": True, "pays": True}
        two = {"guest": "SG2", "role": "sharer", "sleeps": True, "pays": False}
        payer = {"guest": "SG3", "role": "payer", "sleeps": False, "pays": True}
        with self.subTest("a sharer whose profile has not arrived"):
            record = self._import(guests[0], {**stay, "guest": "SG1", "guests": [one, two]})
            self.assertShares(record)
            self.assertEqual(self._read(record)[0], SLEEPER | PAYER)
        with self.subTest("it arrives"):
            self._import(guests[1])
            self.assertShares(record)
            self.assertMetrics(record.guest_ids[1].partner_id, stay_count=1)
        with self.subTest("somebody else pays"):
            self._import(guests[2], {**stay, "guest": "SG1", "guests": [{**one, "pays": False}, two, payer]})
            self.assertShares(record)
            self.assertEqual(self._read(record)[0], SLEEPER)
        with self.subTest("the guest of the stay becomes another"):
            self._import({**stay, "guest": "SG2", "guests": [one, two, payer]})
            self.assertShares(record)
        with self.subTest("only the payer is left"):
            self._import({**stay, "guest": "SG3", "guests": [payer]})
            self.assertShares(record)
            self.assertEqual(self._read(record)[0], PAYER)
        with self.subTest("a new stay of which its only guest does not pay"):
            self.assertShares(self._import({**stay, "external_id": "SH1", "guest": "SG2", "guests": [two]}))

    def test_people_written_past_the_doors(self):
        stay = self._stay(self.anna, people=[(self.anna, {}), (self.ben, {"role": "sharer"})])
        other = self._stay(self.carla)
        self._refresh()
        self.env.cr.execute("UPDATE hospitality_stay SET metric_share = 0")
        self.env.cr.execute("UPDATE hospitality_stay_guest SET metric_share = %s", [PAYER])
        self.env["hospitality.guest.rebuild"]._queue(stays=True)
        while self.env["hospitality.guest.rebuild"]._take():
            continue
        self.assertShares(stay | other)
        self.assertMetrics(self.anna, stay_count=1)
        self.assertMetrics(self.ben, stay_count=1)
        self.assertMetrics(self.carla, stay_count=1)

    def test_update_of_a_filled_database(self):
        stays = self._stay(self.anna, people=[(self.anna, {"pays": False}), (self.ben, {"role": "payer"})])
        stays |= self._stay(self.carla)
        check = self._check(self.anna, total=12.5, dishes=["Soup"])
        self._refresh()
        before = [self._read(stay) for stay in stays]
        for table in ("hospitality_stay", "hospitality_stay_guest", "hospitality_check"):
            self.env.cr.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attname LIKE 'metric%%'", [table]
            )
            for (name,) in self.env.cr.fetchall():
                self.env.cr.execute(SQL("ALTER TABLE %s DROP COLUMN %s", SQL.identifier(table), SQL.identifier(name)))
        for model in ("hospitality.stay", "hospitality.stay.guest", "hospitality.check"):
            self.env[model].init()
        self.assertEqual([self._read(stay) for stay in stays], before)
        self.env.cr.execute("SELECT metric_money FROM hospitality_check WHERE id = %s", [check.id])
        self.assertEqual(self.env.cr.fetchone(), (12_500_000,))
        ids = (self.anna | self.ben | self.carla).ids
        self.assertEqual(self.Metrics._rebuild(min(ids), max(ids)), 0)
