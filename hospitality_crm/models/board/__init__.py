from . import (
    hospitality_board,
    hospitality_board_action,
    hospitality_board_notice,
    hospitality_reservation,
    hospitality_stay,
)
