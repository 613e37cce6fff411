"""The data set of the ingest benchmark: a base of guests, built by SQL, and messages about half of them.

Guest *i* of the base has the e-mail ``g<i>@base-mail.net`` and a phone; message *k* of a run brings a guest, a booking
and a stay of another source. Even messages are about guests of the base (same e-mail, same name), odd ones about
people nobody knows.
"""

import json

from psycopg2.extensions import cursor as Cursor

GIVEN = "Anna Ben Carla Dmytro Elena Farid Grace Hakob Irina Jonas Karen Liam Maria Nadia Oleh Petra".split()
FAMILY = (
    "Koval Smith Rossi Petrenko Hansen Garcia Dubois Novak Sargsyan Weber Kim Lopez Silva Ivanov Popov Meyer".split()
)


OPERATORS = ("50", "63", "66", "68", "73", "93", "95", "96", "97", "98")


def name_of(number: int) -> str:
    """A name of two words; the second is unusual enough to be somebody's own."""
    return f"{GIVEN[number % 16]} {FAMILY[(number // 16) % 16]}{_letters(number // 256)}"


def _letters(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 20)
        text += "aeioubdgklmnprstvzfh"[digit]
    return text


def build(cursor: Cursor, size: int) -> None:
    """Fill an empty product database with a property and ``size`` guests of a source *base*."""
    cursor.execute("SELECT id, currency_id FROM res_company ORDER BY id LIMIT 1")
    company_id, currency_id = cursor.fetchone()
    cursor.execute(
        """
        INSERT INTO hospitality_property (name, code, kind, company_id, currency_id, tz, day_close, active, sequence,
                                          room_count, country_id)
        VALUES ('{"en_US": "Palace"}', 'PAL', 'hotel', %s, %s, 'Europe/Kyiv', 4, TRUE, 1, 100,
                (SELECT id FROM res_country WHERE code = 'UA')) RETURNING id
        """,
        [company_id, currency_id],
    )
    (property_id,) = cursor.fetchone()
    cursor.execute(
        "INSERT INTO hospitality_room_type (name, code, property_id, active, sequence, capacity)"
        " VALUES ('{\"en_US\": \"Double\"}', 'DBL', %s, TRUE, 1, 2)",
        [property_id],
    )
    cursor.execute(
        "INSERT INTO hospitality_channel (name, code, kind, active, sequence, is_direct)"
        " VALUES ('{\"en_US\": \"Bench\"}', 'BENCH', 'direct', TRUE, 1, TRUE)"
    )
    for code in ("base", "pms", "pms2"):
        cursor.execute(
            "INSERT INTO hospitality_source (name, code, kind, trust, active, sequence)"
            " VALUES (jsonb_build_object('en_US', %s), %s, 'pms', 50, TRUE, 1) RETURNING id",
            [code, f"bench_{code}"],
        )
    cursor.execute("SELECT id FROM hospitality_source WHERE code = 'bench_base'")
    (source_id,) = cursor.fetchone()
    _build_guests(cursor, size, source_id)


def _build_guests(cursor: Cursor, size: int, source_id: int) -> None:
    from odoo.addons.hospitality_crm.engine.names import name_key

    cursor.execute("CREATE TEMP TABLE person (i int, name text, name_key int) ON COMMIT DROP")
    step = 50_000
    for start in range(0, size, step):
        rows = ((i, name_of(i)) for i in range(start, min(start + step, size)))
        lines = "\n".join(f"{i}\t{name}\t{name_key(name)}" for i, name in rows)
        _copy(cursor, lines)
    # With invoicing installed this column may not be empty.
    cursor.execute(
        "SELECT 1 FROM information_schema.columns WHERE table_name = 'res_partner' AND column_name = 'autopost_bills'"
    )
    column, value = (", autopost_bills", ", 'ask'") if cursor.fetchone() else ("", "")
    cursor.execute("SELECT nextval('res_partner_id_seq')")
    (first,) = cursor.fetchone()
    cursor.execute(
        f"""
        INSERT INTO res_partner (id, commercial_partner_id, name, complete_name, email, email_normalized, phone,
                                 phone_sanitized, type, active, is_company, partner_share, lang, is_guest, color,
                                 create_uid, write_uid, create_date, write_date{column})
        SELECT %(first)s + i, %(first)s + i, name, name, email, email, phone, phone, 'contact', TRUE,
               FALSE, TRUE, 'en_US', TRUE, 0, 1, 1, now(), now(){value}
          FROM (SELECT *, 'g' || i || '@base-mail.net' AS email, '+38067' || lpad(i::text, 7, '0') AS phone
                  FROM person ORDER BY i) p
        """,  # column and value are literals from above
        {"first": first},
    )
    cursor.execute("SELECT setval('res_partner_id_seq', %s)", [first + size])
    cursor.execute(
        """
        INSERT INTO hospitality_profile (source_id, external_id, version, partner_id, state, kind, name, name_key,
                                         values, seen_at)
        SELECT %s, 'G' || p.i, 1000000000, g.id, 'live', 'person', p.name, p.name_key,
               jsonb_build_object('name', p.name, 'emails', jsonb_build_array(g.email),
                                  'phones', jsonb_build_array(g.phone)), '2020-01-01'
          FROM person p JOIN res_partner g ON g.id = %s + p.i
        """,
        [source_id, first],
    )
    for channel, column in (("email", "email"), ("phone", "phone")):
        cursor.execute(
            f"""
            INSERT INTO hospitality_contact_point (channel, value, kind, kind_by, name_count, reachable)
            SELECT %s, {column}, 'real', 'list', 1, TRUE FROM res_partner WHERE email LIKE '%%@base-mail.net'
            """,  # column names of ours
            [channel],
        )
        cursor.execute(
            f"""
            INSERT INTO hospitality_contact_link (profile_id, point_id, sequence, name_key)
            SELECT p.id, c.id, 0, p.name_key
              FROM hospitality_profile p JOIN res_partner g ON g.id = p.partner_id
              JOIN hospitality_contact_point c ON c.channel = %s AND c.value = g.{column}
             WHERE p.source_id = %s
            """,  # column names of ours
            [channel, source_id],
        )

    _build_normals(cursor, source_id)


