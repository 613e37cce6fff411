import logging

from psycopg2 import Error as DatabaseError

from odoo import tools

from .overrides import find_class, find_overriding
from .smtp_session import Refused, SmtpSession

_logger = logging.getLogger(__name__)

#: Methods whose overrides by other addons need rows of mails in the database.
ROW_HOOKS = {
    "mail.mail": (
        "create",
        "write",
        "unlink",
        "_send",
        "send",
        "_postprocess_sent_message",
        "_prepare_outgoing_list",
        "_prepare_outgoing_body",
        "_personalize_outgoing_body",
    ),
    "mail.message": ("create", "unlink"),
    "mail.compose.message": ("_generate_mail_notification_values",),
    "mailing.trace": ("create", "write", "set_sent", "set_failed"),
    "res.partner": ("_message_mail_after_hook",),
}
#: Addons of the core whose overrides of these have nothing to do with mails of mailings.
ROW_HOOKS_CORE = frozenset(
    {"account", "website_sale", "sms", "snailmail", "discuss", "im_livechat", "rating", "portal"}
)
#: Addons whose way to make the body of a mail is known.
BODY_ADDONS = frozenset({"mail", "mass_mailing", "hospitality_crm"})


class Letter:
    """A mail that is ready to be handed over.

    :ivar mail: ``mail.mail``
    :ivar parts: list of ``(message, context)``, what the core would send for it
    :ivar session: `SmtpSession`
    :ivar error: `Refused`, when it couldn't be made
    """

    __slots__ = ("error", "mail", "message_id", "parts", "session", "trace_id")

    def __init__(self, trace_id, mail=None, message_id="", error=None):
        self.trace_id = trace_id
        self.mail = mail
        self.message_id = message_id
        self.parts = []
        self.session = None
        self.error = error


