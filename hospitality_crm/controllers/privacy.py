from odoo import http
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.privacy.hospitality_privacy_intake import PORTAL_FIELDS, TooManyRequests
from ..models.privacy.hospitality_privacy_request import KINDS
from .preference_centre import _get_langs, _render

PATH = "/hospitality/privacy"


class Privacy(http.Controller):
    """The public form, its confirmation, and the download of one's own data. Looking changes nothing."""

    @http.route(PATH, type="http", auth="public", methods=["GET"], website=True, sitemap=False)
    def show_form(self, kind=None, lang=None, **_more):
        _use_lang(lang)
        return _render_form({"kind": kind})

    @http.route(PATH, type="http", auth="public", methods=["POST"], website=True, sitemap=False)
    def submit_form(self, **values):
        """Take a request. The answer is the same for everybody."""
        _use_lang(values.get("lang"))
        Request = request.env["hospitality.privacy.request"].sudo()  # fixed fields, limits, and no answer but thanks
        try:
            result = Request._submit_form(values, request.httprequest.remote_addr)
        except TooManyRequests as error:
            return _refuse(error)
        if result == "invalid":
            return _render_form(values, invalid=True, status=400)
        return _render("hospitality_crm.privacy_thanks_page", {"step": "sent"})

    @http.route(
        f"{PATH}/confirm/<string:token>", type="http", auth="public", methods=["GET"], website=True, sitemap=False
    )
    def show_confirmation(self, token, lang=None, **_more):
        _use_lang(lang)
        found = request.env["hospitality.privacy.request"]._find_unconfirmed(token)
        values = {"valid": bool(found), "action": _keep_lang(f"{PATH}/confirm/{token}", lang), "step": "confirm"}
        return _render("hospitality_crm.privacy_button_page", values, status=200 if found else 404)

    @http.route(
        f"{PATH}/confirm/<string:token>", type="http", auth="public", methods=["POST"], website=True, sitemap=False
    )
    def confirm(self, token, lang=None, **_more):
        _use_lang(lang)
        found = request.env["hospitality.privacy.request"]._find_unconfirmed(token)
        if not found:
            return _render("hospitality_crm.privacy_button_page", {"valid": False, "step": "confirm"}, status=404)
        found._confirm()
        return _render("hospitality_crm.privacy_thanks_page", {"step": "confirmed"})

    @http.route(f"{PATH}/file/<string:token>", type="http", auth="public", methods=["GET"], website=True, sitemap=False)
    def show_download(self, token, lang=None, **_more):
        _use_lang(lang)
        found = request.env["hospitality.privacy.file"].sudo()._find(token)  # the link is the right
        values = {"valid": bool(found), "action": f"{PATH}/file/{token}", "step": "download"}
        return _render("hospitality_crm.privacy_button_page", values, status=200 if found else 404)

    @http.route(
        f"{PATH}/file/<string:token>", type="http", auth="public", methods=["POST"], website=True, sitemap=False
    )
    def download(self, token, **_more):
        content = request.env["hospitality.privacy.file"].sudo()._take(token)  # the link is the right, once
        if content is None:
            return _render("hospitality_crm.privacy_button_page", {"valid": False, "step": "download"}, status=404)
        return request.make_response(
            content,
            [
                ("Content-Type", "application/zip"),
                ("Content-Disposition", 'attachment; filename="my-data.zip"'),
                ("X-Content-Type-Options", "nosniff"),
                ("Cache-Control", "no-store"),
                ("Referrer-Policy", "no-referrer"),
            ],
        )


class PrivacyPortal(CustomerPortal):
    @http.route("/my/privacy", type="http", auth="user", methods=["GET"], website=True)
    def my_privacy(self, kind=None, saved=None, **_more):
        return _render_portal(kind, saved=bool(saved))

    @http.route("/my/privacy", type="http", auth="user", methods=["POST"], website=True)
    def ask_my_privacy(self, **values):
        Request = request.env["hospitality.privacy.request"].sudo()  # fixed fields, of the user's own contact
        try:
            made = Request._submit_portal(_get_own_contact(), values)
        except TooManyRequests as error:
            return _refuse(error)
        if not made:
            return _render_portal(None, status=400)
        return request.redirect("/my/privacy?saved=1")


def _get_own_contact():
    return request.env.user.partner_id.sudo()  # everybody may ask for what is kept of himself


def _use_lang(lang):
    """Speak the language that was chosen on the page or is in the link of a mail."""
    if lang in _get_langs():
        request.update_context(lang=lang)


def _keep_lang(url, lang):
    return f"{url}?lang={lang}" if lang in _get_langs() else url


def _render_form(given, invalid=False, status=200):
    kind = given.get("kind")
    values = {
        "kinds": _get_kinds(),
        "kind": kind if kind in dict(KINDS) else "access",
        "invalid": invalid,
        "given": given,
        "langs": request.env["res.lang"].get_installed(),
        "clock": request.env._("We answer within %(days)s days.", days=request.env.company.hospitality_privacy_days),
    }
    return _render("hospitality_crm.privacy_form_page", values, status=status)


def _render_portal(kind, saved=False, status=200):
    contact = _get_own_contact()
    Request = request.env["hospitality.privacy.request"].sudo()  # his own
    guest = contact.browse(contact._get_merged_targets()[contact.id])
    values = {
        "kinds": _get_kinds(),
        "kind": kind if kind in dict(KINDS) else "access",
        "saved": saved,
        "requests": Request.search([("partner_id", "=", guest.id)], order="id desc", limit=20),
        "fields": [(name, guest._fields[name]._description_string(request.env), guest[name]) for name in PORTAL_FIELDS],
    }
    return _render("hospitality_crm.privacy_portal_page", values, status=status)


def _get_kinds():
    return request.env["hospitality.privacy.request"]._fields["kind"]._description_selection(request.env)


def _refuse(error):
    response = _render("hospitality_crm.privacy_thanks_page", {"step": "later"}, status=429)
    response.headers["Retry-After"] = str(error.seconds)
    return response
