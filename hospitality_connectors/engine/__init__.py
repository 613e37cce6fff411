from . import adapter, canonical, types
