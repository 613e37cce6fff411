from . import arrays, claim, online_index, soft_many2one
