from . import hospitality_connector_hint
