from . import inbox
from . import imports
from . import secret
from . import hook
from . import fetch
from . import health
from . import compare
from . import privacy
