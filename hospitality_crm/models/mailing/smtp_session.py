import contextlib
import re
import smtplib

from ...engine import mime
from .overrides import find_overriding

_LINE_DOT = re.compile(rb"^\.", re.MULTILINE)
#: Mails after which a connection is renewed; servers limit them.
MAILS_PER_CONNECTION = 1000


class Lost(Exception):
    """The connection broke before the mail was handed over: it has certainly not been sent."""


class NoServer(Lost):
    """There is no connection to be had."""


class Uncertain(Exception):
    """The connection broke while or after the mail was handed over: nobody knows whether it was sent."""


class Refused(Exception):
    """The mail was certainly not accepted.

    :ivar failure_type: as in `mail.mail`
    """

    def __init__(self, text, failure_type="unknown"):
        super().__init__(text)
        self.failure_type = failure_type


class Watch:
    """Notices when the text of a mail goes out: it is sent as bytes, commands are sent as text.

    :ivar handed: whether the text of the last mail has begun to go out
    """

    def __init__(self, smtp):
        """
        :param smtp: ``smtplib.SMTP``, or None where nothing is sent
        """
        self.handed = False
        self._in_data = False
        if smtp is not None:
            self._smtp = smtp
            self._data, self._send, self._send_message = smtp.data, smtp.send, smtp.send_message
            smtp.data, smtp.send, smtp.send_message = self._watch_data, self._watch_send, self._watch_send_message

    def _watch_send_message(self, message, from_addr=None, to_addrs=None, mail_options=(), rcpt_options=()):
        """Write messages of our own making the short way."""
        text = from_addr and to_addrs and f"{from_addr}{to_addrs}".isascii() and mime.flatten(message)
        if not text:
            return self._send_message(message, from_addr, to_addrs, mail_options, rcpt_options)
        self._smtp.ehlo_or_helo_if_needed()
        if len(to_addrs) > 1 or mail_options or rcpt_options or not self._smtp.has_extn("pipelining"):
            return self._smtp.sendmail(from_addr, to_addrs, text, mail_options, rcpt_options)
        return self._send_in_one_go(from_addr, to_addrs[0], text)

    def _send_in_one_go(self, sender, recipient, text):
        """Do what ``smtplib.SMTP.sendmail`` does without waiting for each answer (RFC 2920).

        :param bytes text: with CRLF line ends
        :raise smtplib.SMTPException: as ``sendmail`` does
        """
        smtp = self._smtp
        size = f" size={len(text)}" if smtp.has_extn("size") else ""
        commands = (
            f"mail FROM:{smtplib.quoteaddr(sender)}{size}",
            f"rcpt TO:{smtplib.quoteaddr(recipient)}",
            "data",
        )
        self._send("".join(f"{command}\r\n" for command in commands).encode("ascii"))
        (mail_code, mail_text), (rcpt_code, rcpt_text), (data_code, data_text) = (smtp.getreply() for _c in commands)
        if mail_code == 250 and rcpt_code in (250, 251) and data_code == 354:
            self.handed = True
            self._send(_LINE_DOT.sub(b"..", text) + b".\r\n")
            data_code, data_text = smtp.getreply()
            if data_code == 250:
                return {}
        elif data_code == 354:  # the server takes a text for nobody
            self._send(b".\r\n")
            smtp.getreply()
        if 421 in (mail_code, rcpt_code, data_code):
            smtp.close()
        else:
            with contextlib.suppress(smtplib.SMTPServerDisconnected):  # the answers were there before
                smtp.rset()
        if mail_code != 250:
            raise smtplib.SMTPSenderRefused(mail_code, mail_text, sender)
        if rcpt_code not in (250, 251):
            raise smtplib.SMTPRecipientsRefused({recipient: (rcpt_code, rcpt_text)})
        raise smtplib.SMTPDataError(data_code, data_text)

    def _watch_data(self, text):
        self._in_data = True
        try:
            return self._data(text)
        finally:
            self._in_data = False

    def _watch_send(self, content):
        if self._in_data and isinstance(content, bytes):
            self.handed = True
        return self._send(content)


