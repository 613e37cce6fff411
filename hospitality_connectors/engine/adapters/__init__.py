"""The adapters, one file each."""

from . import cloudbeds
from . import poster
from . import square
from . import syrve
