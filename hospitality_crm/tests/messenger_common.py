import os
import pathlib
import tempfile
import threading
from unittest.mock import patch

from odoo.tests import TransactionCase

from ..tools import http as client
from ..tools import keys
from .messenger_vendors import HOOK_SECRET, TOKEN, VIBER_TOKEN, WA_APP_SECRET, WA_TOKEN, WA_VERIFY, Vendors
from .test_gate import GateCommon


class VendorMixin(TransactionCase):
    """A key file, vendors on this machine, and the operator's leave to call them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (folder / "keys").write_text(f"k1:{'ab' * 32}\n")
        cls.key_file = folder / "keys"
        cls.enterClassContext(
            patch.dict(os.environ, {keys.VARIABLE: str(cls.key_file), client.VARIABLE: "127.0.0.1/32"})
        )

    def _start_vendors(self):
        self.vendors = Vendors()
        thread = threading.Thread(target=self.vendors.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.vendors.server_close)
        self.addCleanup(self.vendors.shutdown)
        Provider = self.env["hospitality.message.provider"]
        url = self.vendors.url
        self.telegram = Provider.create(
            {
                "name": "Telegram",
                "code": "telegram",
                "kind": "telegram",
                "username": "palace_bot",
                "api_url": url,
                "token": TOKEN,
                "hook_secret": "hook-secret-x6",
            }
        )
        self.whatsapp = Provider.create(
            {
                "name": "WhatsApp",
                "code": "whatsapp",
                "kind": "whatsapp",
                "username": "+442079460000",
                "phone_number_id": "555",
                "api_url": url,
                "token": WA_TOKEN,
                "app_secret": WA_APP_SECRET,
                "verify_token": WA_VERIFY,
            }
        )
        self.viber = Provider.create(
            {"name": "Viber", "code": "viber", "kind": "viber", "api_url": f"{url}/pa", "token": VIBER_TOKEN}
        )
        self.gateway = Provider.create(
            {"name": "LINE", "code": "line", "kind": "webhook", "api_url": f"{url}/gateway", "secret": HOOK_SECRET}
        )


class MessengerCommon(VendorMixin, GateCommon):
    """Guests with handles at vendors on this machine."""

    def setUp(self):
        super().setUp()
        self.messenger = self.env["hospitality.messenger"]
        self._start_vendors()
        self.lane = self.env.ref("hospitality_crm.cron_messenger_1")
        self.origin = self._mailing()

    @classmethod
    def _create_chatty(cls, handle, granted=True, **values):
        """A guest with a handle, who has agreed to marketing in messengers."""
        if granted:
            guest = cls._create_willing("Chatty Guest", "messenger", **values)
        else:
            guest = cls._create_guest("Quiet Guest", False, **values)
        guest._add_handle(handle)
        return guest

    def _plan(self, guest, text="Hello", origin=None, **values):
        """Plan a message about marketing; return it."""
        purpose = values.pop("purpose", self.marketing)
        channel = values.pop("channel", "messenger")
        origin = origin or self._mailing()
        self.messenger._send(guest, purpose, channel, text, origin, **values)
        return self.Message.search([("origin_id", "=", origin.id), ("partner_id", "=", guest.id)])

    def _run(self, cron=None):
        self.env.flush_all()
        (cron or self.lane).method_direct_trigger()
        self.env.invalidate_all()

    def _point(self, value):
        return self.env["hospitality.contact.point"].search([("value", "=", value)])
