import json
from datetime import datetime, timezone

from odoo import api, models
from odoo.tools import SQL

from ...engine import names, profile
from ...tools.arrays import pg_int_array

COLUMNS = (
    "version",
    "payload_hash",
    "state",
    "kind",
    "property_id",
    "name",
    "name_key",
    "values",
    "seen_at",
    "has_wishes",
)
# So many new or changed profiles of a batch are compared in full at once; more are left to the lanes of matching.
MATCH_AT_ONCE = 100


class Person:
    """What the writer works out from a guest event: name, contact points, guest.

    :ivar values: canonical values in their stored form
    :ivar points: ``[(channel, value)]``, the primary one of each channel first
    :ivar partner_id: the guest he is attached to, None until known
    :ivar group: equal for people who form one new guest
    :ivar match: what matching found out about a new profile
    """

    __slots__ = ("item", "kind", "name", "name_key", "values", "points", "seen_at", "partner_id", "group", "match")

    def __init__(self, item, country):
        event = item.event
        self.item = item
        self.kind = event.get("kind", "person")
        self.partner_id = self.group = self.match = None
        self.set_values(profile.clean(event["values"], country))
        version = item.version
        self.seen_at = int(version if 1e8 < version < 1e11 else event["observed"])

    def set_values(self, values):
        self.values = values
        self.name = values.get("name")
        self.name_key = names.name_key(self.name)
        self.points = profile.points(values)


