from . import inbox
from . import imports
from . import privacy
