import os
import pathlib
import tempfile
from unittest.mock import patch

from odoo.tools import SQL

from ..models.ledger.hospitality_ledger_anchor import VARIABLE
from ..tools import keys
from .common import HospitalityCommon


class PrivacyCommon(HospitalityCommon):
    """A key file and an erasure list of its own for each class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        key_file = folder / "keys"
        key_file.write_text(f"k1:{'ab' * 32}\n")
        cls.anchors = folder / "anchors.jsonl"
        cls.enterClassContext(patch.dict(os.environ, {VARIABLE: str(cls.anchors), keys.VARIABLE: str(key_file)}))
        cls.Eraser = cls.env["hospitality.eraser"]
        cls.Request = cls.env["hospitality.privacy.request"]
        cls.dpo = cls._create_role_user("dpo")

    @classmethod
    def _request(cls, guest, kind, **values):
        return cls.Request.create({"kind": kind, "partner_id": guest.id, "proof": "document", **values})

    def _erase(self, guest, **values):
        """Ask for the erasure of a guest, approve it and let the job work; return the request."""
        request = self._request(guest, "erasure", **values)
        request.with_user(self.dpo).action_answer()
        request._erase_now()
        return request

    def _count(self, query, *args):
        return self.env.execute_query(SQL(query, *args))[0][0]
