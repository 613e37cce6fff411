import hashlib
import logging
import threading
import time

import psycopg2
import psycopg2.errors

from odoo import api, models
from odoo.exceptions import UserError
from odoo.sql_db import PoolError
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.claim import lane_env, with_retry

from ...engine import reasons
from ...engine.adapter import Hint, Reply
from ...engine.hook import stored
from ...engine.hook.verify import Rejected
from ...engine.types import EventError

_logger = logging.getLogger(__name__)

DEFAULT_KB = 2048
#: Status for each way to be refused.
STATUS = {"too_large": 413, "encoded": 415, "unset": 503}
#: Refused requests that a process writes down one by one in a second; more of them are added up.
REFUSED_AT_ONCE = 5
LOCK_SECONDS = 3


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
            connector, closed = hooks._find(token)
            if closed:
                return Reply(closed)
            adapter = connector._get_adapter()
            request = request._replace(url=connector._get_public_base() + request.url)
            refused = hooks._check(connector, adapter, request)
            if refused == "missing" and request.method != "POST":
                return Reply(200)  # somebody looks whether there is anything here
            if refused:
                hooks._count_refused(connector, refused)
                return Reply(STATUS.get(refused, 401))
            error = hooks._take(connector, adapter, request)
        # It is committed.
        return self.env["hospitality.connector"].browse(connector.id)._get_hook_reply(adapter, request, error)

    def _refuse_step(self, token, outcome):
        with lane_env(self.env) as env:
            hooks = env[self._name]
            connector, closed = hooks._find(token)
            if not closed:
                hooks._count_refused(connector, outcome)
            return Reply(closed or STATUS[outcome])

    def _find(self, token):
        """Return the connector of an address, and the status that ends the request or None."""
        digest = hash_token(token)
        try:
            rows = self.env.execute_query(
                SQL(
                    "SET LOCAL lock_timeout = %s; SELECT id FROM hospitality_connector WHERE hook_digest = %s"
                    " OR hook_digest_old = %s AND hook_old_until > now() AT TIME ZONE 'UTC'",
                    1000 * LOCK_SECONDS,
                    digest,
                    digest,
                )
            )
        except psycopg2.errors.LockNotAvailable:
            raise Busy from None
        connector = self.env["hospitality.connector"].browse([row[0] for row in rows])
        if not connector or connector._get_adapter().hook is None:
            return connector, 404
        return connector, None if connector.active else 410

    def _check(self, connector, adapter, request):
        """Return why a request isn't believed, None when it is."""
        secrets = connector._get_hook_secrets()
        try:
            adapter.hook.check(request, secrets)
        except Rejected as error:
            return error.code
        except Exception as error:
            _logger.warning("The scheme of %s fails on a request: %s", connector.adapter, type(error).__name__)
            return "forged"
        return None

    def _take(self, connector, adapter, request):
        """Store what a proven request brings.

        :return: why it can't be read, or None
        """
        if request.method != "POST":
            self._count(connector, "asked")
            return None
        records, hints, error = self._read(connector, adapter, request)
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

    def _read(self, connector, adapter, request):
        """Return ``(records, hints, why it can't be read or None)`` of a proven request."""
        try:
            received = adapter.receive(request, connector._get_hook_env())
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
            return connector._store(records)
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
        numbers = _refused.take(self.env.cr.dbname, all_of_them=True)
        numbers[connector.id, outcome] = 1 + numbers.get((connector.id, outcome), 0)
        self.env["hospitality.connector.hook.count"]._add(numbers)

    def _count_refused(self, connector, outcome):
        _refused.add(self.env.cr.dbname, (connector.id, outcome))
        numbers = _refused.take(self.env.cr.dbname)
        if numbers:
            self.env["hospitality.connector.hook.count"]._add(numbers)


class Refused:
    """Numbers of refused requests that this process has not written yet, so that a flood costs no writing."""

    def __init__(self):
        self._lock = threading.Lock()
        self._numbers = {}
        self._second = (0, 0)

    def add(self, database, key):
        with self._lock:
            numbers = self._numbers.setdefault(database, {})
            numbers[key] = 1 + numbers.get(key, 0)

    def take(self, database, all_of_them=False):
        """Return what is to be written now, ``{(connector id, outcome): number}``."""
        with self._lock:
            second, count = self._second
            now = int(time.monotonic())
            self._second = (now, 1 if second != now else count + 1)
            if not all_of_them and self._second[1] > REFUSED_AT_ONCE:
                return {}
            return self._numbers.pop(database, {})


_refused = Refused()


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
