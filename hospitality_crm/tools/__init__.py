from . import arrays, claim, select_rows, soft_many2one
