import os
import pathlib
import tempfile
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.hospitality_crm.models.ledger.hospitality_ledger_anchor import VARIABLE
from odoo.addons.hospitality_crm.tools import keys

from .common import ConnectorCommon

EMAIL = "anna@koval-mail.com"


@tagged("post_install", "-at_install")
class TestErasure(ConnectorCommon):
    """An erased guest doesn't come back by a later delivery, and raw records forget him."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (folder / "keys").write_text(f"k1:{'ab' * 32}\n")
        cls.enterClassContext(
            patch.dict(os.environ, {VARIABLE: str(folder / "anchors.jsonl"), keys.VARIABLE: str(folder / "keys")})
        )

    def _messages(self, version):
        return [
            self._guest("G1", version, name="Anna Koval", emails=[EMAIL], phones=["067 765 43 12"]),
            self._stay("S1", version, guest="G1", status="checked_out", requests="Anna wants a cot", rate_amount="10"),
            self._stay("S2", version, guests=[{"guest": "G1", "role": "primary"}], status="checked_out"),
            self._charge("L1", "S1", version, amount_gross="30"),
        ]

    def _erase(self, key):
        guest = self._profile(key).partner_id
        self.env["hospitality.eraser"]._erase(guest)
        self.env.invalidate_all()
        return guest

    def test_a_later_delivery_does_not_bring_him_back(self):
        self._send(*self._messages(1), self._guest("G2", name="Ben Smith", emails=["ben@smith-mail.com"]))
        stay = self._stay_of("S1")
        guest = self._erase("G1")
        self.assertFalse(self._profile("G1"))
        before = self.env["res.partner"].with_context(active_test=False).search_count([])
        self.assertFalse(self._send(*self._messages(1)), "delivered once already")
        for version in (2, 3):
            rows = self._send(*self._messages(version))
            self.assertEqual(set(rows.mapped("state")), {"done"}, rows.mapped("reason"))
            self.assertFalse(any("Anna" in (body or "") or EMAIL in (body or "") for body in rows.mapped("body")))
        self.env.invalidate_all()
        self.assertEqual(self.env["res.partner"].with_context(active_test=False).search_count([]), before)
        self.assertRegex(guest.name, "^Erased guest")
        self.assertFalse(guest.email)
        self.assertEqual(guest.profile_ids.mapped("state"), ["anonymised"] * len(guest.profile_ids))
        self.assertFalse(self.env["hospitality.contact.point"].search([("value", "=", EMAIL)]))
        self.assertEqual((stay.partner_id, stay.requests, stay.amount_total), (guest, False, 30.0))
        self.assertEqual(self._stay_of("S2").partner_id, guest)
        # Others go on as before.
        self._send(self._guest("G2", 2, name="Ben Smith", emails=["ben@smith-mail.com"], city="Kyiv"))
        self.assertEqual(self._profile("G2").partner_id.city, "Kyiv")

    def test_the_same_key_of_another_source_is_somebody_else(self):
        other = self.connector.copy({"source_id": self.source.copy({"code": "c_pms2"}).id})
        self._send(*self._messages(1))
        self._erase("G1")
        self._send(self._guest("G1", name="Olha Bilyk", emails=["olha@bilyk-mail.com"]), connector=other)
        profile = self.env["hospitality.profile"].search([("source_id", "=", other.source_id.id)])
        self.assertEqual((profile.external_id, profile.partner_id.name), ("G1", "Olha Bilyk"))

    def test_raw_records_are_emptied_whatever_their_state(self):
        own = self._send(*self._messages(1))
        waiting = self._send(self._charge("L9", "S9", name="for Anna Koval", amount_gross="5"))
        broken = self._send({**self._guest("G1", 2, name="Anna Koval"), "kind": "martian"})
        others = self._send(self._guest("G12", name="Ben Smith"))
        late = self._send(self._guest("G1", 5, name="Anna Koval"), process=False)
        self.assertEqual((broken.state, late.state), ("quarantined", "new"))
        self._erase("G1")
        self.assertFalse(any((own[:3] | broken | late).mapped("body")))
        self.assertEqual((broken.state, late.state), ("skipped", "skipped"))
        self.assertFalse(broken.error_message)
        self.assertNotIn("G1", (own[0] | broken | late).mapped("external_id"))
        self.assertTrue(all((others | waiting).mapped("body")))

    def test_records_that_never_arrived(self):
        """What is in quarantine under another key names him by his address alone."""
        self._send(*self._messages(1))
        [stuck, other] = [
            self._send({**self._guest(key, name="A. K.", emails=[email]), "kind": "martian"})
            for key, email in (("G9", "Anna@Koval-mail.com"), ("G10", "joe@koval-mail.com"))
        ]
        self.assertEqual((stuck.state, other.state), ("quarantined", "quarantined"))
        self._erase("G1")
        self.assertEqual((stuck.body, stuck.state), (False, "skipped"))
        self.assertTrue(other.body)

    def test_recipients_are_told(self):
        self._send(*self._messages(1))
        self._erase("G1")
        notice = self.env["hospitality.erasure.notice"].search([("source_id", "=", self.source.id)])
        self.assertEqual((notice.external_id, notice.state, notice.property_id), ("G1", "pending", self.hotel))
        self.assertEqual(self.env["hospitality.erasure.notice"]._get_due(self.source), notice)
        notice._mark_told(confirmed=True)
        self.assertFalse(self.env["hospitality.erasure.notice"]._get_due(self.source))

    def test_an_address_that_comes_back_is_still_suppressed(self):
        self._send(*self._messages(1))
        self._erase("G1")
        self._send(self._guest("G7", name="New Person", emails=[EMAIL]))
        point = self._profile("G7").link_ids.point_id
        Suppression = self.env["hospitality.suppression"]
        suppressed = {row[0] for row in self.env.execute_query(Suppression._get_suppressed_points())}
        self.assertEqual(point.filtered(lambda one: one.value == EMAIL).ids, list(suppressed & set(point.ids)))

    def test_every_model_has_decided(self):
        self.assertFalse(self.env["hospitality.privacy"]._find_undecided())