class SmtpSession:
    """A connection to a mail server that tells apart what was not sent from what may have been.

    The server's answer to the text of a mail is the moment of truth (RFC 5321, 4.2.5): before the text has gone out, a
    lost connection means that it wasn't sent; after it, that nobody knows.
    """

    def __init__(self, servers, mail_server_id, smtp_from):
        """
        :param servers: ``ir.mail_server`` in the environment of the lane
        :param smtp_from: address for which the server was chosen
        """
        self._servers = servers
        self._mail_server_id = mail_server_id
        self._smtp_from = smtp_from
        self._smtp = None
        self._left = 0
        self._watch = None
        self._prepared = None  # servers in an environment for the last mail
        self._recipients = []  # what that environment's context says about whom the mail goes to
        # Another addon may send without SMTP; then its errors say nothing about what was handed over.
        self._is_opaque = bool(find_overriding(servers, "send_email"))

    def prepare(self, context):
        """Return ``ir.mail_server`` in an environment with a context.

        It is the same one for mails that differ in their recipients alone: the core compares each new environment with
        all that are alive, and looks up user and company in each of them.

        :param dict context: for ``_build_email__`` and ``send_email``
        """
        rest = {name: value for name, value in context.items() if name != "send_validated_to"}
        if self._prepared is None or self._prepared[0] != rest:
            self._recipients = []
            self._prepared = rest, self._servers.with_context(**rest, send_validated_to=self._recipients)
        self._recipients[:] = context.get("send_validated_to") or ()
        return self._prepared[1]

    def send(self, message, context):
        """Hand a mail over, over a new connection when the old one was lost meanwhile.

        :param EmailMessage message: as made by ``_build_email__``
        :param dict context: for ``send_email``
        :return: its Message-Id
        :raise Refused: certainly not accepted
        :raise NoServer: there is no connection, certainly not sent
        :raise Lost: the connection breaks with this mail, certainly not sent
        :raise Uncertain: nobody knows
        """
        for attempt in (1, 2):
            is_new = self._connect()
            try:
                return self._try(message, context)
            except Lost:
                self.close()
                if is_new or attempt == 2:
                    raise
        raise Lost

    def _try(self, message, context):
        self._watch.handed = False
        self._left -= 1
        servers = self.prepare(context)
        try:
            return servers.send_email(message, mail_server_id=self._mail_server_id or None, smtp_session=self._smtp)
        except AssertionError as error:
            raise self._refuse_address(error) from error
        except smtplib.SMTPServerDisconnected as error:
            raise self._lose(error) from error
        except Exception as error:
            cause = error if isinstance(error, smtplib.SMTPException | OSError) else error.__context__
            if isinstance(cause, smtplib.SMTPServerDisconnected | OSError) and not isinstance(
                cause, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused
            ):
                raise self._lose(error) from error
            if isinstance(cause, smtplib.SMTPResponseException) and cause.smtp_code == 421 and not self._watch.handed:
                raise Lost(str(cause)) from error  # the server closes the connection
            if self._is_opaque and not isinstance(cause, smtplib.SMTPException):
                raise Uncertain(str(error)) from error
            raise Refused(_describe(error, cause), _classify(error, cause)) from error

    def _lose(self, error):
        self.close()
        return Uncertain(str(error)) if self._watch.handed or self._is_opaque else Lost(str(error))

    def _refuse_address(self, error):
        servers = self._servers
        kind = {
            servers.NO_VALID_RECIPIENT: "mail_email_invalid",
            servers.NO_VALID_FROM: "mail_from_invalid",
            servers.NO_FOUND_FROM: "mail_from_missing",
            servers.NO_FOUND_SMTP_FROM: "mail_from_missing",
        }.get(error.args[0] if error.args else None, "unknown")
        return Refused(" ".join(str(part) for part in error.args), kind)

    def _connect(self):
        """Open a connection if there is none or its mails are used up; return whether it is new."""
        if self._left > 0:
            return False
        self.close()
        try:
            self._smtp = self._servers._connect__(mail_server_id=self._mail_server_id, smtp_from=self._smtp_from)
        except Exception as error:
            raise NoServer(str(error)) from error
        self._left = MAILS_PER_CONNECTION
        self._watch = Watch(self._smtp)
        return True

    def close(self):
        """End the connection."""
        smtp, self._smtp, self._left = self._smtp, None, 0
        if smtp is not None:
            try:
                smtp.quit()
            except (smtplib.SMTPException, OSError):
                smtp.close()


def _describe(error, cause):
    if isinstance(cause, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {_text(reply)}" for code, reply in cause.recipients.values())
    if isinstance(cause, smtplib.SMTPResponseException):
        return f"{cause.smtp_code} {_text(cause.smtp_error)}"
    return " ".join(str(part) for part in error.args if part) or type(error).__name__


def _text(reply):
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)


def _classify(error, cause):
    if "OutboundSpamException" in str(error):
        return "mail_spam"
    return "mail_email_invalid" if isinstance(cause, smtplib.SMTPRecipientsRefused) else "unknown"
