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
                now = {entry.msgid: entry for entry in polib.pofile(buffer.getvalue().decode())}
                path = Path(file_path(f"{addon}/i18n/{addon}.pot"))
                template = {entry.msgid for entry in polib.pofile(str(path))}
                new = {
                    term
                    for term, entry in now.items()
                    if term not in template and not self._is_of_another_app(addon, entry)
                }
                self.assertFalse(
                    new | (template - now.keys()),
                    f"{path.name} differs from the sources in these terms: run ./setup/i18n",
                )

    def _is_of_another_app(self, addon, entry):
        """Whether a term belongs to what an app that isn't needed has added to our models."""
        return all(self._is_added(addon, *place.split(":")) for place, _line in entry.occurrences)

    def _is_added(self, addon, kind, where, xmlid=""):
        if (kind, where) == ("model", "ir.model,website_form_label"):
            return True
        if (kind, where) != ("model", "ir.model.fields,field_description"):
            return False
        field = self.env.ref(xmlid)
        return addon not in self.env[field.model]._fields[field.name]._modules
