"""Merge and un-merge under fire: two users at once, imports at once, and kill -9 in the middle of it.

Four parts, over guests with orders, messages and stays:

- two users merge a chain (A into B while B goes into C), and two merge the same pair;
- an import brings new facts for the guests while they are merged, and while they are un-merged;
- the process that merges, or un-merges, gets a SIGKILL at a random moment: all of it or nothing is there;
- the same for its PostgreSQL backend, on a cluster of the script's own.

After each part the whole of what is known of the guests is compared with what must be left.
"""

import contextlib
import random
import sys
import tempfile
import time

from common import Checks, kill, kill_backend, parse_arguments, private_cluster, process, rows, run

SETUP = """
property = env["hospitality.property"].create(
    {"name": "Merge Hotel", "code": "MERGE", "currency_id": env.company.currency_id.id, "tz": "Europe/Kyiv"})
source = env["hospitality.source"].create({"name": "Merge PMS", "code": "merge_pms"})
env["hospitality.connector"].create({"name": "Merge", "source_id": source.id, "property_id": property.id})
profiles = env["hospitality.profile"].create([
    {"source_id": source.id, "external_id": f"M{n}", "values": {
        "name": f"Guest Merge{'abcdefghij'[n // 3 %% 10]}", "emails": [f"merge{n}@mailbox.example"],
        "city": f"Town {n}"}}
    for n in range(%(guests)s)])
guests = profiles.partner_id
assert len(guests) == len(profiles)
tag = env["res.partner.category"].create({"name": "Merge"})
guests.category_id = tag
for guest in guests:
    guest.message_post(body="Before the merge")
if "crm.lead" in env:
    env["crm.lead"].create([{"name": f"Lead {g.id}", "partner_id": g.id} for g in guests])
if "sale.order" in env:
    env["sale.order"].create([{"partner_id": g.id} for g in guests[::3]])
env["hospitality.stay"].create([
    {"profile_id": p.id, "property_id": property.id, "source_id": source.id, "external_id": f"before-{p.id}",
     "arrival": "2025-01-01", "departure": "2025-01-03", "status": "checked_out"} for p in profiles])
"""
# A user's request: it is run again after a serialization error, as Odoo's RPC does.
REQUEST = """
import json, sys, time
from odoo.exceptions import UserError
from odoo.service.model import retrying
def work():
    return env["hospitality.merge"]._merge_groups(%(groups)s)
env["hospitality.merge"]._get_refusals([])
env.cr.commit()
env.cr.execute("SET application_name = 'fault-merge'")
env.cr.execute("SET lock_timeout = '60s'")
env.cr.commit()
while time.time() < %(at)s:
    time.sleep(0.001)
try:
    print("merged", len(retrying(work, env)), flush=True)
    env.cr.commit()
except UserError as error:
    env.cr.rollback()
    print("refused", error, flush=True)
"""
UNDO = """
import time
from odoo.service.model import retrying
env.cr.execute("SET application_name = 'fault-merge'")
env.cr.commit()
while time.time() < %(at)s:
    time.sleep(0.001)
def work():
    env["hospitality.merge"].browse(%(ids)s)._undo()
retrying(work, env)
env.cr.commit()
"""
FEED = """
import json, pathlib, time
while time.time() < %(at)s:
    time.sleep(0.001)
from odoo.addons.hospitality_connectors.engine.adapter import Raw
from odoo.addons.hospitality_crm.tools.claim import with_retry
connector = env["hospitality.connector"].search([("name", "=", "Merge")])
for page in range(%(pages)s):
    raws = []
    for n in range(%(guests)s):
        key = f"%(prefix)s-{page}-{n}"
        raws.append(Raw("stay", key, json.dumps({
            "entity": "stay", "external_id": key, "version": 1, "guest": f"M{n}", "arrival": "2025-05-01",
            "departure": "2025-05-03", "status": "reserved"}), event_key=key))
        if n %% 5 == page %% 5:
            raws.append(Raw("guest", f"M{n}", json.dumps({
                "entity": "guest", "external_id": f"M{n}", "version": 2 + page + %(version)s, "values": {
                    "name": f"Guest Merge{'abcdefghij'[n // 3 %% 10]}", "emails": [f"merge{n}@mailbox.example"],
                    "phones": [f"+38067%(version)s{page:02d}{n:04d}"]}}), event_key=f"g-{key}"))
    connector._store(raws)
    env.cr.commit()
    while with_retry(connector._process_step):
        env.cr.commit()
    env.cr.commit()
    while page == 0 and not pathlib.Path("%(marker)s").exists() and time.time() < %(at)s + 60:
        time.sleep(0.002)
while with_retry(connector._process_step) or with_retry(connector._sweep_step):
    env.cr.commit()
"""
# A request that begins when the first facts of an import have landed, so that both are at work.
AFTER_FIRST = """
import time
while True:
    env.cr.execute(
        "SELECT FROM hospitality_connector_inbox WHERE external_id LIKE %%s AND processed_at IS NOT NULL LIMIT 1",
        ["%(prefix)s-%%"])
    if env.cr.rowcount:
        break
    env.cr.rollback()
    time.sleep(0.002)
env.cr.rollback()
"""
# Tells the import that a tenth of the requests is done.
MARK = """
import pathlib
pathlib.Path("%(marker)s").touch()
"""
# What the lanes of the product do all the time.
LANE = """
while env["hospitality.guest.dirty"]._run_batch():
    env.cr.commit()
"""
WRONG_SHORTCUTS = """
SELECT 'stay', s.id FROM hospitality_stay s JOIN hospitality_profile p ON p.id = s.profile_id
 WHERE s.partner_id IS DISTINCT FROM p.partner_id
UNION ALL
SELECT 'stay guest', s.id FROM hospitality_stay_guest s JOIN hospitality_profile p ON p.id = s.profile_id
 WHERE s.partner_id IS DISTINCT FROM p.partner_id
"""
ON_ARCHIVED = """
SELECT p.id, p.partner_id FROM hospitality_profile p JOIN res_partner g ON g.id = p.partner_id
 WHERE g.merged_into_id IS NOT NULL AND p.state = 'live'
"""
CYCLES = """
WITH RECURSIVE way AS (
    SELECT id AS start, merged_into_id AS at, 1 AS steps FROM res_partner WHERE merged_into_id IS NOT NULL
    UNION ALL
    SELECT w.start, g.merged_into_id, w.steps + 1 FROM way w JOIN res_partner g ON g.id = w.at
     WHERE g.merged_into_id IS NOT NULL AND w.steps < 50)
SELECT start FROM way WHERE steps >= 50
"""
# What is known of the guests, by guest: rows, and columns that a merge may change.
STATE = """
SELECT 'guest', g.id, row_to_json(x)::text FROM res_partner g, LATERAL (
    SELECT g.active, g.merged_into_id, g.name, g.email, g.city, g.phone) x
 WHERE g.email LIKE 'merge%%@mailbox.example' OR g.id = ANY(%(ids)s)
UNION ALL SELECT 'profile', id, partner_id || ' ' || state FROM hospitality_profile WHERE partner_id = ANY(%(ids)s)
UNION ALL SELECT 'stay', id, partner_id::text FROM hospitality_stay WHERE partner_id = ANY(%(ids)s)
UNION ALL SELECT 'message', id, model || res_id FROM mail_message
           WHERE model = 'res.partner' AND res_id = ANY(%(ids)s) AND body LIKE '%%Before the merge%%'
UNION ALL SELECT 'tag', category_id, partner_id::text FROM res_partner_res_partner_category_rel
           WHERE partner_id = ANY(%(ids)s)
UNION ALL SELECT 'follower', id, res_model || ' ' || res_id || ' ' || partner_id FROM mail_followers
           WHERE partner_id = ANY(%(ids)s)
"""
LEADS = "UNION ALL SELECT 'lead', id, partner_id::text FROM crm_lead WHERE partner_id = ANY(%(ids)s)"
ORDERS = "UNION ALL SELECT 'order', id, partner_id::text FROM sale_order WHERE partner_id = ANY(%(ids)s)"
MERGED_DURING = """
SELECT count(*) FROM hospitality_merge m, (
    SELECT date_trunc('second', min(processed_at)) AS low, max(processed_at) AS high FROM hospitality_connector_inbox
     WHERE external_id LIKE %s) i
 WHERE m.merged_at BETWEEN i.low AND i.high
"""
UNDONE_DURING = """
SELECT count(DISTINCT l.merge_id) FROM hospitality_merge_loser l, (
    SELECT date_trunc('second', min(processed_at)) AS low, max(processed_at) AS high FROM hospitality_connector_inbox
     WHERE external_id LIKE %s) i
 WHERE l.undone_at BETWEEN i.low AND i.high
"""
AT_WORK = """
SELECT pid FROM pg_stat_activity
 WHERE application_name = 'fault-merge' AND datname = current_database() AND state <> 'idle'
"""


