from . import place
from . import guest
from . import visit
from . import bulk
from . import settings
