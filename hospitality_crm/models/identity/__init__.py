from . import (
    hospitality_match_run,
    hospitality_match_part,
    hospitality_match_task,
    hospitality_match_normal,
    hospitality_match_queue,
    hospitality_match_weights,
    hospitality_match,
    hospitality_match_veto,
    hospitality_matcher,
    hospitality_profile,
    hospitality_adoption,
    res_config_settings,
)