class World:
    """Guests in groups of three, and what is known of them from outside."""

    def __init__(self, guests):
        run(SETUP % {"guests": guests})
        self.size = guests
        found = rows(
            "SELECT p.partner_id FROM hospitality_profile p JOIN hospitality_source s ON s.id = p.source_id"
            " WHERE s.code = 'merge_pms' ORDER BY p.id"
        )
        self.ids = [partner for (partner,) in found]
        self.state_query = STATE
        for table, part in (("crm_lead", LEADS), ("sale_order", ORDERS)):
            if rows("SELECT to_regclass(%s) IS NOT NULL", [table])[0][0]:
                self.state_query += part

    def group(self, number):
        return self.ids[3 * number : 3 * number + 3]

    def state(self):
        """Everything about the guests, to compare."""
        return sorted(rows(self.state_query, {"ids": self.ids}))

    def open_merges(self):
        return [merge for (merge,) in rows("SELECT id FROM hospitality_merge WHERE state = 'done' ORDER BY id DESC")]

    def undo_all(self):
        if merges := self.open_merges():
            run(f"for merge in env['hospitality.merge'].browse({merges}): merge._undo()")

    def check_sound(self, checks, part):
        """Check what must hold when the lanes have done their work."""
        run(LANE)
        wrong = rows(WRONG_SHORTCUTS)
        checks.check(f"{part}: every fact is where its profile is", not wrong, str(wrong[:5] or ""))
        stray = rows(ON_ARCHIVED)
        checks.check(f"{part}: no live profile on a contact that was merged away", not stray, str(stray[:5] or ""))
        cycles = rows(CYCLES)
        checks.check(f"{part}: pointers lead to someone", not cycles, str(cycles[:5] or ""))


