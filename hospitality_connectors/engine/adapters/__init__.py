"""The adapters, one file each."""

from . import exely, mews
