"""What every benchmark needs: a data set built once, an Odoo environment over it, medians, checksums, a result line.

A benchmark is a script run by ``./setup/bench NAME``. It measures ours and the peer in turn, in one run, and takes the
median of five::

    arguments = parse_arguments(size=100_000)
    database = bench_database("search", arguments.size, build=build, sources=[__file__])
    with odoo_env(database) as env:
        ours, peer = medians_of(5, lambda: search(env), lambda: core_search(env))
    table(["", "seconds"], [["ours", ours], ["core", peer]])
    result("search", size=arguments.size, ours_s=ours, peer_s=peer)
"""

import argparse
import atexit
import contextlib
import hashlib
import os
import pathlib
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from setup.lib import database, postgres, shell

TEMPLATE = os.environ.get("HOSPITALITY_TEMPLATE", "")
CONFIGURATION = os.environ.get("HOSPITALITY_ODOO_CONF", "")


def parse_arguments(size: int, **more: int) -> argparse.Namespace:
    """Read ``--size`` and further whole numbers of the command line, with their defaults."""
    parser = argparse.ArgumentParser()
    for name, default in {"size": size, **more}.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    return parser.parse_args()


def server() -> postgres.Server:
    """The PostgreSQL that ``./setup/bench`` started: durable, as in production."""
    kind = os.environ.get("HOSPITALITY_SERVER_KIND", "")
    if not kind:
        raise shell.SetupError("A benchmark is started by ./setup/bench NAME.")
    return postgres.Server(kind, host=os.environ.get("PGHOST", ""), user=os.environ.get("PGUSER", ""))


def bench_database(
    name: str, size: int, build: Callable[[object, int], None], sources: Sequence[str | os.PathLike] = ()
) -> str:
    """Name of a database with our addons and a data set of the given size, built once and kept.

    Another run finds it again unless our addons, one of ``sources`` or the size changed; ``--fresh`` builds it anew.

    :param build: fills an empty product database; gets a psycopg2 cursor in a transaction of its own, and the size
    :param sources: files that the data set depends on, such as the builder's own
    """
    text = "".join(pathlib.Path(source).read_text() for source in sources)
    key = hashlib.sha256(f"{TEMPLATE} {size} {text}".encode()).hexdigest()[:12]
    stem = f"bench_{name}_{size}_"
    target = stem + key
    for old in database.names(server(), stem):
        if old != target or os.environ.get("HOSPITALITY_FRESH"):
            database.drop(server(), old)
    if not database.exists(server(), target):
        shell.say(f"building the data set {name} of size {size:,}")
        _build(target, size, build)
    return target


def _build(target: str, size: int, build: Callable[[object, int], None]) -> None:
    import psycopg2

    database.drop_abandoned(server(), "part_")
    part = f"part_{os.getpid()}_{target}"
    database.clone(server(), TEMPLATE, part)
    connection = psycopg2.connect(**server().arguments(part))
    try:
        with connection, connection.cursor() as cursor:
            build(cursor, size)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    finally:
        connection.close()
    database.rename(server(), part, target)


def copy_of(source: str, purpose: str = "") -> str:
    """A copy of a data set for a benchmark that changes it; dropped when it ends or by the next one."""
    target = source.replace("bench_", f"copy{purpose}_", 1)
    for old in database.names(server(), target[: target.rindex("_") + 1]):
        database.drop(server(), old)
    atexit.register(database.drop, server(), target)
    database.clone(server(), source, target)
    return target


@contextlib.contextmanager
def odoo_env(name: str, *, commit: bool = False) -> Iterator:
    """The superuser's Odoo environment of a database; rolls back unless told to commit."""
    import environment

    environment.configure(CONFIGURATION, name)
    with environment.odoo_env(name, commit=commit) as env:
        yield env


def median_of(times: int, action: Callable[[], object]) -> float:
    """Median of the seconds that an action takes."""
    return statistics.median(_seconds(action) for _ in range(times))


def medians_of(times: int, *actions: Callable[[], object]) -> list[float]:
    """Medians of several actions run in turn, so that a slow moment of the machine hits them all."""
    rounds = [[_seconds(action) for action in actions] for _ in range(times)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def checksum(cr, query: str, parameters: Sequence[object] = ()) -> str:
    """Twelve hex digits that stand for a query's rows in any order: equal work has equal sums."""
    cr.execute(query, parameters)
    digests = sorted(hashlib.sha256(repr(row).encode()).digest() for row in cr.fetchall())
    return hashlib.sha256(b"".join(digests)).hexdigest()[:12]


def table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns: words to the left, numbers to the right."""
    lines = [[_cell(value) for value in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        first, *others = zip(line, widths, strict=True)
        print("  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.4f}" if value < 10 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def result(name: str, **values: object) -> None:
    """Print the closing line: ``NAME key=value key=value``."""
    shown = {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in values.items()}
    print(name, *(f"{key}={value}" for key, value in shown.items()), flush=True)
