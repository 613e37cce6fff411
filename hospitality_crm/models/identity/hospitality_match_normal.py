from odoo import api, models
from odoo.tools import SQL
from odoo.tools import sql as sql_tools

from ...engine import matching
from ...tools.arrays import pg_array, pg_int_array

# What more guests than this have in common says nothing: such a key is remembered and not looked up again.
MAX_BLOCK = 60
# So many profiles of a key are read at most, where they are of a few guests.
MAX_READ = 20 * MAX_BLOCK


class HospitalityMatchNormal(models.Model):
    """What matching needs of each profile, and the keys it is found by.

    One row per profile with the packed normal form and an array of its block keys under a GIN
    index: half the size of a row per key, and faster to look up. ``version`` is that of the
    engine; look-ups skip rows of another one, the next full run makes them anew. Rows are written
    with their profile, in its transaction, and have no foreign key: look-ups join the profile
    anyway. Nothing here is for the ORM to read.

    Three more tables belong to it: *hub*, the keys of too many guests; *count*, how many guests
    bear a word of a name or a whole name (key 0: guests in all); *delta*, what is to be added to
    the counts. Writers of deltas append only, so that lanes don't wait for each other.
    """

    _name = "hospitality.match.normal"
    _description = "Normal Form of a Profile"
    _auto = False
    _log_access = False

    def init(self):
        if sql_tools.table_exists(self.env.cr, self._table):
            return
        self.env.cr.execute(
            """
            CREATE TABLE hospitality_match_normal (
                id int4 PRIMARY KEY,
                version int2 NOT NULL,
                keys int8[] NOT NULL,
                normal bytea NOT NULL
            );
            -- A list of pending entries would be read through by every look-up.
            CREATE INDEX hospitality_match_normal_keys_idx
                ON hospitality_match_normal USING gin (keys) WITH (fastupdate = off);
            CREATE TABLE hospitality_match_hub (key int8 PRIMARY KEY);
            CREATE TABLE hospitality_match_count (key int8 PRIMARY KEY, value int4 NOT NULL);
            CREATE TABLE hospitality_match_delta (key int8 NOT NULL, value int4 NOT NULL);
            """
        )

    @api.model
    def _store(self, normals, keys):
        """Write the normal forms of profiles, new or changed.

        :param list normals: engine normals; their ``id`` is that of the profile
        :param list keys: their block keys, tuples of int
        """
        if not normals:
            return
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_match_normal (id, version, keys, normal)"
                " SELECT n.id, %s, n.keys::int8[], decode(n.normal, 'hex')"
                " FROM unnest(%s::int[], %s::text[], %s::text[]) AS n(id, keys, normal)"
                " ON CONFLICT (id) DO UPDATE"
                " SET version = excluded.version, keys = excluded.keys, normal = excluded.normal",
                matching.VERSION,
                pg_int_array([normal.id for normal in normals]),
                pg_array([pg_int_array(numbers) for numbers in keys]),
                pg_array([normal.pack().hex() for normal in normals]),
            )
        )

    @api.model
    def _forget(self, profile_ids):
        """Delete what is known of profiles that must not be compared any more."""
        self.env.cr.execute(
            SQL("DELETE FROM hospitality_match_normal WHERE id = ANY(%s::int[])", pg_int_array(sorted(profile_ids)))
        )

    @api.model
    def _find(self, wanted, partner_ids=()):
        """Find the guests that share a key with one of some profiles, and read their profiles.

        :param list wanted: per profile its keys and the lowest profile id to look at
        :param partner_ids: guests whose profiles are read in any case
        :return: ``(profiles, set of keys that too many guests share)``; the profiles are those of :meth:`_load`
        """
        keys, lows = [], []
        for own, low in wanted:
            keys += own
            lows += [low] * len(own)
        if not keys:
            return self._load(partner_ids) if partner_ids else [], set()
        hubs, full, profiles = self._read_blocks(keys, lows, partner_ids)
        if full:
            hubs |= self._find_hubs(full)
            # The rest is shared by a few guests with very many profiles.
            again = [(key, low) for key, low in zip(keys, lows, strict=True) if key in full - hubs]
            if again:
                more = self._read_blocks(*map(list, zip(*again, strict=True)), whole=True)[2]
                profiles = sorted({profile[0]: profile for profile in (*profiles, *more)}.values())
        return profiles, hubs

    @api.model
    def _read_blocks(self, keys, lows, partner_ids=(), whole=False):
        """Read the profiles of the guests of each key that is not known to be a hub.

        Each key is a scan of its own: it stops at the limit, where one for all keys of a profile would not
        tell which of them have too many. What the planner guesses about arrays that it can't see would make
        it read the whole table, or all of its primary key: hence the setting, taken back by the query that it
        is for, and the sum. Guests and states come from indexes alone: the rows of contacts and profiles are
        wide, and seldom in memory.

        :param partner_ids: guests whose profiles are read as well
        :param bool whole: read many profiles per key, not only of keys that have few
        :return: ``(known hubs, keys of more profiles, profiles)``
        """
        self.env.cr.execute(
            SQL(
                """
                SET LOCAL enable_seqscan = off;
                WITH wanted AS MATERIALIZED (
                    SELECT n.low, n.key, h.key IS NOT NULL AS hub
                      FROM unnest(%(keys)s::int8[], %(lows)s::int[]) AS n(key, low)
                 LEFT JOIN hospitality_match_hub h ON h.key = n.key
                ), block AS MATERIALIZED (
                    SELECT w.key, c.ids
                      FROM wanted w,
                           LATERAL (SELECT array_agg(f.id) AS ids
                                      FROM (SELECT m.id FROM hospitality_match_normal m
                                             WHERE m.keys @> ARRAY[w.key] AND m.id + 0 >= w.low
                                               AND m.version = %(version)s LIMIT %(limit)s) AS f) AS c
                     WHERE NOT w.hub AND c.ids IS NOT NULL
                ), guest AS MATERIALIZED (
                    SELECT p.partner_id AS id
                      FROM (SELECT DISTINCT i.id FROM block b, unnest(b.ids) AS i(id)
                             WHERE %(whole)s OR cardinality(b.ids) < %(limit)s) AS c
                      JOIN hospitality_profile p ON p.id = c.id
                     WHERE p.state IN ('live', 'superseded')
                       AND NOT EXISTS (SELECT FROM res_partner g WHERE g.id = p.partner_id AND g.active IS NOT TRUE)
                     UNION
                    SELECT unnest(%(guests)s::int[])
                )
                (%(profiles)s)
                 UNION ALL
                SELECT NULL, NULL, hub, NULL, ARRAY[key] FROM wanted WHERE hub
                 UNION ALL
                SELECT NULL, NULL, FALSE, NULL, ARRAY[key] FROM block WHERE cardinality(ids) >= %(limit)s
                 UNION ALL
                SELECT NULL, NULL, NULL, NULL, NULL WHERE set_config('enable_seqscan', 'on', TRUE) IS NULL
                """,
                keys=pg_int_array(keys),
                lows=pg_int_array(lows),
                guests=pg_int_array(sorted(partner_ids)),
                version=matching.VERSION,
                limit=MAX_READ if whole else MAX_BLOCK + 1,
                whole=whole,
                profiles=self._load_query(SQL("guest AS g JOIN hospitality_profile p ON p.partner_id = g.id")),
            )
        )
        rows = self.env.cr.fetchall()
        hubs = {keys[0] for id_, _partner, hub, _data, keys in rows if id_ is None and hub}
        full = {keys[0] for id_, _partner, hub, _data, keys in rows if id_ is None and not hub}
        return hubs, full, [row for row in rows if row[0] is not None]

    @api.model
    def _find_hubs(self, keys):
        """Remember and return those of some keys that too many guests share.

        Their first profiles are enough to tell, unless single guests have very many.
        """
        hubs, left = set(), set(keys)
        for limit in (2 * MAX_BLOCK, MAX_READ):
            counts = self._count_guests(left, limit) if left else {}
            hubs |= {key for key, (guests, _profiles) in counts.items() if guests > MAX_BLOCK}
            left = {key for key, (_guests, profiles) in counts.items() if profiles >= limit} - hubs
        self._add_hubs(hubs)
        return hubs

    @api.model
    def _count_guests(self, keys, limit):
        """Return ``{key: (guests, profiles)}`` of the first ``limit`` profiles of each key."""
        self.env.cr.execute(
            SQL(
                """
                SET LOCAL enable_seqscan = off;
                SELECT k.key, n.guests, n.profiles FROM unnest(%s::int8[]) AS k(key),
                       LATERAL (SELECT count(DISTINCT p.partner_id) AS guests, count(*) AS profiles
                                  FROM (SELECT m.id FROM hospitality_match_normal m
                                         WHERE m.keys @> ARRAY[k.key] LIMIT %s) AS c
                                  JOIN hospitality_profile p ON p.id = c.id) AS n
                 UNION ALL
                SELECT NULL, NULL, NULL WHERE set_config('enable_seqscan', 'on', TRUE) IS NULL
                """,
                pg_int_array(sorted(keys)),
                limit,
            )
        )
        return {key: (guests, profiles) for key, guests, profiles in self.env.cr.fetchall()}

    @api.model
    def _add_hubs(self, keys):
        if keys:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO hospitality_match_hub (key) SELECT unnest(%s::int8[]) ON CONFLICT DO NOTHING",
                    pg_int_array(sorted(keys)),
                )
            )

    @api.model
    def _load(self, partner_ids):
        """Read the live profiles of some guests.

        :return: list of ``(profile id, partner id, whether a source system knows it, normal as bytes, block keys)``
        """
        guests = SQL("unnest(%s::int[]) AS g(id)", pg_int_array(sorted(partner_ids)))
        profiles = SQL("%s JOIN hospitality_profile p ON p.partner_id = g.id", guests)
        return self.env.execute_query(self._load_query(profiles))

    @api.model
    def _load_query(self, profiles):
        """Return the query of :meth:`_load` for profiles ``p`` of some relation."""
        return SQL(
            "SELECT p.id, p.partner_id, p.source_id <> %s, m.normal, m.keys"
            " FROM %s JOIN hospitality_match_normal m ON m.id = p.id"
            " WHERE p.state IN ('live', 'superseded') AND m.version = %s ORDER BY p.id",
            self.env["hospitality.profile"]._default_source_id().id,
            profiles,
            matching.VERSION,
        )

    # How many guests bear a name

    @api.model
    def _get_counts(self, keys):
        """Return ``{key: guests}`` of names and words; what is missing counts as one."""
        return dict(
            self.env.execute_query(
                SQL("SELECT key, value FROM hospitality_match_count WHERE key = ANY(%s::int8[])", pg_int_array(keys))
            )
        )

    @api.model
    def _add_counts(self, counts):
        """Add to the counts, at the latest a minute later.

        :param dict counts: key -> number of new guests
        """
        if counts:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO hospitality_match_delta (key, value) SELECT * FROM unnest(%s::int8[], %s::int[])",
                    pg_int_array(counts),
                    pg_int_array(counts.values()),
                )
            )

    @api.model
    def _replace_counts(self, keys, values):
        """Replace all counts by new ones, which know of everything that has been added so far."""
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, 0)", LOCK))
        self.env.cr.execute("DELETE FROM hospitality_match_delta; DELETE FROM hospitality_match_count")
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_match_count (key, value)"
                " SELECT * FROM unnest(%s::int8[], %s::int[]) AS n(key, value) ORDER BY key",
                pg_int_array(keys),
                pg_int_array(values),
            )
        )

    @api.model
    def _fold_counts(self):
        """Add waiting deltas to the counts. Needs a READ COMMITTED transaction; one lane does it at a time."""
        if self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s, 0)", LOCK)) == [(True,)]:
            self.env.cr.execute(
                """
                WITH taken AS (DELETE FROM hospitality_match_delta RETURNING key, value)
                INSERT INTO hospitality_match_count AS c (key, value)
                SELECT key, sum(value) FROM taken GROUP BY key
                    ON CONFLICT (key) DO UPDATE SET value = c.value + excluded.value
                """
            )


LOCK = 1_919_512_170
"""First key of the advisory lock of the counts."""
