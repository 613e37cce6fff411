from . import (
    hospitality_connector,
    hospitality_connector_inbox,
    hospitality_connector_leased,
    hospitality_connector_cursor,
    hospitality_connector_mapping,
    hospitality_connector_mapping_proposal,
    hospitality_connector_pipeline,
    res_config_settings,
)
