"""Erasing guests, and exporting the one of whom most is kept.

``rate``: guests erased per hour by the eraser's job over ``--erase`` (200) approved requests, each with records of two
systems, stays with folio lines, a table reservation, messages, consents and a file, among ``--size`` (20,000) guests
with as many rows each; ``access_seconds``: the archive of a guest with ``--rows`` (10,000) rows, JSON, CSV and page;
``equal``: nothing of the erased guests is found by a scan of every table, nobody else's row has changed, and the
archive holds every row.
"""

import importlib.util
import pathlib
import time

from common import bench_database, copy_of, odoo_env, parse_arguments, result, table

from odoo.tools import SQL

_PATH = pathlib.Path(__file__).parents[2] / "hospitality_crm" / "tests" / "residue.py"
_SPEC = importlib.util.spec_from_file_location("residue", _PATH)
residue = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(residue)

STAYS, LINES, MESSAGES = 3, 4, 4


def build(cursor, size):
    """Guests 1 .. size by SQL, each with rows of his own."""
    cursor.execute(
        """INSERT INTO hospitality_source (name, code, kind, trust)
           SELECT jsonb_build_object('en_US', c), c, 'pms', 50 FROM unnest(ARRAY['bench_a', 'bench_b']) AS c;
           INSERT INTO res_partner (name, complete_name, email, email_normalized, active, is_guest, type, lang)
           SELECT 'Guest Bench' || n, 'Guest Bench' || n, 'g' || n || '@bench.example', 'g' || n || '@bench.example',
                  TRUE, TRUE, 'contact', 'en_US' FROM generate_series(1, %(size)s) AS n;
           INSERT INTO hospitality_profile (source_id, external_id, partner_id, state, kind, name, values, seen_at)
           SELECT s.id, 'B' || p.id, p.id, 'live', 'person', p.name,
                  jsonb_build_object('name', p.name, 'emails', jsonb_build_array(p.email)), now()
             FROM res_partner p, hospitality_source s WHERE s.code LIKE 'bench%%' AND p.email LIKE '%%@bench.example';
           INSERT INTO hospitality_contact_point (channel, value, kind, kind_by, name_count, reachable)
           SELECT 'email', email, 'real', 'list', 1, TRUE FROM res_partner WHERE email LIKE '%%@bench.example';
           INSERT INTO hospitality_contact_link (profile_id, point_id, sequence, name_key)
           SELECT h.id, c.id, 0, 1 FROM hospitality_profile h JOIN res_partner p ON p.id = h.partner_id
             JOIN hospitality_contact_point c ON c.value = p.email WHERE p.email LIKE '%%@bench.example';""",
        {"size": size},
    )
    cursor.execute(
        """INSERT INTO hospitality_property (name, code, kind, tz, company_id, currency_id)
           SELECT jsonb_build_object('en_US', 'Bench'), 'BENCH', 'hotel', 'UTC', c.id, c.currency_id
             FROM res_company c ORDER BY c.id LIMIT 1"""
    )
    for _round in range(STAYS):
        add_stays(cursor, None, 1)
    cursor.execute(
        """INSERT INTO mail_message (model, res_id, author_id, message_type, body, subject, email_from, date,
                                     create_date)
           SELECT 'res.partner', p.id, p.id, 'comment', 'Dear house, I am ' || p.name, p.name, p.email, now(), now()
             FROM res_partner p, generate_series(1, %s) WHERE p.email LIKE '%%@bench.example'""",
        [MESSAGES],
    )
    cursor.execute(
        """INSERT INTO ir_attachment (name, res_model, res_id, type, db_datas, index_content, file_size, create_date)
           SELECT 'letter of ' || p.name, 'res.partner', p.id, 'binary', convert_to(p.name, 'UTF8'), p.name, 10, now()
             FROM res_partner p WHERE p.email LIKE '%@bench.example'"""
    )


