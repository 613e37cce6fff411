from . import (
    hospitality_connector_words,
    hospitality_connector_cursor,
    hospitality_connector_inbox,
    hospitality_connector_hint,
    hospitality_connector_difference,
    hospitality_connector_outbox,
    hospitality_connector_mapping,
)
