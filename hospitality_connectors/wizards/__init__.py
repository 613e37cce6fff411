from . import hospitality_connector_column
from . import hospitality_connector_columns
from . import hospitality_connector_address
from . import hospitality_connector_discard
