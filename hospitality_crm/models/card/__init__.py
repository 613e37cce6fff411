from . import (
    hospitality_guest_facts,
    hospitality_guest_tabs,
    hospitality_guest_card,
    res_partner,
)
