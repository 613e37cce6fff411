from . import hospitality_allergy_withdraw
from . import hospitality_consent_record
from . import hospitality_identity_document_reveal
from . import hospitality_privacy_reason
from . import hospitality_retention_preview
from . import hospitality_consent_void
from . import hospitality_message_compose
