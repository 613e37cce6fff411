import email
import email.policy
import io
from email.generator import BytesGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospitality_crm.engine import mime

LINE = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\u2028\u2029\x85"), max_size=200)
TEXT = st.lists(LINE, max_size=8).map("\n".join)
HEADERS = [
    ("Message-Id", "<1.2@example.com>"),
    ("Subject", "Grüße"),
    ("From", '"House" <news@example.com>'),
    ("To", ['"Anna K" <anna@example.com>']),
    ("List-Unsubscribe", "<https://example.com/" + "x" * 300 + ">"),
]


def parsed(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def content(message, kind):
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


def written_by_library(message):
    with io.BytesIO() as stream:
        BytesGenerator(stream).flatten(message, linesep="\r\n")
        return stream.getvalue()


@given(TEXT, TEXT)
def test_text_arrives_as_it_was(html, plain):
    message = parsed(mime.flatten(mime.build(HEADERS, html, plain)))
    assert content(message, "html").removesuffix("\n") == html.removesuffix("\n")
    assert content(message, "plain").removesuffix("\n") == plain.removesuffix("\n")


@given(TEXT, LINE)
def test_short_way_writes_what_the_library_writes(html, subject):
    message = mime.build([*HEADERS, ("X-Subject", subject)], html, "plain")
    assert mime.flatten(message) == written_by_library(message)


@given(LINE.filter(lambda text: text.strip() == text and "=?" not in text))
def test_headers_arrive_as_they_were(subject):
    message = parsed(mime.flatten(mime.build([("Subject", subject)], "html", "plain")))
    assert " ".join(str(message["Subject"] or "").split()) == " ".join(subject.split())


def test_lines_are_short_but_addresses_stay_whole():
    data = mime.flatten(mime.build([*HEADERS, ("X-Long", "word " * 60)], "<p>" + "y" * 5000 + "</p>", "z" * 2000))
    lines = data.decode().split("\r\n")
    assert [line for line in lines if len(line) > 78] == ["List-Unsubscribe: <https://example.com/" + "x" * 300 + ">"]


@pytest.mark.parametrize("value", ["one\ntwo", "one\r\nBcc: thief@example.com"])
def test_a_header_can_not_forge_another(value):
    with pytest.raises(ValueError, match="line break"):
        mime.build([("Subject", value)], "html", "plain")


def test_what_others_add_is_sent():
    message = mime.build(HEADERS, "html", "plain")
    message["X-Hotel"] = "Palace"
    message.replace_header("From", "Other <other@example.com>")
    mime.attach(message, "menu.pdf", b"%PDF", "application/pdf")
    assert mime.flatten(message) is None, "the library writes it"
    got = parsed(written_by_library(message))
    assert (got["X-Hotel"], got["From"].addresses[0].addr_spec) == ("Palace", "other@example.com")
    [file] = got.iter_attachments()
    assert file.get_content() == b"%PDF"
    assert content(got, "html") == "html\n"


def test_empty_headers_are_left_out():
    assert "Reply-To" not in mime.build([("Reply-To", ""), ("Cc", [])], "html", "plain")
