"""Kill workers and database backends while events are taken in: nothing may be lost, nothing doubled.

A feeder stores pages of events together with its cursor, four lanes work them off. Twenty times a worker (lane or
feeder) gets a SIGKILL and is started again; five times the PostgreSQL backend of a lane at work gets one, upon which
PostgreSQL ends all the others too and recovers: the lanes connect again by themselves. In the end the tables are
compared by business key with a model in plain Python.
"""

import contextlib
import random
import sys
import time

import ingest_model
from common import Checks, kill, kill_backend, parse_arguments, private_cluster, process, rows, run

LANES = 4
KILLS, BACKENDS = 20, 5
PAGE = 250

SETUP = """
property = env["hospitality.property"].create(
    {"name": "Fault Hotel", "code": "FAULT", "currency_id": env.company.currency_id.id, "tz": "Europe/Kyiv"})
source = env["hospitality.source"].create({"name": "Fault PMS", "code": "fault_pms"})
env["hospitality.connector"].create(
    {"name": "Fault", "source_id": source.id, "property_id": property.id})
"""
LANE = """
import sys
import time
import psycopg2
from environment import odoo_env
from odoo.addons.hospitality_connectors.models.inbox import hospitality_connector as module
module.BATCH_SIZE = %(batch)s
env.cr.commit()
while True:
    try:
        with odoo_env(sys.argv[2]) as lane_env:
            while True:
                if not lane_env["hospitality.connector"]._cron_process_inbox(%(lane)s):
                    time.sleep(0.05)
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        # As a cron worker does: the next turn has a connection of its own.
        print("lane %(lane)s connects again", flush=True)
        time.sleep(0.2)
"""
FEEDER = """
import sys
sys.path.insert(0, %(folder)r)
import ingest_model
from odoo.addons.hospitality_connectors.engine.adapter import Raw
deliveries = ingest_model.World(%(total)s).deliveries
connector = env["hospitality.connector"].search([("name", "=", "Fault")])
Cursor = env["hospitality.connector.cursor"]
while True:
    position = int(Cursor._get(connector, "events") or 0)
    page = deliveries[position : position + %(page)s]
    if not page:
        break
    connector._store(
        [Raw(entity, key, body, event_key=event_key) for event_key, entity, key, body in page],
        cursor=("events", str(position + len(page))),
    )
    env.cr.commit()
"""
INBOX = "SELECT count(*) FILTER (WHERE state = 'new'), count(*) FROM hospitality_connector_inbox"
AT_WORK = """
SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
 WHERE d.datname = current_database() AND l.relation = 'hospitality_connector_inbox'::regclass
   AND l.mode = 'RowShareLock' AND l.granted
"""
BACKEND_AT_WORK = """
SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
 WHERE d.datname = current_database() AND l.relation = 'hospitality_connector_inbox'::regclass
   AND l.mode = 'RowShareLock' AND l.granted LIMIT 1
"""

MISSED = """
SELECT count(*) FROM hospitality_connector_inbox i
  JOIN hospitality_stay s ON i.wait_key = 'stay:' || s.external_id WHERE i.state = 'waiting'
"""
DUMPS = {
    "guest": """
        SELECT g.email, g.name, array_agg(p.external_id ORDER BY p.external_id), g.city, g.street
          FROM res_partner g JOIN hospitality_profile p ON p.partner_id = g.id
          JOIN hospitality_source s ON s.id = p.source_id WHERE s.code = 'fault_pms' GROUP BY g.id""",
    "booking": """
        SELECT b.external_id, b.confirmation, b.status, p.external_id FROM hospitality_booking b
          LEFT JOIN hospitality_profile p ON p.id = b.profile_id AND p.partner_id = b.partner_id""",
    "stay": """
        SELECT s.external_id, s.arrival::text, s.departure::text, s.status, s.adults, s.nights, b.external_id,
               p.external_id, s.amount_room, s.amount_fb, s.amount_total, s.revenue_basis
          FROM hospitality_stay s LEFT JOIN hospitality_booking b ON b.id = s.booking_id
          LEFT JOIN hospitality_profile p ON p.id = s.profile_id AND p.partner_id = s.partner_id""",
    "charge": """
        SELECT c.external_id, s.external_id, c.department,
               CASE WHEN c.state <> 'void' THEN c.amount_gross END, c.state FROM hospitality_charge c
          JOIN hospitality_stay s ON s.id = c.stay_id""",
    "payment": """
        SELECT p.external_id, s.external_id, p.amount FROM hospitality_payment p
          JOIN hospitality_stay s ON s.id = p.stay_id""",
    "people": """
        SELECT s.external_id, p.external_id, g.role FROM hospitality_stay_guest g
          JOIN hospitality_stay s ON s.id = g.stay_id
          JOIN hospitality_profile p ON p.id = g.profile_id AND p.partner_id = g.partner_id""",
}


