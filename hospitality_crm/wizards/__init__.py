from . import hospitality_allergy_withdraw
