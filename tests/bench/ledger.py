"""Check of a sealed ledger, and what sealing costs.

``seconds``: the whole chain of ``--size`` (100,000) consent statements is read, computed anew and compared, with the
search for entries past the seal; ``seal_seconds``: all of them are sealed by one sealer in its durable transactions;
``equal``: the chain holds, and one changed row is named.

The statements are written by SQL, one guest each.
"""

import statistics
import time

from common import bench_database, copy_of, odoo_env, parse_arguments, result, table

from odoo.tools import SQL

MODEL = "hospitality.consent.event"
ROUNDS = 5


def build(cursor, size):
    cursor.execute(
        """WITH guest AS (
               INSERT INTO res_partner (name, active, is_guest, type, lang)
               SELECT 'Ledger ' || n, TRUE, TRUE, 'contact', 'en_US' FROM generate_series(1, %(size)s) AS n
            RETURNING id),
           source AS (SELECT id FROM hospitality_source WHERE kind = 'odoo' LIMIT 1),
           profile AS (
               INSERT INTO hospitality_profile (source_id, external_id, partner_id, state, kind, values, seen_at)
               SELECT source.id, 'L' || guest.id, guest.id, 'live', 'person', '{}', now() FROM guest, source
            RETURNING id, source_id)
           INSERT INTO hospitality_consent_event
                  (uid, profile_id, company_id, purpose_id, purpose_code, channel, decision, legal_basis, lang,
                   method, source_id, actor, actor_uid, decided_at, recorded_at)
           SELECT gen_random_uuid(), p.id, (SELECT min(id) FROM res_company), u.id, u.code, 'email',
                  CASE WHEN p.id %% 5 = 0 THEN 'denied' ELSE 'granted' END, 'consent', 'en_US', 'form', p.source_id,
                  'guest', 1, now() - p.id * interval '1 minute', now()
             FROM profile p, hospitality_purpose u WHERE u.code = 'marketing'""",
        {"size": size},
    )


def main():
    arguments = parse_arguments(size=100_000)
    database = bench_database("ledger", arguments.size, build=build, sources=[__file__])
    with odoo_env(copy_of(database)) as env:
        Seal = env["hospitality.ledger.seal"]
        env.cr.rollback()
        started = time.perf_counter()
        while Seal._seal_step(MODEL):
            pass
        sealing = time.perf_counter() - started
        env.cr.rollback()
        checking, held = [], []
        for _round in range(ROUNDS):
            started = time.perf_counter()
            outcome = Seal._verify(MODEL)
            checking.append(time.perf_counter() - started)
            held.append(outcome["broken"] is None and outcome["sealed"] == arguments.size)
        env.cr.execute(SQL("ALTER TABLE hospitality_consent_event DISABLE TRIGGER USER"))
        env.cr.execute(
            SQL(
                "UPDATE hospitality_consent_event SET decision = 'granted' WHERE id = ("
                " SELECT id FROM hospitality_consent_event WHERE decision = 'denied' ORDER BY id LIMIT 1 OFFSET 99)"
                " RETURNING id"
            )
        )
        [(changed,)] = env.cr.fetchall()
        broken = Seal._verify(MODEL)["broken"]
        env.cr.rollback()
    seconds = statistics.median(checking)
    table(
        [f"{arguments.size} entries", "seconds", "entries/s"],
        [["seal", sealing, int(arguments.size / sealing)], ["verify", seconds, int(arguments.size / seconds)]],
    )
    result(
        "ledger",
        seconds=round(seconds, 2),
        seal_seconds=round(sealing, 2),
        equal=int(all(held) and broken is not None and broken.row_id == changed),
    )


if __name__ == "__main__":
    main()
