from . import hook
