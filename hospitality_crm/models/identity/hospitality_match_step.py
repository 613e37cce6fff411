import io

import numpy as np

from odoo import api, models
from odoo.tools import SQL

from ...engine import matching
from ...engine.matching.keys import CAPS, KINDS, block_keys
from ...engine.matching.model import household_pairs
from ...engine.matching.pipeline import sure_labels
from ...engine.matching.slots import COUNTED, counted_slots, static_slots
from ...tools.arrays import pg_int_array
from .hospitality_match_normal import MAX_BLOCK
from .judgement import CERTAIN, Evidence, score_slots
from .newcomer import Node, Proposal, to_record
from .run_data import (
    AFTER,
    choose_pairs,
    concat,
    find_rows,
    get_chains,
    get_guest_labels,
    get_shard,
    load_arrays,
    load_table,
    save_arrays,
)

# Of one guest so many profiles stand for all in a block.
PER_GUEST = 3
CHUNK = 1 << 18
# Pairs of merges and questions that are written in one step. Whoever edits one of their guests waits until it is done.
APPLIED = 2_000
# Kinds of keys that hold the same (the first and the second address) are one group, with one cap.
_NAMES = [name.rstrip("2").removesuffix("_zip").partition("_")[0] for name in KINDS]
_GROUPS = list(dict.fromkeys(_NAMES))
KEY_GROUPS = np.array([_GROUPS.index(name) for name in _NAMES], np.uint8)
GROUP_CAPS = [
    min(CAPS.get(kind, MAX_BLOCK) for kind, name in zip(KINDS, _NAMES, strict=True) if name == group)
    for group in _GROUPS
]
# Columns and counts of the run that this process works on.
_tables, _contexts = {}, {}


