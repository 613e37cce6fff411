import os
import pathlib
import tempfile
from itertools import permutations
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools import keys

from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestSourceCheckGuest(ConnectorCommon):
    """Checks that name no guest find him by the strongest evidence, also when it arrives later."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (folder / "keys").write_text(f"k1:{'ab' * 32}\n")
        cls.enterClassContext(patch.dict(os.environ, {keys.VARIABLE: str(folder / "keys")}))
        cls.room = cls.env["hospitality.room"].create(
            {"name": "101", "code": "101", "property_id": cls.hotel.id, "room_type_id": cls.room_type.id}
        )
        cls.pos = cls.env["hospitality.source"].create({"name": "POS", "code": "c_pos"})
        cls.till = cls.env["hospitality.connector"].create(
            {"name": "POS", "source_id": cls.pos.id, "property_id": cls.hotel.id}
        )
        cls.Check = cls.env["hospitality.check"]

    def _check(self, key, version=1, **values):
        return {
            "entity": "check",
            "external_id": key,
            "version": version,
            "opened_at": "2025-02-02T18:00:00Z",
            "closed_at": "2025-02-02T19:30:00Z",
            "status": "paid",
            "amount_total": "50",
            **values,
        }

    def _sell(self, *checks):
        return self._send(*checks, connector=self.till)

    def _refresh(self):
        """Do what the lanes of the guests do until nothing is left."""
        self.env.flush_all()
        for _turn in range(5):
            rows = self.env.execute_query(SQL("DELETE FROM hospitality_guest_dirty RETURNING partner_id"))
            if not rows:
                break
            self.env["hospitality.guest.dirty"]._refresh_guests(sorted({row[0] for row in rows}))
        self.env.invalidate_all()

    def _known(self, key):
        self.env.invalidate_all()
        check = self.Check.search([("source_id", "=", self.pos.id), ("external_id", "=", key)])
        self.assertEqual(check.partner_id, check.profile_id.partner_id)
        return check.profile_id.external_id or None, check.guest_evidence or None

    def _add(self, key, version=1, **values):
        names = {"A": "Anna Koval", "B": "Bruno Keller", "C": "Chiara Rossi"}
        self._send(self._guest(key, version, name=names[key], **values))
        return self._profile(key)

    def test_each_kind_of_evidence(self):
        self._add("A", emails=["anna@own-mail.com"], phones=["+380673918264"], memberships=[{"number": "L-77"}])
        self._send(self._stay("S1", guest="A", status="in_house", room="101"))
        self._send(
            {
                "entity": "reservation",
                "external_id": "R1",
                "guest": "A",
                "starts_at": "2025-02-09T18:00:00Z",
                "table": "T5",
                "status": "booked",
            }
        )
        self._sell(
            self._check("K1", loyalty_number="L-77"),
            self._check("K2", room="101"),
            self._check("K3", phone="067 391 82 64"),
            self._check("K4", email="Anna@Own-Mail.com "),
            self._check("K5", loyalty_number="L-77", card_fingerprint="CARD-1"),
            self._check("K6", card_fingerprint="CARD-1"),
            self._check("K7", table="t5", opened_at="2025-02-09T18:10:00Z", closed_at="2025-02-09T20:00:00Z"),
            self._check("K8", table="T5", opened_at="2025-02-09T13:00:00Z", closed_at="2025-02-09T14:00:00Z"),
            self._check("K9"),
        )
        found = {key: self._known(f"K{key}") for key in range(1, 10)}
        self.assertEqual(
            found,
            {
                1: ("A", "loyalty"),
                2: ("A", "room"),
                3: ("A", "phone"),
                4: ("A", "email"),
                5: ("A", "loyalty"),
                6: ("A", "card"),
                7: ("A", "table"),
                8: (None, None),
                9: (None, None),
            },
        )
        checks = self.Check.search([("source_id", "=", self.pos.id)], order="external_id")
        certainty = checks.mapped("guest_confidence")
        self.assertEqual([round(number, 2) for number in certainty], [0.98, 0.95, 0.9, 0.88, 0.98, 0.8, 0.6, 0, 0])
        room = checks.filtered(lambda check: check.external_id == "K2")
        self.assertEqual((room.room_id, room.stay_id), (self.room, self._stay_of("S1")))

    def test_the_guest_whom_the_source_names(self):
        self._add("A", emails=["anna@own-mail.com"])
        self._sell(
            [
                {**self._guest("P1", name="Bruno Keller"), "version": 1},
                self._check("K1", guest="P1", email="anna@own-mail.com"),
            ]
        )
        check = self.Check.search([("external_id", "=", "K1")])
        self.assertEqual((check.profile_id.external_id, check.guest_evidence), ("P1", "guest"))
        self._sell(self._check("K2", guest="P2", email="anna@own-mail.com"))
        self.assertEqual(self._known("K2"), (None, "guest"), "the source says it is somebody else")

    def test_a_card_of_a_guest_whom_the_source_names(self):
        self._sell(
            self._guest("P1", name="Bruno Keller"),
            self._check("K1", guest="P1", card_fingerprint="CARD-9"),
            self._check("K2", card_fingerprint="CARD-9"),
        )
        self.assertEqual(self._known("K2"), ("P1", "card"))
        self._sell(self._check("K3", card_fingerprint="CARD-9"))
        self.assertEqual(self._known("K3"), ("P1", "card"))
        self._sell(self._guest("P2", name="Chiara Rossi"), self._check("K4", guest="P2", card_fingerprint="CARD-9"))
        self._refresh()
        self.assertEqual({self._known(key)[0] for key in ("K2", "K3")}, {None}, "a card of two guests")

    def test_the_strongest_evidence_counts(self):
        self._add("A", emails=["anna@own-mail.com"])
        self._add("B", memberships=[{"number": "L-88"}])
        self._send(self._stay("S1", guest="A", status="in_house", room="101"))
        self._sell(
            self._check("K1", email="anna@own-mail.com", loyalty_number="L-88"),
            self._check("K2", room="101", email="anna@own-mail.com"),
        )
        self.assertEqual(self._known("K1"), ("B", "loyalty"))
        self.assertEqual(self._known("K2"), ("A", "room"))

    def test_what_identifies_nobody(self):
        self._add("A", emails=["same@own-mail.com", "anna@guest.booking.com"], memberships=[{"number": "1"}])
        self._add("B", emails=["same@own-mail.com"], memberships=[{"number": "1"}])
        self.assertNotEqual(self._profile("A").partner_id, self._profile("B").partner_id)
        self._sell(
            self._check("K1", email="same@own-mail.com"),
            self._check("K2", email="anna@guest.booking.com"),
            self._check("K3", loyalty_number="1"),
            self._check("K4", phone="***", email="nobody"),
        )
        self.assertEqual({self._known(f"K{number}") for number in range(1, 5)}, {(None, None)})

    def test_never_by_a_name(self):
        self._add("A", emails=["anna@own-mail.com"])
        record = self._sell(self._check("K1") | {"author": "Anna Koval"})
        self.assertEqual(record.error_code, "unknown_field")

    def test_whose_room_it_was(self):
        self._add("A"), self._add("B")
        self._send(
            self._stay("S1", guest="A", arrival="2025-02-01", departure="2025-02-03", status="checked_out", room="101"),
            self._stay("S2", guest="B", arrival="2025-02-03", departure="2025-02-05", status="in_house", room="101"),
            self._stay("S3", guest="B", arrival="2025-02-01", departure="2025-02-02", status="no_show", room="101"),
        )
        times = {"K1": "2025-02-03T06:00:00Z", "K2": "2025-02-03T18:00:00Z", "K3": "2025-02-01T18:00:00Z"}
        times |= {"K4": "2025-02-05T18:00:00Z"}
        self._sell(*[self._check(key, room="101", opened_at=at, closed_at=at) for key, at in times.items()])
        self.assertEqual([self._known(key)[0] for key in times], ["A", "B", "A", None])
        record = self._sell(self._check("K5", room="999"))
        self.assertEqual(record.warnings, ["room:999"])

    def test_stays_of_the_same_source(self):
        self._sell({**self._guest("P1", name="Bruno Keller")})
        self._sell([self._stay("S1", guest="P1"), self._check("K1", stay="S1", email="x@own-mail.com")])
        self.assertEqual(self._known("K1"), ("P1", "stay"))
        self._sell(self._check("K2", stay="S2"))
        self.assertEqual(self._known("K2"), (None, None))
        self._sell(self._stay("S2", guest="P1"))
        self._refresh()
        self.assertEqual(self._known("K2"), ("P1", "stay"))

    def test_any_order_gives_the_same_end(self):
        def guest(key):
            self._send(
                self._guest(
                    f"A{key}",
                    name=f"Anna Koval{key}",
                    emails=[f"a{key}@own-mail.com"],
                    memberships=[{"number": f"L{key}"}],
                )
            )

        def stay(key):
            self._send(self._stay(f"S{key}", guest=f"A{key}", status="in_house", room=f"R{key}"))

        def checks(key):
            self._sell(
                self._check(f"M{key}", email=f"a{key}@own-mail.com", card_fingerprint=f"C{key}"),
                self._check(f"L{key}", loyalty_number=f"L{key}"),
                self._check(f"R{key}", room=f"R{key}"),
            )

        def card(key):
            self._sell(self._check(f"C{key}", card_fingerprint=f"C{key}"))

        for number, order in enumerate(permutations((guest, stay, checks, card))):
            self.env["hospitality.room"].create(
                {"name": "R", "code": f"R{number}", "property_id": self.hotel.id, "room_type_id": self.room_type.id}
            )
            for step in order:
                step(number)
                if number % 2:
                    self._refresh()
            self._refresh()
            found = [self._known(f"{kind}{number}") for kind in "MLRC"]
            kinds = ("email", "loyalty", "room", "card")
            self.assertEqual(found, [(f"A{number}", kind) for kind in kinds], [step.__name__ for step in order])

    def test_better_evidence_takes_the_place(self):
        self._add("A", emails=["anna@own-mail.com"])
        self._sell(self._check("K1", email="anna@own-mail.com", loyalty_number="L-9"))
        self.assertEqual(self._known("K1"), ("A", "email"))
        self._add("B", memberships=[{"number": "L-9"}])
        self._refresh()
        self.assertEqual(self._known("K1"), ("B", "loyalty"))

    def test_a_number_of_two_guests_is_nobodys(self):
        self._add("A", emails=["same@own-mail.com"])
        self._sell(self._check("K1", email="same@own-mail.com"))
        self.assertEqual(self._known("K1"), ("A", "email"))
        self._add("B", emails=["same@own-mail.com"])
        self._refresh()
        self.assertEqual(self._known("K1"), (None, None))
        self._send({"entity": "guest", "op": "merge", "external_id": "B", "into": "A", "version": 2})
        self._refresh()
        self.assertEqual(self._known("K1"), ("A", "email"))

    def test_whom_a_person_names_stays(self):
        self._add("A", emails=["anna@own-mail.com"])
        other = self._add("B").partner_id
        self._sell(self._check("K1", email="anna@own-mail.com"))
        check = self.Check.search([("external_id", "=", "K1")])
        check.partner_id = other
        self.assertEqual(check.guest_evidence, "person")
        self._sell(self._check("K1", 2, email="anna@own-mail.com", covers=3))
        self._refresh()
        check.invalidate_recordset()
        self.assertEqual((check.partner_id, check.covers, check.guest_evidence), (other, 3, "person"))

    def test_a_snapshot_without_evidence_forgets_it(self):
        self._add("A", emails=["anna@own-mail.com"])
        self._sell(self._check("K1", email="anna@own-mail.com", card_fingerprint="C1"))
        self._sell(self._check("K1", 2))
        self.assertEqual(self._known("K1"), (None, None))
        self._refresh()
        self.assertEqual(self._known("K1"), (None, None))
        self.assertFalse(self.env["hospitality.check.evidence"].search([]))

    def test_nothing_readable_is_kept(self):
        self._sell(
            self._check("K1", phone="+380671234567", card_fingerprint="sq0-fingerprint", loyalty_number="L-12345")
        )
        rows = self.env["hospitality.check.evidence"].search([])
        self.assertEqual(set(rows.mapped("kind")), {"phone", "card", "loyalty"})
        self.assertEqual({len(row.digest) for row in rows}, {64})
        stored = self.env.execute_query(
            SQL("SELECT k::text FROM hospitality_check k UNION ALL SELECT e::text FROM hospitality_check_evidence e")
        )
        for (text,) in stored:
            for secret in ("671234567", "fingerprint", "L-12345"):
                self.assertNotIn(secret, text)

    def test_without_a_key_guests_are_found_but_cards_not(self):
        self._add("A", emails=["anna@own-mail.com"])
        with patch.dict(os.environ, {keys.VARIABLE: ""}):
            records = self._sell(
                self._check("K1", email="anna@own-mail.com", card_fingerprint="C1"),
                self._check("K2", card_fingerprint="C1"),
            )
        self.assertEqual(records.mapped("warnings"), [["no_key"]] * 2)
        self.assertEqual((self._known("K1"), self._known("K2")), (("A", "email"), (None, None)))
        self.assertFalse(self.env["hospitality.check.evidence"].search([]))

    def test_statements_do_not_grow_with_the_number_of_checks(self):
        def count(prefix, number, **values):
            checks = [
                self._check(f"{prefix}{one}", **{k: v.format(one) for k, v in values.items()}) for one in range(number)
            ]
            self._send(*checks, connector=self.till, process=False)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.till._process()
            return self.env.cr.sql_log_count - before

        self._send(
            *[
                self._guest(
                    f"G{one}",
                    name=f"Guest G{one}",
                    emails=[f"g{one}@own-mail.com"],
                    memberships=[{"number": f"L{one}"}],
                )
                for one in range(40)
            ]
        )
        evidence = {
            "email": "g{}@own-mail.com",
            "loyalty_number": "L{}",
            "room": "101",
            "table": "T{}",
            "card_fingerprint": "C{}",
        }
        count("W", 2, **evidence)
        self.assertLessEqual(count("X", 40, **evidence), count("Y", 3, **evidence) + 2)
        self.assertEqual(self._known("X39"), ("G39", "loyalty"))
        self.assertLess(count("Z", 10), count("V", 10, email="g{}@own-mail.com"))
        checks = self.Check.search([("source_id", "=", self.pos.id)])
        partners = checks.partner_id

        def relink(some):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.assertTrue(self.Check._find_connected(some.ids))
            self.Check._relink(self.Check._find_connected(some.ids))
            return self.env.cr.sql_log_count - before

        self.assertGreater(len(partners), 30)
        self.assertLessEqual(relink(partners), relink(partners[:2]))
