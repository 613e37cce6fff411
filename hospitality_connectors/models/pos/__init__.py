from . import hospitality_connector_pos
from . import hospitality_connector
