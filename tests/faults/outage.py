"""A vendor who was away for a day comes back with 100,000 changes: all of them are read, and never above his limit.

The vendor is a Mews of this machine that takes 200 calls in 30 seconds and counts who calls more often. He is read
once, then answers nobody while lanes go on trying, then has a day of changes. Two lanes read, two work off the inbox;
lanes are killed meanwhile. In the end what is known here is compared with what he knows.
"""

import contextlib
import datetime
import os
import random
import sys
import time

from common import Checks, kill, parse_arguments, process, rows, run

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from fakes.mews import Mews

READERS, LANES = 2, 2
SETUP = """
property = env["hospitality.property"].create(
    {"name": "Fault Hotel", "code": "FAULT", "currency_id": env.ref("base.EUR").id, "tz": "Europe/Lisbon"})
env.ref("base.EUR").active = True
source = env["hospitality.source"].create({"name": "Fault PMS", "code": "fault_pms"})
connector = env["hospitality.connector"].create({
    "name": "Fault", "source_id": source.id, "property_id": property.id, "adapter": "mews", "state": "paused",
    "settings": %(settings)r, "strict_status": False})
for name, value in %(secrets)r.items():
    connector._set_secret(name, value)
connector.state = "running"
connector.stream_ids.filtered(lambda cursor: cursor.kind == "sweep").next_at = False
"""
READER = """
import time
Reader = env["hospitality.connector.reader"]
env.cr.commit()
while True:
    if not Reader._step_hints() and not Reader._step_stream():
        time.sleep(0.1)
    env.invalidate_all()
    env.cr.commit()
"""
LANE = """
import time
Connector = env["hospitality.connector"]
env.cr.commit()
while True:
    if not Connector._cron_process_inbox(%s):
        time.sleep(0.1)
"""
PUT_BACK = """
UPDATE hospitality_connector_cursor SET progress = jsonb_build_object('until', %s), failures = 0, error_code = NULL
 WHERE kind = 'changes'
"""
WAITING = "SELECT count(*) FROM hospitality_connector_inbox WHERE state = 'new'"
QUARANTINE = """
SELECT state, error_code, min(error_message), count(*) FROM hospitality_connector_inbox
 WHERE state IN ('quarantined', 'waiting') GROUP BY 1, 2
"""
STOPPED = """
SELECT stream, error_code, error_message, progress - 'keys' - 'seen' FROM hospitality_connector_cursor
 WHERE kind = 'changes' AND (next_at IS NULL OR error_code IS NOT NULL)
"""
HINTS = "SELECT count(*) FROM hospitality_connector_hint WHERE is_given_up IS NOT TRUE"
STREAMS = """
SELECT count(*) FILTER (WHERE last_read_at IS NULL OR next_at < now() AT TIME ZONE 'UTC' + interval '5 seconds'
                              OR error_code IS NOT NULL OR progress ? 'end')
  FROM hospitality_connector_cursor WHERE kind = 'changes' AND next_at IS NOT NULL
"""


def due():
    """Have all streams read at once."""
    rows(
        "UPDATE hospitality_connector_cursor SET next_at = now() AT TIME ZONE 'UTC', last_read_at = NULL"
        " WHERE kind = 'changes'"
    )


@contextlib.contextmanager
def lanes():
    """Readers and lanes at work; ``kill_one()`` kills one and starts another."""
    with contextlib.ExitStack() as stack:
        codes = [READER] * READERS + [LANE % number for number in range(LANES)]
        running = [stack.enter_context(process(code)) for code in codes]

        def kill_one():
            index = random.randrange(len(running))
            kill(running[index])
            running[index] = stack.enter_context(process(codes[index]))

        yield kill_one


def catch_up(kill_one=None, seconds=1800):
    """Wait until all streams are read and the inbox is empty; return how long that took and how many were killed."""
    started, killed, quiet = time.monotonic(), 0, 0
    while quiet < 3:
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not caught up within {seconds} s")
        time.sleep(1)
        if kill_one and killed < 6 and random.random() < 0.15:
            kill_one()
            killed += 1
        quiet = quiet + 1 if all(rows(query) == [(0,)] for query in (STREAMS, WAITING, HINTS)) else 0
    return time.monotonic() - started, killed


