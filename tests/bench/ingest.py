"""Messages with guest, booking and stay through the inbox into a base of a million guests, against an ORM loop.

Ours: stored inbox rows are claimed, parsed, attached and written by the lanes' own step, one durable transaction per
batch, by one process and by four. The peer writes the same rows with the ORM: one ``create`` per record, which looks
the guest up by e-mail and phone over an index, one message after the other, ``tracking_disable``, a transaction per
500 messages. ``batch`` is the same peer with one ``create`` per model and 500 messages, for comparison. ``live`` is
one message from its committed inbox row to the attached, committed stay, in milliseconds of database time.
"""

import statistics
import subprocess
import sys
import threading
import time

import environment
import ingest_data
from common import CONFIGURATION, TEMPLATE, bench_database, checksum, copy_of, odoo_env, parse_arguments, result, table

ROUNDS = 5
PEER = 500
LIVE = 400
CHECKED = PEER * ROUNDS

ROWS = """
SELECT s.external_id, s.arrival, s.departure, s.nights, s.status, s.rate_amount::float, s.amount_total::float,
       s.revenue_basis, s.adults, s.children, s.lead_time, s.market, s.meal_plan, s.room_type_id, s.channel_id,
       s.currency_id, s.company_id, s.payload_hash, b.external_id, b.confirmation, b.status, b.booked_on,
       p.external_id, p.name, p.name_key, p.values::text, p.kind, p.state, g.name, g.complete_name, g.email,
       g.email_normalized, g.phone, g.phone_sanitized, g.city, g.street, g.zip, g.lang, g.is_guest,
       g.commercial_partner_id = g.id, b.partner_id = g.id, sg.partner_id = g.id, sg.role, sg.sleeps, sg.pays,
       (SELECT string_agg(c.channel || c.value || c.kind || c.name_count || l.sequence, ' ' ORDER BY c.value)
          FROM hospitality_contact_link l JOIN hospitality_contact_point c ON c.id = l.point_id
         WHERE l.profile_id = p.id),
       (SELECT count(*) FROM hospitality_profile o WHERE o.partner_id = g.id)
  FROM hospitality_stay s JOIN hospitality_booking b ON b.id = s.booking_id
  JOIN hospitality_profile p ON p.id = s.profile_id JOIN res_partner g ON g.id = s.partner_id
  JOIN hospitality_stay_guest sg ON sg.stay_id = s.id
  JOIN hospitality_source o ON o.id = s.source_id
 WHERE o.code = %s AND substr(s.external_id, 2)::int < %s
"""


def store(env, connector, numbers, size):
    from odoo.addons.hospitality_connectors.engine.adapter import Raw

    ids = []
    for start in range(numbers.start, numbers.stop, 5000):
        part = range(start, min(start + 5000, numbers.stop))
        ids += connector._store([Raw("stay", f"S{k}", ingest_data.body(k, size)) for k in part])
        env.cr.commit()
    return ids


def connect(env, source):
    return env["hospitality.connector"].create(
        {
            "name": source,
            "source_id": env["hospitality.source"].search([("code", "=", source)]).id,
            "property_id": env["hospitality.property"].search([("code", "=", "PAL")]).id,
        }
    )


def drain(connector):
    """Process what is in the inbox as a lane does; return the number of messages."""
    done = 0
    while count := connector._process_step():
        done += count
    return done


def lane(database, connector_id):
    """Body of one of four processes: wait for the start, then work until the inbox is empty."""
    with odoo_env(database) as env:
        connector = env["hospitality.connector"].browse(connector_id)
        connector._get_code_map()
        env.cr.commit()
        print("ready", flush=True)
        sys.stdin.readline()
        done = drain(connector)
        print(done, flush=True)


