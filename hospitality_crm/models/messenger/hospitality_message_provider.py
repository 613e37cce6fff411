import datetime
import secrets
import time

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ...engine import messenger as engine
from ...engine.contact import normalise_handle
from ...engine.messenger.webhook import new_secret
from ...tools import http
from ...tools.claim import lane_env, with_retry
from ..consent.hospitality_purpose import CHANNELS

KINDS = [
    ("telegram", "Telegram"),
    ("whatsapp", "WhatsApp"),
    ("viber", "Viber"),
    ("webhook", "Own Gateway (Web-hook)"),
    ("task", "Phone Call by the Team"),
]
#: Channels that a kind serves, the usual one first.
SERVES = {
    "telegram": ("messenger",),
    "whatsapp": ("messenger",),
    "viber": ("messenger",),
    "webhook": ("messenger", "sms", "phone", "post"),
    "task": ("phone",),
}
SECRETS = ("token", "hook_secret", "app_secret", "verify_token", "secret")
SETTINGS = ("username", "phone_number_id", "api_url", "sender")
#: After so many calls without an answer in a row nothing is sent for a while.
BREAKER_CALLS = 5
BREAKER_PAUSE = datetime.timedelta(seconds=60)
BROKEN_PAUSE = datetime.timedelta(minutes=15)

_WRITE_ONLY = {
    "compute": "_compute_secrets",
    "inverse": "_inverse_secrets",
    "groups": "base.group_system",
    "copy": False,
}


