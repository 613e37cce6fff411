from . import arrays, claim, online_index, screen_json, select_rows, soft_many2one, wake