def request(groups, at=0.0):
    """Code of a process that merges groups, beginning at a time."""
    return REQUEST % {"groups": [(winner, losers, {"reason": "fault"}) for winner, losers in groups], "at": at}


def together(codes):
    """Run processes that begin to work at the same moment; return their exit codes."""
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(process(code)) for code in codes]
        return [one.wait() for one in started]


def two_users(checks, world, rounds):
    """A chain merged from both ends, and one pair merged twice."""
    ended, doubles, unmerged = [], [], []
    for number in range(rounds):
        one, two, three = world.group(number)
        at = time.time() + 4
        if number % 2:
            ended += together([request([(one, [two])], at), request([(two, [three])], at)])
        else:
            ended += together([request([(one, [two])], at), request([(one, [two])], at)])
            losers = rows(
                "SELECT count(*) FROM hospitality_merge_loser WHERE partner_id = %s AND state = 'done'", [two]
            )
            doubles += [number] if losers[0][0] != 1 else []
        merged = rows("SELECT count(*) FROM res_partner WHERE id = ANY(%s) AND NOT active", [[one, two, three]])[0][0]
        unmerged += [number] if not merged else []
    checks.check("two users: no request fails but by a refusal", not any(ended), str(ended))
    checks.check("two users: the same pair is merged once", not doubles, str(doubles or ""))
    checks.check("two users: at least one of two merges is done", not unmerged, str(unmerged or ""))
    world.check_sound(checks, "two users")