def ours_in_four(database, connector_id, stored):
    """Seconds that four processes take for the stored messages."""
    command = [sys.executable, __file__, "--lane", database, str(connector_id)]
    lanes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _lane in range(4)]
    for one in lanes:
        while one.stdout.readline().strip() != "ready":
            if one.poll() is not None:
                raise SystemExit("A lane has ended before it began.")
    numbers = stored()
    started = time.perf_counter()
    for one in lanes:
        one.stdin.write("go\n")
        one.stdin.flush()
    done = [int(one.stdout.readline()) for one in lanes]
    seconds = time.perf_counter() - started
    for one in lanes:
        one.wait()
    if sum(done) != len(numbers) or sum(map(bool, done)) < 2:
        raise SystemExit(f"The lanes have done {done} of {len(numbers)} messages.")
    return seconds


class Peer:
    """The ORM loop: what an integration does that is written with care."""

    def __init__(self, env, source):
        self.env = env(context={**env.context, "tracking_disable": True})
        self.source = env["hospitality.source"].search([("code", "=", source)])
        self.property = env["hospitality.property"].search([("code", "=", "PAL")])
        self.room_type = env["hospitality.room.type"].search([("code", "=", "DBL")])
        self.channel = env["hospitality.channel"].search([("code", "=", "BENCH")])

    def run(self, numbers, size, batch):
        for start in range(numbers.start, numbers.stop, batch):
            part = [ingest_data.message(k, size) for k in range(start, min(start + batch, numbers.stop))]
            self.write(part)
        self.env.cr.commit()

    def write(self, messages):
        """Write some messages with one create per model; a profile finds or creates its guest."""
        from odoo.addons.hospitality_connectors.engine.canonical import payload_hash, validate

        env = self.env
        messages = [[validate(event) for event in events] for events in messages]
        common = {"source_id": self.source.id}
        profiles = env["hospitality.profile"].create(
            [
                {
                    **common,
                    "external_id": guest["external_id"],
                    "version": guest["version"],
                    "payload_hash": payload_hash(guest),
                    "property_id": self.property.id,
                    "values": guest["values"],
                    "seen_at": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(guest["version"])),
                }
                for guest, _booking, _stay in messages
            ]
        )
        bookings = env["hospitality.booking"].create(
            [
                {
                    **common,
                    "external_id": booking["external_id"],
                    "version": booking["version"],
                    "payload_hash": payload_hash(booking),
                    "property_id": self.property.id,
                    "profile_id": profile.id,
                    "channel_id": self.channel.id,
                    **{name: booking[name] for name in ("confirmation", "status", "booked_on")},
                }
                for (_guest, booking, _stay), profile in zip(messages, profiles, strict=True)
            ]
        )
        stays = env["hospitality.stay"].create(
            [
                self.stay_values(stay, booking, profile)
                for (_guest, _booking, stay), booking, profile in zip(messages, bookings, profiles, strict=True)
            ]
        )
        env["hospitality.stay.guest"].create(
            [
                {"stay_id": stay.id, "profile_id": profile.id, "role": "primary", "sleeps": True, "pays": True}
                for stay, profile in zip(stays, profiles, strict=True)
            ]
        )
        env.flush_all()

    def stay_values(self, stay, booking, profile):
        from datetime import date

        from odoo.addons.hospitality_connectors.engine.canonical import payload_hash

        nights = (date.fromisoformat(stay["departure"]) - date.fromisoformat(stay["arrival"])).days
        copied = "status arrival departure booked_on market meal_plan adults children rate_amount".split()
        return {
            "source_id": self.source.id,
            "external_id": stay["external_id"],
            "version": stay["version"],
            "payload_hash": payload_hash(stay),
            "property_id": self.property.id,
            "booking_id": booking.id,
            "profile_id": profile.id,
            "room_type_id": self.room_type.id,
            "channel_id": self.channel.id,
            "currency_id": self.property.currency_id.id,
            "revenue_basis": "rate",
            "amount_room": float(stay["rate_amount"]) * nights,
            "amount_total": float(stay["rate_amount"]) * nights,
            "lead_time": (date.fromisoformat(stay["arrival"]) - date.fromisoformat(stay["booked_on"])).days,
            **{name: stay[name] for name in copied if name in stay},
        }


