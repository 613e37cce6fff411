from . import (
    hospitality_purpose,
    hospitality_notice,
    hospitality_notice_version,
    hospitality_consent_event,
    hospitality_consent_entry,
    hospitality_consent_payload,
    hospitality_consent_state,
    hospitality_consent_receipt,
    hospitality_profile,
    hospitality_merge,
    res_company,
    res_partner,
)
