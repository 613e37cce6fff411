from . import (
    base,
    batch,
    hospitality_bulk_codes,
    hospitality_bulk_fact,
    hospitality_bulk_visit,
    hospitality_bulk_stay,
    hospitality_bulk_partner,
    hospitality_bulk_attach,
    hospitality_bulk_guest,
    hospitality_bulk_profile,
    hospitality_pending_ref,
    hospitality_bulk,
)
