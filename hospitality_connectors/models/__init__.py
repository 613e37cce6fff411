from . import inbox
from . import imports
from . import secret
from . import hook
from . import privacy
