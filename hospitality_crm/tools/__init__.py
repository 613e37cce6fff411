from . import arrays, claim, soft_many2one
