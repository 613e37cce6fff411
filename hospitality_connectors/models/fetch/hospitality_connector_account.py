import json
import time

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools import keys, sealed_text
from odoo.addons.hospitality_crm.tools.claim import lane_env

from ...engine.network import limits
from ...engine.network.errors import Denied, Later
from ...engine.network.local import Memo

#: A token is not used in the last part of its life.
TOKEN_MARGIN = 60.0
#: How long one worker may take to sign in before another one tries.
SIGN_IN_SECONDS = 90.0
SIGN_IN_PATIENCE = 20.0
_MEMOS = {}


class HospitalityConnectorAccount(models.Model):
    """What all who talk to one account at a vendor share: his limits, the circuit breaker, the token.

    Each look and each change is a short transaction of its own, apart from what the caller does. The token is encrypted
    with a key outside the database.
    """

    _name = "hospitality.connector.account"
    _description = "Account at a Vendor"
    _log_access = False
    _rec_name = "scope"

    scope = fields.Char(required=True, readonly=True)
    levels = fields.Json(readonly=True, help="Calls left per limit.")
    failures = fields.Integer(readonly=True, help="In a row.")
    closed_until = fields.Float(readonly=True, digits=(16, 3), help="Nothing is sent before that Unix time.")
    probe_until = fields.Float(readonly=True, digits=(16, 3))
    token_key = fields.Char(readonly=True, groups="base.group_no_one")
    token_text = fields.Char(readonly=True, groups="base.group_no_one")
    token_ends = fields.Float(readonly=True, digits=(16, 3))
    sign_in_until = fields.Float(readonly=True, digits=(16, 3))

    _scope_uniq = models.Constraint("UNIQUE (scope)", "An account is kept once.")

    @api.model
    def _lock(self, scope):
        """Return the row of an account, locked until the transaction ends, as a dict."""
        # Losing the last moments in a crash of the server costs a few calls of a limit: no wait for the disk.
        self.env.cr.execute("SET LOCAL synchronous_commit = off")
        query = SQL(
            "SELECT levels, coalesce(failures, 0), coalesce(closed_until, 0)::float8, coalesce(probe_until, 0)::float8,"
            " token_key, token_text, coalesce(token_ends, 0)::float8, coalesce(sign_in_until, 0)::float8"
            " FROM hospitality_connector_account WHERE scope = %s FOR UPDATE",
            scope,
        )
        rows = self.env.execute_query(query)
        if not rows:
            self.env.cr.execute(
                SQL("INSERT INTO hospitality_connector_account (scope) VALUES (%s) ON CONFLICT DO NOTHING", scope)
            )
            rows = self.env.execute_query(query)
        names = ("levels", "failures", "closed_until", "probe_until", "token_key", "token_text", "token_ends")
        return dict(zip((*names, "sign_in_until"), rows[0], strict=True))

    @api.model
    def _save(self, scope, **values):
        columns = SQL(", ").join(SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items())
        self.env.cr.execute(SQL("UPDATE hospitality_connector_account SET %s WHERE scope = %s", columns, scope))


class Account:
    """One account, as :class:`engine.network.session.Session` wants what is shared.

    :param env: environment whose database it is
    :param str scope: names it
    """

    def __init__(self, env, scope, clock=time.time, sleep=time.sleep):
        self._env = env
        self._scope = scope
        self._clock = clock
        self._sleep = sleep
        self._troubled = True

    def take(self, bucket, rates):
        """Take one call out of a limit; return the seconds to wait for it.

        :raise Later: the vendor has asked for a pause, or the breaker is open
        """
        now = self._clock()
        with lane_env(self._env) as env:
            model = env["hospitality.connector.account"]
            row = model._lock(self._scope)
            known = _breaker(row)
            self._troubled = known != limits.Breaker()
            wait, breaker = limits.may_send(known, now)
            if wait:
                raise Later(wait, "pause")
            levels = row["levels"] or {}
            level = limits.Level(tuple(levels[bucket][0]), levels[bucket][1]) if bucket in levels else None
            wait, level = limits.take(level, rates, now)
            levels[bucket] = [list(level.left), level.at]
            changes = {"levels": json.dumps(levels)}
            if not wait and breaker != known:
                changes |= breaker._asdict()
            model._save(self._scope, **changes)
            return wait

    def success(self):
        if self._troubled:
            self._change(limits.after_success)

    def failure(self):
        self._troubled = True
        self._change(lambda breaker: limits.after_failure(breaker, self._clock()))

    def pause(self, seconds):
        self._troubled = True
        self._change(lambda breaker: limits.after_pause(breaker, self._clock(), seconds))

    def _change(self, change):
        with lane_env(self._env) as env:
            model = env["hospitality.connector.account"]
            known = _breaker(model._lock(self._scope))
            breaker = change(known)
            if breaker != known:
                model._save(self._scope, **breaker._asdict())

    def token(self, renew, refused, owner=""):
        """Return the token, see :class:`engine.network.session.Session`.

        Tokens of several owners stand in rows of their own; the limits stay in that of the account.
        """
        if owner:
            return Account(self._env, f"{self._scope} #{owner}", self._clock, self._sleep).token(renew, refused)
        ring = _load_ring()
        place = f"hospitality_connector_account:{self._scope}"
        waited = 0.0
        while True:
            with lane_env(self._env) as env:
                model = env["hospitality.connector.account"]
                row, now = model._lock(self._scope), self._clock()
                value = _decrypt(ring, row, place)
                alive = not row["token_ends"] or row["token_ends"] - now > TOKEN_MARGIN
                if value and value != refused and alive:
                    return value
                mine = row["sign_in_until"] <= now
                if mine:
                    model._save(self._scope, sign_in_until=now + SIGN_IN_SECONDS)
            if mine:
                break
            if waited > SIGN_IN_PATIENCE:
                raise Later(5.0, "sign_in")
            self._sleep(0.25)
            waited += 0.25
        try:
            token = renew()
        except BaseException:
            self._settle(sign_in_until=0.0)
            raise
        key_id, text = sealed_text.encrypt(ring, token.value.encode(), place)
        ends = 0.0 if token.lifetime is None else self._clock() + max(token.lifetime, TOKEN_MARGIN + 1)
        self._settle(sign_in_until=0.0, token_key=key_id, token_text=text, token_ends=ends)
        return token.value

    def memo(self, key, make, seconds):
        """Return what ``make()`` gives; a process asks again after some seconds only."""
        return _MEMOS.setdefault((self._env.cr.dbname, self._scope), Memo()).get(key, make, seconds)

    def _settle(self, **values):
        with lane_env(self._env) as env:
            model = env["hospitality.connector.account"]
            model._lock(self._scope)
            model._save(self._scope, **values)


def _breaker(row):
    return limits.Breaker(row["failures"], row["closed_until"], row["probe_until"])


def _load_ring():
    try:
        return keys.load("connector")
    except keys.KeyringError as error:
        raise Denied("no_key", f"The key file of this server can't be used ({error}).") from None


def _decrypt(ring, row, place):
    if not row["token_text"]:
        return None
    try:
        return sealed_text.decrypt(ring, row["token_key"], row["token_text"], place).decode()
    except keys.KeyringError:
        return None  # the key was replaced: sign in again
