from . import (
    hospitality_connector_census,
    hospitality_connector_comparison,
    hospitality_connector_difference,
    hospitality_connector,
    hospitality_connector_review,
    hospitality_connector_sample,
)
