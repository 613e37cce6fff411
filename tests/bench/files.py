"""Importing the file of 119,390 real bookings of two hotels: dry run, import with verification, and twice more.

There is no peer: what is measured is whether the result equals the file, and how long people wait. The third import
is of the same rows in another order. ``--size`` takes the first rows only.

Keys: ``dry_s``, ``import_s``, ``again_s`` and ``sorted_s`` are seconds, ``rows_s`` rows per second of the import,
``parse_s`` rows per second of reading and parsing alone, ``written`` counts rows that the second and third import
wrote in any table of facts, ``equal`` is 1 when counts per hotel and status and the revenue equal the file.
"""

import csv
import gzip
import io
import pathlib
import random
import time
from collections import Counter
from decimal import Decimal

from common import bench_database, copy_of, odoo_env, parse_arguments, result, table

FILE = pathlib.Path(__file__).parents[2] / "hospitality_connectors/demo/data/hotel_bookings.csv.gz"
HOTELS = {"City Hotel": "BF-CITY", "Resort Hotel": "BF-RESORT"}
STATUS = {"Check-Out": "checked_out", "Canceled": "cancelled", "No-Show": "no_show"}
FACTS = (
    "res_partner hospitality_profile hospitality_contact_point hospitality_contact_link hospitality_booking"
    " hospitality_stay hospitality_stay_guest"
).split()


def build(cursor, size):
    """The data set is the file itself."""


def read_lines(size):
    lines = gzip.open(FILE, "rt", encoding="utf-8", newline="").readlines()
    return lines[0], lines[1 : size + 1]


def expected(lines):
    """Count and add up the file with nothing but the standard library."""
    counts, revenue = Counter(), Decimal()
    for row in csv.DictReader(io.StringIO("".join(lines))):
        nights = int(row["stays_in_weekend_nights"]) + int(row["stays_in_week_nights"])
        counts[HOTELS[row["hotel"]], STATUS[row["reservation_status"]]] += 1
        revenue += Decimal(row["adr"]) * nights
    return counts, revenue


def prepare(env):
    """Make the two hotels, the connector, and say which hotel is which."""
    euro = env.ref("base.EUR")
    euro.active = True
    for name, code in HOTELS.items():
        env["hospitality.property"].create({"name": name, "code": code, "tz": "Europe/Lisbon", "currency_id": euro.id})
    source = env["hospitality.source"].create({"name": "Bench", "code": "bench_files", "kind": "file"})
    connector = env["hospitality.connector"].create({"name": "Bench", "source_id": source.id, "adapter": "file"})
    env["hospitality.connector.mapping"].create(
        [
            {"connector_id": connector.id, "kind": "property", "code": name, "target": code, "state": "confirmed"}
            for name, code in HOTELS.items()
        ]
    )
    env.cr.commit()
    return connector


def landed(env, connector):
    env.cr.execute(
        "SELECT p.code, s.status, count(*), sum(s.amount_total) FROM hospitality_stay s"
        " JOIN hospitality_property p ON p.id = s.property_id WHERE s.source_id = %s GROUP BY p.code, s.status",
        [connector.source_id.id],
    )
    rows = env.cr.fetchall()
    return Counter({row[:2]: row[2] for row in rows}), sum(Decimal(str(row[3])) for row in rows)


def writes(env):
    """Rows ever inserted, updated or deleted in the fact tables."""
    env.cr.execute("SELECT pg_stat_force_next_flush()")
    env.cr.commit()
    time.sleep(1.2)
    env.cr.execute(
        "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
        [FACTS],
    )
    return int(env.cr.fetchone()[0])


def run(env, connector, name, text, check=False):
    job = env["hospitality.import.job"]._create_from_file(name, connector, content=text.encode())
    env.cr.commit()
    seconds = []
    for task in ("check",) if check else ("import",):
        started = time.perf_counter()
        if task == "check":
            env["hospitality.import.runner"]._run(job, "check")
        else:
            job._run_now()
        seconds.append(time.perf_counter() - started)
    env.cr.commit()
    job.invalidate_recordset()
    return job, seconds[0]


def parse_rate(env, connector, head, lines):
    """Rows per second of reading the file and parsing its rows to events, without a database."""
    from odoo.addons.hospitality_connectors.engine.files.adapter import compiled
    from odoo.addons.hospitality_connectors.engine.files.reader import open_table

    mapping = env["hospitality.import.mapping"].search([("connector_id", "=", connector.id)])
    parse = compiled(connector._get_import_plans(mapping)[str(mapping.id)]).parse
    started = time.perf_counter()
    for number, values, _error in open_table((head + "".join(lines)).encode()).rows:
        parse(values, {"stay": str(number)})
    return len(lines) / (time.perf_counter() - started)


def main():
    arguments = parse_arguments(size=119_390)
    head, lines = read_lines(arguments.size)
    text = head + "".join(lines)
    counts, revenue = expected([head, *lines])
    with odoo_env(copy_of(bench_database("files", 0, build=build, sources=[__file__])), commit=True) as env:
        connector = prepare(env)
        job, dry = run(env, connector, "dry.csv", text, check=True)
        report = job.check_report
        job, first = run(env, connector, "bookings.csv", text)
        differences = job.difference_count
        before = writes(env)
        job, again = run(env, connector, "again.csv", text)
        shuffled = lines.copy()
        random.Random(1).shuffle(shuffled)
        job, ordered = run(env, connector, "sorted.csv", head + "".join(shuffled))
        written = writes(env) - before
        found, total = landed(env, connector)
        rate = parse_rate(env, connector, head, lines)
    stays = next(line for line in report["entities"] if line["entity"] == "stay")
    table(
        ["hotel and status", "file", "landed"],
        [[" ".join(key), counts[key], found[key]] for key in sorted(counts)] + [["revenue", str(revenue), str(total)]],
    )
    table(
        ["step", "seconds"],
        [["dry run", dry], ["import and verify", first], ["again", again], ["again, other order", ordered]],
    )
    equal = int(counts == found and revenue == total and not differences and stays["new"] == len(lines))
    result(
        "files",
        rows=len(lines),
        dry_s=dry,
        import_s=first,
        again_s=again,
        sorted_s=ordered,
        rows_s=len(lines) / first,
        parse_s=rate,
        written=written,
        equal=equal,
    )


if __name__ == "__main__":
    main()
