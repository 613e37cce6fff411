import itertools
import logging
import time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.hospitality_crm.models.bulk.batch import TABLES
from odoo.addons.hospitality_crm.tools.arrays import pg_array
from odoo.addons.hospitality_crm.tools.claim import lane_env, with_retry

from ...engine.files.errors import FileError
from ...engine.files.importer import FileRows
from .import_checks import Check, Comparison, describe_problem

_logger = logging.getLogger(__name__)

CHUNK = 2000
STEP_SECONDS = 20
# A dry run tries the database with as many rows as fit into this time; all rows are read.
TRY_SECONDS = 60
MAX_ATTEMPTS = 5
_LOCK_SPACE = 0x68696D70
# Scans of the last files, so that a background job needn't read its file anew at each step.
_SCANS = {}


class HospitalityImportRunner(models.AbstractModel):
    """The long work of a file import, in steps that each end with a commit.

    Every step opens a cursor of its own. A job is worked on by one process at a time (advisory
    lock on its id); after a crash the next one goes on with the first chunk that isn't stored.
    """

    _name = "hospitality.import.runner"
    _description = "File import worker"

    @api.model
    def _run_waiting(self):
        """Work on waiting jobs for some seconds and ask the scheduler for more when some are left."""
        deadline = time.monotonic() + STEP_SECONDS
        Job, cron = self.env["hospitality.import.job"], self.env["ir.cron"]
        waiting = Job.search([("task", "!=", False)], order="id")
        cron._commit_progress(remaining=len(waiting))
        for job in waiting:
            try:
                finished = self._run(job, job.task, deadline=deadline, wait=False)
            except UserError as error:
                _logger.info("Import %s stopped: %s", job.id, error)
                self._note_failure(job, error)
                finished = False
            except Exception as error:  # whatever it is, the other jobs go on
                self.env.cr.rollback()
                _logger.exception("Import %s failed", job.id)
                self._note_failure(job, error)
                finished = False
            if not cron._commit_progress(1 if finished else 0) or time.monotonic() > deadline:
                break
            self.env.invalidate_all()
        cron._commit_progress(remaining=Job.search_count([("task", "!=", False)]))

    @api.model
    def _note_failure(self, job, error):
        """Show an error on the job; give up after some attempts, at once when people must act."""
        known = isinstance(error, UserError | FileError)
        with lane_env(self.env) as env:
            job = job.with_env(env)
            attempts = job.attempts + 1
            text = self._get_error_text(env, error)
            job.write(
                {
                    "attempts": attempts,
                    "error": text,
                    "task": False if known or attempts >= MAX_ATTEMPTS else job.task,
                }
            )
            if not job.task and job.folder_id:
                job.folder_id._file_finished(job, failed=True)

    @api.model
    def _get_error_text(self, env, error):
        if isinstance(error, FileError):
            return env["hospitality.import.mapping"]._explain(error)
        if isinstance(error, UserError):
            return str(error)
        return env._(
            "The import stopped (%(error)s). It is tried again; what is stored stays.",
            error=f"{type(error).__name__}: {error}"[:300],
        )

    @api.model
    def _run(self, job, task, progress=None, deadline=None, wait=True):
        """Do a task of a job.

        :param str task: ``read``, ``check`` or ``import``
        :param progress: called as ``progress(stage, done, total)``
        :param deadline: time (monotonic) after which an import stops between two chunks
        :param bool wait: raise when another process works on the job, else leave it alone
        :return: whether the task is finished
        :raise UserError: another process works on it, or people must act
        """
        with lane_env(self.env) as guard:
            # Not a queue to claim from: the lock outlives the transactions of the steps below.
            [[free]] = guard.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", _LOCK_SPACE, job.id))
            if not free:
                if wait:
                    raise UserError(self.env._("%(name)s is being worked on by another process.", name=job.name))
                return False
            try:
                return self.with_env(guard)._run_locked(job.with_env(guard), task, progress, deadline)
            except FileError as error:
                raise UserError(guard["hospitality.import.mapping"]._explain(error)) from error
            finally:
                guard.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _run_locked(self, job, task, progress, deadline):
        if task == "read":
            with lane_env(self.env) as env:
                job.with_env(env)._read_file()
            return True
        report = _Progress(self.env, job, progress)
        rows = self._open(job, task)
        if task == "check":
            self._check(job, rows, report)
            return True
        return self._import(job, rows, report, deadline)

    @api.model
    def _open(self, job, task):
        """Store the mapping of a job and return its rows."""
        with lane_env(self.env) as env:
            job = job.with_env(env)
            if not job.loaded_rows or task == "check" or not job.mapping_id:
                job.mapping_id = env["hospitality.import.mapping"]._remember(
                    job.connector_id, job.name, job.header, job._get_content()
                )
            system = job.sudo()  # places and words are configuration that everybody's import depends on
            plans = system.connector_id._get_import_plans(system.mapping_id)
            facts = {key: value for key, value in (job.facts or {}).items() if key not in ("kind", "header")}
            if (job.facts or {}).get("kind") in ("json", "xml"):
                facts["header"] = job.header
            return FileRows(
                job._get_source(),
                facts,
                plans[str(job.mapping_id.id)],
                job.mapping_id.id,
                job.mapping_id._get_revision(),
                job._get_limits(),
            )

    @api.model
    def _scan(self, job, rows, progress):
        """Read the whole file for what its rows can't say alone, unless this process just did."""
        key = (self.env.cr.dbname, job.id)
        known, scan = _SCANS.pop(key, (None, None))
        if known != rows.identity:
            scan = rows.prepare(lambda done: progress("read", done, job.row_count))
        rows.scan = scan
        _SCANS[key] = rows.identity, scan
        while len(_SCANS) > 2:
            _SCANS.pop(next(iter(_SCANS)))
        return scan

    # Dry run

    @api.model
    def _check(self, job, rows, progress):
        """Read every row and try what the database would do with it; nothing stays."""
        scan = self._scan(job, rows, progress)
        currencies = dict(
            self.env.execute_query(
                SQL("SELECT p.code, c.name FROM hospitality_property p JOIN res_currency c ON c.id = p.currency_id")
            )
        )
        place = job.connector_id.sudo().property_id  # the currency of whoever's property is part of the report
        check = Check(scan, currencies, place.currency_id.name or "")
        unmapped = {}
        deadline = time.monotonic() + TRY_SECONDS
        done = 0
        for chunk in _chunks(rows.raws()):
            trying = time.monotonic() < deadline
            with lane_env(self.env) as env:
                connector = env["hospitality.connector"].sudo().browse(job.connector_id.id)  # as lanes do
                check.add(self._try_chunk(connector, chunk, unmapped, check, trying), tried=trying)
                env.cr.rollback()
            done += len(chunk)
            progress("apply", done, scan.rows)
        check.cards = rows.cards
        with lane_env(self.env) as env:
            job = job.with_env(env)
            connector = job.connector_id.sudo()  # words to explain belong to the connector
            if unmapped:
                Mapping = env["hospitality.connector.mapping"].sudo()  # who may import may not write words by hand
                Mapping._note_unmapped(connector, unmapped)
            job.write(
                {
                    "check_report": check.as_dict(unmapped),
                    "state": "check",
                    "task": False,
                    "stage": False,
                    "error": False,
                    "row_count": scan.rows,
                    "bad_count": scan.bad,
                    "loaded_rows": 0,
                    "event_prefix": rows.prefix,
                }
            )

    @api.model
    def _parse(self, connector, chunk, unmapped):
        """Return ``(messages, row numbers)`` of raw records, as the pipeline reads them."""
        now = fields.Datetime.now().timestamp()
        tuples = [
            (index, raw.entity, raw.external_id, raw.body, "text", raw.content_type, raw.version, now, False)
            for index, raw in enumerate(chunk)
        ]
        pipeline = connector.env["hospitality.connector.pipeline"]
        messages = pipeline._parse_rows(connector, tuples, connector._get_code_map(), unmapped)
        return messages, [_row_number(raw) for raw in chunk]

    @api.model
    def _try_chunk(self, connector, chunk, unmapped, check, trying):
        """Apply raw records and say what became of them; the caller rolls back."""
        env = connector.env
        messages, numbers = self._parse(connector, chunk, unmapped)
        sound = [message for message in messages if message.problem is None]
        existing, landed, fresh = {}, set(), {}
        if trying and sound:
            keys = _keys_by_entity(sound)
            existing = {entity: self._find_existing(connector, entity, found) for entity, found in keys.items()}
            [[last]] = env.execute_query(SQL("SELECT coalesce(max(id), 0) FROM res_partner"))
            options = {"property_id": connector.property_id.id or None, "codes": connector._get_code_map()}
            env["hospitality.connector.pipeline"]._apply(connector.source_id, sound, options, unmapped, landed)
            fresh = self._find_fresh(connector, keys.get("guest", ()), last)
        return messages, numbers, existing, landed, fresh

    @api.model
    def _find_existing(self, connector, entity, keys):
        """Return which keys of an entity are stored already."""
        rows = connector.env.execute_query(
            SQL(
                "SELECT external_id FROM %s WHERE source_id = %s AND external_id = ANY(%s::varchar[])",
                SQL.identifier(TABLES[entity]),
                connector.source_id.id,
                pg_array(keys),
            )
        )
        return {row[0] for row in rows}

    @api.model
    def _find_fresh(self, connector, keys, last):
        """Return ``{key: guest id}`` of the profiles whose guest is younger than ``last``."""
        if not keys:
            return {}
        return dict(
            connector.env.execute_query(
                SQL(
                    "SELECT external_id, partner_id FROM hospitality_profile WHERE source_id = %s"
                    " AND external_id = ANY(%s::varchar[]) AND partner_id > %s",
                    connector.source_id.id,
                    pg_array(keys),
                    last,
                )
            )
        )

    # Import

    @api.model
    def _import(self, job, rows, progress, deadline):
        scan = self._scan(job, rows, progress)
        self._begin(job, rows)
        if not self._load(job, rows, progress, deadline):
            return False
        if not self._apply(job, scan.rows, progress, deadline):
            return False
        self._verify(job, rows, progress)
        return True

    @api.model
    def _begin(self, job, rows):
        """Note what is loaded; a file or mapping that changed in between starts anew."""
        with lane_env(self.env) as env:
            job = job.with_env(env)
            values = {"state": "import", "row_count": rows.scan.rows, "bad_count": rows.scan.bad, "error": False}
            if job.event_prefix != rows.prefix or not job.observed_at or job.verify_report:
                values.update(
                    event_prefix=rows.prefix,
                    loaded_rows=0,
                    stored_rows=0,
                    observed_at=fields.Datetime.now(),
                    started_at=fields.Datetime.now(),
                    verify_report=False,
                )
            job.write(values)

    @api.model
    def _load(self, job, rows, progress, deadline):
        """Store the rows in the inbox, a chunk and the place in the file in one transaction."""
        with lane_env(self.env) as env:
            job_now = job.with_env(env)
            loaded, observed_at = job_now.loaded_rows, job_now.observed_at
        total = rows.scan.rows
        for chunk in _chunks(rows.raws(observed_at, skip=loaded)):
            with_retry(lambda chunk=chunk: self._store_chunk(job, chunk))
            loaded += len(chunk)
            progress("read", loaded, total)
            if deadline and loaded < total and time.monotonic() > deadline:
                return False
        return True

    @api.model
    def _store_chunk(self, job, chunk):
        with lane_env(self.env) as env:
            job = job.with_env(env)
            connector = job.connector_id.sudo()  # who may import doesn't write the inbox by hand
            new = connector._store(chunk)
            self._take_up_again(connector, [raw.event_key for raw in chunk])
            job.write({"loaded_rows": job.loaded_rows + len(chunk), "stored_rows": job.stored_rows + len(new)})

    @api.model
    def _take_up_again(self, connector, keys):
        """Give rows that the inbox knows from an earlier import of the file another try."""
        connector.env.execute_query(
            SQL(
                "UPDATE hospitality_connector_inbox SET state = 'new', error_code = NULL, error_message = NULL,"
                " error_reason = NULL WHERE connector_id = %s AND event_key = ANY(%s::varchar[])"
                " AND state = 'quarantined' RETURNING id",
                connector.id,
                pg_array(keys),
            )
        )

    @api.model
    def _apply(self, job, total, progress, deadline):
        """Help the lanes until no row of the file is left to be applied."""
        while True:
            with lane_env(self.env) as env:
                connector = env["hospitality.connector"].sudo().browse(job.connector_id.id)  # as lanes do
                waiting = job.with_env(env).sudo()._get_inbox_domain("new")  # counted, not shown
                left = connector.env["hospitality.connector.inbox"].search_count(waiting)
            progress("apply", total - min(left, total), total)
            if deadline and time.monotonic() > deadline:
                return False
            # Other files and lanes may feed the same connector: each step takes what is there.
            connector = self.env["hospitality.connector"].sudo().browse(job.connector_id.id)  # as lanes do
            if not with_retry(connector._process_step) and not with_retry(connector._sweep_step):
                if not left:
                    return True
                time.sleep(0.2)

    # Verification

    @api.model
    def _verify(self, job, rows, progress):
        """Compare every record of the file with what landed, and close the job."""
        comparison = Comparison()
        done = 0
        for chunk in _chunks(rows.raws()):
            with lane_env(self.env) as env:
                connector = env["hospitality.connector"].sudo().browse(job.connector_id.id)  # as lanes do
                messages, numbers = self._parse(connector, chunk, {})
                landed = {
                    entity: self._read_landed(connector, entity, keys)
                    for entity, keys in _keys_by_entity(messages).items()
                }
                comparison.add(messages, numbers, landed)
            done += len(chunk)
            progress("verify", done, rows.scan.rows)
        with lane_env(self.env) as env:
            job = job.with_env(env)
            report = comparison.as_dict()
            report.update(self._count_inbox(job), rows=rows.scan.rows, cards=rows.cards)
            values = {
                "verify_report": report,
                "difference_count": report["difference_count"],
                "state": "done",
                "task": False,
                "stage": False,
                "error": False,
                "finished_at": fields.Datetime.now(),
            }
            if rows.cards:
                values.update(file=False, size=0)
            job.write(values)
            if job.folder_id:
                job.folder_id._file_finished(job)

    @api.model
    def _count_inbox(self, job):
        """Return how the rows of a file ended: loaded, unchanged, in quarantine, waiting."""
        Inbox = job.env["hospitality.connector.inbox"].sudo()  # counts only
        waiting = Inbox.search_count(job._get_inbox_domain("waiting"))
        bad = Inbox.search_fetch(
            job._get_inbox_domain("quarantined"),
            ["body", "error_code", "error_message", "error_reason"],
            order="id",
            limit=1000,
        )
        problems = [
            describe_problem(body_row(row.body), row.error_message or row.error_code, row.error_reason) for row in bad
        ]
        quarantined = len(bad) if len(bad) < 1000 else Inbox.search_count(job._get_inbox_domain("quarantined"))
        return {
            "loaded": job.stored_rows,
            "unchanged": job.loaded_rows - job.stored_rows,
            "quarantined": quarantined,
            "waiting": waiting,
            "problems": sorted(problems, key=lambda problem: problem["row"] or 0),
        }

    @api.model
    def _read_landed(self, connector, entity, keys):
        """Return ``{key: {"status", "currency", amounts...}}`` of stored records."""
        table = SQL.identifier(TABLES[entity])
        columns = Comparison.COLUMNS[entity]
        has_currency = entity in Comparison.WITH_CURRENCY
        selected = [SQL.identifier("t", name) for name in columns]
        if has_currency:
            selected.append(SQL("c.name"))
        join = SQL("LEFT JOIN res_currency c ON c.id = t.currency_id") if has_currency else SQL()
        result = connector.env.execute_query(
            SQL(
                "SELECT t.external_id, %s FROM %s t %s WHERE t.source_id = %s AND t.external_id = ANY(%s::varchar[])",
                SQL(", ").join(selected),
                table,
                join,
                connector.source_id.id,
                pg_array(keys),
            )
        )
        names = (*columns, "currency") if has_currency else columns
        return {key: dict(zip(names, values, strict=True)) for key, *values in result}


