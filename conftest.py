"""Lets pytest import the addons' engines: plain Python, below packages that themselves need a running Odoo."""

import pathlib
import sys
import types

for manifest in pathlib.Path(__file__).parent.glob("*/__manifest__.py"):
    package = types.ModuleType(manifest.parent.name)
    package.__path__ = [str(manifest.parent)]
    sys.modules.setdefault(manifest.parent.name, package)
