from werkzeug.exceptions import BadRequest

from odoo.http import request

from odoo.addons.mass_mailing.controllers.main import MassMailController

from .preference_centre import _render


class GuestMassMailController(MassMailController):
    def _check_mailing_email_token(self, mailing_id, document_id, email, hash_token, required_mailing_id=False):
        if document_id and not str(document_id).isdecimal():
            raise BadRequest
        return super()._check_mailing_email_token(
            mailing_id, document_id, email, hash_token, required_mailing_id=required_mailing_id
        )

    def _mailing_unsubscribe_from_document(self, mailing, document_id, email, hash_token):
        """Let a guest withdraw one purpose of one brand, instead of putting his address on the global list.

        The signature was checked by the caller. Following a link changes nothing: mail scanners do so, too.
        """
        if mailing.mailing_model_real != "res.partner":
            return super()._mailing_unsubscribe_from_document(mailing, document_id, email, hash_token)
        guest = mailing._find_guest(int(document_id or 0), email)
        if not guest:
            return super()._mailing_unsubscribe_from_document(mailing, document_id, email, hash_token)
        done = request.httprequest.method == "POST"
        if done:
            mailing._unsubscribe_guest(guest, ip=request.httprequest.remote_addr)
        Centre = request.env["hospitality.preference.centre"]
        return _render(
            "hospitality_crm.unsubscribe_page",
            {
                "mailing": mailing,
                "done": done,
                "action": mailing._get_unsubscribe_oneclick_url(email, document_id),
                "url": f"/hospitality/preferences/{Centre._get_token(guest)}",
            },
        )
