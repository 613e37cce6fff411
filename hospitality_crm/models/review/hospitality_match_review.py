from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

# A case holds at most so many guests: more of them can't be judged side by side.
MOST_GUESTS = 6
MOST_CASES = 20
# Pairs are followed so many times from guest to guest.
ROUNDS = 2
OPEN_STATES = ("open", "skipped")
HOUSEHOLD_KINDS = ("household", "spouse", "parent", "child", "sibling", "companion")


class HospitalityMatchReview(models.AbstractModel):
    """The queue of possible duplicates as cases that a person decides one after the other.

    A case is a pair of guests, or a cluster: guests that are linked by pairs of the same sort.
    """

    _name = "hospitality.match.review"
    _description = "Review of Duplicates"
    _inherit = ["hospitality.match.texts"]

    @api.model
    @api.readonly
    def get_queue(self, filters=None, skip_ids=(), limit=5):
        """Return the next cases.

        :param dict filters: see :meth:`_get_filter_domain`
        :param skip_ids: ids of guests that the client has cases of already
        :param int limit: number of cases
        :return: dict with ``cases``: list of dicts with ``guests`` and ``rows`` (see
            ``hospitality.guest.compare``), ``winners`` (ids of the guests, who stays by default first) and
            ``pairs``: ``{"match_ids", "left", "right"`` (guest ids) ``, "score", "band", "title", "evidence"}``,
            best first
        :raise AccessError: when the user may not see possible duplicates
        """
        self.env["hospitality.match"].check_access("read")
        limit = min(limit, MOST_CASES)
        seeds = self._find_seeds(filters or {}, skip_ids, limit)
        clusters = self._grow(seeds, filters or {})[:limit]
        compared = self.env["hospitality.guest.compare"]._compare([cluster["guests"] for cluster in clusters])
        by_all, by_clear = self._get_rights()
        cases = []
        for cluster, shown in zip(clusters, compared, strict=True):
            if not shown:
                continue
            present = {guest["id"] for guest in shown["guests"]}
            pairs = [pair for pair in cluster["pairs"] if {pair["left"], pair["right"]} <= present]
            cases.append(
                {
                    **shown,
                    "winners": self.env["hospitality.guest.compare"]._rank_winners(shown["guests"]),
                    "pairs": pairs,
                    "key": "-".join(map(str, sorted(present))),
                    "may_decide": by_all or (by_clear and all(pair["clear"] for pair in pairs)),
                }
            )
        return {"cases": cases}

    @api.model
    @api.readonly
    def get_status(self, filters=None):
        """Return what stands around the queue.

        :param dict filters: see :meth:`_get_filter_domain`
        :return: dict with ``left`` (pairs of guests to decide under the filters), ``bands`` (the same per band,
            without the filter on the band), ``done_today`` (decided by the user), ``sources`` and
            ``properties`` to filter by, ``kinds`` of relations in a household, ``can`` (what the user may
            do), ``run`` (state of the newest matching run, False without any)
        """
        self.env["hospitality.match"].check_access("read")
        filters = filters or {}
        bands = self._count_bands(filters)
        manager = self.env.user.has_group("hospitality_crm.group_hospitality_manager")
        chosen = [filters["band"]] if filters.get("band") else list(bands)
        return {
            "left": sum(bands.get(band, 0) for band in chosen),
            "bands": bands,
            "done_today": self._count_done_today(),
            "sources": self._get_choices("hospitality.source"),
            "properties": self._get_choices("hospitality.property"),
            "kinds": self._get_relation_kinds(),
            "can": {
                "decide": any(self._get_rights()),
                "bulk": manager,
                "tune": manager,
                "start": manager,
            },
            "run": self._show_run(),
        }

    @api.model
    def _get_rights(self):
        """Return whether the user decides about every case, and whether about those that nothing speaks against."""
        user = self.env.user
        resolvers = self.env["hospitality.match"]._get_resolvers()
        reception = user.has_group("hospitality_crm.group_hospitality_reception")
        everything = user.has_group("hospitality_crm.group_hospitality_manager") or (reception and resolvers == "all")
        return everything, everything or (reception and resolvers == "clear")

    @api.model
    def start_run(self):
        """Compare all guests with each other, in the background.

        :return: what ``get_status`` says about the run
        :raise AccessError: when the user is no guest relations manager
        """
        if not self.env.user.has_group("hospitality_crm.group_hospitality_manager"):
            raise AccessError(self.env._("Only guest relations managers may have all guests compared."))
        self.env["hospitality.match.run"].sudo().action_start()  # the role was checked above
        return self._show_run()

    @api.model
    def _show_run(self):
        run = self.env["hospitality.match.run"].search([], limit=1)
        if not run:
            return False
        phases = dict(run._fields["phase"]._description_selection(self.env))
        return {
            "id": run.id,
            "state": run.state,
            "phase": phases.get(run.phase),
            "progress": round(run.progress),
            "message": run.message or "",
        }

    @api.model
    def _get_relation_kinds(self):
        labels = self.env["hospitality.guest.facts"]._get_labels("hospitality.relation", "kind")
        return [{"id": kind, "name": labels[kind]} for kind in HOUSEHOLD_KINDS]

    @api.model
    def _get_choices(self, model):
        return [{"id": record.id, "name": record.name} for record in self.env[model].search_fetch([], ["name"])]

    @api.model
    def _get_filter_domain(self, filters):
        """Return the domain of the pairs that a queue is made of.

        :param dict filters: ``state`` (*open* or *skipped*), ``band``, ``min_score``, ``max_score``,
            ``source_id`` and ``property_id`` (of one of the two profiles, or where one of the guests has
            stayed), ``partner_ids`` (pairs of these guests alone)
        """
        state = filters.get("state")
        domain = Domain("state", "=", state if state in OPEN_STATES else "open")
        # Through the guests, so that who may not see one of them doesn't see the pair.
        domain &= Domain("partner_id", "any", [("active", "=", True)])
        domain &= Domain("other_partner_id", "any", [("active", "=", True)])
        domain &= Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s <> %s", SQL.identifier(alias, "partner_id"), SQL.identifier(alias, "other_partner_id")
            )
        )
        if filters.get("band"):
            domain &= Domain("band", "=", filters["band"])
        if filters.get("min_score") not in (None, False):
            domain &= Domain("score", ">=", filters["min_score"])
        if filters.get("max_score") not in (None, False):
            domain &= Domain("score", "<=", filters["max_score"])
        if filters.get("source_id"):
            domain &= Domain.OR(
                Domain(field, "any", [("source_id", "=", filters["source_id"])])
                for field in ("profile_id", "other_profile_id")
            )
        if filters.get("property_id"):
            place = Domain("property_id", "=", filters["property_id"])
            domain &= Domain.OR(
                [
                    *(Domain(field, "any", place) for field in ("profile_id", "other_profile_id")),
                    *(
                        Domain(field, "any", [("stay_ids", "any", place)])
                        for field in ("partner_id", "other_partner_id")
                    ),
                ]
            )
        if filters.get("partner_ids"):
            guests = list(filters["partner_ids"])
            domain &= Domain("partner_id", "in", guests) | Domain("other_partner_id", "in", guests)
        return domain

    @api.model
    def _count_bands(self, filters):
        """Count pairs of guests (not of profiles) per band."""
        query = self.env["hospitality.match"]._search(self._get_filter_domain({**filters, "band": False}), order="id")
        if query.is_empty():
            return {}
        band, one, other = (
            SQL.identifier(query.table, column) for column in ("band", "partner_id", "other_partner_id")
        )
        query.order = None
        rows = self.env.execute_query(
            SQL(
                "%s GROUP BY 1",
                query.select(band, SQL("count(DISTINCT (LEAST(%s, %s), GREATEST(%s, %s)))", one, other, one, other)),
            )
        )
        return dict(rows)

    @api.model
    def _count_done_today(self):
        now = fields.Datetime.context_timestamp(self, fields.Datetime.now())
        midnight = now - now.replace(hour=0, minute=0, second=0, microsecond=0)
        since = fields.Datetime.now() - midnight
        return self.env["hospitality.match"].search_count(
            [
                ("decided_by", "=", self.env.uid),
                ("decided_at", ">=", since),
                ("state", "in", ["merged", "rejected", "household"]),
            ]
        )

    @api.model
    def _find_seeds(self, filters, skip_ids, limit):
        """Return the best pairs, one per case at least: dicts with ids of match and guests."""
        domain = self._get_filter_domain(filters)
        if skip_ids:
            known = list(skip_ids)
            domain &= Domain("partner_id", "not in", known) & Domain("other_partner_id", "not in", known)
        query = self.env["hospitality.match"]._search(domain, order="score desc, id", limit=limit * MOST_GUESTS)
        return self._fetch_pairs(query)

    @api.model
    def _fetch_pairs(self, query):
        if query.is_empty():
            return []
        self.env["hospitality.match"].flush_model()
        names = ("id", "partner_id", "other_partner_id", "score", "band", "evidence", "profile_id", "reason")
        rows = self.env.execute_query(query.select(*(SQL.identifier(query.table, name) for name in names)))
        pairs = [dict(zip(names, row, strict=True)) for row in rows]
        return [{**pair, "seeded": True} for pair in pairs]

    @api.model
    def _grow(self, seeds, filters):
        """Put pairs of the same sort that share guests into one cluster.

        :param list seeds: pairs, best first
        :return: list of dicts with ``guests`` (ids, those of the best pair first) and ``pairs``
        """
        pairs = {pair["id"]: pair for pair in seeds}
        state = filters.get("state") if filters.get("state") in OPEN_STATES else "open"
        frontier = {guest for pair in seeds for guest in (pair["partner_id"], pair["other_partner_id"])}
        seen = set()
        for _round in range(ROUNDS if seeds else 0):
            frontier -= seen
            if not frontier:
                break
            seen |= frontier
            near = list(frontier)
            domain = self._get_filter_domain({"state": state})
            domain &= Domain("partner_id", "in", near) | Domain("other_partner_id", "in", near)
            found = self._fetch_pairs(
                self.env["hospitality.match"]._search(domain, order="score desc, id", limit=len(near) * MOST_GUESTS)
            )
            for pair in found:
                pairs.setdefault(pair["id"], {**pair, "seeded": False})
                frontier |= {pair["partner_id"], pair["other_partner_id"]}
        return self._cluster(pairs.values())

    @api.model
    def _cluster(self, pairs):
        by_guest = defaultdict(list)
        ordered = sorted(pairs, key=lambda pair: (-pair["score"], pair["id"]))
        for pair in ordered:
            by_guest[pair["partner_id"]].append(pair)
            by_guest[pair["other_partner_id"]].append(pair)
        clusters, taken = [], set()
        for seed in ordered:
            start = (seed["partner_id"], seed["other_partner_id"])
            if not seed["seeded"] or not taken.isdisjoint(start):
                continue
            guests = list(start)
            sort = seed["band"] == "household"
            for guest in guests:
                for pair in by_guest[guest]:
                    other = pair["partner_id"] if pair["other_partner_id"] == guest else pair["other_partner_id"]
                    fits = (pair["band"] == "household") == sort and other not in taken
                    if fits and other not in guests and len(guests) < MOST_GUESTS:
                        guests.append(other)
            taken.update(guests)
            inside = set(guests)
            clusters.append(
                {
                    "guests": guests,
                    "pairs": self._show_pairs(
                        [pair for pair in ordered if {pair["partner_id"], pair["other_partner_id"]} <= inside]
                    ),
                }
            )
        return clusters

    @api.model
    def _show_pairs(self, pairs):
        """Return one entry per pair of guests, with the evidence of their best pair of profiles."""
        titles = self._get_band_texts()
        shown = {}
        for pair in pairs:
            guests = (pair["partner_id"], pair["other_partner_id"])
            known = shown.get(tuple(sorted(guests)))
            if known:
                known["match_ids"].append(pair["id"])
                continue
            shown[tuple(sorted(guests))] = {
                "match_ids": [pair["id"]],
                "left": guests[0],
                "right": guests[1],
                "score": round(pair["score"], 1),
                "band": pair["band"],
                "title": titles.get(pair["band"], ""),
                "clear": pair["band"] != "household" and not self._speaks_against(pair["evidence"]),
                "evidence": self._show_evidence(pair["evidence"]),
                # Of an open pair: why a merge was refused before.
                "refused": pair["reason"] or "",
            }
        return list(shown.values())
