import logging
import resource
import time

import numpy as np

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...engine import matching
from ...tools import claim
from ...tools.arrays import pg_int_array
from .run_data import load_arrays, save_arrays

_logger = logging.getLogger(__name__)

# First key of the advisory lock of whoever begins a run because the queue is long.
LOCK = 1_919_512_171

# Profiles of one step.
RANGE = 20_000
# About so many profiles per range of keys, and per range of pairs.
PER_SHARD = 125_000
PHASES = [
    ("prepare", "Reading Profiles"),
    ("pairs", "Finding Candidates"),
    ("population", "Counting Contacts"),
    ("compare", "Comparing"),
    ("count", "Counting Names"),
    ("score", "Scoring"),
    ("cluster", "Grouping"),
    ("rescore", "Scoring Again"),
    ("recluster", "Grouping Again"),
    ("apply", "Merging and Proposing"),
    ("finish", "Finishing"),
]
# Per cent of a run after which each phase begins.
_BEGINS = (0, 15, 20, 22, 32, 34, 36, 40, 44, 50, 98, 100)
# What the next phases don't need any more.
_DROPPED = {"pairs": ["keys"], "compare": ["pairs"], "cluster": ["scored"], "recluster": ["scored", "compared"]}


class HospitalityMatchRun(models.Model):
    """One matching of all profiles with each other, worked off by lanes in small steps.

    What a step needs and leaves is in the database, so that lanes on any host share the work and a
    killed one costs its step. Phases: :class:`~.hospitality_match_step.HospitalityMatchStep`.
    """

    _name = "hospitality.match.run"
    _description = "Matching Run"
    _order = "id desc"

    kind = fields.Selection(
        [("full", "All Profiles"), ("changed", "New and Changed Profiles")], required=True, default="full"
    )
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("stopped", "Stopped"), ("failed", "Failed")],
        required=True,
        default="running",
    )
    phase = fields.Selection(PHASES, required=True, default="prepare")
    progress = fields.Float(help="Per cent of the whole run.")
    status = fields.Char(compute="_compute_status")
    user_id = fields.Many2one("res.users", string="Started By", default=lambda self: self.env.user)
    automatic = fields.Boolean(string="Merges by Itself", help="Clear duplicates were merged without being asked.")
    threshold_auto = fields.Float(help="Score from which two profiles are merged without being asked.")
    threshold_ask = fields.Float(help="Score from which people are asked.")
    weights = fields.Json(help="Weights of the evidence as they were when the run began.")
    started_at = fields.Datetime(default=fields.Datetime.now)
    finished_at = fields.Datetime()
    message = fields.Char(help="Why the run has ended before it was done.")
    profile_count = fields.Integer(string="Profiles")
    pair_count = fields.Integer(string="Compared Pairs")
    cluster_count = fields.Integer(string="Guests", help="Groups of profiles that belong to one guest each.")
    merged_count = fields.Integer(string="Merged", help="Guests that were merged into another one.")
    refused_count = fields.Integer(string="Refused Merges", help="Groups that must not be merged without a person.")
    open_count = fields.Integer(string="To Review")
    household_count = fields.Integer(string="Households")
    shards = fields.Integer(default=1, help="Ranges of keys, a power of two.")
    bounds = fields.Json(help="First profiles of the ranges of pairs, but the first range.")
    task_count = fields.Integer(help="Steps of the current phase.")
    task_ids = fields.One2many("hospitality.match.task", "run_id", groups="hospitality_crm.group_hospitality_admin")

    _running_uniq = models.UniqueIndex("((TRUE)) WHERE state = 'running'", "Another matching run is at work.")

    @api.depends("state", "phase", "progress", "merged_count", "open_count", "message")
    def _compute_status(self):
        phases = dict(self._fields["phase"]._description_selection(self.env))
        for run in self:
            if run.state == "running":
                run.status = self.env._(
                    "%(phase)s: %(progress)s %%", phase=phases[run.phase], progress=round(run.progress)
                )
            elif run.state == "failed":
                run.status = self.env._("Failed: %s", run.message or "")
            else:
                run.status = self.env._(
                    "%(merged)s guests merged, %(open)s pairs to review", merged=run.merged_count, open=run.open_count
                )

    def unlink(self):
        self.env["hospitality.match"].flush_model(["run_id"])
        self.env.cr.execute(
            SQL("UPDATE hospitality_match SET run_id = NULL WHERE run_id = ANY(%s::int[])", pg_int_array(self.ids))
        )
        self.env["hospitality.match"].invalidate_model(["run_id"], flush=False)
        return super().unlink()

    # Start and end

    @api.model
    def action_start(self, kind="full"):
        """Begin a run; lanes do the work.

        :param str kind: ``full`` compares all profiles, ``changed`` those without a current normal form
        :raise AccessError: the user is neither a guest relations manager nor an administrator
        :raise UserError: a run is at work
        """
        user = self.env.user
        if not self.env.su and not (
            user.has_group("hospitality_crm.group_hospitality_manager")
            or user.has_group("hospitality_crm.group_hospitality_admin")
        ):
            raise AccessError(
                self.env._("Guest relations managers and administrators start matching. Ask one of them to do it.")
            )
        runs = self.sudo()  # rights are checked above; runs are the system's
        running = runs.search([("state", "=", "running")])
        if running:
            raise UserError(self.env._("A matching run is at work (%s). Wait for it or stop it first.", running.status))
        return runs._start(kind).with_env(self.env)

    @api.model
    def _start(self, kind="full"):
        """Create a run with its first steps."""
        self.env.flush_all()
        weights = self.env["hospitality.match.weights"]._get_current()
        firsts = [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM hospitality_profile"
                    " WHERE state IN ('live', 'superseded')) AS p WHERE nth %% %s = 1 ORDER BY id",
                    RANGE,
                )
            )
        ]
        shards = 1
        while shards * PER_SHARD < len(firsts) * RANGE:
            shards *= 2
        step = max(1, -(-len(firsts) // shards))
        run = self.create(
            {
                "kind": kind,
                "automatic": self.env["hospitality.match.weights"]._is_automatic(),
                "threshold_auto": weights.auto,
                "threshold_ask": weights.ask,
                "weights": weights.values(),
                "shards": shards,
                "bounds": firsts[step::step],
                "task_count": len(firsts),
            }
        )
        self.env["hospitality.match.task"].create(
            [
                {"run_id": run.id, "phase": "prepare", "number": number, "first_id": first, "last_id": last - 1}
                for number, (first, last) in enumerate(zip(firsts, [*firsts[1:], 2**31 - 1], strict=False))
            ]
        )
        if kind == "full":
            self._take_over_queue(run)
        if firsts:
            self._wake()
        else:
            run._end("done")
        return run

    @api.model
    def _take_over_queue(self, run):
        """Take what is waiting off the queue: a full run compares it anyway. A run that fails puts it back."""
        rows = self.env["hospitality.match.queue"]._hand_over()
        if rows:
            profile_ids, after_ids = np.array(rows, np.int32).T
            data = save_arrays(profile_ids=profile_ids, after_ids=after_ids)
            self.env["hospitality.match.part"]._put(run, "queue", data)

    @api.model
    def _start_if_long(self):
        """Begin a full run when so many profiles wait that comparing them one by one would take longer.

        Needs a READ COMMITTED transaction; one lane does it at a time.
        """
        if not self.env["hospitality.match.queue"]._is_long():
            return
        alone = self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s, 0)", LOCK)) == [(True,)]
        if alone and not self.search_count([("state", "=", "running")], limit=1):
            self._start()

    @api.model
    def _start_if_stale(self):
        """Begin a run when the engine has a new version: what it knew of the profiles is out of date."""
        stale = self.env.execute_query(
            SQL("SELECT FROM hospitality_match_normal WHERE version <> %s LIMIT 1", matching.VERSION)
        )
        if stale and not self.search_count([("state", "=", "running")], limit=1):
            self._start()

    def action_stop(self):
        """End the run. What it has merged so far stays merged; every merge can be undone."""
        user = self.env.user
        if not self.env.su and not user.has_group("hospitality_crm.group_hospitality_manager"):
            raise AccessError(self.env._("Guest relations managers stop matching. Ask one of them to do it."))
        for run in self.sudo().filtered(lambda run: run.state == "running"):  # rights are checked above
            run._end("stopped")

    def _end(self, state, message=None):
        self.ensure_one()
        if state != "done":
            for _first, data in self.env["hospitality.match.part"]._get(self, "queue"):
                rows = load_arrays(data)
                self.env["hospitality.match.queue"]._add(
                    list(zip(rows["profile_ids"].tolist(), rows["after_ids"].tolist(), strict=True))
                )
        self.env.cr.execute(SQL("DELETE FROM hospitality_match_task WHERE run_id = %s", self.id))
        self.env.cr.execute(SQL("DELETE FROM hospitality_match_part WHERE run_id = %s", self.id))
        self.write(
            {
                "state": state,
                "message": message,
                "finished_at": fields.Datetime.now(),
                "progress": 100 if state == "done" else self.progress,
            }
        )
        self.env.invalidate_all()

    def _get_weights(self):
        """Return the engine's weights of this run."""
        weights = matching.Weights(self.weights)
        weights.auto, weights.ask = self.threshold_auto, self.threshold_ask
        return weights

    # Lanes

    @api.model
    def _wake(self, lanes=4):
        """Let lanes run soon."""
        for number in range(1, lanes + 1):
            lane = self.env.ref(f"hospitality_crm.cron_match_lane_{number}", raise_if_not_found=False)
            if lane and lane.sudo().active:  # whoever changes a guest may wake the lane
                lane.sudo()._trigger()  # see above

    @api.model
    def _run_lane(self):
        """Compare waiting profiles and work on the current run until nothing is left or the time is up."""
        Cron = self.env["ir.cron"]
        # A job is called again and again after its time, so that short steps have their turn. Steps of seconds
        # would come to more than the processor time that a process may take for all its jobs.
        while Cron._commit_progress(remaining=1):
            done = claim.with_retry(self._run_queue) or self._run_task()
            if not done:
                Cron._commit_progress(remaining=0)
                return
            Cron._commit_progress(done)
        self._wake()

    @api.model
    def _run_queue(self):
        """Compare waiting profiles in a transaction of its own; return how many rows of the queue it took."""
        with claim.lane_env(self.env) as env:
            env["hospitality.match.normal"]._fold_counts()
            claim.forbid_jit(env)
            env[self._name]._start_if_long()
            return env["hospitality.match.queue"]._take()

    @api.model
    def _run_task(self):
        """Do one step of the current run in a transaction of its own; return 0 when there is none to do."""
        try:
            return claim.with_retry(self._try_task)
        except claim.RETRY_ON:
            raise
        except Exception as error:
            _logger.exception("A matching run has failed")
            with claim.lane_env(self.env) as env:
                for run in env[self._name].search([("state", "=", "running")]):
                    run._end("failed", f"{type(error).__name__}: {error}"[:500])
            return 0

    @api.model
    def _try_task(self):
        with claim.lane_env(self.env) as env:
            step = env["hospitality.match.step"]
            run = env[self._name].search([("state", "=", "running")], limit=1)
            if not run:
                step._forget_table()
                return 0
            tasks = claim.claim(
                env,
                "hospitality_match_task",
                SQL("run_id = %s AND phase = %s", run.id, run.phase),
                limit=1,
            )
            if not tasks:
                return run._advance()
            task = env["hospitality.match.task"].browse(tasks)
            claim.forbid_jit(env)
            began, spent = time.perf_counter(), time.process_time()
            counters = getattr(step, f"_do_{task.phase}")(run, task)
            env.flush_all()
            env.cr.execute(SQL("DELETE FROM hospitality_match_task WHERE id = %s", task.id))
            _logger.info(
                "Matching run %s, step %s %s: %.2f s, %.2f s of them here, at most %.0f MB so far",
                run.id,
                task.phase,
                task.number,
                time.perf_counter() - began,
                time.process_time() - spent,
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            )
            run._count(counters)
            return 1

    def _count(self, counters):
        """Add to the counters of the run and to its progress. The row is locked until the commit: comes last."""
        phases = [phase for phase, _label in PHASES]
        position = phases.index(self.phase)
        begin, end = _BEGINS[position], _BEGINS[position + 1]
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_match_run SET progress = LEAST(100, progress + %s) %s WHERE id = %s",
                (end - begin) / max(self.task_count, 1),
                SQL("").join(
                    SQL(", %(name)s = coalesce(%(name)s, 0) + %(count)s", name=SQL.identifier(name), count=count)
                    for name, count in counters.items()
                ),
                self.id,
            )
        )
        self.invalidate_recordset(flush=False)

    def _advance(self):
        """Go on to the next phase when all steps of this one are done; return whether it went on."""
        self.env.cr.execute(SQL("SELECT phase, state FROM hospitality_match_run WHERE id = %s FOR UPDATE", self.id))
        if self.env.cr.fetchone() != (self.phase, "running"):
            return 1
        Task = self.env["hospitality.match.task"]
        if Task.search_count([("run_id", "=", self.id), ("phase", "=", self.phase)], limit=1):
            return 0
        self.env["hospitality.match.part"]._drop(self, *_DROPPED.get(self.phase, ()))
        phases = [phase for phase, _label in PHASES]
        position = phases.index(self.phase) + 1
        if position == len(phases) or self.kind == "changed":
            self._close_questions()
            self._end("done")
            return 1
        phase = phases[position]
        if phase != "apply":
            counts = {
                "pairs": self.shards,
                **dict.fromkeys(("compare", "score", "rescore"), len(self.bounds or ()) + 1),
            }
            for number in range(counts.get(phase, 1)):
                self._add_task(phase, number)
        self.write(
            {
                "phase": phase,
                "progress": _BEGINS[position],
                "task_count": Task.search_count([("run_id", "=", self.id), ("phase", "=", phase)]),
            }
        )
        self._wake()
        return 1

    def _add_task(self, phase, number=None):
        """Add a step; return its number."""
        Task = self.env["hospitality.match.task"]
        if number is None:
            number = Task.search_count([("run_id", "=", self.id), ("phase", "=", phase)])
        Task.create({"run_id": self.id, "phase": phase, "number": number})
        return number

    def _close_questions(self):
        """Make open pairs obsolete that a full run has not found again."""
        if self.kind == "full":
            self.env.cr.execute(
                SQL(
                    "UPDATE hospitality_match SET state = 'obsolete' WHERE state = 'open'"
                    " AND run_id IS DISTINCT FROM %s AND found_at < %s",
                    self.id,
                    self.started_at,
                )
            )