class MailingJob:
    """One mailing in one lane: what is the same for all its guests, kept for many batches.

    Mails are rendered by the composer of the core, batch by batch, with everything other addons have added to it. What
    is left out is what the core does over again for each mail: compiling the template, looking up links, looking at
    lists that the gate has looked at, and writing mails to the database that are deleted after they were sent. Where
    an addon may want those rows, or mails are kept, they are written.
    """

    def __init__(self, env, mailing):
        user = mailing.user_id or mailing.write_uid or env.user
        self.mailing = mailing.with_context(
            **env["res.users"].with_user(user).context_get(),
            hospitality_fast_mailing=True,
            hospitality_links={},
            hospitality_body_class=self._find_body_class(env["mail.mail"]),
        )
        self.env = self.mailing.env
        self.needs_rows = mailing.keep_archives or mailing.reply_to_mode != "new" or bool(self._find_row_hooks())
        self._attachments = mailing.attachment_ids
        self._caches = {"hospitality_compiled": {}, "hospitality_link_cache": {}}
        self._composer = None
        self._senders = {}
        self._sessions = {}
        self._servers = {}

    @staticmethod
    def _find_body_class(mails):
        """Return the class whose part in the body of a mail is done at once, None when an addon has changed that."""
        if find_overriding(mails, "_prepare_outgoing_body", BODY_ADDONS):
            return None
        return find_class(mails, "_prepare_outgoing_body", "mass_mailing")

    def _find_row_hooks(self):
        known = ROW_HOOKS_CORE | {"base", "mail", "link_tracker", "mass_mailing", "mass_mailing_sms", "hospitality_crm"}
        return {
            addon
            for model, methods in ROW_HOOKS.items()
            for method in methods
            for addon in find_overriding(self.env[model], method, known)
        }

    # -- rendering -----------------------------------------------------------------------------

    def _get_composer(self):
        """Return the composer that the core would make for the mailing."""
        if self._composer is None:
            mailing, user_partner = self.mailing, self.env.user.partner_id
            is_robot = user_partner == self.env.ref("base.partner_root")
            values = {
                "auto_delete": not mailing.keep_archives,
                "auto_delete_keep_log": mailing.reply_to_mode == "update",
                "author_id": mailing.user_id.partner_id.id if is_robot else user_partner.id,
                "body": mailing._prepend_preview(mailing.body_html or "", mailing.preview),
                "composition_mode": "mass_mail",
                "email_from": mailing.email_from,
                "mail_server_id": mailing.mail_server_id.id,
                "mass_mailing_id": mailing.id,
                "model": mailing.mailing_model_real,
                "reply_to_force_new": mailing.reply_to_mode == "new",
                "subject": mailing.subject,
                "template_id": False,
                "use_exclusion_list": mailing.use_exclusion_list,
            }
            if mailing.reply_to_mode == "new":
                values["reply_to"] = mailing.reply_to
            self._composer = (
                self.env["mail.compose.message"]
                .with_context(
                    default_composition_mode="mass_mail",
                    active_ids=[],
                    **mailing._get_mass_mailing_context(),
                    **self._caches,
                )
                .create(values)
            )
        return self._composer

    def render(self, partner_ids):
        """Return the values of the mails of guests, as the composer gives them.

        :return: dict ``{partner id: values, or Refused}``
        """
        composer = self._get_composer()
        try:
            with self.env.cr.savepoint():
                return self._render(composer, partner_ids)
        except DatabaseError:
            raise
        except Exception as error:
            if len(partner_ids) == 1:
                _logger.info("Mailing %s can't be rendered for %s", self.mailing.id, partner_ids, exc_info=True)
                return {partner_ids[0]: Refused(str(error.__cause__ or error)[:500])}
        # One guest whose mail can't be made must not keep the others from theirs.
        values = {}
        for partner_id in partner_ids:
            values.update(self.render([partner_id]))
        return values

    @staticmethod
    def _render(composer, partner_ids):
        prepared = composer._prepare_mail_values(partner_ids)
        values = composer._manage_mail_values(prepared)
        return {
            partner_id: values.get(partner_id) or Refused("Another addon has withheld the mail.", "mail_optout")
            for partner_id in partner_ids
        }

    # -- mails ---------------------------------------------------------------------------------

    def make_letters(self, guests):
        """Return the letters of guests.

        :param dict guests: ``{message id: (partner id, trace id)}``
        :return: dict ``{message id: Letter}``
        """
        values = self.render([partner_id for partner_id, _trace_id in guests.values()])
        letters, waiting = {}, []
        for message_id, (partner_id, trace_id) in guests.items():
            if isinstance(values[partner_id], Refused):
                letters[message_id] = Letter(trace_id, error=values[partner_id])
            else:
                waiting.append((message_id, trace_id, values[partner_id]))
        mails = self._make_mails([(trace_id, vals) for _message_id, trace_id, vals in waiting])
        for (message_id, trace_id, vals), mail in zip(waiting, mails, strict=True):
            letters[message_id] = letter = Letter(trace_id, mail, vals["message_id"])
            try:
                self._put_into_envelope(letter)
            except (AssertionError, ValueError, UnicodeError) as error:
                letter.error = Refused(" ".join(map(str, error.args)))
        return letters

    def _make_mails(self, rows):
        """Return the mails of ``(trace id, values)``."""
        Mail = self.env["mail.mail"].sudo()  # mails are technical, as in the core
        for _trace_id, values in rows:
            values.pop("mailing_trace_ids", None)
            # As the core has it while it sends: if the worker dies, the queue must not send it once more.
            values.update(state="exception", failure_type="unknown")
        if not self.needs_rows:
            return self._make_virtual(Mail, rows)
        attachments = [(4, attachment.id) for attachment in self._attachments]
        mails = Mail.create(
            [
                {**values, "attachment_ids": attachments, "mailing_trace_ids": [(4, trace_id)]}
                for trace_id, values in rows
            ]
        )
        guests = self.env["res.partner"].browse([values["res_id"] for _trace_id, values in rows])
        guests._message_mail_after_hook(mails)
        return mails

    def _make_virtual(self, Mail, rows):
        """Return mails that have an id of their own and all their values, but no row in the database."""
        if not rows:
            return Mail
        self.env.cr.execute("SELECT nextval('mail_mail_id_seq') FROM generate_series(1, %s)", [len(rows)])
        mails = Mail.browse([row[0] for row in self.env.cr.fetchall()])
        for name, field in Mail._fields.items():
            if name != "id" and field.base_field.store:
                field._update_cache(mails, field.convert_to_cache(False, mails[:1]))
        Mail._fields["attachment_ids"]._update_cache(mails, tuple(self._attachments.ids))
        for mail, (trace_id, values) in zip(mails, rows, strict=True):
            values = {**values, "mailing_trace_ids": [(4, trace_id)]}
            values.pop("attachment_ids", None)
            for name, value in values.items():
                field = Mail._fields.get(name)
                if field is None:
                    continue
                if field.type in ("one2many", "many2many"):
                    cached = tuple(command[1] for command in value or () if command[0] == 4)
                else:
                    cached = field.convert_to_cache(value, mail, validate=False)
                field._update_cache(mail, cached)
        return mails

    def _put_into_envelope(self, letter):
        """Make what is sent for a mail, as ``mail.mail._send`` does."""
        mail = letter.mail
        if mail.email_from not in self._senders:
            addresses = tools.mail.email_split_and_format_normalize(mail.email_from)
            self._senders[mail.email_from] = addresses[0] if addresses else mail.email_from
        email_from = self._senders[mail.email_from]
        server, letter.session = self._get_session(mail, email_from)
        alias = mail.record_alias_domain_id.sudo()  # addresses of the company, as the core reads them
        for email in mail._prepare_outgoing_list(mail_server=mail.mail_server_id or server, doc_to_followers={}):
            context = {"send_validated_to": email.pop("email_to_normalized", [])}
            if alias:
                context["domain_notifications_email"] = alias.default_from_email
                context["domain_bounce_address"] = email["headers"].get("Return-Path") or alias.bounce_email
            message = letter.session.prepare(context)._build_email__(
                email_from=email_from,
                email_to=email["email_to"],
                subject=email["subject"],
                body=email["body"],
                body_alternative=email["body_alternative"],
                email_cc=email["email_cc"],
                reply_to=email["reply_to"],
                attachments=email["attachments"],
                message_id=email["message_id"],
                references=email["references"],
                object_id=email["object_id"],
                subtype="html",
                subtype_alternative="plain",
                headers=email["headers"],
            )
            letter.parts.append((message, context))
        if not letter.parts:
            letter.error = Refused("The mail has no recipient.", "mail_email_missing")

    # -- servers -------------------------------------------------------------------------------

    def _get_session(self, mail, email_from):
        """Return the mail server of a mail and the connection to it, chosen as ``mail.mail`` does."""
        Server = self.env["ir.mail_server"]
        alias = mail.record_alias_domain_id.sudo()  # addresses of the company, as the core reads them
        key = (mail.mail_server_id.id, alias.id, email_from)
        if key not in self._servers:
            server, smtp_from = mail.mail_server_id, email_from
            if not server:
                if alias:
                    Server = Server.with_context(
                        domain_notifications_email=alias.default_from_email, domain_bounce_address=alias.bounce_email
                    )
                every = Server.sudo().search([], order="sequence, id")  # as the core chooses among all
                server, smtp_from = Server._find_mail_server(email_from, mail._filter_mail_mail_servers(every))
            self._servers[key] = (server or self.env["ir.mail_server"], smtp_from)
        server, smtp_from = self._servers[key]
        if (server.id, smtp_from) not in self._sessions:
            self._sessions[server.id, smtp_from] = SmtpSession(self.env["ir.mail_server"], server.id, smtp_from)
        return server, self._sessions[server.id, smtp_from]

    def close(self):
        """End all connections."""
        for session in self._sessions.values():
            session.close()
