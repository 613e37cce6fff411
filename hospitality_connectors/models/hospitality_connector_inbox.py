import base64

from odoo import fields, models

from odoo.addons.hospitality_crm.tools.soft_many2one import SoftMany2one


class HospitalityConnectorInbox(models.Model):
    """A raw record as the source delivered it, stored before anything is done with it.

    States: *new* waits for a lane; *waiting* was read but refers to a record that has not arrived
    yet (``wait_key``) and is taken up again when it does; *done* is applied, or was older than or
    equal to what is stored; *quarantined* can't be applied, with a reason for people, until
    somebody replays it; *skipped* was discarded by a person, with his reason.
    """

    _name = "hospitality.connector.inbox"
    _description = "Inbox Record"
    _order = "id desc"
    _rec_name = "event_key"
    _log_access = False

    connector_id = SoftMany2one("hospitality.connector", required=True)
    event_key = fields.Char(required=True, readonly=True, help="Unique per delivered event.")
    entity = fields.Char(readonly=True)
    external_id = fields.Char(string="Key in the Source", readonly=True)
    body = fields.Text(readonly=True, help="The record, redacted.")
    encoding = fields.Selection([("text", "Text"), ("base64", "Base64")], default="text", readonly=True)
    content_type = fields.Char(readonly=True)
    version = fields.Float(readonly=True)
    state = fields.Selection(
        [
            ("new", "New"),
            ("waiting", "Waiting for Another Record"),
            ("done", "Done"),
            ("quarantined", "In Quarantine"),
            ("skipped", "Discarded"),
        ],
        required=True,
        default="new",
        readonly=True,
    )
    attempts = fields.Integer(readonly=True)
    error_code = fields.Char(readonly=True)
    error_message = fields.Text(string="Reason", readonly=True)
    error_path = fields.Char(string="Where", readonly=True)
    warnings = fields.Json(readonly=True)
    wait_key = fields.Char(
        string="Waits For", readonly=True, help="Kind and key of the record that is referred to."
    )
    adapter_revision = fields.Integer(readonly=True)
    force = fields.Boolean(readonly=True, help="Apply it even if what is stored says the same.")
    received_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    observed_at = fields.Datetime(readonly=True, help="When the record was read from the source.")
    processed_at = fields.Datetime(readonly=True)
    discard_reason = fields.Char(readonly=True)
    discarded_by_id = SoftMany2one("res.users", readonly=True)

    _event_key_uniq = models.Constraint(
        "UNIQUE (connector_id, event_key)", "The connector has stored this event already."
    )
    _new_idx = models.Index("(connector_id, id) WHERE state = 'new'")
    _quarantine_idx = models.Index("(connector_id, error_code) WHERE state = 'quarantined'")
    _wait_idx = models.Index("(wait_key) WHERE state = 'waiting'")
    _done_idx = models.Index("(processed_at) WHERE state = 'done'")

    def _encode_body(self, body):
        """Return ``(text, encoding)`` under which a body of bytes or text can be stored."""
        if isinstance(body, bytes):
            try:
                body = body.decode()
            except UnicodeDecodeError:
                return base64.b64encode(body).decode(), "base64"
        if "\x00" in body or not _is_encodable(body):
            return base64.b64encode(body.encode("utf-8", "surrogatepass")).decode(), "base64"
        return body, "text"

    def _decode_body(self, body, encoding):
        """Return what :meth:`_encode_body` was given: text, or bytes that are no UTF-8 text."""
        if encoding != "base64":
            return body
        body = base64.b64decode(body)
        try:
            return body.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return body


def _is_encodable(text):
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
