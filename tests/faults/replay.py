"""The same recorded events, shuffled anew each time, with lanes killed meanwhile: what is known in the end is the same.

The events are what a Cloudbeds of this machine tells while bookings are made, guests check in and change their
numbers: several versions of most records. They go into three sources, each in another order and by lanes that are
killed; then the three are dumped by business key, without ids and times, and must be identical, and as a model in plain
Python says.
"""

import contextlib
import importlib
import json
import pathlib
import random
import sys
import tempfile
import time

from common import Checks, kill, parse_arguments, process, rows, run

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "engine")]
importlib.import_module("conftest")  # the addons' engines without the packages that need a running Odoo

from fakes.cloudbeds import Cloudbeds  # noqa: E402
from fakes.reading import Reading  # noqa: E402
from http_server import load_client  # noqa: E402

import hospitality_connectors.engine.adapters  # noqa: E402, F401
from hospitality_connectors.engine import adapter as adapters  # noqa: E402

ROUNDS, LANES, KILLS = 3, 2, 4
SETUP = """
env.ref("base.EUR").active = True
property = env["hospitality.property"].create(
    {"name": "Fault Hotel", "code": "FAULT", "currency_id": env.ref("base.EUR").id, "tz": "Europe/Lisbon"})
for number in range(%(rounds)s):
    source = env["hospitality.source"].create({"name": f"Replay {number}", "code": f"replay_{number}"})
    connector = env["hospitality.connector"].create({
        "name": f"Replay {number}", "source_id": source.id, "property_id": property.id, "adapter": "cloudbeds",
        "settings": %(settings)r, "strict_status": False})
    connector.stream_ids.next_at = False
"""
FEEDER = """
import datetime
import json
from odoo.addons.hospitality_connectors.engine.adapter import Raw
connector = env["hospitality.connector"].search([("name", "=", "Replay %(number)s")])
events = json.load(open(%(path)r))
for start in range(0, len(events), 200):
    connector._store(
        [Raw(*row[:6], observed_at=datetime.datetime.fromisoformat(row[6])) for row in events[start : start + 200]])
    env.cr.commit()
"""
LANE = """
import time
from odoo.addons.hospitality_connectors.models.inbox import hospitality_connector as module
module.BATCH_SIZE = 150
Connector = env["hospitality.connector"]
env.cr.commit()
while True:
    if not Connector._cron_process_inbox(%s):
        time.sleep(0.05)
"""
WAITING = "SELECT count(*) FROM hospitality_connector_inbox WHERE state IN ('new', 'waiting')"
DUMPS = {
    "profile": "SELECT external_id, state, kind, values FROM hospitality_profile WHERE source_id = %s ORDER BY 1",
    "booking": "SELECT external_id, status, confirmation FROM hospitality_booking WHERE source_id = %s ORDER BY 1",
    "stay": """SELECT s.external_id, s.status, s.arrival, s.departure, s.adults, s.amount_total, s.revenue_basis,
                      p.external_id, b.external_id
                 FROM hospitality_stay s LEFT JOIN hospitality_profile p ON p.id = s.profile_id
                 LEFT JOIN hospitality_booking b ON b.id = s.booking_id WHERE s.source_id = %s ORDER BY 1""",
    "charge": """SELECT c.external_id, c.name, c.amount_gross, c.state, s.external_id
                   FROM hospitality_charge c LEFT JOIN hospitality_stay s ON s.id = c.stay_id
                  WHERE c.source_id = %s ORDER BY 1""",
    "payment": """SELECT c.external_id, c.method, c.amount, c.state, s.external_id
                    FROM hospitality_payment c LEFT JOIN hospitality_stay s ON s.id = c.stay_id
                   WHERE c.source_id = %s ORDER BY 1""",
}


def record(vendor, count):
    """Let things happen at the vendor; return what he tells of them, and what is known in the end."""
    http = load_client()
    client = http.Client(http.Policy.parse("127.0.0.1/32"))
    reading = Reading(adapters.get("cloudbeds"), vendor, client, since_days=2)
    # Some 6.6 records per guest: himself, his reservation and two lines; then two changes of a part of both.
    keys = vendor.grow(count * 10 // 66)
    reading.read()
    for _change in range(2):
        time.sleep(1.1)  # stamps have whole seconds
        for key in random.sample(keys, len(keys) * 2 // 3):
            vendor.touch(key)
        reading.read()
    return [raw for _order, raw in reading.inbox.values()], reading.facts()


def dump(number):
    source = rows("SELECT id FROM hospitality_source WHERE code = %s", [f"replay_{number}"])[0]
    return {name: rows(query, source) for name, query in DUMPS.items()}


def main():
    options = parse_arguments(events=10_000, seed=11)
    random.seed(options.seed)
    kills = 1 if options.short else KILLS
    checks = Checks()
    with Cloudbeds().running() as vendor, tempfile.TemporaryDirectory() as folder:
        events, facts = record(vendor, 600 if options.short else options.events)
        print(f"{len(events):,} events recorded, of {len(facts):,} records")
        run(SETUP % {"rounds": ROUNDS, "settings": vendor.settings()})
        killed = 0
        for number in range(ROUNDS):
            random.shuffle(events)
            path = pathlib.Path(folder) / f"{number}.json"
            path.write_text(json.dumps([[*raw[:6], raw.observed_at.isoformat()] for raw in events], default=str))
            killed += replay(number, str(path), kills)
    dumps = [dump(number) for number in range(ROUNDS)]
    counts = {name: len(found) for name, found in dumps[0].items()}
    print(f"{ROUNDS} rounds, {killed} processes killed; {counts}")
    checks.check("every event is settled", rows(WAITING) == [(0,)])
    for number in range(1, ROUNDS):
        for name in DUMPS:
            checks.check(f"{name}: round {number + 1} is as the first", dumps[number][name] == dumps[0][name])
    stays = {key[1]: fact for key, fact in facts.items() if key[0] == "stay"}
    known = {row[0]: (row[1], str(row[2]), row[7]) for row in dumps[0]["stay"]}
    model = {key: (fact["status"], fact["arrival"], fact["guest"]) for key, fact in stays.items()}
    checks.check("stays are as the model says", known == model, f"{len(known)} of {len(model)}")
    checks.check("processes were killed", killed == ROUNDS * kills)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


def replay(number, path, kills):
    """Feed a source with the events of a file while its lanes and the feeder are killed; return how many were."""
    killed = 0
    with contextlib.ExitStack() as stack:
        codes = [FEEDER % {"number": number, "path": path}, *(LANE % lane for lane in range(LANES))]
        running = [stack.enter_context(process(code)) for code in codes]
        deadline = time.monotonic() + 600
        fed = False
        while not fed or rows(WAITING) != [(0,)]:
            if time.monotonic() > deadline:
                raise AssertionError("the events are not worked off")
            time.sleep(0.3)
            if running[0].poll() is not None:
                if running[0].returncode == 0:
                    fed = True
                else:
                    running[0] = stack.enter_context(process(codes[0]))
            if killed < kills and rows("SELECT count(*) FROM hospitality_connector_inbox")[0][0] % 7 != 0:
                index = random.randrange(0 if not fed else 1, len(running))
                kill(running[index])
                killed += 1
                running[index] = stack.enter_context(process(codes[index]))
                time.sleep(3)
    return killed


if __name__ == "__main__":
    sys.exit(main())
