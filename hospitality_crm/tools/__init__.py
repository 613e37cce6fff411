from . import claim, soft_many2one
