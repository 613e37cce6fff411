"""Requests of vendors. Who sends one is proven over the bytes that came, before anything reads them."""

import logging
import re
import time

from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge

from odoo import SUPERUSER_ID, http
from odoo.http import request

from ..engine.adapter import Reply
from ..engine.hook.request import HookRequest
from ..models.hook.hospitality_connector import HOOK_PATH

#: Seconds after which a vendor should try again what we could not take.
RETRY_AFTER = 30
TOKEN = "<string(length=43):token>"
_SECRET_PATH = re.compile(rf"({HOOK_PATH}/)[\w-]{{43}}")


class ConnectorHooks(http.Controller):
    # nosemgrep: setup.lint.odoo-csrf-off - proven by the scheme of the vendor
    @http.route(
        [f"{HOOK_PATH}/{TOKEN}", f"{HOOK_PATH}/{TOKEN}/<path:rest>"],
        type="http",
        auth="hospitality_hook",
        methods=["GET", "POST"],
        csrf=False,
        save_session=False,
    )
    def receive(self, token, rest=""):
        if request.httprequest.method == "OPTIONS":
            # Odoo adds it to the methods of every route.
            raise MethodNotAllowed(["GET", "HEAD", "POST"])
        # Nobody is logged in: the address and the vendor's proof are the right to be heard.
        hooks = request.env(user=SUPERUSER_ID)["hospitality.connector.hook"]
        try:
            body = _read_body(hooks._get_max_bytes())
        except RequestEntityTooLarge:
            return _answer(Reply(hooks._refuse(token, "too_large")))
        if request.httprequest.headers.get("Content-Encoding", "").lower() not in ("", "identity"):
            return _answer(Reply(hooks._refuse(token, "encoded")))
        return _answer(hooks._receive(token, _get_hook_request(token, rest, body)))


def _read_body(limit):
    """Return the body as it came.

    :raise RequestEntityTooLarge: it is longer
    """
    request.httprequest.max_content_length = limit
    return request.httprequest.get_data()


def _get_hook_request(token, rest, body):
    environ = request.httprequest.environ
    raw = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    return HookRequest(
        request.httprequest.method,
        # The connector puts its public address before it.
        f"{HOOK_PATH}/{token}{raw.partition(token)[2]}",
        rest.strip("/"),
        {name.lower(): _to_text(value) for name, value in request.httprequest.headers.items()},
        body,
        time.time(),
    )


def _to_text(value):
    """Return a header as text: servers hand on its bytes one by one."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _answer(reply):
    headers = [("Content-Type", reply.content_type), ("Cache-Control", "no-store")]
    if reply.status == 503:
        headers.append(("Retry-After", str(RETRY_AFTER)))
    return request.make_response(reply.body, headers, status=reply.status)


class HiddenAddress(logging.Filter):
    """Takes the secret part of addresses out of the server's log of requests."""

    def filter(self, record):
        if isinstance(record.args, tuple):
            record.args = tuple(_hide(arg) for arg in record.args)
        record.msg = _hide(record.msg)
        return True


def _hide(value):
    return _SECRET_PATH.sub(r"\1***", value) if isinstance(value, str) and HOOK_PATH in value else value


logging.getLogger("werkzeug").addFilter(HiddenAddress())
