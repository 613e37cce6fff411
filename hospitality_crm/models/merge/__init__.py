from . import (
    hospitality_merge,
    hospitality_merge_loser,
    hospitality_merge_line,
    hospitality_merge_source,
    hospitality_merge_refusal,
    hospitality_merge_move,
    hospitality_merge_value,
    hospitality_merge_handler,
    hospitality_merge_undo,
    res_partner,
    base_partner_merge_automatic_wizard,
)
