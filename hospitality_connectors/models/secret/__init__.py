from . import (
    hospitality_connector_secret,
    hospitality_connector,
)
