from . import (
    hospitality_guest_compare,
    hospitality_match,
    hospitality_match_texts,
    hospitality_match_review,
    hospitality_match_decision,
    hospitality_match_bulk,
    hospitality_merge,
    hospitality_merge_by_hand,
    hospitality_guest_tabs,
    hospitality_relation,
    res_partner,
)
