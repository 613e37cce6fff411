"""Opening a guest: what the browser waits for until header, alerts, key facts and the first timeline rows are there.

A real server answers over HTTP on this machine, to a client in a process of its own. A guest's form is one request
(``web_read`` with the fields of the form, the card among them); the floor is the cheapest request the web client makes
(``has_group``: no record is read). Guests are any of those whose visits fill a page of the timeline. All
requests are made in turn, so that a slow moment of the machine hits them all; figures are medians.

Keys: ``floor_ratio`` form against floor, ``p50_ms`` of the form, ``queries`` of the form, ``tab_queries`` of the worst
further tab, ``rows`` of the shortest timeline, ``board_ms`` and ``board_queries`` of the arrivals board.
"""

import multiprocessing
import pathlib
import statistics
import threading
import time

import visits_data
from common import bench_database, odoo_env, parse_arguments, result, table
from web_client import Client

FACTS = pathlib.Path(__file__).parent / "sql" / "guest_facts.sql"
GUESTS = 60
# Some visits, such as bills on a room, have no row of their own in a timeline, whose page has 40.
VISITS = 60
LOGIN = "bench_manager"
TABS = ("stays", "tables", "wishes", "contacts", "relations", "consents")


def build(cursor, size):
    visits_data.build(cursor, size, charges=False)
    cursor.execute(FACTS.read_text())


def prepare(database):
    """Create the user; return his id, his companies, the form's fields, and guests whose timelines are long."""
    from odoo.fields import Command

    with odoo_env(database, commit=True) as env:
        groups = env.ref("base.group_user") | env.ref("hospitality_crm.group_hospitality_manager")
        user = env["res.users"].search([("login", "=", LOGIN)]) or env["res.users"].create(
            {
                "name": "Bench Manager",
                "login": LOGIN,
                "password": LOGIN,
                "group_ids": [Command.set(groups.ids)],
                "company_ids": [Command.set(env["res.company"].search([]).ids)],
            }
        )
        form = env.ref("hospitality_crm.hospitality_guest_view_form")
        fields = env["res.partner"].with_user(user).get_view(form.id, "form")["models"]["res.partner"]
        # In a small data set, where too few have a full page, those with the most visits.
        env.cr.execute(
            "SELECT partner_id FROM (SELECT partner_id FROM hospitality_stay UNION ALL"
            " SELECT partner_id FROM hospitality_check) AS visits WHERE partner_id IS NOT NULL"
            " GROUP BY partner_id ORDER BY least(count(*), %s) DESC, md5(partner_id::text) LIMIT %s",
            [VISITS, GUESTS],
        )
        guests = [row[0] for row in env.cr.fetchall()]
        return user.id, user.company_ids.ids, [*fields, "display_name"], guests


def requests_for(guest, user_id, company_ids, fields):
    """Return the requests for one guest by name: model, method, arguments, keyword arguments."""
    context = {"lang": "en_US", "tz": "Europe/Paris", "uid": user_id, "allowed_company_ids": company_ids}
    name_only, form = {"name": {}}, {field: {} for field in fields}
    return {
        "floor": ("res.users", "has_group", [user_id, "base.group_user"], {"context": context}),
        "name": ("res.partner", "web_read", [[guest]], {"specification": name_only, "context": context}),
        "form": ("res.partner", "web_read", [[guest]], {"specification": form, "context": context}),
        "board": ("hospitality.board", "get_board", [], {"context": context}),
        **{f"tab {tab}": ("hospitality.guest.card", "get_tab", [guest, tab], {"context": context}) for tab in TABS},
    }


def time_requests(port, database, rounds):
    """Return the milliseconds of each request by name, and how many rows the timelines had."""
    client = Client(port, database, LOGIN)
    spent, rows = {name: [] for name in rounds[0]}, []
    for request in rounds[0].values():
        client.call(*request)
    for requests in rounds:
        for name, request in requests.items():
            started = time.perf_counter()
            answer = client.call(*request)
            spent[name].append(1000 * (time.perf_counter() - started))
            if name == "form":
                rows.append(len(answer[0]["guest_card"]["timeline"]["rows"]))
    return {name: statistics.median(values) for name, values in spent.items()}, rows


def count_queries(port, database, rounds):
    """Return the most queries of each request by name."""
    import odoo.sql_db

    client = Client(port, database, LOGIN)
    counts = dict.fromkeys(rounds[0], 0)
    for requests in (rounds[0], *rounds):
        for name, request in requests.items():
            before = odoo.sql_db.sql_counter
            client.call(*request)
            if requests is not rounds[0]:
                counts[name] = max(counts[name], odoo.sql_db.sql_counter - before)
    return counts


def measure(database):
    user_id, company_ids, fields, guests = prepare(database)
    rounds = [requests_for(guest, user_id, company_ids, fields) for guest in guests]

    import odoo.http
    from odoo.service.server import ThreadedWSGIServerReloadable
    from odoo.tools import config

    config["http_interface"], config["dbfilter"] = "127.0.0.1", f"^{database}$"
    server = ThreadedWSGIServerReloadable("127.0.0.1", 0, odoo.http.root)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    queries = count_queries(server.server_port, database, rounds)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        spent, rows = pool.apply(time_requests, (server.server_port, database, rounds))
    server.shutdown()
    return spent, queries, rows


def main():
    size = parse_arguments(size=1_000_000).size
    database = bench_database("guest_form", size, build=build, sources=[__file__, visits_data.__file__, FACTS])
    spent, queries, rows = measure(database)
    table(
        ["request", "ms", "times floor", "queries"],
        [[name, spent[name], spent[name] / spent["floor"], queries[name]] for name in spent],
    )
    result(
        "guest_form",
        floor_ratio=spent["form"] / spent["floor"],
        p50_ms=spent["form"],
        queries=queries["form"],
        tab_queries=max(count for name, count in queries.items() if name.startswith("tab ")),
        rows=min(rows),
        board_ms=spent["board"],
        board_queries=queries["board"],
    )


if __name__ == "__main__":
    main()