def _build_normals(cursor: Cursor, source_id: int) -> None:
    """Give matching what it needs of every guest, and the keys of too many of them, as its own run would."""
    from odoo.addons.hospitality_crm.models.identity.hospitality_match_normal import MAX_BLOCK

    cursor.execute("SELECT pg_get_indexdef('hospitality_match_normal_keys_idx'::regclass)")
    (index,) = cursor.fetchone()
    cursor.execute("DROP INDEX hospitality_match_normal_keys_idx")
    cursor.execute("SELECT min(id), max(id) FROM hospitality_profile WHERE source_id = %s", [source_id])
    first, last = cursor.fetchone()
    step = 10_000
    for start in range(first, last + 1, step):
        cursor.execute(
            'SELECT id, "values" FROM hospitality_profile WHERE source_id = %s AND id >= %s AND id < %s ORDER BY id',
            [source_id, start, start + step],
        )
        _copy(cursor, "\n".join(map(_normal_line, *_normals_of(cursor.fetchall()))), "hospitality_match_normal")
    cursor.execute(index)
    # Each guest of the base has one profile.
    cursor.execute(
        "INSERT INTO hospitality_match_hub (key) SELECT key FROM hospitality_match_normal, unnest(keys) AS key"
        " GROUP BY key HAVING count(*) > %s",
        [MAX_BLOCK],
    )


def _normals_of(rows: list[tuple[int, dict]]) -> tuple[list, list]:
    from odoo.addons.hospitality_crm.engine import matching

    normals = [
        matching.prepare({**values, "id": id_, "kind": "person", "source": "bench_base"}) for id_, values in rows
    ]
    return normals, matching.Table.of(normals).record_keys()


def _normal_line(normal, keys) -> str:
    from odoo.addons.hospitality_crm.engine import matching

    return f"{normal.id}\t{matching.VERSION}\t{{{','.join(map(str, keys))}}}\t\\\\x{normal.pack().hex()}"


def _copy(cursor: Cursor, lines: str, table: str = "person") -> None:
    import io

    cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO(lines))


def message(k: int, size: int) -> list[dict]:
    """Message ``k``: a guest (of the base where ``k`` is even), his booking and his stay."""
    known = k % 2 == 0
    number = (k * 7919) % size if known else size + k
    email = f"g{number}@base-mail.net" if known else f"n{k}@new-mail.net"
    day = 1 + k % 28
    month = 1 + k % 11
    return [
        {
            "entity": "guest",
            "external_id": f"P{k}",
            "version": 1_700_000_000 + k,
            "values": {
                "name": name_of(number),
                "emails": [email],
                "phones": [f"+380{OPERATORS[k // 10_000_000 % 10]}{k % 10_000_000:07d}"],
                "country": "UA",
                "city": "Kyiv",
                "street": f"Khreshchatyk {k % 500}",
                "zip": f"{k % 90000 + 10000}",
                "lang": "en-US",
            },
        },
        {
            "entity": "booking",
            "external_id": f"B{k}",
            "version": 1_700_000_000 + k,
            "booker": f"P{k}",
            "confirmation": f"C{k}",
            "channel": "BENCH",
            "status": "reserved",
            "booked_on": f"2025-{month:02d}-01",
        },
        {
            "entity": "stay",
            "external_id": f"S{k}",
            "version": 1_700_000_000 + k,
            "booking": f"B{k}",
            "guest": f"P{k}",
            "guests": [{"guest": f"P{k}", "role": "primary"}],
            "status": "reserved",
            "arrival": f"2025-{month + 1:02d}-{day:02d}",
            "departure": f"2025-{month + 1:02d}-{min(day + 3, 28) if day < 28 else 28:02d}",
            "booked_on": f"2025-{month:02d}-01",
            "room_type": "DBL",
            "channel": "BENCH",
            "market": "Leisure",
            "meal_plan": "BB",
            "adults": 2,
            "children": k % 3,
            "rate_amount": f"{80 + k % 100}.{k % 10}",
        },
    ]


def body(k: int, size: int) -> str:
    return json.dumps(message(k, size), separators=(",", ":"))
