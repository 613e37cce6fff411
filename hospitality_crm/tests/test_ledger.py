import json
import os
import pathlib
import tempfile
from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..models.ledger.hospitality_ledger_anchor import VARIABLE
from ..tools import keys
from .common import ROLE_GROUPS

TABLE = "hospitality_consent_event"
MODEL = "hospitality.consent.event"


@tagged("post_install", "-at_install")
class TestLedger(TransactionCase):
    """What is done to a sealed ledger is refused or found."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.anchors = folder / "anchors.jsonl"
        key_file = folder / "keys"
        key_file.write_text(f"k1:{'ab' * 32}\n")
        cls.key_file = key_file
        cls.enterClassContext(patch.dict(os.environ, {VARIABLE: str(cls.anchors), keys.VARIABLE: str(key_file)}))
        cls.Seal = cls.env["hospitality.ledger.seal"]
        cls.Event = cls.env[MODEL]
        # Entries that other tests or demo data have left are of no concern here.
        cls.env.cr.execute(
            SQL("DELETE FROM hospitality_ledger_pending; ALTER TABLE hospitality_ledger_seal DISABLE TRIGGER USER")
        )
        cls.env.cr.execute(SQL("DELETE FROM hospitality_ledger_seal"))
        cls.env.cr.execute(SQL("ALTER TABLE hospitality_ledger_seal ENABLE TRIGGER USER"))
        with cls._no_triggers():
            cls.env.cr.execute(SQL("TRUNCATE hospitality_consent_event, hospitality_consent_payload"))
        cls.guest = cls.env["res.partner"].create({"name": "Lena Ledger", "is_guest": True})
        cls.purpose = cls.env.ref("hospitality_crm.purpose_marketing")
        cls.ids = [
            cls.Event._record(cls.guest, cls.purpose, "email", decision, method="desk", reason="said so")
            for decision in ("granted", "withdrawn", "granted", "denied", "granted")
        ]
        cls.Seal._seal(MODEL, 100)
        cls.env["hospitality.ledger.anchor"]._anchor(MODEL)

    @classmethod
    def _no_triggers(cls):
        case = cls

        class Off:
            def __enter__(self):
                case.env.cr.execute(SQL("ALTER TABLE hospitality_consent_event DISABLE TRIGGER USER"))

            def __exit__(self, *error):
                if not error[0]:
                    case.env.cr.execute(SQL("ALTER TABLE hospitality_consent_event ENABLE TRIGGER USER"))

        return Off()

    def _refused(self, query):
        with (
            self.assertRaises(psycopg2.errors.RestrictViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(query)

    def _broken(self):
        return self.Seal._verify(MODEL)["broken"]

    def test_sealed_ledger_holds(self):
        self.assertEqual(self.Seal._verify(MODEL), {"ledger": MODEL, "sealed": 5, "waiting": 0, "broken": None})

    def test_orm_refuses(self):
        event = self.Event.browse(self.ids[0])
        for tamper in (
            lambda: event.write({"decision": "denied"}),
            event.unlink,
            lambda: self.Event.create({"profile_id": event.profile_id.id}),
            lambda: event.copy(),
        ):
            with self.assertRaises(UserError):
                tamper()

    def test_rpc_refuses_every_role(self):
        for role, group in ROLE_GROUPS.items():
            user = new_test_user(self.env, login=f"l_{role}", groups=group)
            event = self.Event.with_user(user).browse(self.ids[0])
            with self.assertRaises(UserError):
                event.write({"decision": "denied"})
            with self.assertRaises(UserError):
                event.unlink()

    def test_database_refuses(self):
        self._refused(SQL("UPDATE hospitality_consent_event SET decision = 'denied' WHERE id = %s", self.ids[0]))
        self._refused(SQL("DELETE FROM hospitality_consent_event WHERE id = %s", self.ids[0]))
        self._refused(SQL("TRUNCATE hospitality_consent_event CASCADE"))
        self._refused(SQL("DELETE FROM hospitality_ledger_seal"))
        self._refused(SQL("TRUNCATE hospitality_ledger_seal"))

    def test_deletion_of_the_guest_is_refused(self):
        with (
            self.assertRaises(UserError),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.guest.unlink()
            self.env.flush_all()
        self.assertIsNone(self._broken())

    def test_merge_leaves_the_ledger_alone(self):
        twin = self.env["res.partner"].create({"name": "Lena Ledger", "is_guest": True})
        self.env["hospitality.merge"]._merge_groups([(twin.id, [self.guest.id], {})])
        self.assertIsNone(self._broken())
        self.assertEqual(self.Event.browse(self.ids).profile_id.partner_id, twin)

    def test_changed_row_is_named(self):
        with self._no_triggers():
            self.env.cr.execute(
                SQL("UPDATE hospitality_consent_event SET decision = 'granted' WHERE id = %s", self.ids[3])
            )
        broken = self._broken()
        self.assertEqual((broken.code, broken.row_id, broken.seq), ("changed", self.ids[3], 4))

    def test_deleted_row_is_named(self):
        with self._no_triggers():
            self.env.cr.execute(SQL("DELETE FROM hospitality_consent_payload WHERE event_id = %s", self.ids[1]))
            self.env.cr.execute(SQL("DELETE FROM hospitality_consent_event WHERE id = %s", self.ids[1]))
        broken = self._broken()
        self.assertEqual((broken.code, broken.row_id), ("row_missing", self.ids[1]))

    def test_truncated_ledger_is_found(self):
        with self._no_triggers():
            self.env.cr.execute(SQL("TRUNCATE hospitality_consent_event CASCADE"))
        self.assertEqual(self._broken().code, "row_missing")

    def _cut(self, seq):
        self.env.cr.execute(SQL("ALTER TABLE hospitality_ledger_seal DISABLE TRIGGER USER"))
        self.env.cr.execute(SQL("DELETE FROM hospitality_ledger_seal WHERE seq >= %s", seq))
        self.env.cr.execute(SQL("ALTER TABLE hospitality_ledger_seal ENABLE TRIGGER USER"))

    def test_cut_tail_is_found(self):
        with self._no_triggers():
            self.env.cr.execute(SQL("DELETE FROM hospitality_consent_payload WHERE event_id = %s", self.ids[4]))
            self.env.cr.execute(SQL("DELETE FROM hospitality_consent_event WHERE id = %s", self.ids[4]))
        self._cut(5)
        broken = self._broken()
        self.assertEqual((broken.code, broken.seq), ("cut", 5))

    def test_chain_computed_anew_is_found(self):
        with self._no_triggers():
            self.env.cr.execute(
                SQL("UPDATE hospitality_consent_event SET decision = 'granted' WHERE id = %s", self.ids[3])
            )
        self._cut(1)
        self.env.cr.execute(
            SQL("INSERT INTO hospitality_ledger_pending (ledger, row_id) SELECT %s, unnest(%s)", TABLE, self.ids)
        )
        # Who owns the machine has the key, too; the anchor lies elsewhere.
        self.Seal._seal(MODEL, 100)
        broken = self._broken()
        self.assertEqual((broken.code, broken.seq), ("anchor", 5))

    def test_row_past_the_seal_is_found(self):
        with self._no_triggers():
            self.env.cr.execute(
                SQL(
                    """INSERT INTO hospitality_consent_event
                       (uid, profile_id, company_id, purpose_id, purpose_code, channel, decision, legal_basis, method,
                        actor, decided_at, recorded_at)
                       SELECT 'forged', profile_id, company_id, purpose_id, purpose_code, channel, 'granted',
                              legal_basis, method, actor, decided_at, recorded_at
                         FROM hospitality_consent_event WHERE id = %s
                    RETURNING id""",
                    self.ids[0],
                )
            )
            [(forged,)] = self.env.cr.fetchall()
        broken = self._broken()
        self.assertEqual((broken.code, broken.row_id), ("unsealed", forged))

    def test_new_entries_wait_and_are_sealed_in_order(self):
        added = [
            self.Event._record(self.guest, self.purpose, "sms", "granted", method="desk", reason="said so")
            for _number in range(3)
        ]
        self.assertEqual(self.Seal._verify(MODEL)["waiting"], 3)
        self.assertEqual(self.Seal._seal(MODEL, 2), 2)
        self.assertEqual(self.Seal._seal(MODEL, 2), 1)
        seals = self.Seal.search([("ledger", "=", TABLE), ("seq", ">", 5)], order="seq")
        self.assertEqual(seals.mapped("row_id"), added)
        self.assertIsNone(self._broken())

    def test_key_is_changed_by_a_new_first_line(self):
        old = self.key_file.read_text()
        try:
            self.key_file.write_text(f"k2:{'cd' * 32}\n{old}")
            self.Event._record(self.guest, self.purpose, "sms", "granted", method="desk", reason="said so")
            self.Seal._seal(MODEL, 100)
            self.assertEqual(self.Seal.search([("ledger", "=", TABLE)], order="seq desc", limit=1).key_id, "k2")
            self.assertIsNone(self._broken())
            self.key_file.write_text(f"k2:{'cd' * 32}\n")
            self.assertEqual(self._broken().code, "key_missing")
        finally:
            self.key_file.write_text(old)

    def test_missing_key_says_what_to_do(self):
        with patch.dict(os.environ, {keys.VARIABLE: ""}):
            with self.assertRaisesRegex(UserError, "No key file is named"):
                self.env["hospitality.ledger.anchor"]._verify_all()
            for job in (self.Seal._run_sealer, self.Seal._run_verification):
                with self.assertLogs("odoo.addons.hospitality_crm.models.ledger", "WARNING") as said:
                    job()
                self.assertIn("No key file is named", said.output[0])
        with (
            patch.dict(os.environ, {keys.VARIABLE: "/nowhere/keys"}),
            self.assertRaisesRegex(UserError, "can't be read"),
        ):
            self.env["hospitality.ledger.anchor"]._verify_all()
        old = self.key_file.read_text()
        try:
            self.key_file.write_text("k1:abc\n")
            with self.assertRaisesRegex(UserError, "line 1"):
                self.env["hospitality.ledger.anchor"]._verify_all()
        finally:
            self.key_file.write_text(old)

    def test_anchor_is_written_once_per_head(self):
        lines = self.anchors.read_text().splitlines()
        self.env["hospitality.ledger.anchor"]._anchor(MODEL)
        self.assertEqual(self.anchors.read_text().splitlines(), lines)
        self.assertEqual(json.loads(lines[-1])["seq"], 5)

    def test_officer_is_told(self):
        officer = new_test_user(self.env, login="l_officer", groups=ROLE_GROUPS["dpo"])
        with self._no_triggers():
            self.env.cr.execute(
                SQL("UPDATE hospitality_consent_event SET decision = 'granted' WHERE id = %s", self.ids[3])
            )
        with mute_logger("odoo.addons.hospitality_crm.models.ledger.hospitality_ledger_seal"):
            self.Seal._run_verification()
        told = self.env["mail.notification"].search([("res_partner_id", "=", officer.partner_id.id)])
        self.assertIn(f"entry {self.ids[3]} was changed", told.mail_message_id.body)
        pressed = call_kw(self.Seal.with_user(officer), "action_verify", [self.Seal.search([], limit=1).ids], {})
        self.assertEqual(pressed["params"]["type"], "danger")
        clerk = new_test_user(self.env, login="l_clerk", groups=ROLE_GROUPS["manager"])
        with self.assertRaises(AccessError):
            self.Seal.with_user(clerk).action_verify()
