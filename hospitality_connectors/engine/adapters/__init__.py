"""The adapters, one file each."""

from . import canonical
from . import cloudbeds
from . import exely
from . import google
from . import mews
from . import odoo_pos
from . import ohip
from . import ota
from . import poster
from . import rest
from . import square
from . import syrve