def live(env, connector, numbers, size):
    """Milliseconds of database time of single messages: from the committed row to the committed stay."""
    thread = threading.current_thread()
    thread.query_count, thread.query_time = 0, 0.0
    spent, statements = [], []
    from odoo.addons.hospitality_crm.tools.claim import lane_env

    for k in numbers:
        (inbox_id,) = store(env, connector, range(k, k + 1), size)
        thread.query_count, thread.query_time = 0, 0.0
        with lane_env(env) as own:
            connector.with_env(own)._process_one(inbox_id)
            before, started = thread.query_time, time.perf_counter()
            own.cr.commit()
            # Some statements run within the commit: they are in its time already.
            spent.append(before + time.perf_counter() - started)
        statements.append(thread.query_count)
    spent.sort()
    return 1000 * spent[int(len(spent) * 0.95)], max(statements)


def main():
    arguments = parse_arguments(size=1_000_000, messages=20_000)
    size, count = arguments.size, arguments.messages
    environment.configure(CONFIGURATION, TEMPLATE)
    base = bench_database("ingest", size, ingest_data.build, [ingest_data.__file__])
    ours_db, peer_db = copy_of(base), copy_of(base, "peer")
    times = {"ours": [], "four": [], "loop": [], "batch": []}
    # Messages of the peer's warm-up and batches are about other guests than those that are compared.
    far, warm = 10 * size + size // 2, 10 * size + size - 100
    with odoo_env(ours_db) as env, odoo_env(peer_db) as peer_env:
        connector = connect(env, "bench_pms")
        peer = Peer(peer_env, "bench_pms")
        peer.run(range(warm, warm + 20), size, 1)
        # What both write is compared before any other message touches the same guests.
        store(env, connector, range(CHECKED), size)
        drain(connector)
        env.cr.rollback()
        sums = [checksum(env.cr, ROWS, ["bench_pms", CHECKED])]
        for turn in range(ROUNDS):
            first = 20 * size + turn * count
            store(env, connector, range(first, first + count), size)
            times["ours"].append(timed(lambda: drain(connector)) / count)
            numbers = range(turn * PEER, (turn + 1) * PEER)
            times["loop"].append(timed(lambda n=numbers: peer.run(n, size, 1)) / PEER)
            numbers = range(far + turn * PEER, far + (turn + 1) * PEER)
            times["batch"].append(timed(lambda n=numbers: peer.run(n, size, PEER)) / PEER)
            first = 30 * size + turn * 2 * count
            numbers = range(first, first + 2 * count)
            times["four"].append(
                ours_in_four(ours_db, connector.id, lambda n=numbers: store(env, connector, n, size)) / len(numbers)
            )
        live_p95, statements = live(env, connector, range(40 * size, 40 * size + LIVE), size)
        sums.append(checksum(peer_env.cr, ROWS, ["bench_pms", CHECKED]))
    median = {name: statistics.median(values) for name, values in times.items()}
    table(
        ["", "messages/s", "µs each"],
        [[name, 1 / seconds, 1e6 * seconds] for name, seconds in median.items()],
    )
    print(f"live: p95 {live_p95:.1f} ms of database time, at most {statements} statements")
    result(
        "ingest",
        ratio=median["loop"] / median["ours"],
        ratio4=median["loop"] / median["four"],
        rate=1 / median["ours"],
        rate4=1 / median["four"],
        live_p95_ms=live_p95,
        equal=int(sums[0] == sums[1]),
        batch_ratio=median["batch"] / median["ours"],
        statements=statements,
        size=size,
    )


def timed(action):
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    if sys.argv[1:2] == ["--lane"]:
        lane(sys.argv[2], int(sys.argv[3]))
    else:
        main()
