from . import arrays, claim, online_index, select_rows, soft_many2one
