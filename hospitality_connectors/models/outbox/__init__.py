from . import (
    hospitality_connector_outbox,
    hospitality_connector_outbox_values,
    hospitality_connector_outbox_known,
    hospitality_connector,
    hospitality_connector_reader,
    hospitality_told,
    hospitality_alert,
    hospitality_allergy,
    hospitality_preference,
    hospitality_consent_state,
    hospitality_erasure_notice,
    hospitality_guest_dirty,
)
