import json

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...engine.matching.model import COUNTED
from . import bench
from .hospitality_match_texts import SUBJECTS

# So many pairs are looked at: the decided ones first, then the newest.
MOST_PAIRS = 20_000
FLIPS_SHOWN = 30
# Fitting on fewer decisions, or on decisions of one sort, would teach chance.
LEAST_DECISIONS = 50
LEAST_OF_EACH = 10


class HospitalityMatchBench(models.AbstractModel):
    """A manager tries thresholds and weights on stored pairs before they count.

    What is asked here are pairs that were found worth asking about: one that scored below the lower threshold was
    never stored, so a lower threshold shows its effect only after the next full run.
    """

    _name = "hospitality.match.bench"
    _description = "Test Bench of Matching"
    _inherit = ["hospitality.match.texts"]

    @api.model
    def _check_manager(self):
        if not self.env.user.has_group("hospitality_crm.group_hospitality_manager"):
            raise AccessError(self.env._("Only guest relations managers may change how guests are matched."))

    @api.model
    @api.readonly
    def get_bench(self):
        """Return the rules in use.

        :return: dict with ``auto`` and ``ask`` (thresholds), ``weights``: list of ``{"code", "subject", "label",
            "text", "weight", "count"}`` of the evidence that occurs in stored pairs, ``bands`` (pairs per band),
            ``decisions`` (how people have decided) and ``least`` (decisions that a fit needs)
        """
        self._check_manager()
        weights = self._get_weights()
        pairs = self._load_pairs(weights)
        scores, bands = pairs.bands(weights)
        return {
            "auto": weights.auto,
            "ask": weights.ask,
            "origin": weights.origin,
            "weights": self._show_weights(weights, pairs),
            "bands": self._count(bands),
            "pairs": len(pairs.ids),
            "agreement": bench.judge(scores, pairs.decided, weights),
            "decisions": {"same": int((pairs.decided == 1).sum()), "different": int((pairs.decided == 0).sum())},
            "least": LEAST_DECISIONS,
        }

    @api.model
    @api.readonly
    def try_out(self, auto, ask, changes=None):
        """Return what other rules would change.

        :param float auto: score from which guests are merged without being asked
        :param float ask: score from which people are asked
        :param dict changes: ``{code: weight}``
        :return: dict with ``bands`` (pairs per band), ``agreement`` (with what people have decided), ``flips`` (how
            many) and ``sample``: list of ``{"names", "before", "after", "score_before", "score_after", "why",
            "decided"}``
        :raise UserError: thresholds in the wrong order, or an unknown code
        """
        self._check_manager()
        weights = self._get_weights()
        return self._compare_rules(self._load_pairs(weights), weights, self._get_changed(weights, auto, ask, changes))

    @api.model
    @api.readonly
    def fit_decisions(self):
        """Fit the weights on the decisions of people, without saving them.

        :return: dict with ``changes`` (``{code: weight}`` of what differs) and what :meth:`try_out` returns;
            ``agreement`` is of decisions that the fit had not seen
        :raise UserError: when there are too few decisions
        """
        self._check_manager()
        weights = self._get_weights()
        pairs = self._load_pairs(weights)
        same, different = int((pairs.decided == 1).sum()), int((pairs.decided == 0).sum())
        if same + different < LEAST_DECISIONS or min(same, different) < LEAST_OF_EACH:
            raise UserError(
                self.env._(
                    "Weights are fitted on at least %(least)s decisions, with %(each)s of each sort. So far there are"
                    " %(same)s merges and %(different)s pairs kept apart: decide more cases first.",
                    least=LEAST_DECISIONS,
                    each=LEAST_OF_EACH,
                    same=same,
                    different=different,
                )
            )
        fitted, unseen = bench.refit(pairs, weights)
        before, after = bench.weights_by_code(weights), bench.weights_by_code(fitted)
        changes = {code: round(after[code], 3) for code in after if abs(after[code] - before[code]) >= 0.005}
        return {
            "changes": changes,
            "decisions": same + different,
            **self._compare_rules(pairs, weights, fitted),
            "agreement": bench.judge(unseen, pairs.decided, weights),
        }

    @api.model
    def save(self, auto, ask, changes=None, decisions=0):
        """Let other rules count from now on; open pairs get their new scores and bands.

        :param int decisions: how many decisions the weights were fitted on, 0 for weights set by hand
        :return: number of open pairs whose band has changed
        """
        self._check_manager()
        weights = self._get_weights()
        new = self._get_changed(weights, auto, ask, changes)
        values = new.values()
        self.env["hospitality.match.weights"].sudo().create(  # the role was checked above
            {
                "name": self.env._("Fitted on %s decisions", decisions) if decisions else self.env._("Set by hand"),
                "values": {key: values[key] for key in ("bias", "slots")} if changes else self._get_stored_values(),
                "threshold_auto": auto,
                "threshold_ask": ask,
                "decision_count": decisions,
            }
        )
        return self._rescore_open(weights, new)

    @api.model
    def _get_stored_values(self):
        return self.env["hospitality.match.weights"].sudo().search([], limit=1).values  # as they are in use

    @api.model
    def _get_weights(self):
        return self.env["hospitality.match.weights"]._get_current()

    @api.model
    def _get_changed(self, weights, auto, ask, changes):
        if ask > auto:
            raise UserError(
                self.env._("People must be asked from a score that is not above the one for merging by itself.")
            )
        try:
            return bench.changed(weights, changes or {}, auto, ask)
        except KeyError as error:
            raise UserError(self.env._("There is no evidence “%s”. Reload the page.", error.args[0])) from error

    @api.model
    def _load_pairs(self, weights, only_open=False):
        """Return stored pairs in columns.

        The code of a pair that people have decided tells whether it is one person: merged or kept apart.
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT id, score, ARRAY(SELECT piece ->> 'code' FROM jsonb_array_elements(evidence) AS piece),
                          CASE WHEN decided_by IS NULL THEN -1 WHEN state = 'merged' THEN 1
                               WHEN state IN ('rejected', 'household') THEN 0 ELSE -1 END AS decided
                     FROM hospitality_match
                    WHERE jsonb_typeof(evidence) = 'array' AND %s
                    ORDER BY decided_by IS NULL, id DESC LIMIT %s""",
                SQL("state = 'open'") if only_open else SQL("state <> 'obsolete'"),
                None if only_open else MOST_PAIRS,
            )
        )
        return bench.Pairs.of(rows, weights)

    @api.model
    def _compare_rules(self, pairs, weights, new):
        before_scores, before = pairs.bands(weights)
        after_scores, after = pairs.bands(new)
        flipped = [at for at in range(len(pairs.ids)) if before[at] != after[at]]
        # The most telling first: against what people have decided, then what would be merged by itself.
        flipped.sort(
            key=lambda at: (
                pairs.decided[at] != (1 if after[at] == "new" else 0),
                after[at] != "merge",
                -after_scores[at],
            )
        )
        shown = flipped[:FLIPS_SHOWN]
        return {
            "bands": self._count(after),
            "agreement": bench.judge(after_scores, pairs.decided, new),
            "flips": len(flipped),
            "sample": self._show_flips(pairs, shown, (before, after), (before_scores, after_scores), (weights, new)),
        }

    @api.model
    def _count(self, bands):
        return {band: int((bands == band).sum()) for band in ("merge", "ask", "household", "new")}

    @api.model
    def _show_flips(self, pairs, rows, bands, scores, weights):
        matches = self.env["hospitality.match"].browse([pairs.ids[at] for at in rows])
        matches.fetch(["partner_id", "other_partner_id"])
        matches.partner_id.fetch(["name"])
        old, new = (bench.weights_by_code(one) for one in weights)
        labels = self._get_subject_labels()
        shown = []
        for at, match in zip(rows, matches, strict=True):
            moved = {}
            for code in pairs.codes[at]:
                subject = SUBJECTS.get(code.partition(".")[0], code.partition(".")[0])
                moved[subject] = moved.get(subject, 0.0) + new[code] - old[code]
            shown.append(
                {
                    "id": match.id,
                    "names": [match.partner_id.name or "", match.other_partner_id.name or ""],
                    "before": str(bands[0][at]),
                    "after": str(bands[1][at]),
                    "score_before": round(float(scores[0][at]), 1),
                    "score_after": round(float(scores[1][at]), 1),
                    "decided": int(pairs.decided[at]),
                    "why": [
                        {"label": labels.get(subject, subject), "weight": round(change, 2)}
                        for subject, change in sorted(moved.items(), key=lambda item: -abs(item[1]))
                        if abs(change) >= 0.05
                    ],
                }
            )
        return shown

    @api.model
    def _show_weights(self, weights, pairs):
        """Return the evidence that has words of its own, by subject, with how often it occurs."""
        counts = {}
        for codes in pairs.codes:
            for code in codes:
                counts[code] = counts.get(code, 0) + 1
        labels = self._get_subject_labels()
        known = bench.weights_by_code(weights)
        rows = []
        for code, count in counts.items():
            slot = code.partition(".")[0]
            text = slot not in COUNTED and self._get_sentence([{"code": code}])
            if text:
                subject = SUBJECTS.get(slot, slot)
                rows.append(
                    {
                        "code": code,
                        "subject": subject,
                        "label": labels.get(subject, subject),
                        "text": text,
                        "weight": round(known[code], 2),
                        "count": count,
                    }
                )
        order = list(labels)
        return sorted(rows, key=lambda row: (order.index(row["subject"]), -row["count"], row["code"]))

    @api.model
    def _rescore_open(self, weights, new):
        """Give open pairs the scores, evidence and bands of new weights."""
        self.env["hospitality.match"].flush_model()
        pairs = self._load_pairs(weights, only_open=True)
        if not pairs.ids:
            return 0
        scores, bands = pairs.bands(new)
        _old_scores, before = pairs.bands(weights)
        known = bench.weights_by_code(new)
        # What falls below the lower threshold stays in the queue until the next run: a person may still decide it.
        bands = ["ask" if band == "new" else str(band) for band in bands]
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_match m SET score = n.score, band = n.band,
                          evidence = (SELECT jsonb_agg(
                                                 CASE WHEN w.known ? (p.piece ->> 'code') THEN
                                                      jsonb_set(p.piece, '{weight}', w.known -> (p.piece ->> 'code'))
                                                 ELSE p.piece END ORDER BY p.at)
                                        FROM jsonb_array_elements(m.evidence) WITH ORDINALITY AS p (piece, at),
                                             (SELECT %(known)s::jsonb AS known) AS w)
                     FROM unnest(%(ids)s::int[], %(scores)s::float8[], %(bands)s::text[]) AS n (id, score, band)
                    WHERE m.id = n.id AND m.state = 'open'""",
                known=json.dumps({code: round(weight, 2) for code, weight in known.items()}),
                ids=pairs.ids,
                scores=[float(score) for score in scores],
                bands=bands,
            )
        )
        self.env["hospitality.match"].invalidate_model()
        return int(sum(1 for old, band in zip(before, bands, strict=True) if str(old) != band and str(old) != "new"))
