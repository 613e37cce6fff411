"""The adapters, one file each."""

from . import mews
