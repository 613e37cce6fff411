from . import (
    hospitality_connector_hint,
    hospitality_connector_hook_count,
    hospitality_connector_hook,
    hospitality_connector,
    hospitality_connector_inbox,
    ir_http,
    res_config_settings,
)
