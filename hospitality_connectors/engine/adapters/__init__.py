"""The adapters, one file each."""

from . import cloudbeds
from . import square
