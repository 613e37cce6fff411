import datetime

from odoo import fields, models
from odoo.tools import SQL

#: A message that couldn't go within this time isn't sent at all.
WORTH = datetime.timedelta(days=7)


class HospitalityMessage(models.Model):
    _inherit = "hospitality.message"

    def _plan_again(self):
        """Let messages that their provider has refused wait to be sent again."""
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_message
                      SET state = 'planned', error = NULL, handed_at = NULL, leased_until = NULL, due_at = NULL,
                          expires_at = %s, decided_at = %s, history = %s
                    WHERE id = ANY(%s) AND state = 'failed'""",
                fields.Datetime.now() + WORTH,
                fields.Datetime.now(),
                self._add_to_history(SQL("reason")),
                self.ids,
            )
        )
        self.invalidate_model(flush=False)
