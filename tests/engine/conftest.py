"""Where the engines live, for pytest without an Odoo installation."""

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parents[2] / "hospitality_crm"))
sys.path.insert(0, str(Path(__file__).parent))

# How fast a machine is at this moment is no property of the product.
settings.register_profile("gate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gate")
