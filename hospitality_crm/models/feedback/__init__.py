from . import (
    hospitality_review,
    hospitality_bulk_review,
    hospitality_check,
    hospitality_guest_dirty,
    hospitality_guest_tabs,
    hospitality_last_contact,
    hospitality_privacy,
    hospitality_retention_rule,
    hospitality_stay,
    hospitality_timeline,
)