class HospitalityBulkProfile(models.AbstractModel):
    """Source profiles with their contact points, each attached to its guest."""

    _name = "hospitality.bulk.profile"
    _description = "Bulk writes of source profiles"

    @api.model
    def _write_profiles(self, batch, new, changed, touched, codes):
        """Write the profiles of guest items, their contact points and their guests.

        :return: nothing; ids and guests are in ``batch.landed["guest"]``
        """
        # A profile that says the same at a later time outranks others from then on.
        changed = changed + touched
        people = [self._prepare_person(batch, item, codes) for item in (*new, *changed)]
        if people:
            newcomers = people[: len(new)]
            self._keep_masked(batch, people[len(new) :])
            points = self._write_points(people, codes)
            if newcomers:
                self._attach_profiles(batch, newcomers, points, codes["source"][batch.source_id][2])
            known = self._lock_guests(batch, newcomers, people[len(new) :])
            if newcomers:
                self._create_guests(batch, newcomers, points, codes["source"][batch.source_id][0])
        fact = self.env["hospitality.bulk.fact"]
        for person in people:
            person.item.row = self._prepare_row(batch, person)
        inserted, updated = fact._upsert(
            batch,
            "guest",
            "hospitality.profile",
            (new, changed, []),
            COLUMNS,
            guard=SQL("t.state <> 'anonymised'"),
        )
        if people:
            written = {item.key for item in inserted} | {item.key for item in updated}
            batch.wishes = [item for item in (*inserted, *updated) if "has_wishes" in item.row]
            people = [person for person in people if person.item.key in written]
            inserted_keys, touched_keys = {item.key for item in inserted}, {item.key for item in touched}
            counted = self._write_links(people, points, inserted_keys)
            trust, _property_id, source, kind = codes["source"][batch.source_id]
            self._remember_people(people, inserted_keys, touched_keys, source)
            said = {}
            if not counted and kind != "odoo":
                for person in people:
                    if person.item.key in inserted_keys and person.partner_id in known:
                        profiles = said.setdefault(person.partner_id, [])
                        profiles.append(self._to_survivor(person.item.id, person, points, trust or 0))
            self._refresh_guests(batch, inserted, updated, known, said)

    @api.model
    def _prepare_person(self, batch, item, codes):
        code = item.event.get("property")
        place = None
        if code is not None:
            place = codes["property"].get(batch.options["codes"].get(("property", code), code))
        place = place or codes["place"].get(batch.options.get("property_id"))
        item.extra = place and place.id
        home = place or codes["place"].get(codes["source"][batch.source_id][1])
        country = home and home.country
        if not country:
            country = codes["company_country"][self.env["hospitality.bulk.codes"]._get_company_id()]
        return Person(item, country)

    @api.model
    def _prepare_row(self, batch, person):
        item = person.item
        row = {
            "source_id": batch.source_id,
            "external_id": item.key,
            "version": item.version,
            "payload_hash": item.event["payload_hash"],
            "partner_id": person.partner_id,
            "state": "live",
            "kind": person.kind,
            "name": person.name,
            "name_key": person.name_key,
            "seen_at": f"{datetime.fromtimestamp(person.seen_at, timezone.utc):%Y-%m-%d %H:%M:%S}",
            "property_id": item.extra,
        }
        if person.values:
            row["values"] = _encode(person.values)
        stored = batch.stored["guest"].get(item.key)
        if (stored is not None and stored.currency_id) or not _WISHES.isdisjoint(item.event["values"]):
            row["has_wishes"] = True  # `Stored` holds it there
        return row

    @api.model
    def _keep_masked(self, batch, people):
        """Give changed profiles back the values that the source has hidden this time."""
        masked = [person for person in people if person.item.event.get("masked")]
        if not masked:
            return
        old = dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, values FROM hospitality_profile WHERE id = ANY(%s::int[])",
                    pg_int_array([person.item.id for person in masked]),
                )
            )
        )
        for person in masked:
            values = old.get(person.item.id) or {}
            kept = {key: values[key] for key in person.item.event["masked"] if key in values}
            person.set_values({**kept, **person.values})

    # Guests

    @api.model
    def _attach_profiles(self, batch, people, points, source):
        """Decide which guest each new profile belongs to.

        Sets ``person.partner_id`` of those with a known guest and ``person.group`` (equal for one
        new guest) of the others, as `hospitality.matcher` decides; of very many at once, as
        `hospitality.bulk.attach` does. The result does not depend on the order of the messages.

        :param str source: code of the source
        """
        if len(people) > MATCH_AT_ONCE:
            self.env["hospitality.bulk.attach"]._attach(people, points)
            return
        matcher = self.env["hospitality.matcher"]
        for person in people:
            person.match = matcher._prepare(person.item.key, person.values, person.kind, source)
        matcher._attach([person.match for person in people])
        for person in people:
            person.partner_id, person.group = person.match.partner_id, person.match.group

    @api.model
    def _lock_guests(self, batch, newcomers, changed):
        """Lock and read the guests whom profiles join or belong to, in one order of ids.

        Newcomers whose guest is merged away follow him. Whoever else adds a profile to one of the guests
        waits, or has been waited for: what is read of them afterwards is complete.

        :return: what `hospitality.bulk.guest._read_current` says of them
        """
        wanted = {person.partner_id for person in newcomers}
        wanted.update(batch.stored["guest"][person.item.key].partner_id for person in changed)
        wanted.discard(None)
        guests = self.env["hospitality.bulk.guest"]
        known = guests._read_current(sorted(wanted)) if wanted else {}
        late = [
            person
            for person in newcomers
            if person.partner_id and (person.partner_id not in known or known[person.partner_id]["merged_into_id"])
        ]
        if late:
            self._follow_merges(late)
            again = sorted({person.partner_id for person in late} - known.keys())
            if again:
                known |= guests._read_current(again)
        return known

    @api.model
    def _follow_merges(self, people):
        """Lead people whose guest is being merged away to the winner.

        The lock waits for a merge that is under way and keeps a later one waiting until the profile
        is stored.
        """
        wanted = sorted({person.partner_id for person in people if person.partner_id})
        if not wanted:
            return
        rows = self.env.execute_query(
            SQL(
                "SELECT id, merged_into_id FROM res_partner WHERE id = ANY(%s::int[]) ORDER BY id FOR KEY SHARE",
                pg_int_array(wanted),
            )
        )
        merged = [partner_id for partner_id, merged_into_id in rows if merged_into_id]
        if not merged:
            return
        targets = self.env["res.partner"].browse(merged)._get_merged_targets()
        for person in people:
            person.partner_id = targets.get(person.partner_id, person.partner_id)
        self._follow_merges([person for person in people if person.partner_id in targets.values()])

    @api.model
    def _remember_people(self, people, inserted, touched, source):
        """Let written profiles be found by those who come later, and changed ones be compared."""
        matcher = self.env["hospitality.matcher"]
        if len(people) > MATCH_AT_ONCE:
            unchanged = inserted | touched
            matcher._defer(
                [person.item.id for person in people if person.item.key in inserted],
                [person.item.id for person in people if person.item.key not in unchanged],
            )
            return
        new, changed = [], []
        for person in people:
            item = person.item
            if item.key in inserted and person.match:
                person.match.set_profile(item.id, item.row["partner_id"])
                new.append(person.match)
            elif item.key not in touched:
                changed.append(matcher._prepare(item.key, person.values, person.kind, source, item.id))
        matcher._remember(new, changed)

    @api.model
    def _create_guests(self, batch, people, points, trust):
        """Create the guests of people who have none, one per group."""
        groups = {}
        for person in people:
            if person.partner_id is None:
                groups.setdefault(person.group, []).append(person)
        if not groups:
            return
        ordered = [sorted(groups[key], key=lambda one: one.item.key) for key in sorted(groups)]
        rows = self.env["hospitality.bulk.guest"]._prepare_partners(
            [
                [self._to_survivor(position, person, points, trust) for position, person in enumerate(group)]
                for group in ordered
            ]
        )
        unknown = self.env._("Unknown guest")
        for row, group in zip(rows, ordered, strict=True):
            kinds = {person.kind for person in group}
            row.setdefault("name", unknown)
            row["is_guest"] = "person" in kinds
            row["is_company"] = not kinds.isdisjoint(_COMPANY_KINDS)
        ids = self.env["hospitality.bulk.partner"]._insert_partners(rows)
        batch.count("res.partner", ids)
        for id_, group in zip(ids, ordered, strict=True):
            for person in group:
                person.partner_id = id_
        batch.fresh.update(ids)

    @api.model
    def _to_survivor(self, profile_id, person, points, trust):
        return {
            "profile_id": profile_id,
            "trust": trust,
            "at": float(person.seen_at),
            "kind": person.kind,
            "values": person.values,
            "own": False,
            "points": {point[1]: points[point][1:3] for point in person.points},
        }

    @api.model
    def _refresh_guests(self, batch, inserted, updated, known, said):
        """Refresh the golden values of guests that existed before this batch.

        :param dict known: guests that are locked, see :meth:`_lock_guests`
        :param dict said: profiles that were inserted, see `hospitality.bulk.guest._refresh_golden`
        """
        due = set()
        for item in inserted:
            partner_id = item.row["partner_id"]
            batch.touched.add(partner_id)
            if partner_id not in batch.fresh:
                due.add(partner_id)
        for item in updated:
            due.add(batch.stored["guest"][item.key].partner_id)
        batch.touched |= due
        if due:
            changed = self.env["hospitality.bulk.guest"]._refresh_golden(sorted(due), known=known, said=said)
            batch.count("res.partner", [], changed)

    @api.model
    def _close_profiles(self, batch, items):
        """Apply tombstones and anonymisations to stored profiles."""
        gone, hidden = [], []
        for item in items:
            item.id, _profile_id, item.partner_id = batch.reference("guest", item.key)
            (hidden if item.event["op"] == "anonymise" else gone).append(item)
        fact = self.env["hospitality.bulk.fact"]
        due = set()
        for group, row in ((gone, {"state": "gone"}), (hidden, _ANONYMISED)):
            done = set(
                fact._update(
                    "hospitality.profile",
                    [item.id for item in group],
                    [{**row, "version": item.version, "payload_hash": item.event["payload_hash"]} for item in group],
                    guard=SQL(
                        "t.state NOT IN ('anonymised', %s) AND (%s OR t.version IS NULL OR t.version <= v.version)",
                        row["state"],
                        group is hidden,
                    ),
                )
            )
            due.update(item.partner_id for item in group if item.id in done)
            batch.count("hospitality.profile", [], sorted(done))
            if group is hidden and done:
                batch.anonymised += sorted(done)
                self._forget_points(done)
                self.env["hospitality.bulk.wish"]._forget(done)
                self.env["hospitality.bulk.review"]._forget(done)
                self.env["hospitality.bulk.evidence"]._forget(done)
                self.env["hospitality.matcher"]._erase(done)
        batch.touched |= due
        if due:
            anonymous = {item.partner_id for item in hidden} & due
            changed = self.env["hospitality.bulk.guest"]._refresh_golden(sorted(due), anonymous)
            batch.count("res.partner", [], changed)


_WISHES = frozenset({"preferences", "diet"})
_COMPANY_KINDS = frozenset({"company", "agency"})
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_ANONYMISED = {"state": "anonymised", "name": None, "name_key": None, "values": None, "meta": None}
