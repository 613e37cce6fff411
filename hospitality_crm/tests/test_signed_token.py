import datetime

from freezegun import freeze_time

from odoo import fields
from odoo.tests import TransactionCase, tagged

from ..tools import signed_token

SCOPE = "hospitality-test"


@tagged("post_install", "-at_install")
class TestSignedToken(TransactionCase):
    def _read(self, token, address="anna@example.com", scope=SCOPE):
        self.asked = None

        def find_address(ids):
            self.asked = ids
            return address

        return signed_token.read(self.env, scope, token, find_address)

    def test_holds_for_its_records_address_and_use(self):
        token = signed_token.sign(self.env, SCOPE, (5, 7), "anna@example.com", days=7)
        self.assertEqual((self._read(token), self.asked), ([5, 7], [5, 7]))
        self.assertFalse(self._read(token, address="new@example.com"), "the address is somebody else's by now")
        self.assertFalse(self._read(token, address=None), "the records are gone")
        self.assertFalse(self._read(token, scope="hospitality-other"))
        self.assertIsNone(self.asked, "nothing is looked up for a wrong signature")

    def test_without_an_address(self):
        token = signed_token.sign(self.env, SCOPE, [5], False, days=7)
        self.assertEqual(self._read(token, address=""), [5])
        self.assertFalse(self._read(token))

    def test_ends(self):
        token = signed_token.sign(self.env, SCOPE, [5], "anna@example.com", days=7)
        for days, ids in ((6, [5]), (8, [])):
            with freeze_time(fields.Datetime.now() + datetime.timedelta(days=days)):
                self.assertEqual(self._read(token), ids)

    def test_nonsense_is_no_error(self):
        token = signed_token.sign(self.env, SCOPE, [5], "anna@example.com", days=7)
        for text in ("", "x", "é", "AAAA", token[:-1], f"{token}A", f"Z{token[1:]}"):
            self.assertFalse(self._read(text), text)
