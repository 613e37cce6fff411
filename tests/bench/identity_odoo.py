"""The Odoo part of ``identity``: a full matching run with two lanes over a data set, and single incoming profiles.

The lanes are the scheduled actions of a server as production runs it (``staff.py``), merges applied and all. Meanwhile
staff work on the same server; the 95th percentile of their waiting times is compared with that before and after the
run. Then profiles come in one by one: looked up and scored in one transaction, of which ``lookup_p95_ms`` is the time
that PostgreSQL takes for all its questions and ``match_p95_ms`` the whole; and as an event through the bulk writer,
committed (``odoo_p95_ms``).
"""

import argparse
import itertools
import random
import re
import statistics
import threading
import time
from collections import defaultdict

import environment
import guests_files
import identity_data
import search
import staff
from common import CONFIGURATION, TEMPLATE, bench_database, copy_of, odoo_env, result, table

import odoo.sql_db

LANES = ("hospitality_crm.cron_match_lane_1", "hospitality_crm.cron_match_lane_2")
# So long staff work to warm up, before the run, and after it.
WARM_SECONDS, QUIET_SECONDS = 10, 30
INCOMING = 1000
STEP = re.compile(r"Matching run \d+, step (\w+) \d+: ([\d.]+) s, ([\d.]+) s of them here, at most (\d+) MB")


def measure(folder, size):
    """Run everything over ``size`` guests of a folder.

    :return: dict with ``odoo_seconds`` (of the run), ``busy_ratio`` (95th percentile of staff requests during the run
        to that before or after, mean of the screens) and ``busy_worst`` (that of the worst screen), ``lookup_p95_ms``,
        ``match_p95_ms``, ``odoo_p95_ms``, ``lane_rss_mb``, and the counters of the run
    """
    environment.configure(CONFIGURATION, TEMPLATE)
    base = bench_database(
        "identity", size, lambda cursor, number: identity_data.build(cursor, folder, number), [identity_data.__file__]
    )
    search.adopt(base)
    odoo.sql_db.close_db(base)  # a database in use isn't copied
    database = copy_of(base)
    figures = _measure_run(database)
    with odoo_env(database) as env:
        figures |= _measure_incoming(env, folder, size)
    return figures


def _measure_run(database):
    requests, guests = staff.prepare(database, LANES)
    log = staff.folder() / "identity_server.log"
    with staff.server(database, log) as port, odoo_env(database) as env:
        people = staff.Staff(port, database, requests, guests)
        people.work(_after(WARM_SECONDS))
        before = people.work(_after(QUIET_SECONDS))
        run = env["hospitality.match.run"]._start()
        env.cr.commit()
        started = time.perf_counter()
        ended = []

        def over():
            return bool(ended)

        busy = {}
        worker = staff.background(lambda: busy.update(people.work(over)))
        while run.state == "running":
            time.sleep(0.5)
            env.cr.rollback()
            run.invalidate_recordset()
        seconds = time.perf_counter() - started
        ended.append(True)
        worker.join()
        after = people.work(_after(QUIET_SECONDS))
        if run.state != "done":
            raise SystemExit(f"The run has ended {run.state}: {run.message}")
        # Screens differ tenfold, and there is nothing to review before the run: each has a baseline of its own.
        ratios = [_p95(busy[name]) / max(_p95(before[name]), _p95(after[name])) for name in busy]
        figures = {
            "odoo_seconds": seconds,
            "busy_ratio": statistics.mean(ratios),
            "busy_worst": max(ratios),
            "merged": run.merged_count,
            "asked": run.open_count,
            "households": run.household_count,
        }
    table(
        ["staff requests, p95 in ms", "before", "after", "during", "number"],
        [[name, _p95(before[name]), _p95(after[name]), _p95(busy[name]), len(busy[name])] for name in busy],
    )
    return figures | _read_steps(log)


def _after(seconds):
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() > end


def _read_steps(log):
    """Print what the phases took by the log of the server; return the longest step and the memory of the lanes."""
    phases, memory = defaultdict(list), 0
    for found in STEP.finditer(log.read_text()):
        phases[found[1]].append((float(found[2]), float(found[3])))
        memory = max(memory, int(found[4]))
    rows = [
        [name, len(steps), sum(s for s, _own in steps), sum(own for _s, own in steps), max(s for s, _own in steps)]
        for name, steps in phases.items()
    ]
    table(["phase", "steps", "seconds", "in Python", "longest"], rows)
    return {"longest_step": max(row[4] for row in rows), "lane_rss_mb": memory}


def _measure_incoming(env, folder, size):
    from odoo.addons.hospitality_connectors.engine.canonical import payload_hash, validate
    from odoo.addons.hospitality_crm.engine.profile import clean
    from odoo.addons.hospitality_crm.models.bulk.batch import Message
    from odoo.addons.hospitality_crm.tools.claim import lane_env

    records = [record for batch in itertools.islice(guests_files.batches(folder), 5) for record in batch]
    records = random.Random(5).sample(records, INCOMING)
    source = env["hospitality.source"].create({"name": "Incoming", "code": "bench_incoming"})
    env.cr.commit()
    asked, matched, through = [], [], []
    thread = threading.current_thread()
    for number, record in enumerate(records):
        values = {key: value for key, value in record.items() if key not in ("id", "source", "kind", "documents")}
        with lane_env(env) as own:
            matcher = own["hospitality.matcher"]
            cleaned = clean(values, record.get("country", ""))
            thread.query_count, thread.query_time = 0, 0.0
            started = time.perf_counter()
            newcomer = matcher._prepare(str(number), cleaned, "person", "incoming")
            matcher._attach([newcomer])
            matched.append(1000 * (time.perf_counter() - started))
            asked.append(1000 * thread.query_time)
            own.cr.rollback()
        event = validate(
            {"entity": "guest", "op": "upsert", "external_id": f"I{number}", "version": 1.7e9, "values": values}
        )
        event |= {"payload_hash": payload_hash(event), "observed": 1.7e9}
        started = time.perf_counter()
        with lane_env(env) as own:
            own["hospitality.bulk"]._apply(source.with_env(own), [Message(number, [event])])
        through.append(1000 * (time.perf_counter() - started))
    return {
        "lookup_p50_ms": statistics.median(asked),
        "lookup_p95_ms": _p95(asked),
        "match_p50_ms": statistics.median(matched),
        "match_p95_ms": _p95(matched),
        "odoo_p50_ms": statistics.median(through),
        "odoo_p95_ms": _p95(through),
    }


def _p95(values):
    return sorted(values)[int(len(values) * 0.95)]


def main():
    parser = argparse.ArgumentParser(prog="identity_odoo", description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--data", required=True, help="folder with guests.parquet and truth.parquet")
    options = parser.parse_args()
    result("identity_odoo", size=options.size, **measure(options.data, options.size))


if __name__ == "__main__":
    main()
