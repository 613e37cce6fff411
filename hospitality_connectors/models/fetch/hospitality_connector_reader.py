import logging
import time

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.hospitality_crm.tools import http
from odoo.addons.hospitality_crm.tools.claim import lane_env, with_retry

from ...engine.adapter import Gone, Moved, gone, moved
from ...engine.network import reader
from ...engine.network.errors import Denied, Failed, Later, NetworkError
from ...engine.types import EventError
from .hospitality_connector import ABSENT

_logger = logging.getLogger(__name__)

STEP_SECONDS = 20
#: Streams that a person has to look at are tried again after this many seconds all the same: vendors err, too.
DENIED_SECONDS = 900
#: Why a record is fetched that nobody has said to be changed.
SAMPLED = "sample"
#: Hints that are fetched between two looks at the clock.
HINTS_AT_ONCE = 20


class HospitalityConnectorReader(models.AbstractModel):
    """Reads from vendors: one short step at a time, shared by lanes on any number of hosts.

    A step takes a lease of a stream, asks the vendor while no transaction is open, and stores records, cursor and the
    next date in one. Whoever is killed in between loses nothing: the lease ends, and the page is asked for again.
    """

    _name = "hospitality.connector.reader"
    _description = "Reader of connectors"

    @api.model
    def _cron_read(self, lane=0):
        """Take steps until the time is up or nothing is due; the scheduler comes back at once while there is."""
        cron = self.env["ir.cron"]
        deadline = time.monotonic() + STEP_SECONDS
        steps = 0
        cron._commit_progress()  # no transaction stays open while a vendor is asked
        while time.monotonic() < deadline:
            busy = self._step_hints(deadline)
            busy = self._step_stream(deadline) or busy
            if not busy:
                cron._commit_progress(remaining=0)
                break
            steps += 1
            if not cron._commit_progress(1, remaining=1):
                break
        return steps

    # Streams

    @api.model
    def _step_stream(self, deadline=None):
        """Read one page of the stream that has been due for longest; say whether there was one."""
        claimed = with_retry(self._claim_stream)
        if not claimed:
            return False
        cursor_id, lease, connector_id, name, progress, is_gap = claimed
        try:
            outcome = self._read_page(connector_id, name, progress, deadline)
            with_retry(lambda: self._store_page(cursor_id, lease, outcome, is_gap))
        except Exception as error:
            self._give_back(cursor_id, lease, error)
            return True
        session, page = outcome["session"], outcome["page"]
        if page.ack is not None:
            try:
                session.adapter.acknowledge(session, page.ack)
            except NetworkError as error:
                # The vendor hands the page out again; the inbox knows it.
                _logger.info("Connector %s: page not acknowledged (%s)", connector_id, error.code)
        return True

    @api.model
    def _claim_stream(self):
        with lane_env(self.env) as env:
            claimed = env["hospitality.connector.cursor"]._claim_due()
            if not claimed:
                return None
            cursor, lease = claimed
            return cursor.id, lease, cursor.connector_id.id, cursor.stream, cursor.progress, cursor.is_gap

    @api.model
    def _read_page(self, connector_id, name, stored, deadline):
        """Ask the vendor for the next page of a stream; no transaction is open meanwhile.

        :return: dict with what :meth:`_store_page` needs
        """
        with lane_env(self.env) as env:
            connector = env["hospitality.connector"].browse(connector_id)
            stream = connector._get_streams().get(name)
            since = fields.Datetime.to_datetime(connector.since or fields.Date.today())
        session = self._open(connector_id, deadline)
        if stream is None:
            raise reader.Loop("The adapter has no such stream any more.")
        progress = reader.Progress.load(stored)
        now = session.now()
        has_gap = reader.has_gap(progress, stream, now)
        if has_gap:
            progress = reader.Progress()
        is_first = not progress.is_reading() and (stream.kind != "sweep" or not progress.until)
        progress, window = reader.plan(progress, stream, now, since.replace(tzinfo=now.tzinfo))
        page = self._fetch_page(connector_id, session, stream, window, progress.cursor)
        progress, done = reader.advance(progress, stream, page, session.now())
        return {
            "session": session,
            "stream": stream,
            "window": window,
            "page": page,
            "progress": progress,
            "done": done,
            "has_gap": has_gap,
            "is_first": is_first,
        }

    @api.model
    def _fetch_page(self, connector_id, session, stream, window, cursor):
        if not session.adapter.local:
            return session.adapter.fetch_page(session, stream, window, cursor)
        with lane_env(self.env) as env:
            return env["hospitality.connector"].browse(connector_id)._fetch_local(stream, window, cursor)

    @api.model
    def _store_page(self, cursor_id, lease, outcome, was_gap):
        """Store the records of a page together with how far the stream was read.

        Whoever has lost the lease stores the records all the same, since a queue may have handed them out once; how far
        the stream was read is then the business of the lane that has it.
        """
        with lane_env(self.env) as env:
            cursor = env["hospitality.connector.cursor"].browse(cursor_id)
            is_ours = cursor._lock_leased(lease)
            connector, page, stream = cursor.connector_id, outcome["page"], outcome["stream"]
            new_ids = connector._store(page.records)
            connector._wake(len(new_ids))
            env["hospitality.connector.hint"]._note(connector, page.hints)
            if not is_ours:
                return
            connector._after_page(stream, outcome["window"], page, outcome["done"], outcome["is_first"])
            now = fields.Datetime.now()
            values = {
                "progress": outcome["progress"].dump(),
                "next_at": now,
                "failures": 0,
                "error_code": False,
                "error_message": False,
                "record_count": cursor.record_count + len(new_ids),
                "is_gap": outcome["has_gap"] or (was_gap and not outcome["done"]),
                "moved_at": now,
            }
            if outcome["done"]:
                values |= {"last_read_at": now, "next_at": connector._get_next_reading(stream, now)}
            cursor._settle(lease, **values)

    @api.model
    def _give_back(self, cursor_id, lease, error):
        """Note why a step has failed, and when the stream is tried again."""
        code, message, wait = self._describe(error)

        def settle():
            with lane_env(self.env) as env:
                cursor = env["hospitality.connector.cursor"].browse(cursor_id)
                failures = cursor.failures + (0 if isinstance(error, Later) else 1)
                seconds = http.backoff(failures) if wait is None else wait
                values = {"next_at": fields.Datetime.add(fields.Datetime.now(), seconds=max(1, round(seconds)))}
                if not isinstance(error, Later):
                    values |= {"failures": failures, "error_code": code, "error_message": message[:500]}
                if isinstance(error, reader.Loop):
                    values["next_at"] = False
                cursor._settle(lease, **values)

        with_retry(settle)

    @api.model
    def _describe(self, error):
        """Return the code of an exception, a sentence, and the seconds to wait (None: longer each time)."""
        if isinstance(error, Later):
            return error.code, error.message, error.seconds
        if isinstance(error, Denied):
            return error.code, error.message, DENIED_SECONDS
        if isinstance(error, Failed):
            return error.code, error.message, error.seconds
        if isinstance(error, NetworkError):
            return error.code, error.message, None
        if isinstance(error, EventError):
            return error.code, error.message, None
        _logger.exception("Reading from a vendor failed", exc_info=error)
        return "internal", f"{type(error).__name__}: {error}", None

    # Hints

    @api.model
    def _step_hints(self, deadline=None):
        """Fetch some of the records that have changed; say whether there were any."""
        claimed = with_retry(self._claim_hints)
        if not claimed:
            return False
        connector_id, lease, hints = claimed
        session, followed, failed, wait = None, [], [], 0.0
        for hint in hints:
            id_, entity, external_id, attempts, noted_at, reason = hint
            if deadline is not None and time.monotonic() >= deadline:
                break
            try:
                session = session or self._open(connector_id, deadline)
                records = self._fetch(connector_id, session, entity, external_id, reason)
                followed.append((id_, noted_at, (entity, external_id, records), reason))
            except Exception as error:
                code, message, seconds = self._describe(error)
                if isinstance(error, (Later, Denied)):
                    wait = seconds
                    break
                failed.append((id_, code, message, http.backoff(attempts + 1) if seconds is None else seconds))
                if isinstance(error, Failed):
                    break
        with_retry(lambda: self._store_hints(connector_id, lease, followed, failed, wait))
        return True

    @api.model
    def _open(self, connector_id, deadline=None):
        """Return a session of a connector.

        :raise Denied: secrets or settings can't be read; other connectors have nothing to do with it
        """
        try:
            with lane_env(self.env) as env:
                return env["hospitality.connector"].browse(connector_id)._get_session(deadline)
        except UserError as error:
            raise Denied("not_ready", str(error)) from None

    @api.model
    def _claim_hints(self):
        with lane_env(self.env) as env:
            return env["hospitality.connector.hint"]._claim_due(HINTS_AT_ONCE)

    @api.model
    def _fetch(self, connector_id, session, entity, external_id, reason=None):
        """Return the records that a hint leads to."""
        now = session.now().replace(tzinfo=None)
        if session.adapter.local:
            with lane_env(self.env) as env:
                answer = env["hospitality.connector"].browse(connector_id)._fetch_local_one(entity, external_id)
        else:
            answer = session.adapter.fetch_one(session, entity, external_id)
        if isinstance(answer, Gone):
            if reason == ABSENT:
                return []  # nobody here has known it
            return [gone(entity, external_id, now)]
        if isinstance(answer, Moved):
            return [moved(entity, external_id, answer.into, now)]
        return answer

    @api.model
    def _store_hints(self, connector_id, lease, followed, failed, wait):
        """Store what was fetched; hints that could not be followed come back later."""
        with lane_env(self.env) as env:
            connector = env["hospitality.connector"].browse(connector_id)
            Hint = env["hospitality.connector.hint"]
            answers = [answer for _id, _noted, answer, _reason in followed]
            samples = [answer for _id, _noted, answer, reason in followed if reason == SAMPLED]
            if samples:
                connector._check_samples(samples)
            new_ids = connector._store([record for _entity, _key, records in answers for record in records])
            connector._wake(len(new_ids))
            Hint._settle(lease, [item[0] for item in followed], [item[1] for item in followed])
            for id_, code, message, seconds in failed:
                Hint._postpone(lease, [id_], code, message, seconds)
            Hint._release(lease, wait)
