from . import (
    hospitality_touch,
    hospitality_visit,
    hospitality_booking,
    hospitality_stay,
    hospitality_stay_guest,
    hospitality_reservation,
    hospitality_check,
    hospitality_charge,
    hospitality_payment,
)
