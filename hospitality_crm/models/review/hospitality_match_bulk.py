from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import claim

BATCH = 100
SAMPLE = 10


class HospitalityMatchBulk(models.Model):
    """Many proposals of a range of scores that a manager has decided to merge, worked off in the background.

    What is merged is what the manager saw: pairs that were open when he started. They are taken from the
    best to the worst; ``last_score`` and ``last_match_id`` say how far it is. A merge that is refused stays in the
    queue with its reason.
    """

    _name = "hospitality.match.bulk"
    _description = "Bulk Merge"
    _order = "id desc"

    user_id = fields.Many2one("res.users", string="Started By", required=True, default=lambda self: self.env.user)
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("stopped", "Stopped")],
        required=True,
        default="running",
        index="btree_not_null",
    )
    filters = fields.Json(required=True)
    last_match_id = fields.Integer(help="Last pair that was dealt with.")
    last_score = fields.Float()
    newest_match_id = fields.Integer(help="Pairs that were found later are not part of it.")
    total_count = fields.Integer(string="Pairs")
    done_count = fields.Integer(string="Dealt With")
    merged_count = fields.Integer(string="Merges")
    refused_count = fields.Integer(string="Refused")
    finished_at = fields.Datetime()

    @api.model
    def _check_manager(self):
        if not self.env.user.has_group("hospitality_crm.group_hospitality_manager"):
            raise AccessError(self.env._("Only guest relations managers may merge many guests at once."))

    @api.model
    def _get_pairs_domain(self, filters):
        """Return the domain of open pairs to merge; households are never among them."""
        domain = self.env["hospitality.match.review"]._get_filter_domain({**filters, "state": "open"})
        return domain & Domain("band", "!=", "household")

    @api.model
    @api.readonly
    def get_preview(self, filters):
        """Return what a bulk merge would take.

        :param dict filters: see ``hospitality.match.review._get_filter_domain``
        :return: dict with ``count`` (pairs) and ``sample``: ten pairs, evenly from the best to the worst score, as
            ``{"score", "guests", "rows", "evidence"}`` with the refusal, if it would be refused, in ``refusal``
        :raise AccessError: when the user is no guest relations manager
        """
        self._check_manager()
        query = self.env["hospitality.match"]._search(self._get_pairs_domain(filters), order="score desc, id")
        if query.is_empty():
            return {"count": 0, "sample": []}
        query.order = None
        names = ("id", "partner_id", "other_partner_id", "score", "evidence")
        columns = [SQL.identifier(query.table, name) for name in names]
        rows = self.env.execute_query(
            SQL(
                """WITH pair AS (%s),
                        numbered AS (SELECT *, row_number() OVER (ORDER BY score DESC, id) AS place,
                                            count(*) OVER () AS pairs FROM pair)
                   SELECT DISTINCT ON (part) pairs, id, partner_id, other_partner_id, score, evidence
                     FROM (SELECT *, (place * %s - 1) / pairs AS part FROM numbered) AS parted
                    ORDER BY part, place DESC""",
                query.select(*columns),
                SAMPLE,
            )
        )
        groups = [[row[2], row[3]] for row in rows]
        compared = self.env["hospitality.guest.compare"]._compare(groups)
        refusals = self.env["hospitality.merge"]._get_refusals(groups)
        Texts = self.env["hospitality.match.texts"]
        return {
            "count": rows[0][0] if rows else 0,
            "sample": [
                {
                    **shown,
                    "id": row[1],
                    "score": round(row[4], 1),
                    "evidence": Texts._show_evidence(row[5])[:3],
                    "refusal": refusals.get(index, ""),
                }
                for index, (row, shown) in enumerate(zip(rows, compared, strict=True))
                if shown
            ],
        }

    @api.model
    def start(self, filters):
        """Start merging in the background.

        :return: what :meth:`get_progress` returns
        :raise UserError: when a bulk merge is running or there is nothing to merge
        """
        self._check_manager()
        Bulk = self.sudo()  # rows are written by the system alone; the role was checked above
        if Bulk.search_count([("state", "=", "running")], limit=1):
            raise UserError(self.env._("A bulk merge is running already. Wait for its end or stop it."))
        matches = self.env["hospitality.match"].search(self._get_pairs_domain(filters), order="id desc")
        if not matches:
            raise UserError(self.env._("There is nothing to merge under these filters."))
        job = Bulk.create(
            {
                "user_id": self.env.uid,
                "filters": filters,
                "total_count": len(matches),
                "newest_match_id": matches[0].id,
            }
        )
        self._wake()
        return job.get_progress()

    def _wake(self):
        self.env.ref("hospitality_crm.cron_match_bulk").sudo()._trigger()  # whoever may start it may wake the lane

    def get_progress(self):
        """Return how far the bulk merge is, without arguments the newest one; False without any."""
        self._check_manager()
        job = self.sudo() or self.sudo().search([], limit=1)  # for managers, see above
        if not job:
            return False
        counts = ("total_count", "done_count", "merged_count", "refused_count")
        return {"id": job.id, "state": job.state, **{name: job[name] for name in counts}}

    def action_stop(self):
        """Stop after the batch that is being merged now."""
        self._check_manager()
        self.sudo().filtered(lambda job: job.state == "running").write(  # for managers, see above
            {"state": "stopped", "finished_at": fields.Datetime.now()}
        )
        return True

    @api.model
    def _run_lane(self):
        """Work off the running bulk merge until it is done or the time is up."""
        while True:
            more = claim.with_retry(self._run_batch)
            left = self.env["ir.cron"]._commit_progress(BATCH, remaining=int(more))
            if not more or not left:
                break

    @api.model
    def _run_batch(self):
        """Merge the next pairs in a transaction of their own; return whether there are more."""
        with claim.lane_env(self.env) as env:
            ids = claim.claim(env, self._table, SQL("state = 'running'"), limit=1)
            return bool(ids) and env[self._name].browse(ids)._merge_next()

    def _merge_next(self):
        """Merge the next batch of pairs as the user who has asked for it."""
        self.ensure_one()
        job = self.with_user(self.user_id)
        domain = job._get_pairs_domain(self.filters) & Domain("id", "<=", self.newest_match_id)
        if self.last_match_id:
            domain &= Domain("score", "<", self.last_score) | (
                Domain("score", "=", self.last_score) & Domain("id", ">", self.last_match_id)
            )
        matches = job.env["hospitality.match"].search(domain, order="score desc, id", limit=BATCH)
        if not matches:
            self.write({"state": "done", "finished_at": fields.Datetime.now(), "done_count": self.total_count})
            return False
        merged, refused = matches._merge_or_explain(self.env._("Bulk merge %s", self.id))
        last = matches[-1]
        self.write(
            {
                "last_score": last.score,
                "last_match_id": last.id,
                "done_count": min(self.total_count, self.done_count + len(matches)),
                "merged_count": self.merged_count + merged,
                "refused_count": self.refused_count + refused,
            }
        )
        return True
