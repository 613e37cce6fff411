from . import test_access
from . import test_adoption
from . import test_alerts
from . import test_allergy
from . import test_delete
from . import test_golden
from . import test_lookup
from . import test_origin
from . import test_guest_search

from . import test_metrics
from . import test_metrics_queue
from . import test_metrics_lanes
