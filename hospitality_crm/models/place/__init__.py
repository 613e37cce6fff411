from . import (
    hospitality_cached,
    hospitality_code_mixin,
    hospitality_brand,
    hospitality_property,
    hospitality_outlet,
    hospitality_zone,
    hospitality_room_type,
    hospitality_room,
    hospitality_channel,
    res_users,
)
