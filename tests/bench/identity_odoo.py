"""The Odoo part of ``identity``: a full matching run with two lanes over a data set, and single incoming profiles.

The lanes are processes that do what the scheduled actions do, merges applied and all. Meanwhile this process works as
a receptionist does (search a guest, open his card) and compares the 95th percentile of his waiting times with that
before the run. Then profiles come in one by one: found and scored over the indexes in one transaction
(``lookup_p95_ms``), and as an event through the bulk writer, committed (``odoo_p95_ms``).
"""

import argparse
import itertools
import random
import resource
import statistics
import subprocess
import sys
import time

import environment
import guests_files
import identity_data
from common import CONFIGURATION, TEMPLATE, bench_database, copy_of, odoo_env, result

LANES = 2
REQUESTS = 150
INCOMING = 1000


def measure(folder, size):
    """Run everything over ``size`` guests of a folder.

    :return: dict with ``odoo_seconds`` (of the run), ``busy_ratio`` (95th percentile of staff requests during the run
        to that before), ``lookup_p95_ms``, ``odoo_p95_ms``, ``lane_rss_mb``, and the counters of the run
    """
    environment.configure(CONFIGURATION, TEMPLATE)
    base = bench_database(
        "identity", size, lambda cursor, number: identity_data.build(cursor, folder, number), [identity_data.__file__]
    )
    database = copy_of(base)
    with odoo_env(database) as env:
        requests = Requests(env)
        requests.measure(REQUESTS)
        quiet = requests.measure(REQUESTS)
        figures = _run_lanes(env, database, requests, quiet)
        env.cr.commit()
        figures |= _measure_incoming(env, folder, size)
    return figures


def _run_lanes(env, database, requests, quiet):
    run = env["hospitality.match.run"]._start()
    env.cr.commit()
    command = [sys.executable, __file__, "--lane", database]
    started = time.perf_counter()
    lanes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _lane in range(LANES)]
    busy = []
    while any(lane.poll() is None for lane in lanes):
        busy += requests.measure(10, pause=0.1, p95=False)
    seconds = time.perf_counter() - started
    reports = [lane.stdout.read().split() for lane in lanes]
    env.cr.rollback()
    run.invalidate_recordset()
    if run.state != "done":
        raise SystemExit(f"The run has ended {run.state}: {run.message}")
    return {
        "odoo_seconds": seconds - min(float(report[0]) for report in reports),
        "busy_ratio": _p95(busy) / quiet,
        "lane_rss_mb": max(float(report[1]) for report in reports),
        "longest_step": max(float(report[2]) for report in reports),
        "merged": run.merged_count,
        "asked": run.open_count + run.household_count,
    }


class Requests:
    """What a receptionist asks for, with the rights of one."""

    def __init__(self, env):
        from odoo.fields import Command

        user = env["res.users"].create(
            {
                "name": "Bench Reception",
                "login": "bench_reception",
                "group_ids": [Command.set([env.ref("hospitality_crm.group_hospitality_reception").id])],
            }
        )
        env.cr.commit()
        self.env = env(user=user.id)
        self.chance = random.Random(3)
        env.cr.execute("SELECT id, name FROM res_partner WHERE is_guest ORDER BY md5(id::text) LIMIT 2000")
        self.guests = itertools.cycle(env.cr.fetchall())

    def measure(self, count, pause=0.0, p95=True):
        """Return the milliseconds of ``count`` requests, or their 95th percentile."""
        spent = []
        for _number in range(count):
            partner_id, name = next(self.guests)
            started = time.perf_counter()
            self.env["res.partner"].name_search((name or "Guest")[:12], limit=8)
            self.env["hospitality.guest.card"].get_card(partner_id)
            spent.append(1000 * (time.perf_counter() - started))
            self.env.cr.rollback()
            time.sleep(pause)
        return _p95(spent) if p95 else spent


def _measure_incoming(env, folder, size):
    from odoo.addons.hospitality_connectors.engine.canonical import payload_hash, validate
    from odoo.addons.hospitality_crm.engine.profile import clean
    from odoo.addons.hospitality_crm.models.bulk.batch import Message
    from odoo.addons.hospitality_crm.tools.claim import lane_env

    records = [record for batch in itertools.islice(guests_files.batches(folder), 5) for record in batch]
    records = random.Random(5).sample(records, INCOMING)
    source = env["hospitality.source"].create({"name": "Incoming", "code": "bench_incoming"})
    env.cr.commit()
    looked, through = [], []
    for number, record in enumerate(records):
        values = {key: value for key, value in record.items() if key not in ("id", "source", "kind", "documents")}
        with lane_env(env) as own:
            matcher = own["hospitality.matcher"]
            cleaned = clean(values, record.get("country", ""))
            started = time.perf_counter()
            newcomer = matcher._prepare(str(number), cleaned, "person", "incoming")
            matcher._attach([newcomer])
            looked.append(1000 * (time.perf_counter() - started))
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
        "lookup_p50_ms": statistics.median(looked),
        "lookup_p95_ms": _p95(looked),
        "odoo_p50_ms": statistics.median(through),
        "odoo_p95_ms": _p95(through),
    }


def _p95(values):
    return sorted(values)[int(len(values) * 0.95)]


def lane(database):
    """Body of a lane: do steps until the run has ended; print start-up seconds, peak memory in MB, longest step."""
    born = time.perf_counter()
    environment.configure(CONFIGURATION, database)
    longest = 0.0
    with odoo_env(database) as env:
        Run = env["hospitality.match.run"]
        ready = time.perf_counter() - born
        while True:
            env.cr.rollback()
            env.invalidate_all()
            if not Run.search_count([("state", "=", "running")]):
                break
            started = time.perf_counter()
            if Run._run_task():
                longest = max(longest, time.perf_counter() - started)
            else:
                time.sleep(0.1)
    print(ready, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, longest, flush=True)


def main():
    parser = argparse.ArgumentParser(prog="identity_odoo", description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--data", required=True, help="folder with guests.parquet and truth.parquet")
    options = parser.parse_args()
    result("identity_odoo", size=options.size, **measure(options.data, options.size))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--lane"]:
        lane(sys.argv[2])
    else:
        main()