class _Progress:
    """Writes how far a job is, at most twice a second, and tells the caller."""

    def __init__(self, env, job, callback=None):
        self._env = env
        self._job = job
        self._callback = callback
        self._last = 0.0

    def __call__(self, stage, done, total):
        if self._callback:
            self._callback(stage, done, total)
        now = time.monotonic()
        if now - self._last < 0.5 and done < (total or 0):
            return
        self._last = now
        with lane_env(self._env) as env:
            env.cr.execute(
                SQL(
                    "UPDATE hospitality_import_job SET stage = %s, progress_done = %s, progress_total = %s"
                    " WHERE id = %s",
                    stage,
                    done,
                    total or 0,
                    self._job.id,
                )
            )


def _chunks(raws):
    while chunk := list(itertools.islice(raws, CHUNK)):
        yield chunk


def _row_number(raw):
    return body_row(raw.body)


def body_row(body):
    """Return the row number in a stored body without reading all of it."""
    head = (body or "")[:80]
    _before, found, rest = head.partition('"r":')
    number = rest.split(",", 1)[0].split("}", 1)[0]
    return int(number) if found and number.isdigit() else None


def _keys_by_entity(messages):
    keys = {}
    for message in messages:
        for event in message.events:
            keys.setdefault(event["entity"], set()).add(event["external_id"])
    return {entity: sorted(found) for entity, found in keys.items()}
