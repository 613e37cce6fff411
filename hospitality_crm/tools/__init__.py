from . import claim, select_rows, soft_many2one
