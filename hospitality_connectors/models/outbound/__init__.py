from . import hospitality_connector
