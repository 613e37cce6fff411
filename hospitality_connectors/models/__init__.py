from . import inbox
from . import imports
from . import hook
from . import fetch
from . import health
from . import privacy
