"""Where the engines live, for pytest without an Odoo installation."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "hospitality_crm"))
sys.path.insert(0, str(Path(__file__).parent))
