"""Requests of a vendor to a real server: four HTTP workers, two processes for scheduled actions, PostgreSQL durable.

Signed posts (Standard Webhooks) of one event each arrive for ``--seconds`` at ``--rate`` per second, by a clock that
waits for nobody: processes of their own send them on connections of their own, one in a hundred a second time, and a
delay is counted from the time at which a post was due. The lanes read the inbox meanwhile. ``rate`` is that of the
answers, ``p99_ms`` their delay, ``lost`` events that are in the inbox not exactly once, ``errors`` posts without a
2xx, ``cpu_ms`` the processor time of server and database per post, lanes included. Then come ``forged`` posts as fast
as the server refuses them: ``accepted`` counts those that were not refused or left a row. At last a backlog of
``--backlog`` events is read while staff work (``staff.py``): ``staff_ratio`` is the 95th percentile of their waiting
times beside the quiet ones before and after, mean of the screens.
"""

import argparse
import asyncio
import base64
import contextlib
import hmac
import json
import os
import pathlib
import secrets
import statistics
import subprocess
import sys
import time
import urllib.parse

import environment
import ingest_data
import staff
from common import CONFIGURATION, TEMPLATE, bench_database, copy_of, odoo_env, result, table

WORKERS = 4
GENERATORS = 2
#: One post in so many is sent a second time.
REPEATED = 100
LANES = ("hospitality_connectors.ir_cron_inbox_lane_0", "hospitality_connectors.ir_cron_inbox_lane_1")
WARM_SECONDS, QUIET_SECONDS = 10, 30
SIZE = 100_000


# -- the vendor ------------------------------------------------------------------------------------


