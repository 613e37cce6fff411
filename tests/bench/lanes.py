"""A backlog shared by lanes of several hosts: servers on one database, each with two processes for scheduled actions.

``--backlog`` events wait in the inbox; then servers with one HTTP worker start, first one, then ``--hosts``. While they
work, the locks that a lane holds on its part of the inbox are looked at ten times a second: ``at_once`` is the most
lanes that worked at the same moment, ``mean_at_once`` their mean, ``hosts_at_once`` the most hosts among them. ``lost``
are events without their fact, ``doubled`` facts beyond one. ``ratio`` is the speed of all hosts to that of one; all of
them share the processors of this machine with PostgreSQL.
"""

import argparse
import contextlib
import json
import statistics
import threading
import time

import environment
import ingest_data
import staff
from common import CONFIGURATION, TEMPLATE, bench_database, copy_of, odoo_env, result, table
from hooks import SIZE, connect, event, left

LANES = tuple(f"hospitality_connectors.ir_cron_inbox_lane_{number}" for number in range(4))
STORED_AT_ONCE = 1000
AT_WORK = """
    SELECT DISTINCT l.pid, a.application_name
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.relation = 'hospitality_connector_inbox'::regclass AND l.granted
       AND l.mode IN ('RowShareLock', 'RowExclusiveLock') AND a.application_name LIKE 'host%%'
"""


def fill(env, backlog):
    """Put events into the inbox of a new connector; return it."""
    from odoo.addons.hospitality_connectors.engine.adapter import Raw

    connector, _path, _key = connect(env)
    connector.action_pause()
    for start in range(0, backlog, STORED_AT_ONCE):
        raws = []
        for number in range(start, min(start + STORED_AT_ONCE, backlog)):
            body = event(number)
            record = json.loads(body)
            raws.append(Raw(record["entity"], record["external_id"], body))
        connector._store(raws)
        env.cr.commit()
    return connector


def watch(env, seen, ended):
    """Note who is at work, ten times a second."""
    while not ended.wait(0.1):
        env.cr.rollback()
        env.cr.execute(AT_WORK)
        seen.append(env.cr.fetchall())


def drain(base, hosts, backlog):
    """Have the backlog read by some hosts; return ``(seconds, samples, lost, doubled)``."""
    database = copy_of(base)
    staff.prepare(database, LANES)
    staff.WORKERS = 1
    seen, ended = [], threading.Event()
    with odoo_env(database, commit=True) as env, odoo_env(database) as other, contextlib.ExitStack() as stack:
        connector = fill(env, backlog)
        for host in range(hosts):
            log = staff.folder() / f"lanes_host{host}.log"
            stack.enter_context(staff.server(database, log, f"--db_app_name=host{host}"))
        watcher = threading.Thread(target=watch, args=(other, seen, ended))
        watcher.start()
        connector.action_resume()
        for cron in connector._get_lane_crons():
            cron._trigger()  # as lanes do one by one while a backlog lasts
        env.cr.commit()
        started = time.perf_counter()
        while left(env, connector):
            time.sleep(0.1)
        seconds = time.perf_counter() - started
        ended.set()
        watcher.join()
        facts = {}
        for table_name in ("profile", "booking", "stay"):
            env.cr.execute(
                f"SELECT external_id FROM hospitality_{table_name} WHERE source_id = %s", [connector.source_id.id]
            )
            for (key,) in env.cr.fetchall():
                facts[table_name, key] = facts.get((table_name, key), 0) + 1
    tables = {"guest": "profile"}
    wanted = {
        (tables.get(record["entity"], record["entity"]), record["external_id"])
        for record in (json.loads(event(number)) for number in range(backlog))
    }
    return seconds, seen, len(wanted - facts.keys()), sum(facts.values()) - len(facts)


def main():
    parser = argparse.ArgumentParser(prog="lanes", description=__doc__.partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--backlog", type=int, default=60_000)
    options = parser.parse_args()
    environment.configure(CONFIGURATION, TEMPLATE)
    base = bench_database("hooks", SIZE, ingest_data.build, [ingest_data.__file__])
    speeds, lines = {}, []
    for hosts in (1, options.hosts):
        seconds, seen, lost, doubled = drain(base, hosts, options.backlog)
        busy = [lanes for lanes in seen if lanes]
        speeds[hosts] = options.backlog / seconds
        figures = {
            "at_once": max(map(len, busy)),
            "mean_at_once": statistics.mean(map(len, busy)),
            "hosts_at_once": max(len({name for _pid, name in lanes}) for lanes in busy),
            "lost": lost,
            "doubled": doubled,
        }
        lines.append([hosts, speeds[hosts], *figures.values()])
    table(["hosts", "records per s", *figures], lines)
    return result(
        "lanes",
        hosts=options.hosts,
        **figures,
        drained_per_s=speeds[options.hosts],
        ratio=speeds[options.hosts] / speeds[1],
    )


if __name__ == "__main__":
    main()
