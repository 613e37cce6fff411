"""Metrics of all guests and of 1,000 touched ones, against the recompute of the ORM.

``seconds``: the rebuild of all guests into an empty table as the product runs it, four lanes sharing ranges of guests,
each range a durable transaction. ``touched_ms``: one lane takes 1,000 random guests from the queue, computes all their
metrics, rewrites their rows (all of them differ), looks after everything else that it refreshes (their search texts,
which are right already) and commits; the table shows the metrics alone, too. ``ratio``: the peer's seconds per guest,
times all guests, divided by ``seconds``; the peer is one process over batches of 1,000 guests (see metrics_peer.py),
measured on a sample and scaled linearly, for its cost per guest does not depend on their number. ``equal``: the rows of
the sample are the same, column by column.

Data: visits_data.py. The default size is 1,000,000 guests, 5,000,000 stays, 20,000,000 charges.
"""

import contextlib
import pathlib
import random
import statistics
import threading
import time
from unittest import mock

import metrics_peer
import visits_data
from common import bench_database, checksum, odoo_env, parse_arguments, result, table

from odoo import SUPERUSER_ID, api, fields

ROUNDS = 5
BATCH = 1000
TOUCHED = 1000
# The ORM has no NULL for numbers; a guest without nights has an ADR of 0 there and none here.
SAMPLE = """
SELECT partner_id, company_id, stay_count, night_count, check_count, cover_count, reservation_count, cancel_count,
       no_show_count, upcoming_count, direct_count, COALESCE(direct_share, 0), COALESCE(lead_time_avg, 0), first_visit,
       last_visit, next_visit, channel_id, room_type_id, outlet_id, favourite_dish, favourite_daypart, revenue_room,
       revenue_fb, revenue_other, revenue_total, round(COALESCE(check_average, 0), 2)::text,
       round(COALESCE(adr, 0), 2)::text
  FROM hospitality_guest_metrics WHERE partner_id = ANY(%s) AND (stay_count + check_count + reservation_count
       + cancel_count + no_show_count + upcoming_count <> 0 OR revenue_total <> 0)
"""


def clear(registry):
    with registry.cursor() as cr:
        cr.execute("TRUNCATE hospitality_guest_metrics, hospitality_guest_dirty, hospitality_guest_rebuild")


def rebuild(registry, lanes):
    """Seconds until all guests are rebuilt by so many lanes."""
    with registry.cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["hospitality.guest.rebuild"]._queue()
    started = time.perf_counter()
    threads = [threading.Thread(target=work, args=(registry,)) for _lane in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def work(registry):
    with registry.cursor() as cr:
        dirty = api.Environment(cr, SUPERUSER_ID, {})["hospitality.guest.dirty"]
        while dirty._run_batch():
            pass


def refresh_touched(registry, partner_ids):
    """Seconds that a lane needs for guests that are in the queue, with rows that are wrong."""
    with registry.cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["hospitality.guest.search"]._refresh(partner_ids)
        cr.execute("UPDATE hospitality_guest_metrics SET stay_count = -1 WHERE partner_id = ANY(%s)", [partner_ids])
        api.Environment(cr, SUPERUSER_ID, {})["hospitality.guest.dirty"]._mark(partner_ids)
    with registry.cursor() as cr:
        dirty = api.Environment(cr, SUPERUSER_ID, {})["hospitality.guest.dirty"]
        started = time.perf_counter()
        taken = dirty._run_batch()
        seconds = time.perf_counter() - started
        cr.execute("SELECT count(*) FROM hospitality_guest_metrics WHERE stay_count = -1")
        assert taken == len(partner_ids) and cr.fetchone() == (0,)
    return seconds


@contextlib.contextmanager
def metrics_only(registry):
    """Let lanes refresh nothing but metrics."""

    def refresh_guests(dirty, partner_ids):
        dirty.env["hospitality.guest.metrics"]._refresh(partner_ids)

    with mock.patch.object(registry["hospitality.guest.dirty"], "_refresh_guests", refresh_guests):
        yield


def recompute(registry, partner_ids, days):
    """Seconds that the peer needs for a batch of guests without rows; their rows before and after."""
    with registry.cursor() as cr:
        ours = checksum(cr, SAMPLE, [partner_ids])
        cr.execute("DELETE FROM hospitality_guest_metrics WHERE partner_id = ANY(%s)", [partner_ids])
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "active_test": False})
        started = time.perf_counter()
        metrics_peer.recompute(env, partner_ids, days)
        cr.commit()
        seconds = time.perf_counter() - started
        theirs = checksum(cr, SAMPLE, [partner_ids])
    return seconds, ours == theirs


def main():
    arguments = parse_arguments(size=1_000_000, lanes=4)
    folder = pathlib.Path(__file__).parent
    database = bench_database("metrics", arguments.size, build=visits_data.build, sources=[folder / "visits_data.py"])
    rng = random.Random(7)
    ours, touched, whole, peer, equal = [], [], [], [], []
    with odoo_env(database) as env:
        registry = env.registry
        guests = env["res.partner"].search([("is_guest", "=", True)], order="id").ids
        days = env["hospitality.property"].search([])._get_business_dates(fields.Datetime.now())
        env.cr.rollback()
        clear(registry)
        alone = rebuild(registry, 1)
        for _round in range(ROUNDS):
            clear(registry)
            ours.append(rebuild(registry, arguments.lanes))
            with metrics_only(registry):
                touched.append(refresh_touched(registry, rng.sample(guests, min(TOUCHED, len(guests)))))
            whole.append(refresh_touched(registry, rng.sample(guests, min(TOUCHED, len(guests)))))
            start = rng.randrange(max(1, len(guests) - BATCH))
            seconds, same = recompute(registry, guests[start : start + BATCH], days)
            peer.append(seconds)
            equal.append(same)
    seconds = statistics.median(ours)
    scaled = statistics.median(peer) * len(guests) / min(BATCH, len(guests))
    table(
        ["all guests", "seconds", "guests/s"],
        [
            [f"lanes: {arguments.lanes}", seconds, int(len(guests) / seconds)],
            ["lanes: 1", alone, int(len(guests) / alone)],
            [f"ORM, scaled from {BATCH}", scaled, int(len(guests) / scaled)],
        ],
    )
    table(
        [f"{TOUCHED} touched guests", "ms"],
        [
            ["metrics", statistics.median(touched) * 1000],
            ["metrics and search text", statistics.median(whole) * 1000],
            ["ORM, metrics", statistics.median(peer) * 1000 * TOUCHED / min(BATCH, len(guests))],
        ],
    )
    result(
        "metrics",
        ratio=round(scaled / seconds, 1),
        seconds=round(seconds, 2),
        touched_ms=round(statistics.median(whole) * 1000, 1),
        equal=int(all(equal)),
    )


if __name__ == "__main__":
    main()
