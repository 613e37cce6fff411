"""Installing on a live Odoo: how long until a million existing contacts are adopted, and do people notice?

Builds a database of Odoo's own modules with ``--size`` contacts by SQL, installs ``hospitality_crm`` as an
administrator does, runs the background adoption to its end, updates the module (``-u``) over the filled tables and
uninstalls it. All the while another process reads and writes contacts as staff would: by SQL during installation,
through the ORM after it.

Last line, ``adopt`` with: ``seconds`` installation and adoption together; ``install_s background_s update_s
uninstall_s`` the parts; ``staff_p95_ms staff_max_ms`` one read and write of a contact by staff meanwhile;
``profiles`` made; ``equal`` 1 when the columns that were there hold the same values after everything; ``rewritten`` 1
when the table was rewritten; ``indexes`` online indexes that are valid; ``left`` columns and tables of ours that
uninstallation left behind; ``restored`` 1 when views, actions, menus, rules and groups are what they were.
"""

import contextlib
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import time

import common
import psycopg2

from setup.lib import database

CORE = os.environ.get("HOSPITALITY_CORE", "")
STAFF_PAUSE = 0.1
SCREENS = {
    "ir_ui_view": "name, model, active, mode, priority, inherit_id, arch_db",
    "ir_act_window": "name, res_model, domain, context, view_mode, target, view_id, search_view_id",
    "ir_act_server": "name, model_id, state, code",
    "ir_ui_menu": "name, parent_id, active, sequence, action",
    "ir_rule": "name, model_id, domain_force, active",
    "res_groups": "name, share",
    "res_groups_implied_rel": "gid, hid",
}


def build(cursor, size: int) -> None:
    """Contacts as a live Odoo has them: several scripts, addresses shared and missing, some companies and children."""
    cursor.execute("SELECT coalesce(max(id), 0) FROM res_partner")
    start = cursor.fetchone()[0] + 1000
    cursor.execute(
        """
        INSERT INTO res_partner (id, name, complete_name, email, email_normalized, phone, phone_sanitized, lang, street,
                                 city, country_id, is_company, type, active, partner_share, commercial_partner_id,
                                 parent_id, create_uid, write_uid, create_date, write_date)
        SELECT n.id, n.name, n.name, n.email, lower(n.email), n.phone, replace(n.phone, ' ', ''), 'en_US',
               CASE WHEN n.i %% 3 > 0 THEN 'Street ' || n.i %% 977 END, 'Town ' || n.i %% 311,
               CASE WHEN n.i %% 4 > 0 THEN (SELECT id FROM res_country WHERE code = 'UA') END,
               n.company, CASE WHEN n.child AND n.i %% 2 = 0 THEN 'delivery' ELSE 'contact' END, n.i %% 50 > 0, true,
               CASE WHEN n.child THEN n.id - 1 ELSE n.id END, CASE WHEN n.child THEN n.id - 1 END, 1, 1,
               now() - n.i * interval '1 minute', now() - n.i * interval '1 minute'
          FROM (SELECT i, %(start)s + i AS id, i %% 30 = 7 AS company, i %% 30 = 8 AS child,
                       CASE WHEN i %% 30 = 7 THEN 'Company ' || i
                            WHEN i %% 3 = 0 THEN g.cyrillic || ' ' || f.cyrillic || i / 7000 %% 97
                            ELSE g.latin || ' ' || f.latin || chr((97 + i %% 26)::int) || i / 7000 %% 97 END AS name,
                       CASE WHEN i %% 10 < 6 THEN 'Guest.' || i || '@mail' || i %% 41 || '.ua'
                            WHEN i %% 10 = 6 THEN 'info@agency' || i %% 997 || '.ua' END AS email,
                       CASE WHEN i %% 10 < 5 THEN '+380 67 ' || lpad((i * 7919 %% 10000000)::text, 7, '0')
                            WHEN i %% 10 = 5 THEN '050 ' || lpad((i * 104729 %% 10000000)::text, 7, '0') END AS phone
                  FROM generate_series(1, %(size)s::bigint) AS i
                  JOIN unnest(%(given)s, %(given_cyrillic)s) WITH ORDINALITY AS g (latin, cyrillic, nth)
                    ON g.nth = 1 + i %% 8
                  JOIN unnest(%(family)s, %(family_cyrillic)s) WITH ORDINALITY AS f (latin, cyrillic, nth)
                    ON f.nth = 1 + i / 8 %% 8) n
        """,
        {
            "start": start,
            "size": size,
            "given": ["Anna", "Taras", "Olena", "Ivan", "Maria", "Petro", "Yulia", "Andrii"],
            "given_cyrillic": ["Ганна", "Тарас", "Олена", "Іван", "Марія", "Петро", "Юлія", "Андрій"],
            "family": ["Koval", "Shevchenko", "Bondar", "Melnyk", "Tkach", "Shcherbak", "Petrosyan", "Lysenko"],
            "family_cyrillic": ["Коваль", "Шевченко", "Бондар", "Мельник", "Ткач", "Щербак", "Петросян", "Лисенко"],
        },
    )
    cursor.execute("SELECT setval('res_partner_id_seq', (SELECT max(id) FROM res_partner))")


