from . import test_access
from . import test_bad_records
from . import test_demo
from . import test_inbox
from . import test_mapping
from . import test_pipeline