class Crew:
    """The feeder and the lanes; who died is started again."""

    def __init__(self, stack, total, batch):
        self.stack = stack
        folder = ingest_model.__file__.rpartition("/")[0]
        self.codes = {"feeder": FEEDER % {"folder": folder, "total": total, "page": PAGE}}
        for lane in range(LANES):
            self.codes[f"lane {lane}"] = LANE % {"lane": lane, "batch": batch}
        self.running = {}
        self.restarts = 0
        for name in self.codes:
            self.start(name)

    def start(self, name):
        self.running[name] = self.stack.enter_context(process(self.codes[name]))

    def revive(self):
        """Start again who has ended; the feeder only when it did not finish."""
        for name, worker in list(self.running.items()):
            if worker.poll() is None or (name == "feeder" and worker.returncode == 0):
                continue
            self.restarts += 1
            self.start(name)

    def fed(self):
        return self.running["feeder"].poll() == 0


def disturb(crew, total, kills, backends, chance):
    """Let the crew work until the inbox is empty, killing on the way; return what was seen."""
    plan = ["kill"] * kills + ["backend"] * backends
    chance.shuffle(plan)
    seen = {"kill": 0, "backend": 0, "lanes": 0}
    moments = [total * (step + 1) / (len(plan) + 2) for step in range(len(plan))]
    quiet = 0
    deadline = time.monotonic() + 3600
    while quiet < 5:
        if time.monotonic() > deadline:
            raise AssertionError("the inbox was not worked off within an hour")
        crew.revive()
        [(new, stored)] = rows(INBOX)
        seen["lanes"] = max(seen["lanes"], rows(AT_WORK)[0][0])
        if plan and stored - new >= moments[0]:
            if plan[0] == "kill":
                alive = [name for name, worker in crew.running.items() if worker.poll() is None]
                kill(crew.running[chance.choice(alive)])
                seen["kill"] += 1
            elif (found := rows(BACKEND_AT_WORK)) and kill_backend(found[0][0]):
                seen["backend"] += 1
            else:
                continue
            plan.pop(0)
            moments.pop(0)
        quiet = quiet + 1 if crew.fed() and not new and not plan else 0
        time.sleep(0.02 if new or plan else 0.2)
    return seen


def dump(name):
    """Return the rows of a query by business key: all columns before the values."""
    width = 2 if name == "people" else 1
    result = {}
    doubles = 0
    for row in rows(DUMPS[name]):
        row = tuple(tuple(value) if isinstance(value, list) else value for value in row)
        key = row[:width] if width > 1 else row[0]
        doubles += key in result
        values = row[width:]
        result[key] = values[0] if name == "people" else values
    return result, doubles


def compare(checks, world):
    for name, expected in world.expected().items():
        found, doubles = dump(name)
        wrong = [key for key in expected if key in found and found[key] != expected[key]]
        detail = f"{len(expected)} expected, {len(found)} found"
        lost = expected.keys() - found.keys()
        checks.check(f"{name}: nothing lost", not lost, f"({detail}) {sorted(map(str, lost))[:3] if lost else ''}")
        more = found.keys() - expected.keys()
        checks.check(f"{name}: nothing double or invented", not more and not doubles, str(sorted(map(str, more))[:3]))
        shown = [(key, expected[key], found[key]) for key in wrong[:2]]
        checks.check(f"{name}: every value as the model says", not wrong, str(shown) if wrong else "")


def main():
    arguments = parse_arguments(events=100_000)
    with private_cluster():
        sys.exit(check(arguments))


def check(arguments):
    """Run it all; return the exit code."""
    total = 5_000 if arguments.short else arguments.events
    kills, backends, batch = (6, 2, 100) if arguments.short else (KILLS, BACKENDS, 500)
    world = ingest_model.World(total)
    print(f"{total:,} deliveries, {world.repeated:,} repeated, {world.late:,} late", flush=True)
    run(SETUP)
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        crew = Crew(stack, total, batch)
        seen = disturb(crew, total, kills, backends, random.Random(9))
    print(f"worked off in {time.monotonic() - started:.0f} s with {crew.restarts} restarts", flush=True)
    # What two lanes missed of each other is found when there is nothing else to do.
    run('env["hospitality.connector"]._cron_process_inbox(0)\nenv["hospitality.connector"]._cron_process_inbox(0)')
    checks = Checks()
    checks.check("workers killed", seen["kill"] == kills, str(seen["kill"]))
    checks.check("database backends killed", seen["backend"] == backends, str(seen["backend"]))
    checks.check("lanes at work at the same time", seen["lanes"] >= 2, str(seen["lanes"]))
    [(new, stored)] = rows(INBOX)
    checks.check("every delivery stored once", stored == total and not new, f"{stored} of {total}, {new} left")
    states = dict(rows("SELECT state, count(*) FROM hospitality_connector_inbox GROUP BY state"))
    late = rows(MISSED)[0][0]
    checks.check("nothing waits for a record that is there", not late, str(late or ""))
    checks.check("nothing in quarantine", not states.get("quarantined"), str(states))
    compare(checks, world)
    print(f"{checks.passed} passed, {checks.failed} failed", flush=True)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    main()
