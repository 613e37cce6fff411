from . import (
    hospitality_guest_search,
    hospitality_guest_search_query,
    hospitality_adoption,
    hospitality_guest_dirty,
    hospitality_profile,
    res_partner,
)