def main():
    options = parse_arguments(changes=100_000, seed=7)
    random.seed(options.seed)
    # A guest with his stay makes 2.8 records.
    people = (1_000 if options.short else options.changes) // 28 * 10
    checks = Checks()
    os.environ["HOSPITALITY_HTTP_ALLOW"] = "127.0.0.1/32"
    with Mews().running() as vendor:
        vendor.page_size = 1000
        vendor.grow(20)
        run(SETUP % {"settings": vendor.settings(), "secrets": vendor.secrets()})
        with lanes() as kill_one:
            catch_up()
            checks.check("a first reading brings everything", known() == expected(vendor))

            calls = len(vendor.log)
            vendor.fail(*[503] * 1_000)
            due()
            time.sleep(6 if options.short else 30)
            tried = len(vendor.log) - calls
            checks.check("a vendor who is down is left alone", 1 <= tried <= 12, f"({tried} calls)")

            change(vendor, people)
            a_day_ago = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=24)).isoformat()
            # While he is down nobody reads a stream to its end, so that this stays as it is set.
            rows(PUT_BACK, [a_day_ago])
            vendor.planned.clear()
            rows("DELETE FROM hospitality_connector_account")
            due()
            before = len(vendor.log)
            seconds, killed = catch_up(kill_one)
        calls = len(vendor.log) - before
        changes = sum(len(records) for records in vendor.lists.values())
        print(
            f"{changes:,} changes of a day were there after {seconds:.0f} s, in {calls} calls;"
            f" {killed} of {READERS + LANES} lanes were killed meanwhile"
        )
        checks.check("never above the vendor's limit", vendor.breaches == 0, f"({vendor.breaches} calls above it)")
        stopped = rows(STOPPED)
        checks.check("no stream has stopped", not stopped, str(stopped))
        missing, wrong = compare(vendor)
        checks.check("nothing is lost", not missing, f"{len(missing)}: {sorted(missing)[:3]}")
        checks.check("nothing is wrong", not wrong, f"{len(wrong)}: {wrong[:3]}")
        left = rows(QUARANTINE)
        checks.check("nothing waits in quarantine", not left, str(left))
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


def change(vendor, people):
    """A day of changes: new guests and stays over 24 hours, known ones check in and leave."""
    now = vendor.now()
    with vendor.lock:
        for hour in range(24):
            at = now - datetime.timedelta(hours=23 - hour, minutes=random.randrange(1, 59))
            vendor.grow(people // 24 + 1, at=at)
        for key in list(vendor.lists["reservations"])[: people // 10]:
            vendor.touch(key)


def expected(vendor):
    return {
        "guest": len(vendor.lists["customers"]),
        "stay": len(vendor.lists["reservations"]),
        "charge": len(vendor.lists["items"]),
        "payment": len(vendor.lists["payments"]),
    }


def known():
    tables = {"guest": "profile", "stay": "stay", "charge": "charge", "payment": "payment"}
    source = "(SELECT id FROM hospitality_source WHERE code = 'fault_pms')"
    return {
        entity: rows(f"SELECT count(*) FROM hospitality_{table} WHERE source_id = {source}")[0][0]
        for entity, table in tables.items()
    }


def compare(vendor):
    """Return the stays that are missing, and those whose status or guest is another one."""
    found = {
        key: (status, guest)
        for key, status, guest in rows(
            "SELECT s.external_id, s.status, p.external_id FROM hospitality_stay s"
            " JOIN hospitality_source o ON o.id = s.source_id AND o.code = 'fault_pms'"
            " LEFT JOIN hospitality_profile p ON p.id = s.profile_id"
        )
    }
    words = {"Confirmed": "reserved", "Started": "in_house", "Processed": "checked_out", "Canceled": "cancelled"}
    truth = {key: (words[one["State"]], one["AccountId"]) for key, one in vendor.lists["reservations"].items()}
    missing = {("stay", key) for key in truth.keys() - found.keys()}
    counts, wanted = known(), expected(vendor)
    missing |= {(entity, str(wanted[entity] - counts[entity])) for entity in wanted if wanted[entity] != counts[entity]}
    return missing, [(key, found[key], truth[key]) for key in truth if key in found and found[key] != truth[key]]


if __name__ == "__main__":
    sys.exit(main())
