import os
import pathlib
import tempfile
from unittest.mock import patch

from odoo.addons.hospitality_crm.tools import keys

from ..engine import adapter as adapters
from ..engine.adapter import Setting


class KeyFile:
    """A key file of the test's own."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.key_file = pathlib.Path(folder.name, "keys")
        self.key_file.write_text(f"k1:{'ab' * 32}\n")
        variables = patch.dict(os.environ, {keys.VARIABLE: str(self.key_file)})
        variables.start()
        self.addCleanup(variables.stop)


class SecretAdapter(adapters.Adapter):
    """An adapter with settings of every kind, for tests."""

    code = "test_secret"
    name = "Test Secrets"
    settings = (
        Setting("hotel", "Hotel", required=True, help="Its number at the vendor"),
        Setting("region", "Region", choices=("eu", "us"), default="eu"),
        Setting("note", "Note"),
        Setting("api_key", "API Key", secret=True, required=True),
        Setting("hook_key", "Signature Key", secret=True),
    )

    def capabilities(self):
        return adapters.Capabilities(frozenset({"guest"}))

    def parse(self, raw, env):
        return adapters.CanonicalAdapter().parse(raw, env)


def add_adapter(case, cls):
    """Have an adapter registered while a test or test class runs."""
    known = patch.dict(adapters._ADAPTERS, {cls.code: cls})
    known.start()
    (case.addClassCleanup if isinstance(case, type) else case.addCleanup)(known.stop)
