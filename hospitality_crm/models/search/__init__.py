from . import (
    hospitality_guest_search,
    hospitality_profile,
    hospitality_contact_link,
    res_partner,
)
