from odoo import models

from ...engine import mime
from .overrides import is_next


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _build_email__(  # noqa: PLW3201 the core's name
        self,
        email_from,
        email_to,
        subject,
        body,
        email_cc=None,
        email_bcc=None,
        reply_to=False,
        attachments=None,
        message_id=None,
        references=None,
        object_id=False,
        subtype="plain",
        headers=None,
        body_alternative=None,
        subtype_alternative="plain",
    ):
        """Make mails of mailings several times as fast, with the same content.

        Overrides of other addons run as ever; only the core's own implementation is replaced.
        """
        if not (
            self.env.context.get("hospitality_fast_mailing")
            and email_from
            and message_id
            and body_alternative
            and (subtype, subtype_alternative) == ("html", "plain")
            and is_next(self, IrMailServer, "_build_email__", "base")
        ):
            return super()._build_email__(
                email_from=email_from,
                email_to=email_to,
                subject=subject,
                body=body,
                email_cc=email_cc,
                email_bcc=email_bcc,
                reply_to=reply_to,
                attachments=attachments,
                message_id=message_id,
                references=references,
                object_id=object_id,
                subtype=subtype,
                headers=headers,
                body_alternative=body_alternative,
                subtype_alternative=subtype_alternative,
            )
        pairs = [
            *(("Message-Id", message_id), ("References", references), ("Subject", subject or " ")),
            *(("From", email_from), ("Reply-To", reply_to or email_from), ("To", email_to)),
            *(("Cc", email_cc), ("Bcc", email_bcc), ("Date", mime.date_now())),
            *(headers or {}).items(),
        ]
        return _build(pairs, body or "", body_alternative, attachments or ())


def _build(headers, html, plain, attachments):
    message = mime.build(headers, html=html, plain=plain)
    for name, content, mimetype in attachments:
        mime.attach(message, name, content, mimetype)
    return message