def during_import(checks, world, pages, undo):
    """Facts arrive while guests are merged or un-merged."""
    groups = [world.group(number) for number in range(world.size // 3)]
    if undo:
        run(request([(first, others) for first, *others in groups]))
    prefix, version = ("undo", 7) if undo else ("merge", 6)
    merges = world.open_merges()
    at = time.time() + 8  # until all have started
    if undo:
        codes = [UNDO % {"ids": [merge], "at": at} for merge in merges]
    else:
        codes = [request([(first, others)], at) for first, *others in groups]
    half = len(codes) // 2
    begin = AFTER_FIRST % {"prefix": prefix}
    with tempfile.TemporaryDirectory() as folder:
        marker = {"marker": f"{folder}/first"}
        feed = FEED % {"pages": pages, "guests": world.size, "prefix": prefix, "version": version, "at": at, **marker}
        done = MARK % marker
        early = -(-len(codes) // 10)
        requests = ["\n".join([begin, *part[:early], done, *part[early:]]) for part in (codes[:half], codes[half:])]
        ended = together([feed, *requests])
    during = rows(UNDONE_DURING if undo else MERGED_DURING, [f"{prefix}-%"])[0][0]
    part = "un-merge during import" if undo else "merge during import"
    checks.check(f"{part}: nobody fails", not any(ended), str(ended))
    checks.check(f"{part}: they did overlap", 10 * during >= len(groups), f"{during} of {len(groups)}")
    stored = rows("SELECT count(*) FROM hospitality_stay WHERE external_id LIKE %s", [f"{prefix}-%"])[0][0]
    checks.check(f"{part}: every stay arrived", stored == pages * world.size, f"{stored} of {pages * world.size}")
    waiting = rows("SELECT state, count(*) FROM hospitality_connector_inbox WHERE state NOT IN ('done') GROUP BY 1")
    checks.check(f"{part}: nothing waits or lies in quarantine", not waiting, str(waiting or ""))
    world.check_sound(checks, part)
    wrong = 0
    for first, *others in groups:
        [(count,)] = rows(
            "SELECT count(DISTINCT partner_id) FROM hospitality_stay WHERE profile_id IN ("
            "SELECT p.id FROM hospitality_profile p JOIN hospitality_source s ON s.id = p.source_id"
            " WHERE s.code = 'merge_pms' AND p.external_id = ANY(%s))",
            [[f"M{world.ids.index(guest)}" for guest in (first, *others)]],
        )
        wrong += count != (3 if undo else 1)
    checks.check(f"{part}: the facts are with the right guests", not wrong, f"{wrong} of {len(groups)} groups wrong")


def killed(checks, world, chance, processes, backends):
    """Merges and un-merges that are killed at a random moment, and begun again until they succeed."""
    groups = [world.group(number) for number in range(world.size // 3)]
    code = request([(first, others) for first, *others in groups])
    before = world.state()
    started = time.monotonic()
    seen = {"process": 0, "backend": 0, "mid": 0}
    halves, partial = [], []
    span = None
    merging = True
    while seen["process"] < processes or seen["backend"] < backends:
        kind = (
            "process"
            if seen["process"] < processes and (seen["backend"] >= backends or chance.random() < 0.6)
            else "backend"
        )
        merges = world.open_merges()
        work = code if merging else UNDO % {"ids": merges, "at": 0}
        with process(work) as worker:
            while not (pids := rows(AT_WORK)) and worker.poll() is None:
                time.sleep(0.005)
            begun = time.monotonic()
            if span is not None:
                time.sleep(chance.random() * span)
                if worker.poll() is None and (pids := rows(AT_WORK)):
                    seen["mid"] += 1
                if kind == "process":
                    kill(worker)
                elif pids:
                    kill_backend(pids[0][0])
                seen[kind] += 1
            worker.wait()
            if span is None:
                span = time.monotonic() - begun
        [(done,)] = rows("SELECT count(*) FROM hospitality_merge WHERE state = 'done'")
        if done not in (0, len(groups)):
            halves.append((merging, done))
        if not done and world.state() != before:
            partial.append(len(seen))
        merging = not done
    checks.check("kill -9: processes killed", seen["process"] == processes, str(seen["process"]))
    checks.check("kill -9: backends killed", seen["backend"] == backends, str(seen["backend"]))
    checks.check("kill -9: most were hit at work", seen["mid"] * 2 > processes + backends, str(seen["mid"]))
    checks.check("kill -9: all of it or nothing", not halves and not partial, f"{halves[:3]} {partial[:3]}")
    world.undo_all()
    after = world.state()
    checks.check("kill -9: in the end as in the beginning", after == before, str(difference(before, after)))
    world.check_sound(checks, "kill -9")
    print(f"killed in {time.monotonic() - started:.0f} s, a merge takes {span:.2f} s", flush=True)


def difference(before, after):
    return sorted(set(before) ^ set(after), key=str)[:4]


def main():
    arguments = parse_arguments(guests=300, rounds=40, pages=60, processes=20, backends=10)
    if arguments.short:
        arguments.guests, arguments.rounds, arguments.pages = 60, 6, 30
        arguments.processes, arguments.backends = 5, 3
    with private_cluster():
        checks = Checks()
        world = World(arguments.guests)
        start = world.state()
        two_users(checks, world, min(arguments.rounds, arguments.guests // 3))
        world.undo_all()
        after = world.state()
        checks.check("two users: undone, all is as before", after == start, str(difference(start, after)))
        during_import(checks, world, arguments.pages, undo=False)
        world.undo_all()
        during_import(checks, world, arguments.pages, undo=True)
        world.undo_all()
        world.check_sound(checks, "after the imports")
        killed(checks, world, random.Random(11), arguments.processes, arguments.backends)
        print(f"{checks.passed} passed, {checks.failed} failed", flush=True)
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
