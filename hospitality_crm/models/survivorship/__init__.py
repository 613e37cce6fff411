from . import (
    hospitality_survivorship_policy,
    hospitality_survivorship_order,
    hospitality_survivorship_preview,
    hospitality_survivorship_range,
    hospitality_source,
)
