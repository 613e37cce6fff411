from . import claim, screen_json, select_rows, soft_many2one
