from . import (
    hospitality_match_run,
    hospitality_match,
    hospitality_match_veto,
)
