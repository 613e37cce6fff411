"""Web-hooks of message channels. They check the signature over what came, store it, and answer; lanes act on it."""

import json
import logging
import time

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..engine.messenger import twilio

_logger = logging.getLogger(__name__)

#: Larger than any event of the providers that holds text.
MAX_BYTES = 256 * 1024
PATH = "/hospitality/hook"
#: Longer ones are secret addresses of other addons.
CODE = "<string(maxlength=42):code>"


class MessengerHooks(http.Controller):
    # nosemgrep: setup.lint.odoo-csrf-off - signed by the provider
    @http.route(f"{PATH}/{CODE}", type="http", auth="public", methods=["POST"], csrf=False, save_session=False)
    def receive(self, code, **_form):
        body = _read_body()
        if body is None:
            return _answer(413)
        provider = _find_provider(code)
        if not provider:
            return _answer(401)
        engine = provider._get_engine()
        try:
            credentials = provider._get_credentials()
        except UserError:
            _logger.warning("A web-hook of %s can't be checked: its secrets can't be read", code)
            return _answer(503)
        headers = request.httprequest.headers
        if not engine.verify(credentials, headers, body, time.time()):
            return _answer(401)
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError):
            return _answer(200)  # sent once more it would be the same
        events = [event for event in engine.parse(credentials, headers, payload) if len(event.event_id) <= 200]
        request.env["hospitality.message.event"].sudo()._store(  # the signature is the right to do so
            provider.code, events, provider=provider, company=provider.company_id
        )
        return _answer(200)

    @http.route(f"{PATH}/{CODE}", type="http", auth="public", methods=["GET"], save_session=False)
    def prove(self, code, **_query):
        """Answer WhatsApp's question whether this is our web-hook. Changes nothing."""
        provider = _find_provider(code)
        if not provider or provider.kind != "whatsapp":
            return _answer(401)
        try:
            credentials = provider._get_credentials()
        except UserError:
            return _answer(503)
        challenge = provider._get_engine().challenge(credentials, request.httprequest.args)
        return _answer(401) if challenge is None else _answer(200, challenge)

    # nosemgrep: setup.lint.odoo-csrf-off - signed by the provider
    @http.route(
        "/hospitality/sms/twilio/<int:company_id>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def receive_twilio(self, company_id, **_form):
        """Take what guests answer to text messages; the core doesn't."""
        length = request.httprequest.content_length
        if length is None or length > MAX_BYTES:
            return _answer(413)
        Company = request.env["res.company"].sudo()  # its token checks the signature
        company = Company.search([("id", "=", company_id)])
        if "sms_twilio_auth_token" not in company._fields or not company:
            return _answer(401)
        form = request.httprequest.form.to_dict()
        url = f"{company.get_base_url().rstrip('/')}{request.httprequest.full_path.rstrip('?')}"
        signature = request.httprequest.headers.get("X-Twilio-Signature")
        if not twilio.verify(company.sms_twilio_auth_token or "", url, form, signature):
            return _answer(401)
        event = twilio.parse(form)
        if event:
            request.env["hospitality.message.event"].sudo()._store(  # the signature is the right to do so
                f"twilio-{company.id}", [event], company=company
            )
        return request.make_response("<Response/>", [("Content-Type", "text/xml")])


def _find_provider(code):
    Provider = request.env["hospitality.message.provider"].sudo()  # its secret checks the signature
    return Provider.search([("code", "=", code), ("kind", "!=", "task")], limit=1)


def _read_body():
    """Return the body as it came, None when it is too large or doesn't say how large it is."""
    length = request.httprequest.content_length
    if length is None or length > MAX_BYTES:
        return None
    return request.httprequest.get_data()


def _answer(status, text=""):
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
    if status == 503:
        headers.append(("Retry-After", "60"))
    return request.make_response(text, headers, status=status)
