from . import test_access
from . import test_guest_search
