from . import hospitality_connector_address
from . import hospitality_connector_discard
