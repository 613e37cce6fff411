import hashlib
import logging
import threading
import time
from typing import NamedTuple

import psycopg2
import psycopg2.errors

from odoo import api, models
from odoo.exceptions import UserError
from odoo.sql_db import PoolError
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.claim import lane_env, with_retry

from ...engine import reasons
from ...engine.adapter import Env, Hint, Reply
from ...engine.hook import stored
from ...engine.hook.verify import Rejected
from ...engine.types import EventError

_logger = logging.getLogger(__name__)

DEFAULT_KB = 2048
#: Status for each way to be refused.
STATUS = {"too_large": 413, "encoded": 415, "unset": 503}
#: Requests that a process counts one by one in a second; more of them are added up.
COUNTED_AT_ONCE = 5
LOCK_SECONDS = 3
#: Fields of the connector that every request needs.
READ = ("active", "adapter", "code", "name", "public_url", "settings")


class Line(NamedTuple):
    """A connector with what a request to it needs.

    :ivar env: ``engine.adapter.Env``
    :ivar secrets: rows of its secrets
    """

    connector: models.BaseModel
    env: Env
    secrets: list


class Busy(Exception):
    """Somebody holds what the request needs; the vendor comes again."""


class HospitalityConnectorHook(models.AbstractModel):
    """What happens to a request of a vendor.

    The connector is found by a hash of the secret address, the request is proven, read and stored in one transaction
    of its own, and answered after the commit. Nothing but a number is written about a request that isn't proven.
    """

    _name = "hospitality.connector.hook"
    _description = "Requests of Vendors"

    @api.model
    def _get_max_bytes(self):
        """Return how long a body may be: the system parameter ``hospitality_connectors.hook_max_kb``."""
        value = self.env["ir.config_parameter"].get_param("hospitality_connectors.hook_max_kb")
        return 1024 * (int(value) if value and value.isdigit() else DEFAULT_KB)

    @api.model
    def _receive(self, token, request):
        """Take a request.

        :param str token: secret part of the address
        :param engine.hook.request.HookRequest request: ``url`` without the public address of the connector
        :return: ``engine.adapter.Reply``; 503 where the database can't take it
        """
        return self._try(lambda: self._receive_step(token, request))

    @api.model
    def _refuse(self, token, outcome):
        """Note a request that can't be taken whoever sent it; return its status."""
        return self._try(lambda: self._refuse_step(token, outcome)).status

    def _try(self, step):
        try:
            return with_retry(step)
        except (psycopg2.Error, PoolError, Busy) as error:
            _logger.warning("A request of a vendor has to come again: %s", type(error).__name__)
        except UserError:
            _logger.warning("A request of a vendor can't be checked: the secrets of its connector can't be read")
        return Reply(503)

    def _receive_step(self, token, request):
        with lane_env(self.env) as env:
            hooks = env[self._name]
            line, closed = hooks._find(token)
            if closed:
                return Reply(closed)
            connector, adapter = line.connector, line.connector._get_adapter()
            request = request._replace(url=connector._get_public_base() + request.url)
            refused = hooks._check(line, adapter, request)
            if refused == "missing" and request.method != "POST":
                return Reply(200)  # somebody looks whether there is anything here
            if refused:
                hooks._count(connector, refused)
                return Reply(STATUS.get(refused, 401))
            error = hooks._take(line, adapter, request)
        # It is committed.
        return self.env["hospitality.connector"].browse(connector.id)._get_hook_reply(adapter, request, error)

    def _refuse_step(self, token, outcome):
        with lane_env(self.env) as env:
            hooks = env[self._name]
            line, closed = hooks._find(token)
            if not closed:
                hooks._count(line.connector, outcome)
            return Reply(closed or STATUS[outcome])

    def _find(self, token):
        """Return the :class:`Line` of an address or None, and the status that ends the request or None."""
        Secret = self.env["hospitality.connector.secret"]
        digest = hash_token(token)
        try:
            rows = self.env.execute_query(
                SQL(
                    "SET LOCAL lock_timeout = %(lock)s;"
                    " SELECT c.id, %(fields)s, p.code, p.tz, m.name, %(secrets)s FROM hospitality_connector c"
                    " LEFT JOIN hospitality_property p ON p.id = c.property_id"
                    " LEFT JOIN res_currency m ON m.id = p.currency_id"
                    " WHERE c.hook_digest = %(digest)s"
                    " OR c.hook_digest_old = %(digest)s AND c.hook_old_until > now() AT TIME ZONE 'UTC'",
                    lock=1000 * LOCK_SECONDS,
                    fields=SQL(", ").join(SQL.identifier("c", name) for name in READ),
                    secrets=Secret._get_rows_sql(SQL("c.id")),
                    digest=digest,
                )
            )
        except psycopg2.errors.LockNotAvailable:
            raise Busy from None
        if not rows:
            return None, 404
        id_, *values, code, tz, currency, secrets = rows[0]
        connector = self.env["hospitality.connector"].browse(id_)
        for name, value in zip(READ, values, strict=True):
            # What the request needs of the connector is known: one statement less.
            connector._fields[name]._insert_cache(connector, [value])
        if connector._get_adapter().hook is None:
            return None, 404
        env = Env(connector._get_settings(), code or "", tz or "UTC", currency or "")
        return Line(connector, env, secrets or []), None if connector.active else 410

    def _check(self, line, adapter, request):
        """Return why a request isn't believed, None when it is."""
        secrets = line.connector._get_hook_secrets(line.secrets)
        try:
            adapter.hook.check(request, secrets)
        except Rejected as error:
            return error.code
        except Exception as error:
            _logger.warning("The scheme of %s fails on a request: %s", line.connector.adapter, type(error).__name__)
            return "forged"
        return None

    def _take(self, line, adapter, request):
        """Store what a proven request brings.

        :return: why it can't be read, or None
        """
        connector = line.connector
        if request.method != "POST":
            self._count(connector, "asked")
            return None
        records, hints, error = self._read(connector, adapter, request, line.env)
        if error:
            self._quarantine(connector, [stored.pack(adapter, request)], error)
            self._count(connector, "unreadable")
            return error
        try:
            self._store_all(connector, adapter, records, hints)
        except psycopg2.errors.LockNotAvailable:
            raise Busy from None
        self._count(connector, "stored")
        return None

    def _read(self, connector, adapter, request, env):
        """Return ``(records, hints, why it can't be read or None)`` of a proven request."""
        try:
            received = adapter.receive(request, env)
            records = [clean_raw(raw) for raw in received.records]
            return records, [Hint(*map(clean, hint)) for hint in received.hints], None
        except Exception as error:
            return [], [], self._explain(connector, error)

    def _store_all(self, connector, adapter, records, hints):
        if records:
            self._store(connector, adapter, records)
        if hints:
            self.env["hospitality.connector.hint"]._note(connector, hints)
        connector._wake_for_request(len(records), len(hints))

    def _explain(self, connector, error):
        """Return an error of an adapter as one that can be told."""
        if isinstance(error, EventError):
            return error
        _logger.warning("Adapter %s can't read a request: %s", connector.adapter, type(error).__name__)
        reason = {"key": "adapter_failed", "params": {"error": type(error).__name__}}
        told = EventError("", "adapter_failed", message=reasons.tell(reason))
        told.reason = reason
        return told

    def _store(self, connector, adapter, records):
        """Store records; one that the adapter can't redact waits in quarantine and keeps no other one out."""
        try:
            return connector.with_context(hospitality_request=True)._store(records)
        except psycopg2.Error:
            raise
        except Exception as error:
            problem = self._explain(connector, error)
        sound, unsound = [], []
        for raw in records:
            try:
                connector._prepare_inbox_row(adapter.redact(raw))
            except Exception:
                unsound.append(stored.redact_any(raw))
            else:
                sound.append(raw)
        self._quarantine(connector, unsound, problem)
        return connector._store(sound)

    def _quarantine(self, connector, raws, error):
        """Keep redacted records that can't be read; whoever looks after the connector sees them."""
        ids = connector._insert_inbox_rows([connector._prepare_inbox_row(raw) for raw in raws])
        self.env["hospitality.connector.inbox"].browse(ids)._note_unreadable(error)

    # Numbers

    def _count(self, connector, outcome):
        """Count a request, in the current transaction or, when there are many, together with later ones."""
        numbers = _numbers.add(self.env.cr.dbname, (connector.id, outcome))
        if numbers:
            self.env["hospitality.connector.hook.count"]._add(numbers)


class Numbers:
    """Numbers of requests that this process has not written yet.

    The first ones in a second are written at once, more of them are added up: so a flood, also of forged requests,
    costs no writing. What is left is written with the next request that this process gets.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._numbers = {}
        self._second = (0, 0)

    def add(self, database, key):
        """Count one; return what is to be written now, ``{(connector id, outcome): number}``."""
        with self._lock:
            numbers = self._numbers.setdefault(database, {})
            numbers[key] = 1 + numbers.get(key, 0)
            now = int(time.monotonic())
            second, count = self._second
            self._second = (now, 1 if second != now else count + 1)
            return self._numbers.pop(database) if self._second[1] <= COUNTED_AT_ONCE else {}


_numbers = Numbers()


def hash_token(token):
    """Return the hash under which an address is known. Its 32 random bytes need no salt.

    >>> len(hash_token("x"))
    64
    """
    return hashlib.sha256(token.encode()).hexdigest()


def clean(value):
    """Return a value of a record's envelope as text that can be stored."""
    return str(value if value is not None else "").replace("\x00", "").encode("utf-8", "replace").decode()


def clean_raw(raw):
    return raw._replace(entity=clean(raw.entity), external_id=clean(raw.external_id), event_key=clean(raw.event_key))
