"""E-mail messages that are made and written hundreds of times a second.

The standard library parses and refolds every header and tries out transfer encodings in Python, which takes longer
than all other work on a message. What is made here is an ordinary ``EmailMessage``: whoever looks at it or changes it
sees no difference; only headers are parsed when somebody asks, and text is encoded by the C library.
"""

import binascii
import datetime
import email
import email.policy
import email.utils
import functools
import re
import secrets
import time
from collections.abc import Iterable
from email.headerregistry import BaseHeader
from email.message import EmailMessage, MIMEPart

POLICY = email.policy.SMTP
#: Longest line that servers must accept, without its end (RFC 5322, 2.1.1).
LONGEST_LINE = 998
_ADDRESS_HEADERS = frozenset({"from", "to", "cc", "bcc", "reply-to", "sender"})
_BREAKS = re.compile(r"[\r\n]")
_LINES = re.compile(r"\r\n|\r")


class Header(str):
    """A header's value as it will be written, parsed when an attribute of a parsed header is asked for.

    >>> to = Header("To", '"Anna K" <anna@example.com>')
    >>> to.addresses[0].addr_spec
    'anna@example.com'
    >>> to.fold(policy=POLICY)
    'To: "Anna K" <anna@example.com>\\r\\n'
    >>> Header("Subject", "Grüße").fold(policy=POLICY)
    'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\\r\\n'
    """

    def __new__(cls, name: str, value: str) -> "Header":
        """
        :raise ValueError: the value holds a line break, which would let it forge further headers
        """
        if _BREAKS.search(value):
            raise ValueError(f"The header {name} has a line break in it: {value!r}")
        self = super().__new__(cls, value)
        self.name = name
        return self

    def __getattr__(self, attribute):
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(parse(self.name, str(self)), attribute)

    def fold(self, *, policy: email.policy.EmailPolicy) -> str:
        """Return the lines of the header. Web addresses are never broken: receivers don't put them together again."""
        text = str(self)
        length = len(self.name) + 2 + len(text)
        if text.isascii() and length <= (policy.max_line_length or LONGEST_LINE if " " in text else LONGEST_LINE):
            return f"{self.name}: {text}{policy.linesep}"
        return _fold(self.name, text, policy)


@functools.lru_cache(maxsize=4096)
def parse(name: str, value: str) -> BaseHeader:
    """Return the standard library's parsed header."""
    return POLICY.header_factory(name, value)


@functools.lru_cache(maxsize=4096)
def _fold(name, text, policy):
    return parse(name, text).fold(policy=policy)


def set_header(part: MIMEPart, name: str, value: object) -> None:
    """Add a header to a message made by :func:`build`.

    :param value: text, or a list of addresses; anything else goes the way of the standard library
    """
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    if not isinstance(value, str):
        part[name] = value
        return
    if name.lower() in _ADDRESS_HEADERS and not value.isascii():
        value = str(parse(name, value))
    part.set_raw(name, Header(name, value))


def text_part(text: str, subtype: str) -> MIMEPart:
    """Return a part with text in UTF-8.

    >>> text_part("5 = five\\nÄ", "plain").get_payload()
    '5 =3D five\\n=C3=84\\n'
    """
    data = (_LINES.sub("\n", text) if "\r" in text else text).removesuffix("\n") + "\n" if text else ""
    encoded = binascii.b2a_qp(data.encode(), istext=True).decode("ascii")
    part = MIMEPart(policy=POLICY)
    part.set_raw("Content-Type", Header("Content-Type", f'text/{subtype}; charset="utf-8"'))
    part.set_raw("Content-Transfer-Encoding", Header("Content-Transfer-Encoding", "quoted-printable"))
    part.set_payload(encoded)
    return part


def build(headers: Iterable[tuple[str, object]], html: str, plain: str) -> EmailMessage:
    """Return a message with an HTML body and its plain text.

    :param headers: pairs of name and value, in their order; see :func:`set_header`. Empty ones are left out.
    """
    message = EmailMessage(policy=POLICY)
    for name, value in headers:
        if value:
            set_header(message, name, value)
    message.set_raw("MIME-Version", Header("MIME-Version", "1.0"))
    boundary = f"=={secrets.token_hex(12)}"  # short enough for one line
    message.set_raw("Content-Type", Header("Content-Type", f'multipart/alternative; boundary="{boundary}"'))
    message.set_payload([text_part(plain, "plain"), text_part(html, "html")])
    return message


def attach(message: EmailMessage, name: str, content: bytes, mimetype: str | None) -> None:
    """Add a file to a message."""
    main, slash, sub = (mimetype or "").partition("/")
    if not slash:
        main, sub = "application", "octet-stream"
    if (main, sub) == ("message", "rfc822"):
        message.add_attachment(email.message_from_bytes(content, policy=POLICY), filename=name)
    else:
        message.add_attachment(content, main, sub, filename=name)


def flatten(message: EmailMessage) -> bytes | None:
    """Return the bytes of a message made by :func:`build`, None when somebody has put more into it.

    The same as the standard library writes, without its general way through all kinds of messages.
    """
    parts = message.get_payload()
    if not isinstance(parts, list) or len(parts) != 2 or not all(_is_plain(part) for part in (message, *parts)):
        return None
    boundary = message["Content-Type"].partition('boundary="')[2].removesuffix('"')
    lines = [_head(message)]
    for part in parts:
        payload = part.get_payload()
        if not boundary or not isinstance(payload, str) or not payload.isascii():
            return None
        lines += (f"--{boundary}\r\n", _head(part), payload.replace("\n", "\r\n"), "\r\n")
    lines.append(f"--{boundary}--\r\n")
    return "".join(lines).encode("ascii")


def _is_plain(part):
    return all(isinstance(value, Header) and name.lower() != "bcc" for name, value in part.raw_items())


def _head(part):
    return "".join([value.fold(policy=POLICY) for _name, value in part.raw_items()]) + "\r\n"


def date_now() -> str:
    """Return the time of a message that is sent now."""
    return _format_date(int(time.time()))


@functools.lru_cache(maxsize=1)
def _format_date(seconds):
    return email.utils.format_datetime(datetime.datetime.fromtimestamp(seconds, datetime.UTC))
