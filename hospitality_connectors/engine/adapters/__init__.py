"""The adapters, one file each."""

from . import cloudbeds
from . import exely
from . import mews
from . import ohip
from . import poster
from . import square
