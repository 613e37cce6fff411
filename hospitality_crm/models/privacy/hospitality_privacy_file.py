import base64
import hashlib
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.soft_many2one import SoftMany2one

#: Days that a link for a download is valid.
LINK_DAYS = 7


class HospitalityPrivacyFile(models.Model):
    """The data of a person, made for one download by a link that is valid for some days.

    The link is known to the person alone: the database has a hash of it. The file is deleted with the download, or
    when the link has expired.
    """

    _name = "hospitality.privacy.file"
    _description = "Export of a Person's Data"
    _order = "id desc"
    _rec_name = "request_id"

    request_id = fields.Many2one(
        "hospitality.privacy.request", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = SoftMany2one("res.company", required=True, readonly=True)
    token_hash = fields.Char(readonly=True, size=64, copy=False, groups="base.group_system")
    expires_at = fields.Datetime(readonly=True)
    downloaded_at = fields.Datetime(readonly=True)
    row_count = fields.Integer(string="Rows", readonly=True)
    model_count = fields.Integer(string="Kinds of Records", readonly=True)
    size = fields.Integer(string="Bytes", readonly=True)
    content = fields.Binary(attachment=True, readonly=True, copy=False, groups="base.group_system")

    _token_uniq = models.Constraint("UNIQUE (token_hash)", "Each download has its own link.")

    @api.model
    def _make(self, request):
        """Export the data of the guest of a request; return the link for its download."""
        # The person reads it, not who answers.
        lang = request.partner_id.lang or self.env.lang
        content, facts = self.env["hospitality.privacy.export"].with_context(lang=lang)._make_archive(request)
        token = secrets.token_urlsafe(32)
        self.create(
            {
                "request_id": request.id,
                "company_id": request.company_id.id,
                "token_hash": _hash(token),
                "expires_at": fields.Datetime.now() + timedelta(days=LINK_DAYS),
                "size": len(content),
                "content": base64.b64encode(content),
                **facts,
            }
        )
        return f"{request.get_base_url().rstrip('/')}/hospitality/privacy/file/{token}"

    @api.model
    def _find(self, token):
        """Return the file of a link that is still valid, else an empty one."""
        domain = [
            ("token_hash", "=", _hash(token)),
            ("downloaded_at", "=", False),
            ("expires_at", ">", fields.Datetime.now()),
        ]
        return self.search(domain, limit=1)

    @api.model
    def _take(self, token):
        """Use a link up and return the content as bytes; None when it isn't valid (any more).

        Of two downloads at once one gets the file.
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """UPDATE hospitality_privacy_file SET downloaded_at = now() AT TIME ZONE 'UTC', token_hash = NULL
                    WHERE token_hash = %s AND downloaded_at IS NULL AND expires_at > now() AT TIME ZONE 'UTC'
                RETURNING id""",
                _hash(token),
            )
        )
        if not rows:
            return None
        self.invalidate_model(["downloaded_at", "token_hash"], flush=False)
        file = self.browse(rows[0][0])
        content = base64.b64decode(file.with_context(bin_size=False).content)
        file.request_id._log("downloaded")
        file.request_id._note_access("request")
        file.content = False
        return content

    @api.autovacuum
    def _gc_expired(self):
        expired = self.search([("expires_at", "<", fields.Datetime.now()), ("downloaded_at", "=", False)])
        expired.write({"content": False, "token_hash": False})


def _hash(token):
    return hashlib.sha256(token.encode()).hexdigest()
