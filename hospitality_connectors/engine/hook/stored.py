"""A request that couldn't be read, as it is kept until somebody has found out why."""

import base64
import hashlib
import json
import re
import urllib.parse

from ..adapter import Raw
from ..redaction import redact, without_cards, without_cards_any
from .request import HookRequest

#: Type of stored rows that are a whole request.
REQUEST = "application/x-hospitality-request+json"
_SECRET_HEADER = re.compile(r"auth|cookie|forward|key|password|proxy|real-ip|secret|sign|token|verify|webhook-id")
_KEPT_HEADER = re.compile(r"(x-|webhook-|ce-).*|content-type|user-agent|accept-language")


def pack(adapter, request):
    """Return a request as a :class:`Raw` that may be stored: redacted, without address, proofs and client.

    The same request is the same row.
    """
    body = _redacted(adapter, request)
    text, encoding = _to_text(body)
    parts = urllib.parse.urlsplit(request.url)
    content = {
        "method": request.method,
        "path": _clean(request.path),
        "query": without_cards(_clean(parts.query)),
        "headers": {
            name: _clean(value)
            for name, value in sorted(request.headers.items())
            if _KEPT_HEADER.fullmatch(name) and not _SECRET_HEADER.search(name)
        },
        "body": text,
        "encoding": encoding,
        "at": request.at,
    }
    digest = hashlib.sha256(f"{request.method}\n{request.path}\n{parts.query}\n".encode("utf-8", "replace"))
    digest.update(request.body)
    return Raw("request", "", json.dumps(content, ensure_ascii=False), REQUEST, f"request:{digest.hexdigest()}")


def unpack(text):
    """Return the :class:`HookRequest` that :func:`pack` has made a row of."""
    content = json.loads(text)
    body = content["body"]
    body = base64.b64decode(body) if content["encoding"] == "base64" else body.encode("utf-8", "surrogatepass")
    url = f"/{content['path']}" + (f"?{content['query']}" if content["query"] else "")
    return HookRequest(content["method"], url, content["path"], content["headers"], body, content["at"])


def redact_any(raw):
    """Return a record without what is known to be sensitive whatever it is; for records that the adapter can't read."""
    try:
        return raw._replace(body=json.dumps(redact(json.loads(raw.body)), ensure_ascii=False))
    except (ValueError, RecursionError):
        return raw._replace(body=without_cards_any(raw.body))


def _redacted(adapter, request):
    raw = Raw("", "", request.body, request.headers.get("content-type", ""))
    try:
        raw = adapter.redact(raw)
    except Exception:
        # It may be made for sound records alone. What is known to be sensitive is taken out below.
        raw = Raw("", "", request.body, "")
    return redact_any(raw).body


def _to_text(body):
    if isinstance(body, bytes):
        try:
            body = body.decode()
        except UnicodeDecodeError:
            return base64.b64encode(body).decode(), "base64"
    return body, "text"


def _clean(text):
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
