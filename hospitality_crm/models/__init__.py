from . import place
from . import guest
from . import visit
from . import search
from . import settings
