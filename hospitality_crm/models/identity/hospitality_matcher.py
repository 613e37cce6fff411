import json

from odoo import api, models
from odoo.tools import SQL

from ...engine import matching
from ...tools.arrays import pg_array, pg_int_array
from .judgement import Judgement
from .newcomer import Newcomer, Node, Proposal, prepare_all, to_record

PENDING = "hospitality.matcher"
# First key of the advisory locks of transactions that attach profiles; the second is the last
# profile id when they began.
LOCK = 1_919_512_169
# First key of the one that they all share.
COMMON_LOCK = 1_919_512_173
# A guest is represented by so many different profiles at most.
MAX_PROFILES = 40
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


class HospitalityMatcher(models.AbstractModel):
    """The one door through which a profile finds its guest.

    Indexed look-ups of the block keys give the guests that a profile may be; the engine scores the
    pairs and clusters them with all profiles of these guests. What clusters with one guest is
    attached, what people should see becomes a `hospitality.match`, the rest is a new guest.

    Two transactions that bring one person at the same moment don't see each other. Each takes a
    shared advisory lock; who finds another one at work queues its profiles, and a lane compares
    them with those that came at the same time once both are committed.
    """

    _name = "hospitality.matcher"
    _description = "Matching of Profiles"

    # Writes through the ORM

    @api.model
    def _mark(self, profile_ids):
        """Have profiles stored for look-ups and queued: before the next look-up, at the latest with the commit."""
        data = self.env.cr.precommit.data
        if not data.get(PENDING):
            data[PENDING] = set()
            self.env.cr.precommit.add(self.sudo()._flush_marked)  # whoever has changed a guest
        data[PENDING].update(profile_ids)

    @api.model
    def _flush_marked(self):
        """Store and queue the marked profiles."""
        ids = self.env.cr.precommit.data.pop(PENDING, None)
        if not ids:
            return
        self.env.flush_all()
        rows = self._read_values(SQL("p.id = ANY(%s::int[])", pg_int_array(sorted(ids))))
        self._remember(
            (),
            [
                self._prepare(id_, values or {}, kind, source, id_, partner_id)
                for id_, partner_id, kind, source, state, values in rows
                if state in ("live", "superseded")
            ],
        )
        self._erase([row[0] for row in rows if row[4] == "anonymised"])

    @api.model
    def _read_values(self, where):
        """Return ``(id, partner id, kind, code of the source, state, values)`` of profiles in the order of ids."""
        return self.env.execute_query(
            SQL(
                'SELECT p.id, p.partner_id, p.kind, s.code, p.state, p."values" FROM hospitality_profile p'
                " LEFT JOIN hospitality_source s ON s.id = p.source_id WHERE %s ORDER BY p.id",
                where,
            )
        )

    # Arrival

    @api.model
    def _prepare(self, key, values, kind, source="", profile_id=0, partner_id=None):
        """Return a :class:`Newcomer` of clean canonical values."""
        return Newcomer(key, matching.prepare(to_record(values, kind, source, profile_id)), partner_id)

    @api.model
    def _attach(self, newcomers):
        """Find the guest of each new profile of a batch.

        Sets ``partner_id`` of those with a known guest and ``group`` of the others (equal for one
        new guest). The result does not depend on the order.
        """
        if not newcomers:
            return
        newcomers = sorted(newcomers, key=lambda one: one.key)
        low = self._enter()
        prepare_all(newcomers)
        judgement = self._judge(newcomers)
        for rows in judgement.get_clusters().values():
            own = [newcomers[row] for row in rows if row < len(newcomers)]
            partners = {judgement.nodes[row].partner_id for row in rows} - {None}
            partner_id = judgement.get_best_partner(rows) if partners else None
            for one in own:
                one.partner_id, one.group = partner_id, own[0].key
                one.torn = len(partners) > 1
        self._note_questions(judgement)
        count = judgement.words
        for row, one in enumerate(newcomers):
            one.low = low
            if one.partner_id is None and one.group == one.key:
                one.counted = {int(column[row]) for column in (judgement.names, *count)} - {0}

    @api.model
    def _judge(self, newcomers, hubs=frozenset()):
        """Compare newcomers with each other and with the guests that share a key with them."""
        self.sudo()._flush_marked()  # what was changed in this transaction, whoever looks
        Normal = self.env["hospitality.match.normal"]
        own = {one.partner_id for one in newcomers if one.partner_id}
        profiles, hubs = Normal._find([(one.keys, one.low) for one in newcomers], own)
        judgement = Judgement(
            newcomers,
            self._get_nodes(profiles, {one.normal.id for one in newcomers if one.partner_id}),
            self.env["hospitality.match.weights"]._get_current(),
            hubs,
        )
        if len(judgement.left):
            counts = Normal._get_counts([0, *judgement.get_name_keys()])
            judgement.judge(counts, counts.get(0, 0), self.env["hospitality.match.veto"]._get_guest_pairs)
        return judgement

    @api.model
    def _get_nodes(self, profiles, without=frozenset()):
        """Return stored profiles as nodes; of the very many of one guest those that say something of their own."""
        nodes, seen, counts = [], set(), {}
        for id_, partner_id, known, data, keys in profiles:
            if id_ in without:
                continue
            normal = matching.Normal.unpack(bytes(data))
            same = (partner_id, normal._replace(id=0))
            count = counts.get(partner_id, 0)
            if count >= MAX_PROFILES or (count >= MAX_PROFILES // 2 and same in seen):
                continue
            seen.add(same)
            counts[partner_id] = count + 1
            nodes.append(Node(normal, partner_id, known, keys))
        return nodes

    @api.model
    def _note_questions(self, judgement):
        """Give newcomers the pairs that people should look at."""
        count = len(judgement.newcomers)
        for one, other, score, band, evidence in judgement.get_questions():
            newcomer = judgement.newcomers[one]
            mate = judgement.nodes[other]
            if band == "merge" and newcomer.torn and other >= count:
                continue  # the lane decides about the two guests
            newcomer.proposals.append(Proposal(newcomer, mate, score, band, evidence))

    @api.model
    def _enter(self):
        """Announce that profiles are being attached in this transaction.

        :return: first profile id that may be missed because another transaction is at work, 0 for none
        """
        # Each looks once his own locks are taken: it depends on their row. Reading the list of all locks of the server
        # takes long where there are many; who could have the common one for himself for a moment is alone.
        [(last_id, others)] = self.env.execute_query(
            SQL(
                """WITH own AS MATERIALIZED (
                       SELECT last_value AS id, pg_advisory_xact_lock_shared(%(lock)s, last_value::int)::text
                              || pg_advisory_xact_lock_shared(%(common)s, 0)::text AS taken
                         FROM hospitality_profile_id_seq),
                   looked AS MATERIALIZED (
                       SELECT id, CASE WHEN taken IS NOT NULL AND pg_try_advisory_lock(%(common)s, 0)
                                       THEN pg_advisory_unlock(%(common)s, 0) ELSE FALSE END AS alone FROM own)
                   SELECT id, CASE WHEN alone THEN '{}' ELSE ARRAY(%(busy)s) END FROM looked""",
                lock=LOCK,
                common=COMMON_LOCK,
                busy=self._get_busy_sql(),
            )
        )
        return min(*others, last_id) if others else 0

    @api.model
    def _get_busy(self):
        """Return the last profile ids at the beginning of other transactions that attach profiles now."""
        return [row[0] for row in self.env.execute_query(self._get_busy_sql())]

    @api.model
    def _get_busy_sql(self):
        return SQL(
            "SELECT l.objid::bigint FROM pg_locks l"
            " WHERE l.locktype = 'advisory' AND l.classid = %s AND l.objsubid = 2 AND l.granted"
            " AND l.pid <> pg_backend_pid()"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            LOCK,
        )

    @api.model
    def _remember(self, newcomers, stored=()):
        """Store what was found out about profiles that are written now: normal forms, questions, what is left to do.

        :param newcomers: new profiles with their ids (in ``normal.id``) and guests
        :param stored: changed profiles; they are compared by a lane
        """
        everybody = [*newcomers, *stored]
        prepare_all(list(stored))
        self.env["hospitality.match.normal"]._store([one.normal for one in everybody], [one.keys for one in everybody])
        counts = {}
        for one in newcomers:
            for key in (*one.counted, 0) if one.counted else ():
                counts[key] = counts.get(key, 0) + 1
        self.env["hospitality.match.normal"]._add_counts(counts)
        self._propose([proposal for one in newcomers for proposal in one.proposals])
        self.env["hospitality.match.queue"]._add(
            [(one.normal.id, 0) for one in stored]
            + [(one.normal.id, 0) for one in newcomers if one.torn]
            + [(one.normal.id, one.low) for one in newcomers if one.low and not one.torn]
        )

    @api.model
    def _defer(self, new_ids, changed_ids):
        """Leave many profiles that are written now to the lanes, which make their normal forms too."""
        if changed_ids:
            self.env["hospitality.match.normal"]._forget(changed_ids)
        self.env["hospitality.match.queue"]._add([(profile_id, 0) for profile_id in (*new_ids, *changed_ids)])

    @api.model
    def _erase(self, profile_ids):
        """Forget everything about anonymised profiles but the decisions."""
        if profile_ids:
            ids = pg_int_array(sorted(profile_ids))
            self.env["hospitality.match.normal"]._forget(profile_ids)
            self.env.cr.execute(
                SQL(
                    "UPDATE hospitality_match SET evidence = NULL,"
                    " state = CASE state WHEN 'open' THEN 'obsolete' ELSE state END"
                    " WHERE profile_id = ANY(%s::int[]) OR other_profile_id = ANY(%s::int[])",
                    ids,
                    ids,
                )
            )
            self.env["hospitality.match"].invalidate_model(flush=False)

    @api.model
    def _propose(self, proposals, run=None):
        """Store pairs for people to look at; pairs that are known keep what was decided.

        :return: ids of the open pairs, new or known
        """
        rows = self._get_pairs(proposals)
        if not rows:
            return []
        pairs = sorted(rows)
        return [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """
                    INSERT INTO hospitality_match (profile_id, other_profile_id, partner_id, other_partner_id,
                                                   score, band, evidence, state, found_at, run_id)
                    SELECT a.id, b.id, a.partner_id, b.partner_id, n.score, n.band, n.evidence::jsonb, 'open',
                           now() AT TIME ZONE 'UTC', %s
                      FROM unnest(%s::int[], %s::int[], %s::float8[], %s::varchar[], %s::text[])
                           AS n(one, other, score, band, evidence)
                      JOIN hospitality_profile a ON a.id = n.one
                      JOIN hospitality_profile b ON b.id = n.other AND b.partner_id <> a.partner_id
                     ORDER BY n.one, n.other
                        ON CONFLICT (profile_id, other_profile_id) DO UPDATE
                       SET score = excluded.score, band = excluded.band, evidence = excluded.evidence,
                           run_id = excluded.run_id
                     WHERE hospitality_match.state = 'open'
                 RETURNING id
                    """,
                    run.id if run else None,
                    pg_int_array([pair[0] for pair in pairs]),
                    pg_int_array([pair[1] for pair in pairs]),
                    pg_array([rows[pair].score for pair in pairs], "float8"),
                    pg_array([rows[pair].band for pair in pairs]),
                    pg_array([self._encode_evidence(rows[pair], pair) for pair in pairs]),
                )
            )
        ]

    @api.model
    def _get_pairs(self, proposals):
        """Return ``{(lower profile id, higher profile id): proposal}`` of stored profiles."""
        pairs = {}
        for proposal in proposals:
            one, other = proposal.one.normal.id, proposal.other.normal.id
            if one and other and one != other:
                pairs[min(one, other), max(one, other)] = proposal
        return pairs

    @api.model
    def _encode_evidence(self, proposal, pair):
        """Return the evidence as JSON, with the values of the profile with the lower id on the left."""
        evidence = proposal.evidence
        if proposal.one.normal.id != pair[0]:
            evidence = [{**piece, "left": piece["right"], "right": piece["left"]} for piece in evidence]
        return _encode(evidence)

    # Profiles that are stored already

    @api.model
    def _compare(self, lows):
        """Compare stored profiles with all others; merge or ask.

        :param dict lows: profile id -> lowest profile id to compare with
        """
        newcomers = self._load_newcomers(lows)
        if not newcomers:
            return
        prepare_all(newcomers)
        judgement = self._judge(newcomers)
        ids = self._propose(
            [
                Proposal(judgement.nodes[one], judgement.nodes[other], score, band, evidence)
                for one, other, score, band, evidence in judgement.get_questions()
            ]
        )
        groups = []
        for rows in judgement.get_clusters().values():
            partners = {judgement.nodes[row].partner_id for row in rows}
            if len(partners) > 1:
                groups.append(sorted(partners))
        self._merge_clusters(groups, self._read_open_pairs(ids))

    @api.model
    def _load_newcomers(self, lows):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, p.partner_id, m.normal, p.kind, s.code,
                       CASE WHEN m.id IS NULL THEN p."values" END
                  FROM hospitality_profile p
                  JOIN res_partner g ON g.id = p.partner_id
             LEFT JOIN hospitality_source s ON s.id = p.source_id
             LEFT JOIN hospitality_match_normal m ON m.id = p.id AND m.version = %s
                 WHERE p.id = ANY(%s::int[]) AND p.state IN ('live', 'superseded') AND g.active
                 ORDER BY p.id
                """,
                matching.VERSION,
                pg_int_array(lows),
            )
        )
        newcomers, fresh = [], []
        for id_, partner_id, data, kind, source, values in rows:
            if data is not None:
                newcomers.append(Newcomer(id_, matching.Normal.unpack(bytes(data)), partner_id, lows[id_]))
            else:
                fresh.append(self._prepare(id_, values or {}, kind, source or "", id_, partner_id))
        if fresh:
            # A mass import has left them: what is found now must find them too.
            prepare_all(fresh)
            self.env["hospitality.match.normal"]._store([one.normal for one in fresh], [one.keys for one in fresh])
        return sorted(newcomers + fresh, key=lambda one: one.key)
