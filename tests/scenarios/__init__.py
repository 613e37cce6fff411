from . import test_demo_full
from . import test_first_day
from . import test_translations