class HospitalityMatchStep(models.AbstractModel):
    """The steps of a full matching run, one method per phase.

    prepare (per range of profiles): make missing normal forms; columns and block keys go to parts.
    pairs (per range of keys): candidates of the blocks. compare (per range of profiles): what the
    pairs say. count: how many persons bear each name, given what is certain. score (per range of
    profiles). cluster. Counting, scoring and clustering are done twice: the first clusters say how
    many *persons* bear a name. apply: merges and questions, some thousand at a time.
    """

    _name = "hospitality.match.step"
    _description = "Steps of a matching run"

    # Profiles

    @api.model
    def _do_prepare(self, run, task):
        """Read a range of profiles; write their columns, owners and keys."""
        Part = self.env["hospitality.match.part"]
        rows = self._read_profiles(task)
        normals, owners, fresh = [], [], []
        for id_, partner_id, kind, source, values, data in rows:
            if data is None:
                normal = matching.prepare(to_record(values or {}, kind, source, id_))
                fresh.append(len(normals))
            else:
                normal = matching.Normal.unpack(bytes(data))
            normals.append(normal)
            owners.append(partner_id)
        table = matching.Table.of(normals)
        keys = block_keys(table)
        if fresh:
            lists = [tuple({key for key in row if key}) for row in keys[fresh].tolist()]
            self.env["hospitality.match.normal"]._store([normals[row] for row in fresh], lists)
        if run.kind == "changed":
            self.env["hospitality.match.queue"]._add([(normals[row].id, 0) for row in fresh])
        else:
            target = io.BytesIO()
            table.save(target)
            Part._put(run, "table", target.getvalue(), task.number)
            Part._put(run, "owners", save_arrays(owners=np.array(owners, np.int32)), task.number)
            self._put_keys(run, task, table, keys, np.array(owners, np.int32))
        return {"profile_count": len(fresh) if run.kind == "changed" else len(normals)}

    @api.model
    def _read_profiles(self, task):
        return self.env.execute_query(
            SQL(
                """
                SELECT p.id, p.partner_id, p.kind, s.code,
                       CASE WHEN m.id IS NULL THEN p."values" END, m.normal
                  FROM hospitality_profile p
                  JOIN res_partner g ON g.id = p.partner_id
             LEFT JOIN hospitality_source s ON s.id = p.source_id
             LEFT JOIN hospitality_match_normal m ON m.id = p.id AND m.version = %s
                 WHERE p.id BETWEEN %s AND %s AND p.state IN ('live', 'superseded') AND g.active
                   AND (NOT %s OR m.id IS NULL)
                 ORDER BY p.id
                """,
                matching.VERSION,
                task.first_id,
                task.last_id,
                task.run_id.kind == "changed",
            )
        )

    @api.model
    def _put_keys(self, run, task, table, keys, owners):
        rows = np.repeat(np.arange(len(table), dtype=np.int32), keys.shape[1])
        keys = keys.ravel()
        present = np.flatnonzero(keys)
        kinds = np.tile(KEY_GROUPS, len(table))[present]
        keys, rows = keys[present], rows[present]
        shard = get_shard(keys, run.shards)
        ids = table.id.astype(np.int32)
        for number in range(run.shards):
            own = np.flatnonzero(shard == number)
            self.env["hospitality.match.part"]._put(
                run,
                "keys",
                save_arrays(keys=keys[own], kinds=kinds[own], ids=ids[rows[own]], owners=owners[rows[own]]),
                task.number,
                number,
            )

    # Pairs

    @api.model
    def _do_pairs(self, run, task):
        """Find the candidates of one range of keys, and which keys too many guests share."""
        parts = [
            load_arrays(data) for _first, data in self.env["hospitality.match.part"]._get(run, "keys", task.number)
        ]
        columns = concat(parts)
        order = np.lexsort((columns["ids"], columns["owners"], columns["keys"]))
        keys, kinds, ids, owners = (columns[name][order] for name in ("keys", "kinds", "ids", "owners"))
        # Profiles of one guest are one already: a few of them stand for all.
        fresh = np.r_[True, (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])] if len(keys) else np.zeros(0, bool)
        starts = np.flatnonzero(fresh)
        nth = np.arange(len(keys)) - np.repeat(starts, np.diff(np.r_[starts, len(keys)]))
        kept = nth < PER_GUEST
        self._replace_hubs(run, task, keys, fresh)
        found = [
            matching.candidates(keys[own], ids[own], cap=min(cap, MAX_BLOCK))
            for group, cap in enumerate(GROUP_CAPS)
            if len(own := np.flatnonzero(kept & (kinds == group)))
        ]
        left, right = (np.concatenate([pairs[side] for pairs in found] or [ids[:0]]) for side in (0, 1))
        known, first = np.unique(ids, return_index=True)
        foreign = owners[first][find_rows(known, left)] != owners[first][find_rows(known, right)]
        left, right = left[foreign], right[foreign]
        bounds = self._get_bounds(run)
        target = np.searchsorted(bounds, left, side="right")
        for number in range(len(bounds) + 1):
            own = target == number
            self.env["hospitality.match.part"]._put(
                run, "pairs", save_arrays(left=left[own], right=right[own]), task.number, number
            )
        return {}

    @api.model
    def _replace_hubs(self, run, task, keys, fresh):
        """Remember the keys of this range that more guests share than a block may have."""
        unique, first = np.unique(keys, return_index=True)
        guests = np.add.reduceat(fresh.astype(np.int64), first) if len(keys) else first
        hubs = unique[guests > MAX_BLOCK]
        self.env.cr.execute(
            SQL(
                "DELETE FROM hospitality_match_hub WHERE (key >> 40) & %s = %s AND NOT key = ANY(%s::int8[])",
                run.shards - 1,
                task.number,
                pg_int_array(hubs.tolist()),
            )
        )
        self.env["hospitality.match.normal"]._add_hubs(hubs.tolist())

    @api.model
    def _get_bounds(self, run):
        """Return the profile ids at which the ranges of pairs begin, but the first."""
        return np.array(run.bounds or [], np.int64)

    # What the pairs say

    @api.model
    def _do_compare(self, run, task):
        """Compare the pairs of one range of profiles; keep those that may matter in the end."""
        table, _owners = self._load_table(run)
        parts = [
            load_arrays(data) for _first, data in self.env["hospitality.match.part"]._get(run, "pairs", task.number)
        ]
        packed = np.unique(
            np.concatenate([part["left"].astype(np.int64) << 32 | part["right"] for part in parts])
            if parts
            else np.zeros(0, np.int64)
        )
        left, right = find_rows(table.id, packed >> 32), find_rows(table.id, packed & 0xFFFFFFFF)
        same = table.kind[left] == table.kind[right]
        left, right = left[same], right[same]
        weights, context = run._get_weights(), self._get_context(run, "population")
        most = sum(float(weights.tables[slot].max()) for slot in COUNTED)
        kept = []
        for at in range(0, max(len(left), 1), CHUNK):
            a, b = left[at : at + CHUNK], right[at : at + CHUNK]
            slots = static_slots(table, a, b, context)
            score = score_slots(table, a, b, slots, weights)
            household = household_pairs(slots) & (table.kind[a] == 0)
            useful = np.flatnonzero((score + most >= weights.ask) | household)
            kept.append(
                {"left": a[useful], "right": b[useful], "static": score[useful], "household": household[useful]}
                | {"barred": slots["guard"][useful] > 0}
                | {f"slot_{slot}": slots[slot][useful] for slot in AFTER}
            )
        self.env["hospitality.match.part"]._put(run, "compared", save_arrays(**concat(kept)), task.number)
        return {"pair_count": len(left)}

    # Counting, scoring, clustering

    @api.model
    def _do_population(self, run, task):
        """Count the names per contact value."""
        table, _owners = self._load_table(run)
        context = matching.Context.of(table, cap=MAX_BLOCK)
        self._put_context(run, "population", context)
        return {}

    @api.model
    def _do_count(self, run, task):
        """Count persons by what is certain: the same name and a contact, a number or a birth date in common."""
        table, owners = self._load_table(run)
        left, right, labels = [], [], np.arange(len(table))
        for part in self._get_compared(run):
            slots = {name[5:]: array for name, array in part.items() if name.startswith("slot_")}
            sure = sure_labels(len(table), part["left"], part["right"], slots)
            # The labels of a part are its spanning edges.
            rows = np.flatnonzero(sure != np.arange(len(table)))
            left.append(rows)
            right.append(sure[rows])
        chain, before = get_chains(owners)
        labels = matching.clusters.components(
            len(table), np.concatenate([*left, chain]), np.concatenate([*right, before])
        )
        self._recount(run, table, labels)
        return {}

    @api.model
    def _do_score(self, run, task):
        """Score the pairs of one range with the persons counted last."""
        table, _owners = self._load_table(run)
        weights, context = run._get_weights(), self._get_context(run, "persons")
        part = next(self._get_compared(run, task.number))
        slots = {name[5:]: array for name, array in part.items() if name.startswith("slot_")}
        counted = counted_slots(table, part["left"], part["right"], context, slots, self._get_labels(run))
        score = part["static"] + weights.score(counted) - np.float32(weights.bias)
        kept = np.flatnonzero((score >= weights.ask) | part["household"])
        arrays = {name: part[name][kept] for name in ("left", "right", "household", "barred")}
        arrays |= {f"slot_{slot}": counted[slot][kept] for slot in COUNTED}
        self.env["hospitality.match.part"]._put(run, "scored", save_arrays(score=score[kept], **arrays), task.number)
        return {}

    _do_rescore = _do_score

    @api.model
    def _do_cluster(self, run, task):
        """Cluster all profiles; what is one guest already stays so."""
        table, owners = self._load_table(run)
        pairs = self._load_scored(run)
        joins = ~pairs["household"] & (pairs["score"] >= run.threshold_auto)
        chain, before = get_chains(owners)
        found = matching.cluster(
            table,
            np.concatenate([before, pairs["left"][joins]]),
            np.concatenate([chain, pairs["right"][joins]]),
            np.concatenate([np.full(len(chain), CERTAIN, np.float32), pairs["score"][joins]]),
            run.threshold_auto,
            self._get_context(run, "persons"),
            self._get_veto_rows(table),
            barred=np.concatenate([np.zeros(len(chain), bool), pairs["barred"][joins]]),
        )
        labels = get_guest_labels(found.labels, owners)
        self._recount(run, table, labels)
        if task.phase == "cluster":
            return {}
        merging, others = choose_pairs(pairs["left"], pairs["right"], pairs["score"], labels, owners)
        label = labels[pairs["left"][merging]]
        self._plan_merges(run, table, {name: array[merging] for name, array in pairs.items()}, label)
        self._plan_questions(run, table, {name: array[others] for name, array in pairs.items()})
        return {"cluster_count": len(np.unique(labels))}

    _do_recluster = _do_cluster

    # What comes of it

    @api.model
    def _plan_merges(self, run, table, pairs, label):
        """Cut the pairs of merges into steps, never within a cluster."""
        starts = np.flatnonzero(np.r_[True, label[1:] != label[:-1]])[: len(label)]
        at = 0
        while at < len(label):
            cut = np.searchsorted(starts, at + APPLIED)
            end = int(starts[cut]) if cut < len(starts) else len(label)
            self._plan(run, table, {name: array[at:end] for name, array in pairs.items()}, "merge")
            at = end

    @api.model
    def _plan_questions(self, run, table, pairs):
        for at in range(0, len(pairs["left"]), APPLIED):
            self._plan(run, table, {name: array[at : at + APPLIED] for name, array in pairs.items()}, "question")

    @api.model
    def _plan(self, run, table, pairs, kind):
        number = run._add_task("apply")
        self.env["hospitality.match.part"]._put(
            run,
            kind,
            save_arrays(
                left=table.id[pairs["left"]],
                right=table.id[pairs["right"]],
                **{name: pairs[name] for name in pairs if name not in ("left", "right")},
            ),
            0,
            number,
        )

    @api.model
    def _do_apply(self, run, task):
        """Store the pairs of some clusters and merge them, or store questions."""
        Part = self.env["hospitality.match.part"]
        merged = refused = asked = households = 0
        for _first, data in Part._get(run, "merge", task.number):
            pairs = load_arrays(data)
            proposals = self._explain(run, pairs, "merge")
            merged, refused, left = self.env["hospitality.matcher"]._merge_proposals(proposals, run)
            asked += left
        for _first, data in Part._get(run, "question", task.number):
            pairs = load_arrays(data)
            proposals = self._explain(run, pairs)
            self.env["hospitality.matcher"]._propose(proposals, run)
            households = sum(proposal.band == "household" for proposal in proposals)
            asked += len(proposals) - households
        return {
            "merged_count": merged,
            "refused_count": refused,
            "open_count": asked,
            "household_count": households,
        }

    @api.model
    def _explain(self, run, pairs, band=None):
        """Return :class:`Proposal` with their evidence; pairs whose profiles are gone are left out."""
        ids = np.unique(np.r_[pairs["left"], pairs["right"]])
        normals = {
            id_: matching.Normal.unpack(bytes(data))
            for id_, data in self.env.execute_query(
                SQL(
                    "SELECT id, normal FROM hospitality_match_normal WHERE id = ANY(%s::int[]) AND version = %s",
                    pg_int_array(ids.tolist()),
                    matching.VERSION,
                )
            )
        }
        nodes = [Node(normal, None, True) for normal in normals.values()]
        rows = {id_: row for row, id_ in enumerate(normals)}
        kept = [
            position
            for position, pair in enumerate(zip(pairs["left"].tolist(), pairs["right"].tolist(), strict=True))
            if pair[0] in rows and pair[1] in rows
        ]
        if not kept:
            return []
        left = np.array([rows[id_] for id_ in pairs["left"][kept].tolist()])
        right = np.array([rows[id_] for id_ in pairs["right"][kept].tolist()])
        weights, context = run._get_weights(), self._get_context(run, "persons")
        slots = static_slots(matching.Table.of(normals.values()), left, right, context)
        slots |= {slot: pairs[f"slot_{slot}"][kept] for slot in COUNTED}
        evidence = Evidence(slots, weights)
        proposals = []
        for at, (position, one, other) in enumerate(zip(kept, left.tolist(), right.tolist(), strict=True)):
            score = float(pairs["score"][position])
            kind = band or ("household" if pairs["household"][position] else "ask")
            if kind == "ask" and score >= run.threshold_auto and not pairs["barred"][position]:
                kind = "merge"
            pieces = evidence.get(at, score, nodes[one].normal, nodes[other].normal)
            proposals.append(Proposal(nodes[one], nodes[other], score, kind, pieces))
        return proposals

    @api.model
    def _do_finish(self, run, task):
        """Let look-ups use the persons that were counted."""
        table, owners = self._load_table(run)
        persons = self._get_context(run, "persons").persons
        several = persons.values > 1
        keys = np.r_[persons.keys[several], 0]
        values = np.r_[persons.values[several], len(np.unique(owners))]
        self.env["hospitality.match.normal"]._replace_counts(keys.tolist(), values.tolist())
        self._queue_late(int(table.id[-1]) if len(table) else 0)
        return {}

    @api.model
    def _queue_late(self, last_id):
        """Queue the profiles that came after the run had read the last ones.

        What it prepared later than they came, they have not found.
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT id, 0 FROM hospitality_profile p WHERE id > %s AND state IN ('live', 'superseded')"
                " AND NOT EXISTS (SELECT FROM hospitality_match_queue q WHERE q.profile_id = p.id)",
                last_id,
            )
        )
        self.env["hospitality.match.queue"]._add(rows)

    # Helpers

    @api.model
    def _load_table(self, run):
        """Return the columns of all profiles and their guests, kept in memory by the lane while the run lasts."""
        key = (self.env.cr.dbname, run.id)
        if key not in _tables:
            Part = self.env["hospitality.match.part"]
            _tables.clear()
            _tables[key] = load_table(
                (data for _first, data in Part._get(run, "table")), (data for _first, data in Part._get(run, "owners"))
            )
        return _tables[key]

    @api.model
    def _forget_table(self):
        """Free the memory of a lane that has nothing to do any more."""
        _tables.clear()
        _contexts.clear()

    @api.model
    def _get_compared(self, run, number=None):
        for first, data in self.env["hospitality.match.part"]._get(run, "compared"):
            if number is None or first == number:
                yield load_arrays(data)

    @api.model
    def _load_scored(self, run):
        return concat([load_arrays(data) for _first, data in self.env["hospitality.match.part"]._get(run, "scored")])

    @api.model
    def _get_context(self, run, name):
        """Return counts, kept in memory by the lane: they change at the end of a phase only."""
        key = (self.env.cr.dbname, run.id, run.phase, name)
        if key not in _contexts:
            [(_first, data)] = self.env["hospitality.match.part"]._get(run, name)
            _contexts.clear()
            _contexts[key] = matching.Context.load(io.BytesIO(data))
        return _contexts[key]

    @api.model
    def _put_context(self, run, name, context):
        target = io.BytesIO()
        context.save(target)
        self.env["hospitality.match.part"]._put(run, name, target.getvalue())

    @api.model
    def _get_labels(self, run):
        [(_first, data)] = self.env["hospitality.match.part"]._get(run, "labels")
        return load_arrays(data)["labels"]

    @api.model
    def _recount(self, run, table, labels):
        """Count persons by clusters, for the scores that follow."""
        self.env["hospitality.match.part"]._put(run, "labels", save_arrays(labels=labels))
        self._put_context(run, "persons", self._get_context(run, "population").recount(table, labels))

    @api.model
    def _get_veto_rows(self, table):
        """Return the vetoes as rows of the table."""
        pairs = np.array(
            self.env.execute_query(SQL("SELECT profile_id, other_profile_id FROM hospitality_match_veto")), np.int64
        ).reshape(-1, 2)
        rows = np.minimum(np.searchsorted(table.id, pairs), max(len(table) - 1, 0))
        return rows[(table.id[rows] == pairs).all(1)] if len(pairs) else pairs