def odoo(name: str, *arguments: str) -> float:
    """Run Odoo on the database until it stops; return the seconds."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "odoo", "-c", common.CONFIGURATION, "-d", name, "--stop-after-init", "--no-http"]
    subprocess.run([*command, "--log-level=warn", *arguments], check=True)
    return time.perf_counter() - started


def query(name: str, text: str, parameters=None) -> list[tuple]:
    connection = psycopg2.connect(**common.server().arguments(name))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(text, parameters)
            return cursor.fetchall()
    finally:
        connection.close()


@contextlib.contextmanager
def staff(name: str, way: str, turns: list[float]):
    """Let another process read and write contacts all the time; collect the seconds of each turn."""
    command = [sys.executable, __file__, "--staff", name, way]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            process.stdout.readline()
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            turns += json.loads(process.communicate(timeout=120)[0] or "[]")


def work_as_staff(name: str, way: str) -> None:
    """Read a contact and change another until SIGTERM, then print the seconds of each turn."""
    going = True

    def stop(*_arguments):
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    turns: list[float] = []
    low, high = query(name, "SELECT min(id), max(id) FROM res_partner")[0]
    chance = random.Random(1)

    def turn(work) -> None:
        started = time.perf_counter()
        work(chance.randint(low, high), chance.randint(low, high))
        turns.append(time.perf_counter() - started)
        time.sleep(STAFF_PAUSE)

    if way == "sql":
        connection = psycopg2.connect(**common.server().arguments(name))

        def by_sql(first: int, second: int) -> None:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT id, name, email, phone, street, city FROM res_partner WHERE id = %s", [first])
                cursor.execute("UPDATE res_partner SET color = 1 WHERE id = %s", [second])

        print("ready", flush=True)
        while going:
            turn(by_sql)
    else:
        with common.odoo_env(name) as env:
            env["res.partner"].browse(high).read(["name"])
            env.cr.rollback()

            def by_orm(first: int, second: int) -> None:
                env.invalidate_all()
                partners = env["res.partner"].with_context(active_test=False)
                partners.search([("id", "=", first)]).read(["display_name", "email", "phone", "street", "city"])
                partners.search([("id", "=", second)]).write({"color": 1})
                env.cr.commit()

            print("ready", flush=True)
            while going:
                turn(by_orm)
    print(json.dumps(turns), flush=True)


def run_background(name: str) -> None:
    """The adoption job to its end, as the cron worker runs it, and the online indexes."""
    with common.odoo_env(name, commit=True) as env:
        from odoo.addons.hospitality_crm.models.guest.hospitality_adoption import INDEXES
        from odoo.addons.hospitality_crm.tools import online_index

        env["hospitality.adoption"]._run_adoption()
        env.cr.commit()
        # The job's thread may still be building; what it leaves is built here.
        while any(online_index.get_state(env.cr, index) != "valid" for index in INDEXES):
            env.cr.commit()
            online_index.build(name, INDEXES)
            time.sleep(0.2)


def uninstall(name: str) -> float:
    started = time.perf_counter()
    code = (
        "import common\n"
        f"with common.odoo_env({name!r}, commit=True) as env:\n"
        "    env['ir.module.module'].search([('name', '=', 'hospitality_crm')]).button_immediate_uninstall()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=pathlib.Path(__file__).parent)
    return time.perf_counter() - started


def columns_of(name: str) -> list[str]:
    rows = query(
        name,
        "SELECT attname FROM pg_attribute WHERE attrelid = 'res_partner'::regclass AND attnum > 0"
        " AND NOT attisdropped ORDER BY attname",
    )
    # Staff changes the colour all the time.
    return [column for (column,) in rows if column not in ("color", "write_date", "write_uid")]


def fingerprint(name: str, columns: list[str]) -> str:
    listed = ", ".join(f'"{column}"' for column in columns)
    return str(query(name, f"SELECT count(*), sum(hashtextextended(ROW({listed})::text, 0))::text FROM res_partner")[0])


def screens(name: str) -> set[tuple]:
    """Views, actions, menus, rules and groups of a database, as they are stored."""
    found = set()
    for table, columns in SCREENS.items():
        rows = query(name, f"SELECT md5(ROW({columns})::text) FROM {table}")  # constants of this file
        found |= {(table, *row) for row in rows}
    return found


def left_behind(name: str, columns: list[str]) -> int:
    extra = set(columns_of(name)) - set(columns)
    tables = query(
        name, "SELECT relname FROM pg_class WHERE relname LIKE '%hospitality%' AND relkind IN ('r', 'i', 'v')"
    )
    views = query(name, "SELECT name FROM ir_model WHERE model LIKE 'hospitality.%'")
    return len(extra) + len(tables) + len(views)


def main() -> None:
    arguments = common.parse_arguments(size=1_000_000)
    server = common.server()
    stem = f"bench_adopt_{arguments.size}"
    source, target = f"{stem}_base", f"copy_adopt_{arguments.size}"
    if os.environ.get("HOSPITALITY_FRESH"):
        database.drop(server, source)
    if not database.exists(server, source):
        database.clone(server, CORE, source)
        connection = psycopg2.connect(**server.arguments(source))
        with connection, connection.cursor() as cursor:
            build(cursor, arguments.size)
        connection.autocommit = True
        connection.cursor().execute("VACUUM ANALYZE")
        connection.close()
    database.drop(server, target)
    database.clone(server, source, target)
    columns = columns_of(target)
    before = fingerprint(target, columns)
    screens_before = screens(target)
    file_before = query(target, "SELECT pg_relation_filenode('res_partner')")

    install_turns: list[float] = []
    with staff(target, "sql", install_turns):
        install_s = odoo(target, "-i", "hospitality_crm")
    file_after = query(target, "SELECT pg_relation_filenode('res_partner')")
    adopt_turns: list[float] = []
    with staff(target, "orm", adopt_turns):
        started = time.perf_counter()
        run_background(target)
        background_s = time.perf_counter() - started
    profiles = query(target, "SELECT count(*) FROM hospitality_profile")[0][0]
    indexes = query(
        target,
        "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE c.relname LIKE 'res_partner_hospitality%' AND i.indisvalid",
    )[0][0]
    equal = fingerprint(target, columns) == before
    update_s = odoo(target, "-u", "hospitality_crm")
    uninstall_s = uninstall(target)
    for change in sorted(screens(target) ^ screens_before):
        print("changed:", *change)
    equal = equal and fingerprint(target, columns) == before

    rows = []
    for label, turns in (("staff while installing", install_turns), ("staff while adopting", adopt_turns)):
        rows.append([label, len(turns), 1000 * statistics.median(turns), 1000 * percentile(turns), 1000 * max(turns)])
    common.table(["", "turns", "p50 ms", "p95 ms", "max ms"], rows)
    everything = install_turns + adopt_turns
    common.result(
        "adopt",
        seconds=install_s + background_s,
        install_s=install_s,
        background_s=background_s,
        update_s=update_s,
        uninstall_s=uninstall_s,
        staff_p95_ms=1000 * percentile(everything),
        staff_max_ms=1000 * max(everything),
        profiles=profiles,
        indexes=indexes,
        rewritten=int(file_before != file_after),
        equal=int(equal),
        left=left_behind(target, columns),
        restored=int(screens(target) == screens_before),
    )
    database.drop(server, target)


def percentile(turns: list[float], share: float = 0.95) -> float:
    return sorted(turns)[min(len(turns) - 1, int(share * len(turns)))]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--staff"]:
        work_as_staff(*sys.argv[2:4])
    else:
        main()
