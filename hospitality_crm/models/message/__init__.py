from . import (
    hospitality_message,
    hospitality_message_texts,
    hospitality_message_policy,
    hospitality_message_cap,
    hospitality_message_quiet,
    hospitality_message_hold,
    hospitality_gate,
    hospitality_gate_query,
    hospitality_gate_refusal,
    hospitality_gate_wait,
    hospitality_guest_tabs,
    hospitality_consent_state,
)
