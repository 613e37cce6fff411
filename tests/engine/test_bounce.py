"""Delivery status notifications and feedback reports as mail servers write them."""

import doctest
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospitality_crm.engine import bounce

DSN = b"""From: MAILER-DAEMON@mx.example
To: bounce@hotel.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; Anna@Kovalenko.example
Original-Recipient: rfc822;anna@kovalenko.example
Action: %(action)s
Status: %(status)s
Diagnostic-Code: smtp; 550 5.1.1 <anna@kovalenko.example> no such user

--B
Content-Type: message/rfc822

Message-Id: <m1@hotel.example>
To: anna@kovalenko.example
Subject: Offer

Hello
--B--
"""
ARF = b"""From: fbl@provider.example
To: abuse@hotel.example
Subject: FW: Offer
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an email abuse report.

--B
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1
Original-Mail-From: <bounce@hotel.example>
Original-Rcpt-To: <Anna@Kovalenko.example>

--B
Content-Type: %(kind)s

Message-Id: <m1@hotel.example>
To: "Anna" <anna@kovalenko.example>
Subject: Offer

%(rest)s
--B--
"""


def parse(raw):
    return message_from_bytes(raw, policy=policy.SMTP)


def test_doctests():
    result = doctest.testmod(bounce)
    assert result.attempted and not result.failed


@pytest.mark.parametrize(
    ("status", "action", "expected"),
    [
        (b"5.1.1", b"failed", "hard"),
        (b"5.1.2", b"failed", "hard"),
        (b"5.2.1", b"failed", "hard"),
        (b"5.4.4", b"failed", "hard"),
        (b"5.2.2", b"failed", "soft"),
        (b"5.3.4", b"failed", "soft"),
        (b"5.7.1", b"failed", "soft"),
        (b"4.4.7", b"failed", "soft"),
        (b"4.4.7", b"delayed", "none"),
        (b"2.1.5", b"delivered", "none"),
    ],
)
def test_notification(status, action, expected):
    (found,) = bounce.read_deliveries(parse(DSN % {b"status": status, b"action": action}))
    assert found.recipient == "anna@kovalenko.example"
    assert bounce.severity(found.status, found.action) == expected


def test_status_is_taken_from_the_diagnosis_where_it_is_missing():
    (found,) = bounce.read_deliveries(parse(DSN % {b"status": b"", b"action": b"failed"}))
    assert found.status == "5.1.1"


@pytest.mark.parametrize(("kind", "rest"), [(b"message/rfc822", b"Hello"), (b"text/rfc822-headers", b"")])
def test_feedback_report(kind, rest):
    found = bounce.read_complaint(parse(ARF % {b"kind": kind, b"rest": rest}))
    assert found == bounce.Complaint("abuse", ("anna@kovalenko.example",), ("<m1@hotel.example>",))


def test_one_is_not_the_other():
    assert bounce.read_complaint(parse(DSN % {b"status": b"5.1.1", b"action": b"failed"})) is None
    assert bounce.read_deliveries(parse(ARF % {b"kind": b"message/rfc822", b"rest": b""})) == []
    assert bounce.read_deliveries(parse(b"Subject: x\n\nhello")) == []


@given(st.binary(max_size=200), st.integers(0, 1200), st.sampled_from([DSN, ARF]))
def test_nothing_breaks_the_reader(noise, at, template):
    raw = template[:at] + noise + template[at:]
    bounce.read_deliveries(parse(raw))
    bounce.read_complaint(parse(raw))
