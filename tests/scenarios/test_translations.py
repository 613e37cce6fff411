import io
from pathlib import Path

import polib

from odoo.tests import TransactionCase, tagged
from odoo.tools import file_path
from odoo.tools.translate import trans_export

ADDONS = ("hospitality_crm", "hospitality_connectors")


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    def test_templates_hold_every_term(self):
        for addon in ADDONS:
            with self.subTest(addon=addon):
                buffer = io.BytesIO()
                trans_export(False, [addon], buffer, "po", self.env)
                now = {entry.msgid for entry in polib.pofile(buffer.getvalue().decode())}
                path = Path(file_path(f"{addon}/i18n/{addon}.pot"))
                template = {entry.msgid for entry in polib.pofile(str(path))}
                self.assertFalse(
                    now ^ template, f"{path.name} differs from the sources in these terms: run ./setup/i18n"
                )
