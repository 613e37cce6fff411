from . import adapter, canonical, mapping, types
