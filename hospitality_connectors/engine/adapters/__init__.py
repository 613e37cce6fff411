"""The adapters, one file each."""

from . import cloudbeds
from . import ohip
from . import square
