from . import adapter, canonical, files, mapping, types