def event(number):
    """Return event ``number`` as JSON: guests, bookings and stays in turn."""
    return json.dumps(ingest_data.message(number // 3, SIZE)[number % 3], separators=(",", ":"))


class Vendor:
    """Sends posts from a process of its own and notes what becomes of them."""

    def __init__(self, plan):
        self.port, self.path, self.key = plan["port"], plan["path"], plan["key"]
        self.delays, self.statuses = [], {}

    def make(self, body, key=None):
        """Return the bytes of a signed post."""
        id_, at = secrets.token_hex(8), int(time.time())
        signed = hmac.digest((key or self.key).encode(), f"{id_}.{at}.".encode() + body, "sha256")
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nwebhook-id: {id_}\r\nwebhook-timestamp: {at}\r\n"
            f"webhook-signature: v1,{base64.b64encode(signed).decode()}\r\n\r\n"
        )
        return head.encode() + body

    async def send(self, content, due):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(content)
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
            # As clients do: the answer ends with its length. The server waits 10 ms for who doesn't hang up.
            length = next(
                (line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0"
            )
            await asyncio.wait_for(reader.readexactly(int(length.partition(b":")[2])), 60)
            writer.close()
            status = int(answer.split(None, 2)[1])
        except (OSError, EOFError, asyncio.TimeoutError, IndexError, ValueError) as error:
            status = type(error).__name__
        self.delays.append(1000 * (time.monotonic() - due))
        self.statuses[status] = self.statuses.get(status, 0) + 1

    async def by_the_clock(self, start, rate, numbers):
        """Send events at their times, whatever became of those before."""
        posts = []
        for number in numbers:
            posts.append(number)
            if number % REPEATED == 0:
                posts.append(number)
        tasks = set()
        for place, number in enumerate(posts):
            due = start + place / rate
            wait = due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self.send(self.make(event(number).encode()), due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)

    async def forge(self, count, at_once=8):
        """Send posts that nobody may believe, some at once."""
        left = iter(range(count))
        good = self.make(event(0).encode())

        async def some():
            for number in left:
                body = event(10**7 + number).encode()
                ways = (
                    lambda body=body: self.make(body, "another key"),
                    lambda body=body: self.make(body).replace(b"webhook-signature: v1,", b"webhook-signature: v1,A"),
                    lambda body=body: self.make(body).replace(b"webhook-signature", b"x-signature"),
                    lambda body=body: good.partition(b"\r\n\r\n")[0].replace(
                        f"Content-Length: {len(event(0))}".encode(), f"Content-Length: {len(body)}".encode()
                    )
                    + b"\r\n\r\n"
                    + body,
                    lambda body=body: self.make(body)[:-1] + b" ",
                )
                await self.send(ways[number % len(ways)](), time.monotonic())

        await asyncio.gather(*[some() for _one in range(at_once)])

    async def in_arrays(self, numbers, many):
        """Send events in arrays, one after the other."""
        for start in range(numbers.start, numbers.stop, many):
            part = range(start, min(start + many, numbers.stop))
            await self.send(self.make(f"[{','.join(map(event, part))}]".encode()), time.monotonic())


def vendor():
    """What a process of the vendor does: a plan comes in, figures go out."""
    plan = json.loads(sys.stdin.readline())
    own = Vendor(plan)
    kind = plan["kind"]
    if kind == "clock":
        work = own.by_the_clock(plan["start"], plan["rate"], range(*plan["numbers"]))
    elif kind == "forge":
        work = own.forge(plan["count"])
    else:
        work = own.in_arrays(range(*plan["numbers"]), plan["many"])
    started = time.monotonic()
    asyncio.run(work)
    print(json.dumps({"delays": own.delays, "statuses": own.statuses, "seconds": time.monotonic() - started}))


def send(plans):
    """Run processes of the vendor; return ``(delays in ms, {status: number}, seconds)`` of all."""
    processes = []
    for plan in plans:
        process = subprocess.Popen(
            [sys.executable, __file__, "--vendor"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        process.stdin.write(json.dumps(plan) + "\n")
        process.stdin.flush()
        processes.append(process)
    delays, statuses, seconds = [], {}, 0.0
    for process in processes:
        told = json.loads(process.communicate()[0])
        delays += told["delays"]
        seconds = max(seconds, told["seconds"])
        for status, number in told["statuses"].items():
            statuses[status] = statuses.get(status, 0) + number
    return delays, statuses, seconds


# -- the house -------------------------------------------------------------------------------------


def connect(env):
    """Create the connector; return it with the path of its address and its key."""
    connector = env["hospitality.connector"].create(
        {
            "name": "Bench",
            "source_id": env["hospitality.source"].search([("code", "=", "bench_pms")]).id,
            "property_id": env["hospitality.property"].search([("code", "=", "PAL")]).id,
        }
    )
    key = secrets.token_hex(32)
    connector._set_secret("hook_key", key)
    path = urllib.parse.urlsplit(connector._renew_hook()).path
    env.cr.commit()
    return connector, path, key


def in_inbox(env, connector, numbers):
    """Return how many of the events are in the inbox not exactly once."""
    env.cr.rollback()
    env.cr.execute(
        "SELECT external_id, count(*) FROM hospitality_connector_inbox WHERE connector_id = %s GROUP BY 1",
        [connector.id],
    )
    found = dict(env.cr.fetchall())
    return sum(found.get(json.loads(event(number))["external_id"], 0) != 1 for number in numbers)


def left(env, connector):
    env.cr.rollback()
    env.cr.execute(
        "SELECT count(*) FROM hospitality_connector_inbox WHERE connector_id = %s AND state = 'new'", [connector.id]
    )
    return env.cr.fetchone()[0]


def spent_cpu(database):
    """Return the CPU seconds that the processes of the server and of PostgreSQL have spent on a database so far."""
    total = 0.0
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if database in folder.joinpath("cmdline").read_bytes().decode(errors="replace"):
                fields = folder.joinpath("stat").read_text().rpartition(")")[2].split()
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def measure_posts(env, connector, base, options):
    """Post by the clock; return the figures."""
    before = spent_cpu(env.cr.dbname)
    count = options.rate * options.seconds
    start = time.monotonic() + 5
    plans = []
    for part in range(GENERATORS):
        numbers = [part * count // GENERATORS, (part + 1) * count // GENERATORS]
        plans.append(base | {"kind": "clock", "start": start, "rate": options.rate / GENERATORS, "numbers": numbers})
    delays, statuses, _seconds = send(plans)
    spent = spent_cpu(env.cr.dbname) - before
    delays.sort()
    good = sum(number for status, number in statuses.items() if status.startswith("2"))
    table(["answers", "number"], sorted(statuses.items()))
    table(
        ["delay in ms", "p50", "p95", "p99", "most"],
        [["posts", delays[len(delays) // 2], delays[int(len(delays) * 0.95)], p99(delays), delays[-1]]],
    )
    seconds = len(delays) / options.rate
    return {
        "rate": good / max(seconds, 1e-9),
        "p99_ms": p99(delays),
        "lost": in_inbox(env, connector, range(count)),
        "errors": len(delays) - good,
        "cpu_ms": 1000 * spent / len(delays),
        "behind": left(env, connector),
    }


def p99(delays):
    return delays[int(len(delays) * 0.99)]


def measure_forged(env, connector, base, count):
    if not count:
        return {}
    env.cr.rollback()
    env.cr.execute("SELECT count(*) FROM hospitality_connector_inbox")
    before = env.cr.fetchone()[0]
    delays, statuses, seconds = send([base | {"kind": "forge", "count": count}])
    env.cr.rollback()
    env.cr.execute("SELECT count(*) FROM hospitality_connector_inbox")
    rows = env.cr.fetchone()[0] - before
    table(["forged", "number"], sorted(statuses.items()))
    return {
        "forged": count,
        "accepted": rows + count - statuses.get("401", 0),
        "refused_per_s": count / seconds,
        "refused_p99_ms": p99(sorted(delays)),
    }


def measure_backlog(env, connector, base, people, options):
    """Have a backlog read while staff work."""
    while left(env, connector):
        time.sleep(1)
    people.work(after(WARM_SECONDS))
    before = people.work(after(QUIET_SECONDS))
    connector.action_pause()
    env.cr.commit()
    first = 10**6
    _delays, statuses, _seconds = send(
        [base | {"kind": "arrays", "numbers": [first, first + options.backlog], "many": 1000}]
    )
    if left(env, connector) != options.backlog:
        raise SystemExit(f"The backlog is not complete: {statuses}")
    connector.action_resume()
    env.cr.commit()
    started = time.perf_counter()
    ended, busy = [], {}
    worker = staff.background(lambda: busy.update(people.work(lambda: bool(ended))))
    while left(env, connector):
        time.sleep(0.5)
    seconds = time.perf_counter() - started
    ended.append(True)
    worker.join()
    quiet = people.work(after(QUIET_SECONDS))
    ratios = {name: p95(busy[name]) / max(p95(before[name]), p95(quiet[name])) for name in busy}
    table(
        ["staff requests, p95 in ms", "before", "after", "during", "ratio", "number"],
        [[n, p95(before[n]), p95(quiet[n]), p95(busy[n]), ratios[n], len(busy[n])] for n in busy],
    )
    return {"drained_per_s": options.backlog / seconds, "staff_ratio": statistics.mean(ratios.values())}


def after(seconds):
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() > end


def p95(values):
    return sorted(values)[int(len(values) * 0.95)]


def main():
    parser = argparse.ArgumentParser(prog="hooks", description=__doc__.partition("\n")[0])
    parser.add_argument("--vendor", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--rate", type=int, default=320, help="posts per second")
    parser.add_argument("--forged", type=int, default=10_000)
    parser.add_argument("--backlog", type=int, default=100_000)
    options = parser.parse_args()
    if options.vendor:
        return vendor()
    environment.configure(CONFIGURATION, TEMPLATE)
    base = bench_database("hooks", SIZE, ingest_data.build, [ingest_data.__file__])
    database = copy_of(base)
    requests, guests = staff.prepare(database, LANES)
    with odoo_env(database, commit=True) as env:
        connector, path, key = connect(env)
        staff.WORKERS = WORKERS
        with staff.server(database, staff.folder() / "hooks_server.log") as port:
            common = {"port": port, "path": path, "key": key}
            send([common | {"kind": "arrays", "numbers": [10**8, 10**8 + 40], "many": 1}])  # every worker is awake
            figures = measure_posts(env, connector, common, options)
            figures |= measure_forged(env, connector, common, options.forged)
            if options.backlog:
                people = staff.Staff(port, database, requests, guests)
                figures |= measure_backlog(env, connector, common, people, options)
    return result("hooks", **figures)


if __name__ == "__main__":
    main()
