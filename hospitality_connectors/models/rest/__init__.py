from . import hospitality_connector_list
from . import hospitality_connector
