from odoo import api, models
from odoo.tools import SQL
from odoo.tools import sql as sql_tools

from ...engine import matching
from ...tools.arrays import pg_array, pg_int_array

# What more guests than this have in common says nothing: such a key is remembered and not looked up again.
MAX_BLOCK = 60
# So many profiles are read per incoming one before its keys are looked at one by one.
MAX_FOUND = 300


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
    def _find(self, wanted):
        """Find the guests that share a key with each of some profiles.

        :param dict wanted: anything -> ``(keys, lowest profile id to look at)``
        :return: ``({the same: set of partner ids}, set of keys that too many guests share)``
        """
        numbers, keys, lows = [], [], []
        order = list(wanted)
        for number, one in enumerate(order):
            own, low = wanted[one]
            numbers += [number] * len(own)
            keys += own
            lows += [low] * len(own)
        if not keys:
            return {}, set()
        hubs, rows = self._read_blocks(numbers, keys, lows)
        crowded = {number for number, count in _count(rows).items() if count >= MAX_FOUND}
        if crowded:
            hubs |= self._find_hubs(
                {key for number, key in zip(numbers, keys, strict=True) if number in crowded} - hubs
            )
            again = [row for row in zip(numbers, keys, lows, strict=True) if row[0] in crowded]
            rows = [row for row in rows if row[0] not in crowded]
            rows += self._read_blocks(*map(list, zip(*again, strict=True)), limit=10 * MAX_FOUND)[1]
        found = {}
        for number, partner_id in rows:
            found.setdefault(order[number], set()).add(partner_id)
        return found, hubs

    @api.model
    def _read_blocks(self, numbers, keys, lows, limit=MAX_FOUND):
        """Return ``(keys of too many guests, [(number, partner id)])``.

        What the planner guesses about arrays that it can't see would make it read the whole table, or
        all of its primary key: hence the setting, and the sum.
        """
        self.env.cr.execute(
            SQL(
                """
                SET LOCAL enable_seqscan = off;
                WITH wanted AS MATERIALIZED (
                    SELECT n.number, n.low, n.key, h.key IS NOT NULL AS hub
                      FROM unnest(%s::int[], %s::int8[], %s::int[]) AS n(number, key, low)
                 LEFT JOIN hospitality_match_hub h ON h.key = n.key
                )
                SELECT w.number, p.partner_id, NULL::int8
                  FROM (SELECT number, array_agg(key) AS keys, min(low) AS low
                          FROM wanted WHERE NOT hub GROUP BY number) AS w,
                       LATERAL (SELECT m.id FROM hospitality_match_normal m
                                 WHERE m.keys && w.keys AND m.id + 0 >= w.low AND m.version = %s LIMIT %s) AS c
                  JOIN hospitality_profile p ON p.id = c.id
                  JOIN res_partner g ON g.id = p.partner_id
                 WHERE p.state IN ('live', 'superseded') AND g.active
                 UNION ALL
                SELECT NULL, NULL, key FROM wanted WHERE hub
                """,
                pg_int_array(numbers),
                pg_int_array(keys),
                pg_int_array(lows),
                matching.VERSION,
                limit,
            )
        )
        rows = self.env.cr.fetchall()
        return {key for _n, _p, key in rows if key}, [row[:2] for row in rows if row[2] is None]

    @api.model
    def _find_hubs(self, keys):
        """Count the guests of some keys; remember and return those of too many."""
        if not keys:
            return set()
        self.env.cr.execute(
            SQL(
                """
                SET LOCAL enable_seqscan = off;
                SELECT k.key FROM unnest(%s::int8[]) AS k(key),
                       LATERAL (SELECT count(DISTINCT p.partner_id) AS guests
                                  FROM (SELECT m.id FROM hospitality_match_normal m
                                         WHERE m.keys @> ARRAY[k.key] LIMIT %s) AS c
                                  JOIN hospitality_profile p ON p.id = c.id) AS n
                 WHERE n.guests > %s
                """,
                pg_int_array(sorted(keys)),
                20 * MAX_BLOCK,
                MAX_BLOCK,
            )
        )
        hubs = {row[0] for row in self.env.cr.fetchall()}
        self._add_hubs(hubs)
        return hubs

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
        """Read the live profiles of some guests; to be called after every :meth:`_find`, which it cleans up after.

        :return: list of ``(profile id, partner id, whether a source system knows it, normal as bytes)``
        """
        self.env.cr.execute(
            SQL(
                """
                SET LOCAL enable_seqscan = on;
                SELECT p.id, p.partner_id, p.source_id <> %s, m.normal
                  FROM hospitality_profile p JOIN hospitality_match_normal m ON m.id = p.id
                 WHERE p.partner_id = ANY(%s::int[]) AND p.state IN ('live', 'superseded') AND m.version = %s
                 ORDER BY p.id
                """,
                self.env["hospitality.profile"]._default_source_id().id,
                pg_int_array(sorted(partner_ids)),
                matching.VERSION,
            )
        )
        return self.env.cr.fetchall()

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


def _count(rows):
    counts = {}
    for number, _partner_id in rows:
        counts[number] = counts.get(number, 0) + 1
    return counts
