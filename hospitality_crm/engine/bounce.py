"""Returned mail and complaints: delivery status notifications (RFC 3464) and feedback reports (RFC 5965)."""

import re
from email import message_from_bytes
from email.message import Message
from typing import NamedTuple

HARD, SOFT, NONE = "hard", "soft", "none"
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ADDRESS = re.compile(r"[^\s<>;,\"]+@[^\s<>;,\"]+")
_MESSAGE_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")
# Permanent codes (RFC 3463, 3886, 7505) that say something about the message, the mailbox's fill or a policy, not that
# the address doesn't exist.
_NOT_THE_ADDRESS = frozenset({(2, 2), (2, 3), (2, 4), (1, 7), (1, 8), (1, 9)})
_NOT_THE_ADDRESS_CLASSES = frozenset({3, 5, 6, 7})


class Delivery(NamedTuple):
    """What a notification says about one recipient.

    :ivar recipient: address in lower case
    :ivar action: ``failed delayed delivered relayed expanded``
    :ivar status: enhanced code, e.g. ``5.1.1``; empty where there is none
    """

    recipient: str
    action: str
    status: str


class Complaint(NamedTuple):
    """A recipient has called a message unwanted.

    :ivar kind: ``abuse fraud not-spam opt-out ...``
    :ivar recipients: addresses as far as the report tells them
    :ivar message_ids: ids of the messages it is about, with their angle brackets
    """

    kind: str
    recipients: tuple
    message_ids: tuple


def severity(status, action="failed"):
    """Say whether an address is dead: *hard*, *soft* (this time, or this message), *none* (no failure).

    >>> severity("5.1.1"), severity("4.2.2"), severity("5.2.2"), severity("5.7.1"), severity("5.0.0"), severity("2.0.0")
    ('hard', 'soft', 'soft', 'soft', 'hard', 'none')
    >>> severity("5.1.1", "delayed"), severity("")
    ('none', 'soft')
    """
    if action not in ("failed", ""):
        return NONE
    match = _STATUS.search(status or "")
    if not match:
        return SOFT
    kind, subject, detail = map(int, match.groups())
    if kind == 2:
        return NONE
    if kind == 4 or subject in _NOT_THE_ADDRESS_CLASSES or (subject, detail) in _NOT_THE_ADDRESS:
        return SOFT
    return HARD


def severity_of_reply(code, text=""):
    """Say the same of an answer of a mail server, such as ``550 5.1.1 No such user``.

    >>> severity_of_reply(550, "5.1.1 no such user"), severity_of_reply(450), severity_of_reply(552)
    ('hard', 'soft', 'soft')
    """
    match = _STATUS.search(text or "")
    if match:
        return severity(match.group())
    return HARD if code in (550, 551, 553) else SOFT


def read_deliveries(message: Message) -> list[Delivery]:
    """Return what a delivery status notification says, an empty list when it is none."""
    found = []
    for part in _walk(message, "message/delivery-status"):
        for block in part.get_payload() if part.is_multipart() else ():
            recipient = _get_address(block, "Final-Recipient") or _get_address(block, "Original-Recipient")
            if recipient:
                status = _STATUS.search(_get(block, "Status")) or _STATUS.search(_get(block, "Diagnostic-Code"))
                found.append(Delivery(recipient, _get(block, "Action").lower(), status.group() if status else ""))
    return found


def read_complaint(message: Message) -> Complaint | None:
    """Return what a feedback report says, None when the message is none."""
    parts = _walk(message, "message/feedback-report")
    if not parts:
        return None
    report = parts[0].get_payload()
    report = report[0] if isinstance(report, list) and report else parts[0]
    kind = _get(report, "Feedback-Type").lower()
    recipients = [
        address for name in ("Original-Rcpt-To", "Removal-Recipient") for address in _get_addresses(report, name)
    ]
    ids = []
    for original in _get_originals(message):
        ids += _MESSAGE_ID.findall(_get(original, "Message-Id"))
        recipients += _get_addresses(original, "To")
    return Complaint(kind, tuple(dict.fromkeys(recipients)), tuple(dict.fromkeys(ids)))


def _get_originals(message):
    for part in _walk(message, "message/rfc822"):
        payload = part.get_payload()
        if isinstance(payload, list):
            yield from payload[:1]
    for part in _walk(message, "text/rfc822-headers"):
        text = part.get_payload(decode=True) or b""
        yield message_from_bytes(text)


def _walk(message, content_type):
    return [part for part in message.walk() if part.get_content_type() == content_type]


def _get(message, name):
    try:
        return " ".join(str(message.get(name) or "").split())
    except (ValueError, TypeError, IndexError, AttributeError):  # headers that the parser itself can't read
        return ""


def _get_addresses(message, name):
    return [address.lower() for address in _ADDRESS.findall(_get(message, name))]


def _get_address(message, name):
    addresses = _get_addresses(message, name)
    return addresses[0] if addresses else ""
