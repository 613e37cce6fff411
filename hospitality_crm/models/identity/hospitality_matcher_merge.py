from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array


class Refusal(NamedTuple):
    """Why a group of guests was not merged: its number and a sentence for people."""

    group: int
    message: str


class HospitalityMatcher(models.AbstractModel):
    """What comes of pairs that are certain: guests merged, or the reason why not."""

    _inherit = "hospitality.matcher"

    @api.model
    def _merge_proposals(self, proposals, run):
        """Merge the guests of pairs that are certain, and store the pairs with what became of them.

        New pairs are stored after the merge: as open ones they would be written twice more by it.

        :return: ``(guests merged away, refused groups, pairs that are left to people)``
        """
        pairs = self._get_pairs(proposals)
        if not pairs:
            return 0, 0, 0
        known = self._find_known_pairs(pairs)
        ids = self._propose([pairs[pair] for pair in known], run)
        fresh = self._number_pairs([pair for pair in pairs if pair not in known])
        rows = self._read_open_pairs(ids) + [row[:3] for row in fresh]
        clusters = [[winner, *losers] for winner, losers, _options in self._plan_merges(rows)]
        merged, refusals = self._merge_clusters(clusters, rows)
        states = self._store_settled(
            [(match_id, pair, pairs[pair]) for _one, _other, match_id, pair in fresh], refusals, run
        )
        left = states.count("open") + len(self._read_open_pairs(ids))
        return merged, len(set(refusals.values())), left

    @api.model
    def _find_known_pairs(self, pairs):
        """Return the set of those of some pairs of profile ids that are stored, whatever was decided about them."""
        return set(
            self.env.execute_query(
                SQL(
                    "SELECT m.profile_id, m.other_profile_id FROM unnest(%s::int[], %s::int[]) AS n(one, other)"
                    " JOIN hospitality_match m ON m.profile_id = n.one AND m.other_profile_id = n.other",
                    pg_int_array([pair[0] for pair in pairs]),
                    pg_int_array([pair[1] for pair in pairs]),
                )
            )
        )

    @api.model
    def _number_pairs(self, pairs):
        """Return ``(partner id, other partner id, id that the pair will have, pair)`` of pairs of different guests."""
        pairs = sorted(pairs)
        return [
            (*row[1:], pairs[row[0] - 1])
            for row in self.env.execute_query(
                SQL(
                    "SELECT n.nth, a.partner_id, b.partner_id, nextval('hospitality_match_id_seq')"
                    " FROM unnest(%s::int[], %s::int[]) WITH ORDINALITY AS n(one, other, nth)"
                    " JOIN hospitality_profile a ON a.id = n.one"
                    " JOIN hospitality_profile b ON b.id = n.other AND b.partner_id <> a.partner_id",
                    pg_int_array([pair[0] for pair in pairs]),
                    pg_int_array([pair[1] for pair in pairs]),
                )
            )
        ]

    @api.model
    def _store_settled(self, rows, refusals, run):
        """Store new pairs: merged where their guests are one by now, else open with the reason.

        :param rows: ``(match id, (profile id, other profile id), proposal)``
        :param dict refusals: match id -> :class:`Refusal` of its group
        :return: list of their states
        """
        rows = sorted(rows, key=lambda row: row[1])
        return [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """
                    INSERT INTO hospitality_match (id, profile_id, other_profile_id, partner_id, other_partner_id,
                                                   score, band, evidence, state, reason, found_at, decided_at, run_id)
                    SELECT n.id, a.id, b.id, a.partner_id, b.partner_id, n.score, n.band, n.evidence::jsonb,
                           CASE WHEN a.partner_id = b.partner_id THEN 'merged' ELSE 'open' END,
                           CASE WHEN a.partner_id <> b.partner_id THEN nullif(n.reason, '') END,
                           now() AT TIME ZONE 'UTC',
                           CASE WHEN a.partner_id = b.partner_id THEN now() AT TIME ZONE 'UTC' END, %s
                      FROM unnest(%s::int[], %s::int[], %s::int[], %s::float8[], %s::varchar[], %s::text[], %s::text[])
                           AS n(id, one, other, score, band, evidence, reason)
                      JOIN hospitality_profile a ON a.id = n.one
                      JOIN hospitality_profile b ON b.id = n.other
                     ORDER BY n.one, n.other
                        ON CONFLICT (profile_id, other_profile_id) DO UPDATE
                       SET state = excluded.state, reason = excluded.reason, decided_at = excluded.decided_at
                     WHERE hospitality_match.state = 'open'
                 RETURNING state
                    """,
                    run.id,
                    pg_int_array([row[0] for row in rows]),
                    pg_int_array([row[1][0] for row in rows]),
                    pg_int_array([row[1][1] for row in rows]),
                    pg_array([row[2].score for row in rows], "float8"),
                    pg_array([row[2].band for row in rows]),
                    pg_array([self._encode_evidence(row[2], row[1]) for row in rows]),
                    pg_array([refusals[row[0]].message if row[0] in refusals else "" for row in rows]),
                )
            )
        ]

    @api.model
    def _read_open_pairs(self, match_ids):
        """Return ``(partner id, other partner id, match id)`` of those of some pairs that are still open."""
        if not match_ids:
            return []
        return self.env.execute_query(
            SQL(
                "SELECT partner_id, other_partner_id, id FROM hospitality_match"
                " WHERE id = ANY(%s::int[]) AND state = 'open' AND partner_id <> other_partner_id",
                pg_int_array(match_ids),
            )
        )

    @api.model
    def _merge_clusters(self, clusters, pairs):
        """Merge guests who are one, where the system may; leave the others to people.

        :param list clusters: lists of partner ids
        :param list pairs: ``(partner id, other partner id, match id)`` of the open pairs that led there
        :return: ``(guests merged away, {match id: Refusal})``, one refusal per refused group
        """
        if not clusters or not self.env["hospitality.match.weights"]._is_automatic():
            return 0, {}
        partner_ids = sorted({partner_id for cluster in clusters for partner_id in cluster})
        known = self._get_known_guests(partner_ids)
        undone = self._get_undone_pairs(partner_ids)
        clusters = [
            cluster
            for cluster in clusters
            if known.issuperset(cluster) and not any(pair.issubset(cluster) for pair in undone)
        ]
        evidence, guests = {}, {}
        for one, other, match_id in pairs:
            guests[match_id] = {one, other}
            evidence.setdefault(one, set()).add(match_id)
            evidence.setdefault(other, set()).add(match_id)
        groups = self._get_groups(clusters, evidence)
        for _winner, _losers, options in groups:
            options["reason"] = self.env._("Merged by itself: the evidence leaves no doubt")
        _merges, messages = self.env["hospitality.merge"]._merge_or_refuse(groups, automatic=True)
        refusals = {}
        for index, message in messages.items():
            winner, losers, options = groups[index]
            refusal = Refusal(index, message)
            refusals |= dict.fromkeys(
                (match_id for match_id in options["matches"] if guests[match_id] <= {winner, *losers}), refusal
            )
        self._write_refusals(refusals)
        self.env["hospitality.match"]._close_settled(partner_ids)
        merged = [group for index, group in enumerate(groups) if index not in messages]
        return sum(len(losers) for _winner, losers, _options in merged), refusals

    @api.model
    def _write_refusals(self, refusals):
        """Write why their guests were not merged on those pairs that are stored."""
        if refusals:
            self.env.cr.execute(
                SQL(
                    "UPDATE hospitality_match m SET reason = n.reason"
                    " FROM unnest(%s::int[], %s::text[]) AS n(id, reason) WHERE m.id = n.id AND m.state = 'open'",
                    pg_int_array(refusals),
                    pg_array([refusal.message for refusal in refusals.values()]),
                )
            )

    @api.model
    def _get_known_guests(self, partner_ids):
        """Return those of some guests that a source system knows: what only people have typed they merge themselves."""
        return {
            row[0]
            for row in self.env.execute_query(
                SQL(
                    "SELECT DISTINCT partner_id FROM hospitality_profile"
                    " WHERE partner_id = ANY(%s::int[]) AND state IN ('live', 'superseded') AND source_id <> %s",
                    pg_int_array(partner_ids),
                    self.env["hospitality.profile"]._default_source_id().id,
                )
            )
        }

    @api.model
    def _get_undone_pairs(self, partner_ids):
        """Return the sets of two guests whose merge somebody has taken back: only people merge them again."""
        return [
            frozenset(row)
            for row in self.env.execute_query(
                SQL(
                    "SELECT DISTINCT m.winner_id, l.partner_id FROM hospitality_merge_loser l"
                    " JOIN hospitality_merge m ON m.id = l.merge_id"
                    " WHERE l.state = 'undone' AND l.partner_id = ANY(%(ids)s::int[])"
                    " AND m.winner_id = ANY(%(ids)s::int[])",
                    ids=pg_int_array(partner_ids),
                )
            )
        ]

    @api.model
    def _plan_merges(self, pairs):
        """Return the groups of the merge door for pairs of guests; pairs that share a guest are one group.

        :param pairs: ``(partner id, other partner id, match id)``
        """
        root, evidence = {}, {}

        def find(one):
            while root.setdefault(one, one) != one:
                one = root[one]
            return one

        for one, other, match_id in pairs:
            low, high = sorted((find(one), find(other)))
            root[high] = low
            evidence.setdefault(one, set()).add(match_id)
            evidence.setdefault(other, set()).add(match_id)
        clusters = {}
        for partner_id in root:
            clusters.setdefault(find(partner_id), []).append(partner_id)
        return self._get_groups([cluster for cluster in clusters.values() if len(cluster) > 1], evidence)

    @api.model
    def _get_groups(self, clusters, evidence):
        ranks = self._rank_winners({partner_id for cluster in clusters for partner_id in cluster})
        groups = []
        for cluster in clusters:
            winner, *losers = sorted(cluster, key=lambda partner_id: ranks[partner_id])
            matches = set().union(*(evidence.get(partner_id, ()) for partner_id in cluster))
            groups.append((winner, losers, {"matches": sorted(matches)}))
        return groups

    @api.model
    def _rank_winners(self, partner_ids):
        """Return a sort key per guest: users first, then who was typed by people, then the oldest."""
        return {
            row[0]: row[1:]
            for row in self.env.execute_query(
                SQL(
                    """
                    SELECT g.id, NOT EXISTS (SELECT FROM res_users u WHERE u.partner_id = g.id),
                           NOT EXISTS (SELECT FROM hospitality_profile p
                                        WHERE p.partner_id = g.id AND p.source_id = %s AND p.state = 'live'),
                           g.id
                      FROM res_partner g WHERE g.id = ANY(%s::int[])
                    """,
                    self.env["hospitality.profile"]._default_source_id().id,
                    pg_int_array(sorted(partner_ids)),
                )
            )
        }