def add_stays(cursor, profile_id, number):
    """Give one guest, or each, stays with folio lines."""
    cursor.execute(
        """WITH stay AS (
               INSERT INTO hospitality_stay (source_id, external_id, profile_id, partner_id, property_id, company_id,
                                             currency_id, arrival, departure, status, revenue_basis, requests)
               SELECT h.source_id, gen_random_uuid(), h.id, h.partner_id, r.id, r.company_id, r.currency_id,
                      DATE '2025-01-01', DATE '2025-01-03', 'checked_out', 'lines', 'for ' || h.name
                 FROM hospitality_profile h JOIN hospitality_source s ON s.id = h.source_id AND s.code = 'bench_a',
                      hospitality_property r, generate_series(1, %s)
                WHERE r.code = 'BENCH' AND (%s IS NULL OR h.id = %s)
            RETURNING id, source_id, company_id, property_id, currency_id)
           INSERT INTO hospitality_charge (source_id, external_id, stay_id, company_id, property_id, currency_id,
                                           business_date, name, department, quantity, amount_gross, state)
           SELECT source_id, gen_random_uuid(), stay.id, company_id, property_id, currency_id,
                  DATE '2025-01-01', 'Room',
                  'room', 1, 100, 'live' FROM stay, generate_series(1, %s)""",
        [number, profile_id, profile_id, LINES],
    )


def measure_access(env, rows):
    """Return seconds and whether the archive holds everything of a guest with so many rows."""
    [(partner_id, profile_id)] = env.execute_query(
        SQL(
            "SELECT h.partner_id, h.id FROM hospitality_profile h JOIN hospitality_source s ON s.id = h.source_id"
            " WHERE s.code = 'bench_a' ORDER BY h.id DESC LIMIT 1"
        )
    )
    add_stays(env.cr, profile_id, rows // (LINES + 1))
    request = env["hospitality.privacy.request"].create(
        {"kind": "access", "partner_id": partner_id, "proof": "document"}
    )
    started = time.perf_counter()
    content, facts = env["hospitality.privacy.export"]._make_archive(request)
    seconds = time.perf_counter() - started
    [(stays, charges)] = env.execute_query(
        SQL(
            """SELECT count(DISTINCT s.id), count(c.id) FROM hospitality_stay s
                 JOIN hospitality_charge c ON c.stay_id = s.id
                WHERE s.partner_id = %s""",
            partner_id,
        )
    )
    return seconds, facts["row_count"], bool(content) and facts["row_count"] >= stays + charges >= rows


def digest_others(env, erased):
    """Return a checksum of the rows of everybody else."""
    return env.execute_query(
        SQL(
            """SELECT md5(string_agg(md5(p::text), '' ORDER BY p.id)) FROM res_partner p WHERE NOT id = ANY(%(ids)s)
                UNION ALL
               SELECT md5(string_agg(md5(h::text), '' ORDER BY h.id)) FROM hospitality_profile h
                WHERE NOT partner_id = ANY(%(ids)s)
                UNION ALL
               SELECT md5(string_agg(md5(m::text), '' ORDER BY m.id)) FROM mail_message m
                WHERE model = 'res.partner' AND NOT res_id = ANY(%(ids)s)""",
            ids=erased,
        )
    )


def main():
    arguments = parse_arguments(size=20_000, erase=200, rows=10_000)
    database = bench_database("privacy", arguments.size, build=build, sources=[__file__])
    with odoo_env(copy_of(database)) as env:
        access, exported, whole = measure_access(env, arguments.rows)
        env.cr.rollback()
        rows = env.execute_query(
            SQL(
                "SELECT id, email FROM res_partner WHERE email LIKE '%%@bench.example' ORDER BY id LIMIT %s",
                arguments.erase,
            )
        )
        ids, tokens = [row[0] for row in rows], [row[1] for row in rows]
        Request = env["hospitality.privacy.request"]
        Request.create(
            [{"kind": "erasure", "partner_id": id_, "proof": "document", "state": "approved"} for id_ in ids]
        )
        others = digest_others(env, ids)
        env.cr.commit()
        started = time.perf_counter()
        while Request._erase_step():
            pass
        seconds = time.perf_counter() - started
        env.cr.rollback()
        done = Request.search_count([("kind", "=", "erasure"), ("state", "=", "done")])
        found, _files, tables, total = residue.scan(env.cr, tokens)
        same = digest_others(env, ids) == others
    table(
        ["", "number", "seconds", "per hour"],
        [
            ["erased guests", done, round(seconds, 1), int(done / seconds * 3600)],
            ["exported rows", exported, round(access, 2), ""],
            ["scanned rows", total, "", ""],
        ],
    )
    if found:
        print("left:", found)
    result(
        "privacy",
        rate=int(done / seconds * 3600),
        access_seconds=round(access, 2),
        tables=tables,
        equal=int(done == arguments.erase and not found and same and whole),
    )


if __name__ == "__main__":
    main()
