import json

from odoo import fields, models

from ...engine import reasons
from ...engine.hook import stored
from .hospitality_connector_hook import clean


class HospitalityConnectorInbox(models.Model):
    _inherit = "hospitality.connector.inbox"

    def _note_unreadable(self, error):
        """Keep rows in quarantine.

        :param EventError error: why
        """
        for record in self:
            record.write(
                {
                    "state": "quarantined",
                    "attempts": record.attempts + 1,
                    "error_code": error.code,
                    "error_message": clean(error.message),
                    "error_path": clean(error.path) or False,
                    "error_reason": json.loads(reasons.dump(error.reason) or "null"),
                    "adapter_revision": record.connector_id._get_adapter().revision,
                    "processed_at": fields.Datetime.now(),
                }
            )

    def _replay(self, force=False):
        """Requests that couldn't be read are received once more, the others are read again."""
        requests = self.filtered(lambda record: record.content_type == stored.REQUEST and record.body)
        for record in requests:
            record._receive_again()
        return super(HospitalityConnectorInbox, self - requests)._replay(force)

    def _receive_again(self):
        """Store what a request has brought that couldn't be read when it came."""
        self.ensure_one()
        connector = self.connector_id
        hooks = self.env["hospitality.connector.hook"]
        adapter = connector._get_adapter()
        records, hints, error = hooks._read(connector, adapter, stored.unpack(self.body), connector._get_adapter_env())
        if error:
            return self._note_unreadable(error)
        hooks._store_all(connector, adapter, records, hints)
        self.write({"state": "done", "attempts": self.attempts + 1, "processed_at": fields.Datetime.now()})
