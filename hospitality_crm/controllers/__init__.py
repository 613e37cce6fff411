from . import preference_centre
from . import mass_mailing
from . import export
from . import privacy
from . import messenger
