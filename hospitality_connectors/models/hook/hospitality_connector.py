import datetime
import secrets
import time
import urllib.parse

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import NO_ACCESS

from odoo.addons.hospitality_crm.tools.claim import lane_env

from ...engine.adapter import EVENTS
from .hospitality_connector_hook import hash_token
from .hospitality_connector_hook_count import OUTCOMES

HOOK_PATH = "/hospitality/hook"
#: How long the address before still works after a new one was made.
OLD_ADDRESS = datetime.timedelta(days=1)
#: Requests wake the lanes at most once in so many seconds.
WAKE_SECONDS = 1.0
#: How long a lane that requests have woken waits for more of them: longer than nobody is woken.
LINGER_SECONDS = 1.5
STEP_SECONDS = 20
_woken = {}


class HospitalityConnector(models.Model):
    """The address at which the vendor reaches us."""

    _inherit = "hospitality.connector"

    public_url = fields.Char(
        string="Public Address",
        help="Address of this server as the vendor knows it, such as https://crm.example.com. Signatures may cover it."
        " Empty: that of the system.",
    )
    has_hook = fields.Boolean(compute="_compute_has_hook")
    # The address is a secret; its hash is all that is needed to recognise it.
    hook_digest = fields.Char(copy=False, groups=NO_ACCESS)
    hook_digest_old = fields.Char(copy=False, groups=NO_ACCESS)
    hook_made_at = fields.Datetime(string="Address Made", copy=False, readonly=True)
    hook_old_until = fields.Datetime(
        string="Former Address Works Until", copy=False, readonly=True, help="Have the vendor use the new one by then."
    )
    hook_last_at = fields.Datetime(string="Last Request", compute="_compute_hook_counts")
    hook_today = fields.Json(string="Requests Today", compute="_compute_hook_counts")
    hook_yesterday = fields.Json(string="Requests Yesterday", compute="_compute_hook_counts")

    _hook_digest_idx = models.UniqueIndex("(hook_digest) WHERE hook_digest IS NOT NULL")
    _hook_digest_old_idx = models.UniqueIndex("(hook_digest_old) WHERE hook_digest_old IS NOT NULL")

    @api.constrains("public_url")
    def _check_public_url(self):
        for connector in self.filtered("public_url"):
            try:
                parts = urllib.parse.urlsplit(connector.public_url)
                sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
            except ValueError:
                sound = False
            if not sound or parts.query or parts.fragment or parts.username or HOOK_PATH in parts.path:
                raise ValidationError(
                    self.env._(
                        "The public address is what stands before %(path)s, such as https://crm.example.com.",
                        path=HOOK_PATH,
                    )
                )

    @api.depends("adapter")
    def _compute_has_hook(self):
        for connector in self:
            connector.has_hook = bool(connector.adapter) and connector._get_adapter().hook is not None

    def _compute_hook_counts(self):
        today = fields.Date.today()
        labels = dict(self.env["hospitality.connector.hook.count"]._fields["outcome"]._description_selection(self.env))
        summary = self.env["hospitality.connector.hook.count"].sudo()._get_summary(self, today)  # numbers alone
        order = [outcome for outcome, _label in OUTCOMES]
        for connector in self:
            last, days = summary.get(connector.id, (False, {}))
            connector.hook_last_at = last
            for name, day in (("hook_today", today), ("hook_yesterday", today - datetime.timedelta(days=1))):
                numbers = days.get(day, {})
                connector[name] = {labels[o]: numbers[o] for o in sorted(numbers, key=order.index)}

    # The address

    def action_renew_hook(self):
        """Make a new address and show it, once; the one before works for another day."""
        self.ensure_one()
        self.check_access("write")
        address = self._renew_hook()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Address for %s", self.name),
            "res_model": "hospitality.connector.address",
            "view_mode": "form",
            "target": "new",
            "context": {"default_address": address, "default_is_public": address.startswith("https://")},
        }

    def _renew_hook(self):
        """Make a new secret address and return it; only its hash is kept."""
        self.ensure_one()
        token = secrets.token_urlsafe(32)
        system = self.sudo()  # callers check the right; the hashes are readable for nobody
        now = fields.Datetime.now()
        system.write(
            {
                "hook_digest": hash_token(token),
                "hook_digest_old": system.hook_digest,
                "hook_made_at": now,
                "hook_old_until": now + OLD_ADDRESS if system.hook_digest else False,
            }
        )
        self.env["hospitality.access.log"]._log("connector", self, details="address renewed")
        return f"{self._get_public_base()}{HOOK_PATH}/{token}"

    def action_revoke_old_hook(self):
        """End the former address at once."""
        self.check_access("write")
        self.sudo().write({"hook_digest_old": False, "hook_old_until": False})  # the right was checked
        self.env["hospitality.access.log"]._log("connector", self, details="former address ended")

    def action_open_hints(self):
        """Show the records that are to be fetched."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hospitality_connectors.hospitality_connector_hint_action"
        )
        return {**action, "domain": [("connector_id", "in", self.ids)]}

    def _get_public_base(self):
        self.ensure_one()
        # Not that of a website: what the vendor has registered must not change with one.
        system = self.env["ir.config_parameter"].sudo().get_param("web.base.url")  # known to everybody
        return (self.public_url or system or "").rstrip("/")

    # Requests

    def _get_hook_reply(self, adapter, request, error=None):
        """Return the answer to a proven request; called in the transaction of the request, after what it brought is
        committed. Sources that ask for records of ours are answered by overriding it.

        :param error: why the request can't be read
        :return: ``engine.adapter.Reply``
        """
        return adapter.reply(request, error)

    @api.model
    def _redact(self, raw, redact):
        # A vendor doesn't send a record of a request twice: what can't be redacted is kept with it, in quarantine.
        if self.env.context.get("hospitality_request") and raw.content_type != EVENTS:
            return redact(raw)
        return super()._redact(raw, redact)

    def _wake_for_request(self, records, hints):
        """Start the lanes after the current transaction, at most once a second for all workers.

        A lane that was woken stays for a moment, so that what comes in the rest of the second is not left.

        :param int records: how many were stored
        :param int hints: how many were noted
        """
        if records and self._may_wake("records"):
            self._wake(records)
        if hints and self._may_wake("hints"):
            self._wake(1)
            self._wake_readers()

    def _may_wake(self, what):
        key = (self.env.cr.dbname, self.id, what)
        if time.monotonic() < _woken.get(key, 0.0):
            return False
        _woken[key] = time.monotonic() + WAKE_SECONDS
        return self.env["hospitality.connector.hook.count"]._may_wake(self, what, WAKE_SECONDS)

    def _wake_readers(self):
        """Start the lanes that fetch, after the current transaction."""

    @api.model
    def _cron_process_inbox(self, lane=0):
        deadline = time.monotonic() + STEP_SECONDS
        processed = super()._cron_process_inbox(lane)
        lingering = not lane
        while lingering and time.monotonic() < deadline:
            # A transaction of its own sees what has come in since the last one.
            with lane_env(self.env) as env:
                lingering = env["hospitality.connector.hook.count"]._was_woken(LINGER_SECONDS)
                busy = env[self._name]._get_busy_connectors()
                if not lingering and env["hospitality.connector.hint"]._has_due():
                    env[self._name]._wake_readers()
            if busy:
                processed += super()._cron_process_inbox(lane)
            elif lingering:
                time.sleep(0.25)
        return processed
