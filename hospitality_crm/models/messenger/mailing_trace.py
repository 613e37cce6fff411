from odoo import models

from ...engine import bounce as engine


class MailingTrace(models.Model):
    """Mailings that have come back, whoever finds out: the address is marked."""

    _inherit = "mailing.trace"

    def set_bounced(self, domain=None, bounce_message=False):
        traces = super().set_bounced(domain=domain, bounce_message=bounce_message)
        if not self.env.context.get("hospitality_bounce_read"):
            kind = engine.severity(bounce_message or "")
            for trace in traces.filtered(lambda t: t.trace_type == "mail" and t.email and kind != engine.NONE):
                points = self.env["hospitality.contact.point"]._find_points("email", [trace.email.lower()])
                points._note_bounce(kind)
                self.env["hospitality.message"]._mark_bounced(
                    self.env["hospitality.message"]._find_mailed([trace.message_id]), points, kind
                )
        return traces