class HospitalityMessageProvider(models.Model):
    """By whom messages of a channel are carried: a bot, a business number, a gateway, or the people of the house.

    Handles of guests begin with its ``code``: a bot can't write to the guests of another bot. What may not be read is
    in `hospitality.message.secret`; the fields of that name take a value and never show one.

    ``paused_until``, ``failures`` and ``problem`` are written by the senders: they rest when the provider asks for it,
    after calls in a row that nobody answered, and when it doesn't accept the credentials.
    """

    _name = "hospitality.message.provider"
    _description = "Message Channel"
    _inherit = ["hospitality.code.mixin"]
    _order = "sequence, name, id"

    name = fields.Char(translate=False)
    code = fields.Char(help="Handles of guests begin with it, so it can't be changed once guests are connected.")
    kind = fields.Selection(KINDS, required=True, default="telegram")
    channel = fields.Selection(
        [pair for pair in CHANNELS if pair[0] in {"messenger", "sms", "phone", "post"}],
        required=True,
        compute="_compute_channel",
        store=True,
        readonly=False,
        precompute=True,
        help="What guests agree to or refuse.",
    )
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    brand_id = fields.Many2one("hospitality.brand", ondelete="restrict", help="Who writes. Empty: all brands.")
    username = fields.Char(string="Public Name", help="Name of the bot, or telephone number: used in links for guests.")
    sender = fields.Char(string="Shown Sender", size=28)
    phone_number_id = fields.Char(string="Phone Number ID")
    api_url = fields.Char(string="Address", help="Empty: that of the provider. Needed for an own gateway.")
    rate = fields.Integer(string="Messages per Second", help="0: what the provider takes by default.")
    user_ids = fields.Many2many("res.users", string="Callers", domain=[("share", "=", False)])
    activity_type_id = fields.Many2one("mail.activity.type", string="Activity", ondelete="set null")

    token = fields.Char(**_WRITE_ONLY)
    hook_secret = fields.Char(string="Web-hook Secret", **_WRITE_ONLY)
    app_secret = fields.Char(**_WRITE_ONLY)
    verify_token = fields.Char(**_WRITE_ONLY)
    secret = fields.Char(string="Signing Secret", **_WRITE_ONLY)
    secrets_set = fields.Char(string="Stored Secrets", compute="_compute_secrets_set", compute_sudo=True)
    hook_url = fields.Char(string="Web-hook", compute="_compute_hook_url")

    paused_until = fields.Datetime(readonly=True, copy=False)
    failures = fields.Integer(readonly=True, copy=False)
    problem = fields.Char(readonly=True, copy=False)
    next_slot_at = fields.Datetime(readonly=True, copy=False)

    _rate_positive = models.Constraint("CHECK (rate >= 0)", "The rate can't be negative.")
    _code_uniq = models.Constraint("UNIQUE (code)", "A message channel with this code exists already.")

    @api.depends("kind")
    def _compute_channel(self):
        for provider in self:
            if provider.channel not in SERVES[provider.kind]:
                provider.channel = SERVES[provider.kind][0]

    def _compute_secrets(self):
        for name in SECRETS:
            self[name] = False

    def _inverse_secrets(self):
        self._check_writable_secrets()
        for provider in self:
            for name in SECRETS:
                if provider[name]:
                    provider._set_secret(name, provider[name])
        self.invalidate_recordset(SECRETS)

    def _compute_secrets_set(self):
        stored = self.env["hospitality.message.secret"].search([("provider_id", "in", self.ids)])
        for provider in self:
            names = stored.filtered(lambda s, p=provider: s.provider_id == p).mapped("name")
            provider.secrets_set = ", ".join(self._fields[name]._description_string(self.env) for name in sorted(names))

    @api.depends("code", "brand_id")
    def _compute_hook_url(self):
        for provider in self:
            base = (provider.brand_id.base_url or provider.get_base_url()).rstrip("/")
            provider.hook_url = f"{base}/hospitality/hook/{provider.code}" if provider.code else False

    @api.constrains("kind", "channel")
    def _check_channel(self):
        for provider in self:
            if provider.channel not in SERVES[provider.kind]:
                raise ValidationError(
                    self.env._("%(kind)s doesn't serve this channel.", kind=dict(KINDS)[provider.kind])
                )

    @api.constrains("code")
    def _check_code(self):
        for provider in self:
            if not normalise_handle(f"{provider.code}:x"):
                raise ValidationError(
                    self.env._("The code begins every handle: small Latin letters, digits and hyphens only.")
                )

    def write(self, vals):
        if "code" in vals and self.filtered(lambda p: p.code != vals["code"])._has_handles():
            raise UserError(self.env._("Guests are connected by this code. Make a new channel instead."))
        return super().write(vals)

    @api.model
    def _get_soft_references(self):
        """What goes with the channel doesn't keep it."""
        return [
            (model, name)
            for model, name in super()._get_soft_references()
            if self.env[model]._fields[name].ondelete != "cascade"
        ]

    def _has_handles(self):
        Point = self.env["hospitality.contact.point"].sudo()  # whoever may see them
        return any(
            Point.search_count([("channel", "=", "messenger"), ("value", "=like", f"{provider.code}:%")], limit=1)
            for provider in self
        )

    # -- credentials ---------------------------------------------------------------------------

    def _check_writable_secrets(self):
        if not self.env.su and not self.env.user.has_group("base.group_system"):
            raise UserError(self.env._("Secrets of message channels are entered by system administrators."))

    def _set_secret(self, name, value):
        self.ensure_one()
        self.env["hospitality.message.secret"].sudo()._store(self, name, value)  # the right was checked

    def _get_credentials(self):
        """Return what the engine needs, secrets in clear. Keep it in memory as short as possible.

        :raise UserError: the key outside the database is missing
        """
        self.ensure_one()
        stored = self.env["hospitality.message.secret"].sudo()._read(self)  # nobody may read them
        return {name: self[name] for name in SETTINGS if self[name]} | stored

    def _get_engine(self):
        self.ensure_one()
        return engine.get(self.kind)

    # -- buttons -------------------------------------------------------------------------------

    def action_test(self):
        """Ask the provider whether it knows the credentials."""
        self._check_writable_secrets()
        self.check_access("write")
        ok, said = self._test()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if ok else "danger",
                "message": self.env._("Connected: %(name)s", name=said or self.name)
                if ok
                else self.env._("It doesn't work: %(error)s", error=said),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _test(self):
        """Call the provider; what worked ends a pause.

        :return: ``(whether it works, name or error)``
        """
        if self.kind == "task":
            return (True, "") if self.user_ids else (False, self.env._("Name the people who make the calls."))
        credentials = self._get_credentials()
        missing = self._get_missing(credentials)
        if missing:
            return False, self.env._("These are missing: %(names)s", names=", ".join(missing))
        carrier = self._get_engine()
        request = carrier.get_test(credentials | {"now": int(fields.Datetime.now().timestamp())})
        ok, said = self._call(request, carrier.read_test)
        if ok:
            if self.kind in ("telegram", "viber") and said and not self.username:
                self.username = said
            self.sudo().write({"paused_until": False, "failures": 0, "problem": False})  # what senders have noted
        return ok, said

    def _call(self, request, read):
        """Make a request and read its answer.

        :return: ``(whether it worked, what was said)``
        """
        client = http.from_config()
        try:
            response = client.request(
                request.method, request.url, headers=request.headers, body=request.body, secrets=request.secrets
            )
        except http.HttpError as error:
            return False, str(error)
        finally:
            client.close()
        return read(response.status, response.json())

    def _get_missing(self, credentials):
        """Return the labels of what has to be entered before anything can be sent."""
        needed = {
            "telegram": ("token",),
            "whatsapp": ("token", "app_secret", "phone_number_id"),
            "viber": ("token",),
            "webhook": ("secret", "api_url"),
            "task": (),
        }[self.kind]
        return [self._fields[name]._description_string(self.env) for name in needed if not credentials.get(name)]

    def action_register(self):
        """Tell the provider where our web-hook is."""
        self._check_writable_secrets()
        self.check_access("write")
        if self.kind == "telegram":
            self._set_secret("hook_secret", secrets.token_urlsafe(32))
        credentials = self._get_credentials()
        missing = self._get_missing(credentials)
        if missing:
            raise UserError(self.env._("Enter first: %(names)s", names=", ".join(missing)))
        request = self._get_engine().get_registration(credentials, self.hook_url)
        if request is None:
            raise UserError(
                self.env._("Enter the web-hook %(url)s in the settings of the provider.", url=self.hook_url)
            )
        ok, said = self._call(request, self._read_registration)
        if not ok:
            raise UserError(self.env._("The provider doesn't take the web-hook: %(error)s", error=said))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": self.env._("Messages and receipts of guests now arrive here.")},
        }

    def _read_registration(self, status, answer):
        outcome = self._get_engine().read_answer(status, answer)
        return outcome.state == "sent", outcome.error or ""

    def action_generate_secret(self):
        """Make a signing secret and show it once: the gateway needs it too."""
        self._check_writable_secrets()
        self.check_access("write")
        value = new_secret()
        self._set_secret("secret", value)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "title": self.env._("Shown only now"),
                "message": value,
            },
        }

    # -- what senders know ---------------------------------------------------------------------

    @api.model
    def _find(self, channel, company, brand=None, code=None):
        """Return who carries a message: of the brand before those for all, by sequence; may be empty."""
        providers = self.sudo().search(  # senders needn't see the configuration
            [
                ("channel", "=", channel),
                ("company_id", "=", company.id),
                ("brand_id", "in", [False, *(brand.ids if brand else ())]),
                *([("code", "=", code)] if code else ()),
            ]
        )
        return providers.sorted(lambda provider: not provider.brand_id)[:1]

    def _take_turns(self, count):
        """Reserve places for messages in the rate that the provider takes, shared by all senders.

        :return: when each may go, as values of ``time.monotonic``
        """
        if self.kind == "task":
            return [0.0] * count
        rate = self.rate or self._get_engine().rate
        with lane_env(self.env) as env:
            rows = env.execute_query(
                SQL(
                    """UPDATE hospitality_message_provider
                          SET next_slot_at = GREATEST(next_slot_at, clock_timestamp() AT TIME ZONE 'UTC') + %s
                        WHERE id = %s
                    RETURNING extract(epoch FROM next_slot_at - clock_timestamp() AT TIME ZONE 'UTC')::float8""",
                    datetime.timedelta(seconds=count / rate),
                    self.id,
                )
            )
        first = time.monotonic() + rows[0][0] - count / rate
        return [first + number / rate for number in range(count)]

    def _note_result(self, answered, wait=None, problem=None):
        """Remember how a call went, for all senders.

        :param bool answered: the provider has said something
        :param float wait: seconds that it wants all of us to wait
        :param str problem: what has to be seen to before anything is sent again
        :return: the time until which nothing is sent, None when that goes on
        """
        now = fields.Datetime.now()
        pause = None
        if problem:
            pause = now + BROKEN_PAUSE
        elif wait:
            pause = now + datetime.timedelta(seconds=wait)

        def step():
            with lane_env(self.env) as env:
                return env.execute_query(
                    SQL(
                        """UPDATE hospitality_message_provider
                              SET failures = CASE WHEN %(answered)s THEN 0 ELSE COALESCE(failures, 0) + 1 END,
                                  problem = %(problem)s,
                                  paused_until = CASE
                                      WHEN %(pause)s::timestamp IS NOT NULL
                                      THEN GREATEST(paused_until, %(pause)s::timestamp)
                                      WHEN NOT %(answered)s AND COALESCE(failures, 0) + 1 >= %(limit)s
                                      THEN %(rest)s::timestamp
                                      ELSE paused_until END
                            WHERE id = %(id)s
                        RETURNING CASE WHEN paused_until > %(now)s THEN paused_until END""",
                        answered=answered,
                        problem=problem,
                        pause=pause,
                        limit=BREAKER_CALLS,
                        rest=now + BREAKER_PAUSE,
                        now=now,
                        id=self.id,
                    )
                )

        rows = with_retry(step)
        self.invalidate_recordset(["failures", "problem", "paused_until"], flush=False)
        return rows[0][0] if rows else None
