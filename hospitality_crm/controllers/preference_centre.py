from odoo import http
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal

PATH = "/hospitality/preferences"


class PreferenceCentre(http.Controller):
    """The page by personal link. Looking changes nothing; answers are posted."""

    @http.route(f"{PATH}/<string:token>", type="http", auth="public", methods=["GET"], website=True, sitemap=False)
    def show(self, token, lang=None, saved=None, **_more):
        guest = self._find_guest(token, lang)
        if not guest:
            return _render("hospitality_crm.preference_link_page", {"sent": False}, status=404)
        return _render_page(guest, f"{PATH}/{token}", saved)

    @http.route(f"{PATH}/<string:token>", type="http", auth="public", methods=["POST"], website=True, sitemap=False)
    def save(self, token, lang=None, **answers):
        guest = self._find_guest(token, lang)
        if not guest:
            return _render("hospitality_crm.preference_link_page", {"sent": False}, status=404)
        _save(guest, answers, "preference_centre")
        return request.redirect(f"{PATH}/{token}?saved=1" + (f"&lang={lang}" if lang in _get_langs() else ""))

    @http.route(f"{PATH}/link", type="http", auth="public", methods=["POST"], website=True, sitemap=False)
    def send_link(self, email="", **_more):
        """Send a new link. The answer is the same for everybody."""
        request.env["hospitality.preference.centre"]._send_link(email[:320])
        return _render("hospitality_crm.preference_link_page", {"sent": True})

    def _find_guest(self, token, lang):
        guest = request.env["hospitality.preference.centre"]._find_guest(token)
        langs = _get_langs()
        chosen = next((code for code in (lang, guest.lang, guest.guest_language) if code in langs), None)
        if chosen:
            request.update_context(lang=chosen)
        return guest


class ConsentConfirmation(http.Controller):
    """The link in the e-mail after a form. Mail scanners follow links: looking confirms nothing."""

    ROUTE = "/hospitality/confirm/<string:token>"

    @http.route(ROUTE, type="http", auth="public", methods=["GET"], website=True, sitemap=False)
    def ask(self, token, **_more):
        events = request.env["hospitality.consent.event"]._find_confirmable(token)
        state = "invalid" if not events else "ask" if events._filter_waiting() else "over"
        return self._render_confirmation(events, state)

    @http.route(ROUTE, type="http", auth="public", methods=["POST"], website=True, sitemap=False)
    def confirm(self, token, **_more):
        events = request.env["hospitality.consent.event"]._find_confirmable(token)
        confirmed = events and events._confirm(ip=request.httprequest.remote_addr)
        return self._render_confirmation(events, "done" if confirmed else "over" if events else "invalid")

    def _render_confirmation(self, events, state):
        guest = events.profile_id.partner_id
        if guest.lang in _get_langs():
            request.update_context(lang=guest.lang)
        Event = request.env["hospitality.consent.event"]
        values = {
            "events": events.with_context(lang=request.env.lang),
            "state": state,
            "url": guest and request.env["hospitality.preference.centre"]._get_url(guest),
            "channels": dict(Event._fields["channel"]._description_selection(request.env)),
        }
        return _render("hospitality_crm.confirmation_page", values, status=200 if events else 404)


class PreferencePortal(CustomerPortal):
    @http.route("/my/preferences", type="http", auth="user", methods=["GET"], website=True)
    def my_preferences(self, saved=None, **_more):
        return _render_page(_get_own_guest(), "/my/preferences", saved)

    @http.route("/my/preferences", type="http", auth="user", methods=["POST"], website=True)
    def save_my_preferences(self, **answers):
        _save(_get_own_guest(), answers, "portal")
        return request.redirect("/my/preferences?saved=1")


def _get_own_guest():
    return request.env.user.partner_id.sudo()  # everybody may see what is kept of himself


def _get_langs():
    return {code for code, _name in request.env["res.lang"].get_installed()}


def _save(guest, answers, method):
    Centre = request.env["hospitality.preference.centre"]
    ip = request.httprequest.remote_addr
    if answers.get("refuse_all"):
        Centre._refuse_all(guest, method, ip=ip)
    else:
        Centre._apply(guest, answers, method, ip=ip)


def _render_page(guest, action, saved):
    Centre = request.env["hospitality.preference.centre"]
    page = Centre._get_page(guest.with_context(lang=request.env.lang))
    items = [item for section in page["sections"] for item in section["purposes"]]
    notices = page["guest"].env["hospitality.notice.version"].union(*(item["notice"] for item in items))
    return _render(
        "hospitality_crm.preference_page",
        {
            **page,
            "action": action,
            "saved": bool(saved),
            "notices": notices,
            # In the portal the language is the user's own.
            "langs": [] if action == "/my/preferences" else request.env["res.lang"].get_installed(),
            "channels": dict(
                request.env["hospitality.consent.event"]._fields["channel"]._description_selection(request.env)
            ),
        },
    )


def _render(template, values, status=200):
    """Render a page that must not be kept, framed or told to others by a link, in the direction of its language."""
    direction = request.env["res.lang"]._get_data(code=request.env.lang).direction
    response = request.render(template, {"direction": direction, **values}, status=status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Security-Policy"] = "frame-ancestors 'self'"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
