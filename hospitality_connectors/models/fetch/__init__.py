from . import (
    hospitality_connector_account,
    hospitality_connector_cursor,
    hospitality_connector,
    hospitality_connector_reader,
)
