from . import place
from . import guest
from . import visit
from . import bulk
from . import timeline
from . import card
from . import board
from . import settings
