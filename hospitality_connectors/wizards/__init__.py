from . import hospitality_connector_discard
