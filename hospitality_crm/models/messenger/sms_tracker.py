from odoo import models
from odoo.tools import SQL

from .sms_sms import PROVIDER


class SmsTracker(models.Model):
    """Receipts of text messages reach the message that the gate knows."""

    _inherit = "sms.tracker"

    def _action_update_from_sms_state(self, sms_state, failure_type=False, failure_reason=False):
        result = super()._action_update_from_sms_state(
            sms_state, failure_type=failure_type, failure_reason=failure_reason
        )
        if sms_state == "sent":  # which is the core's word for delivered
            self._update_messages("delivered")
        return result

    def _action_update_from_provider_error(self, provider_error):
        result = super()._action_update_from_provider_error(provider_error)
        status, failure_type, _reason = result
        points = self._update_messages("bounced" if status == "bounce" else "failed", failure_type)
        points._note_bounce("hard" if failure_type == "sms_invalid_destination" else "soft")
        return result

    def _update_messages(self, state, error=None):
        """Write what the provider says.

        :return: contact points of the messages
        """
        rows = []
        if self:
            rows = self.env.execute_query(
                SQL(
                    """UPDATE hospitality_message
                          SET state = %s, error = %s, sent_at = COALESCE(sent_at, handed_at)
                        WHERE external_ref = ANY(%s) AND provider = %s AND state IN ('sent', 'uncertain')
                    RETURNING point_id""",
                    state,
                    error,
                    self.mapped("sms_uuid"),
                    PROVIDER,
                )
            )
            self.env["hospitality.message"].invalidate_model(flush=False)
        return self.env["hospitality.contact.point"].browse({row[0] for row in rows if row[0]})
