"""Searching partners: the field of every partner picker and the search of the contacts, against the core.

Partners have names as life has them (33,000 family names, 4,000 given names, the frequent ones hundreds of times as
frequent as the median, one in eight in Cyrillic letters), addresses of few providers and telephone numbers of eight
prefixes. The peer is what the core searches: five ``ilike`` joined by OR. Both run in turn in one process with a cold
record cache; the figures are milliseconds in PostgreSQL.

Keys: ``rare_ratio`` and ``rare_ms`` are the medians over the rare terms (address, digits, unusual name, no match),
``p95_ms`` the 95th percentile over all terms and both searches, ``slower`` how many of them took more than 1.1 times
the core plus 2 ms, ``exponent`` the mean growth from 10,000 partners on.
"""

import math
import pathlib
import statistics
import threading
import time

from common import bench_database, medians_of, odoo_env, parse_arguments, result, table

DATA = pathlib.Path(__file__).parent / "sql" / "search.sql"
SMALL = 10_000
CORE_FIELDS = ("complete_name", "ref", "email", "vat", "company_registry")
CARD = {name: {} for name in ("display_name", "email", "phone", "city", "is_company", "active")}


def build(cursor, size):
    cursor.execute(DATA.read_text(), {"size": size})
    cursor.execute("DELETE FROM ir_config_parameter WHERE key = 'hospitality_crm.guest_search_complete'")


def adopt(database):
    """Give every partner of a new data set his search text; print how long that takes."""
    with odoo_env(database, commit=True) as env:
        Search = env["hospitality.guest.search"]
        if Search._is_complete():
            return
        started = time.perf_counter()
        last = 0
        while last := Search._adopt(last):
            env.cr.commit()
        seconds = time.perf_counter() - started
        env.cr.execute("SELECT count(*) FROM hospitality_guest_search")
        count = env.cr.fetchone()[0]
        print(f"search texts of {count:,} partners: {seconds:.1f} s, {1e6 * seconds / count:.1f} µs each")
        env.cr.commit()
        env.cr._cnx.autocommit = True
        env.cr.execute("VACUUM ANALYZE hospitality_guest_search")
        env.cr.execute("VACUUM ANALYZE res_partner")
        env.cr._cnx.autocommit = False


def terms(env):
    """Terms to look for, as (kind, term) with kind rare, usual or frequent, by how often they occur."""

    def pick(query):
        env.cr.execute(query)
        return [row[0] for row in env.cr.fetchall()]

    chosen = [("rare", "zzqqxv"), ("rare", "qwxzerty lmnopq")]
    chosen += [
        ("rare", term) for term in pick("SELECT email FROM res_partner WHERE email ~ '@corp' ORDER BY id LIMIT 2")
    ]
    chosen += [
        ("rare", term)
        for term in pick("SELECT '0' || right(phone, 9) FROM res_partner WHERE phone ~ '^.380' ORDER BY id LIMIT 2")
    ]
    chosen += [
        ("rare", term)
        for term in pick(
            "SELECT word FROM (SELECT split_part(name, ' ', 2) AS word FROM res_partner WHERE is_guest) w"
            " WHERE length(word) > 6 GROUP BY word HAVING count(*) <= 3 ORDER BY md5(word) LIMIT 4"
        )
    ]
    for part in (1, 2):
        ranks = (1, 2, 4, 8, 15, 30, 60, 120, 250, 500, 1000, 2000)
        names = pick(
            f"SELECT split_part(name, ' ', {part:d}) AS word FROM res_partner WHERE is_guest AND name ~ '^[A-Z]'"
            " GROUP BY word ORDER BY count(*) DESC, word"
        )
        chosen += [("usual", names[rank]) for rank in ranks if rank < len(names)]
    chosen += [("usual", term) for term in pick("SELECT name FROM res_partner WHERE is_guest ORDER BY id LIMIT 2")]
    frequent = ("a", "an", "mar", "sha", "enko", "kova", "38050", "@gmail", "gmail.com", "vina an", "мар")
    chosen += [("frequent", term) for term in frequent]
    return chosen


class Searches:
    """The two searches, ours and the core's, over one environment of an ordinary internal user."""

    def __init__(self, env):
        from odoo.fields import Domain

        self.env = env(user=env.ref("base.user_admin").id)
        self.partner = self.env["res.partner"]
        self.domain = Domain

    def _core_domain(self, term):
        return self.domain.OR(self.domain(name, "ilike", term) for name in CORE_FIELDS)

    def pick(self, term):
        return self.partner.name_search(term, limit=8)

    def core_pick(self, term):
        found = self.partner.search_fetch(self._core_domain(term), ["display_name"], limit=8)
        return [(partner.id, partner.display_name) for partner in found.sudo()]

    def list(self, term):
        return self._list([("display_name", "ilike", term)])

    def core_list(self, term):
        return self._list(list(self._core_domain(term)))

    def _list(self, domain):
        return self.partner.web_search_read(domain, CARD, limit=40, count_limit=10_001)

    def sql_ms(self, search, term):
        """Milliseconds in PostgreSQL of one search with an empty cache."""
        self.env.invalidate_all()
        thread = threading.current_thread()
        thread.query_count, thread.query_time = 0, 0.0
        search(term)
        return thread.query_time * 1000


def measure(database, quick):
    """Return rows (kind, search, term, found, ours, core) in milliseconds of SQL; the core's only unless ``quick``."""
    rows = []
    with odoo_env(database) as env:
        searches = Searches(env)
        for kind, term in terms(env):
            found = searches.list(term)["length"]
            for name, ours, core in (
                ("picker", searches.pick, searches.core_pick),
                ("list", searches.list, searches.core_list),
            ):
                spent = {ours: [], core: []}

                def run(search, term=term, spent=spent):
                    spent[search].append(searches.sql_ms(search, term))

                actions = [lambda run=run, ours=ours: run(ours)]
                if not quick:
                    actions.append(lambda run=run, core=core: run(core))
                medians_of(5, *actions)
                rows.append(
                    (
                        kind,
                        name,
                        term,
                        found,
                        statistics.median(spent[ours]),
                        statistics.median(spent[core]) if spent[core] else None,
                    )
                )
    return rows


def main():
    size = parse_arguments(size=1_000_000).size
    databases = {number: bench_database("search", number, build, sources=[DATA]) for number in (SMALL, size)}
    for database in databases.values():
        adopt(database)
    small = measure(databases[SMALL], quick=True)
    large = measure(databases[size], quick=False)
    table(
        ["term", "search", "kind", "found", "ours ms", "core ms", "times", "of 1.1 core + 2 ms"],
        [
            [term, name, kind, found, ours, core, core / ours, f"{100 * ours / (1.1 * core + 2):.0f} %"]
            for kind, name, term, found, ours, core in large
        ],
    )
    rare = [row for row in large if row[0] == "rare"]
    exponents = [
        math.log(one[4] / other[4]) / math.log(size / SMALL)
        for one, other in zip(large, small, strict=True)
        if size > SMALL
    ]
    spent = sorted(row[4] for row in large)
    result(
        "search",
        rare_ratio=statistics.median(row[5] / row[4] for row in rare),
        rare_ms=statistics.median(row[4] for row in rare),
        p95_ms=spent[math.ceil(0.95 * len(spent)) - 1],
        exponent=statistics.mean(exponents) if exponents else 0.0,
        slower=sum(row[4] > 1.1 * row[5] + 2 for row in large),
        rare_worst_ms=max(row[4] for row in rare),
        worst_ms=spent[-1],
    )


if __name__ == "__main__":
    main()
