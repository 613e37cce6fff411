from . import hospitality_allergy_withdraw
from . import hospitality_consent_record
from . import hospitality_privacy_reason
