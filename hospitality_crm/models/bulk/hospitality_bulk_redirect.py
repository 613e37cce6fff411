import json
from typing import NamedTuple

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array

# What a source says of its own records outweighs any evidence (log-odds).
CERTAIN = 20.0


class Record(NamedTuple):
    """A profile as far as merges of its source bear on it."""

    id: int
    key: str
    target: int | None
    version: float | None
    merge_id: int | None
    partner_id: int


class HospitalityBulkRedirect(models.AbstractModel):
    """What a source has merged: its record of a guest leads to another one of its records.

    Facts stay with the profile that they name. The profile remembers to which other one the source has led it
    (``redirect_id``, the direct pointer, so that taking back one link of a chain leaves the others) and by which merge
    their guests became one. The newest statement about a profile counts, whatever the order of arrival.

    Guests are merged through `hospitality.merge`. What a guard refuses is an open `hospitality.match` with the reason.
    """

    _name = "hospitality.bulk.redirect"
    _description = "Merges of source systems"

    # Before anything is written

    @api.model
    def _check(self, batch):
        """Let statements wait whose profiles have not arrived; refuse those that lead back to themselves."""
        known = batch.stored["guest"]
        for key, item in list(batch.redirects.items()):
            for name in filter(None, (key, item.event.get("into"))):
                if name not in known and name not in batch.items["guest"]:
                    item.message.wait("guest", name)
                    batch.redirects.pop(key, None)
        if any("into" in item.event for item in batch.redirects.values()):
            self._refuse_cycles(batch)

    @api.model
    def _refuse_cycles(self, batch):
        edges, versions = self._read_edges(batch)
        for item in sorted(batch.redirects.values(), key=lambda one: (one.version, one.key)):
            if versions.get(item.key) is not None and item.version < versions[item.key]:
                continue
            winner = key = item.event.get("into")
            while key is not None and key != item.key:
                key = edges.get(key)
            if key is None:
                edges[item.key] = winner
            else:
                refusal = self.env["hospitality.bulk.visit"]._get_refusal(
                    "cycle", "into", "merge_cycle", key=item.key, winner=winner
                )
                item.message.refuse(*refusal)

    @api.model
    def _read_edges(self, batch):
        """Return where the records of a batch, and those that they lead to, lead by now, and since which version."""
        keys = {item.event.get("into") for item in batch.redirects.values()} | batch.redirects.keys()
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE chain AS (
                    SELECT id, external_id, redirect_id, redirect_version FROM hospitality_profile
                     WHERE source_id = %s AND external_id = ANY(%s::varchar[])
                     UNION
                    SELECT p.id, p.external_id, p.redirect_id, p.redirect_version
                      FROM chain c JOIN hospitality_profile p ON p.id = c.redirect_id)
                SELECT id, external_id, redirect_id, redirect_version FROM chain
                """,
                batch.source_id,
                pg_array(sorted(filter(None, keys))),
            )
        )
        names = {row[0]: row[1] for row in rows}
        return {row[1]: names.get(row[2]) for row in rows}, {row[1]: row[3] for row in rows}

    # After the batch

    @api.model
    def _follow(self, batch):
        """Carry out what the source has merged and taken back, when all profiles and facts are written."""
        items = {}
        for item in batch.redirects.values():
            item.id = batch.reference("guest", item.key)[0]
            winner = item.event.get("into")
            if winner is not None:
                item.extra = batch.reference("guest", winner)[0]
            lost = item.key if item.id is None else winner if winner is not None and item.extra is None else None
            if lost is None:
                items[item.id] = item
            else:
                # The record came in this batch, but was refused or waits itself.
                item.message.wait("guest", lost)
        if not items:
            return
        before = self._read(items, lock=True)
        items = {
            id_: item
            for id_, item in items.items()
            if before[id_].version is None or item.version >= before[id_].version
        }
        if not items:
            return
        self.env["hospitality.bulk.fact"]._update(
            "hospitality.profile",
            list(items),
            [{"redirect_id": item.extra, "redirect_version": item.version} for item in items.values()],
        )
        self.env["hospitality.profile"].invalidate_model(["redirect_id", "redirect_version"], flush=False)
        again = self._part(batch, items, before)
        self._join(batch, {id_ for id_, item in items.items() if item.extra} | again, before)

    @api.model
    def _read(self, profile_ids, lock=False):
        rows = self.env.execute_query(
            SQL(
                "SELECT id, external_id, redirect_id, redirect_version, redirect_merge_id, partner_id"
                " FROM hospitality_profile WHERE id = ANY(%s::int[]) ORDER BY id %s",
                pg_int_array(profile_ids),
                SQL("FOR NO KEY UPDATE") if lock else SQL(),
            )
        )
        return {row[0]: Record(*row) for row in rows}

    @api.model
    def _get_roots(self, profile_ids):
        """Return ``{profile id: (its guest, profile at the end of its chain, the guest of that)}``."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE chain AS (
                    SELECT id AS start, id, redirect_id FROM hospitality_profile WHERE id = ANY(%s::int[])
                     UNION
                    SELECT c.start, p.id, p.redirect_id FROM chain c JOIN hospitality_profile p ON p.id = c.redirect_id)
                SELECT c.start, a.partner_id, c.id, b.partner_id FROM chain c
                  JOIN hospitality_profile a ON a.id = c.start JOIN hospitality_profile b ON b.id = c.id
                 WHERE c.redirect_id IS NULL ORDER BY c.start
                """,
                pg_int_array(sorted(profile_ids)),
            )
        )
        return {row[0]: row[1:] for row in rows}

    # Taking back

    @api.model
    def _part(self, batch, items, before):
        """Take back the merges of profiles that lead elsewhere now, and of those that lead to them.

        :return: ids of profiles below them that must be joined with them again
        """
        moved = {
            id_
            for id_, item in items.items()
            if before[id_].merge_id and (item.extra is None or item.extra != before[id_].target)
        }
        if not moved:
            return set()
        below = {
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """
                    WITH RECURSIVE below AS (
                        SELECT id FROM hospitality_profile WHERE redirect_id = ANY(%s::int[])
                         UNION
                        SELECT p.id FROM below b JOIN hospitality_profile p ON p.redirect_id = b.id)
                    SELECT id FROM below
                    """,
                    pg_int_array(sorted(moved)),
                )
            )
        } - items.keys()
        for id_ in sorted(moved):
            problem = self._undo(before[id_])
            if problem:
                refusal = self.env["hospitality.bulk.visit"]._get_refusal(
                    "unmerge_refused", "op", key=before[id_].key, reason=problem
                )
                items[id_].message.refuse(*refusal)
        apart = (
            [id_ for id_, (guest, _root, root_guest) in self._get_roots(below).items() if guest != root_guest]
            if below
            else []
        )
        for record in self._read(apart).values():
            if record.merge_id:
                self._undo(record)
        return set(apart)

    @api.model
    def _undo(self, record):
        """Take the merge of one profile back; return why that can't be done, None when it was or need not be."""
        members = self.env["hospitality.merge.loser"].search(
            [("merge_id", "=", record.merge_id), ("state", "=", "done")]
        )
        member = members.filtered(lambda one: record.id in one.profile_ids)
        if not member:
            return None
        try:
            with self.env.cr.savepoint():
                member.merge_id._undo(member.partner_id.ids)
        except UserError as error:
            return str(error)
        return None

    # Joining

    @api.model
    def _join(self, batch, profile_ids, before):
        """Merge the guests of profiles with those that their chains lead to; ask people where that is refused."""
        if not profile_ids:
            return
        roots = self._get_roots(profile_ids)
        pairs = {id_: row for id_, row in roots.items() if row[0] != row[2]}
        if not pairs:
            return
        undone = self._get_undone({partner for row in pairs.values() for partner in (row[0], row[2])}, pairs, before)
        groups = self._plan([(row[0], row[2]) for row in pairs.values()], undone)
        refused = {}
        merges = self._merge(batch, groups, refused)
        # Of a group that is refused as a whole some may still be one.
        for one, other in sorted({(row[0], row[2]) for row in pairs.values()}):
            if any(len(group) > 2 and {one, other} <= set(group) for group in refused):
                single = self._plan([self._get_current(one, other)], undone)
                merges |= self._merge(batch, single, refused)
        self._remember(pairs, merges)
        self._ask(pairs, undone, refused)

    @api.model
    def _get_current(self, one, other):
        targets = self.env["res.partner"].browse((one, other))._get_merged_targets()
        return targets[one], targets[other]

    @api.model
    def _get_undone(self, partner_ids, pairs, before):
        """Return the pairs of guests whose merge people have taken back: only people merge them again.

        Not those that the source itself has taken back before it said anew that both are one.
        """
        own = [
            before[id_].merge_id for id_ in pairs if id_ in before and before[id_].merge_id and not before[id_].target
        ]
        return {
            frozenset(row)
            for row in self.env.execute_query(
                SQL(
                    "SELECT m.winner_id, l.partner_id FROM hospitality_merge_loser l"
                    " JOIN hospitality_merge m ON m.id = l.merge_id WHERE l.state = 'undone'"
                    " AND l.partner_id = ANY(%(ids)s::int[]) AND m.winner_id = ANY(%(ids)s::int[])"
                    " AND m.id <> ALL(%(own)s::int[])",
                    ids=pg_int_array(sorted(partner_ids)),
                    own=pg_int_array(own),
                )
            )
        }

    @api.model
    def _plan(self, pairs, undone):
        """Return groups of guests, the winner first: whom the source keeps, of several the oldest.

        :param list pairs: ``(loser, winner)`` as ids of guests
        """
        root = {}

        def find(one):
            while root.setdefault(one, one) != one:
                one = root[one]
            return one

        pairs = [pair for pair in pairs if pair[0] != pair[1] and frozenset(pair) not in undone]
        for loser, winner in pairs:
            root[find(loser)] = find(winner)
        losers = {loser for loser, _winner in pairs}
        clusters = {}
        for partner_id in list(root):
            clusters.setdefault(find(partner_id), []).append(partner_id)
        return [
            tuple(sorted(cluster, key=lambda partner_id: (partner_id in losers, partner_id)))
            for cluster in clusters.values()
        ]

    @api.model
    def _merge(self, batch, groups, refused):
        """Merge groups of guests in the name of the source.

        :param dict refused: gets why, by group
        :return: the merges
        """
        Merge = self.env["hospitality.merge"]
        if not groups:
            return Merge
        options = {"reason": self.env._("Merged in %s", batch.source.name)}
        merges, messages = Merge._merge_or_refuse(
            [(winner, losers, dict(options)) for winner, *losers in groups], automatic=True
        )
        refused.update({groups[index]: message for index, message in messages.items()})
        self.env["hospitality.match"]._close_settled([partner_id for group in groups for partner_id in group])
        return merges

    @api.model
    def _remember(self, pairs, merges):
        """Note on the profiles by which merge their guests became one: a later statement takes it back."""
        if not merges:
            return
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_profile p SET redirect_merge_id = l.merge_id FROM hospitality_merge_loser l"
                " WHERE l.merge_id = ANY(%s::int[]) AND p.id = ANY(%s::int[]) AND p.id = ANY(l.profile_ids)",
                pg_int_array(merges.ids),
                pg_int_array(sorted(pairs)),
            )
        )
        self.env["hospitality.profile"].invalidate_model(["redirect_merge_id"], flush=False)

    @api.model
    def _ask(self, pairs, undone, refused):
        """Put pairs of guests who could not be merged up for review, with the reason."""
        left = {}
        for id_, (guest, root, root_guest) in self._get_roots(pairs).items():
            if guest != root_guest:
                reason = next((text for group, text in refused.items() if {guest, root_guest} <= set(group)), None)
                if reason is None and frozenset((guest, root_guest)) in undone:
                    reason = self.env._("Somebody has taken back the merge of these guests before.")
                left[min(id_, root), max(id_, root)] = reason or ""
        if not left:
            return
        pairs = sorted(left)
        evidence = json.dumps([{"code": "source.merge", "weight": CERTAIN, "left": None, "right": None}])
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO hospitality_match (profile_id, other_profile_id, partner_id, other_partner_id, score, band,
                                               evidence, state, reason, found_at)
                SELECT a.id, b.id, a.partner_id, b.partner_id, %s, 'merge', %s::jsonb, 'open', nullif(n.reason, ''),
                       now() AT TIME ZONE 'UTC'
                  FROM unnest(%s::int[], %s::int[], %s::text[]) AS n(one, other, reason)
                  JOIN hospitality_profile a ON a.id = n.one
                  JOIN hospitality_profile b ON b.id = n.other
                 ORDER BY n.one, n.other
                    ON CONFLICT (profile_id, other_profile_id) DO UPDATE
                   SET score = greatest(hospitality_match.score, excluded.score), band = excluded.band,
                       evidence = excluded.evidence, state = 'open', reason = excluded.reason, decided_at = NULL
                 WHERE hospitality_match.state IN ('open', 'merged', 'obsolete')
                """,
                CERTAIN,
                evidence,
                pg_int_array([pair[0] for pair in pairs]),
                pg_int_array([pair[1] for pair in pairs]),
                pg_array([left[pair] for pair in pairs]),
            )
        )
        self.env["hospitality.match"].invalidate_model(flush=False)
