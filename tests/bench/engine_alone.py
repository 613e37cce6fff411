"""Plain engines and the demo group without the packages above them: importing those would need Odoo's addons."""

import pathlib
import sys
import types

for _name in ("hospitality_crm", "hospitality_connectors"):
    _package = types.ModuleType(_name)
    _package.__path__ = [str(pathlib.Path(__file__).parents[2] / _name)]
    sys.modules.setdefault(_name, _package)

from hospitality_crm.engine import matching  # noqa: E402

__all__ = ["matching"]
