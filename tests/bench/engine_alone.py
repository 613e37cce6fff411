"""The matching engine without the package above it: importing that would need Odoo's registry of addons."""

import pathlib
import sys
import types

_package = types.ModuleType("hospitality_crm")
_package.__path__ = [str(pathlib.Path(__file__).parents[2] / "hospitality_crm")]
sys.modules.setdefault("hospitality_crm", _package)

from hospitality_crm.engine import matching  # noqa: E402

__all__ = ["matching"]
