"""Guest identity resolution at size: our engine from raw rows to clusters, and Splink 4 from the same rows.

``./setup/bench identity --size 1000000``. The rows are those of ``--data DIR`` (a folder with ``guests.parquet`` and
``truth.parquet``), else made up by ``guests_made.py`` and kept. Each part runs in processes of its own, one after the
other, four for the engine (``--processes``) and four threads for DuckDB below Splink, which gets the columns that our
engine has normalised, made within its time (``identity_peer.py``). Times are without the start of Python.

Keys: ``seconds`` and ``rss_mb`` of the engine from rows to clusters; ``rss_mb`` is the highest sum over its processes
of their proportional sets (PSS): memory that they share counts once (the table also has the sum of their resident sets,
in which it counts once for each). ``splink_ratio`` is our seconds divided by Splink's, ``warm_seconds`` of a run over
normalised columns that were kept, ``odoo_seconds`` of the full run inside Odoo with two lanes, ``lookup_p95_ms`` of
what PostgreSQL is asked for one incoming profile, ``odoo_p95_ms`` of taking it in through Odoo, compared, attached and
committed, ``busy_ratio`` how much slower staff requests are during the full run. ``--no-odoo`` leaves the last four
out.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import guests_files
from common import result, table
from memory import PeakMemory

ODOO = ("odoo_seconds", "lookup_p95_ms", "odoo_p95_ms", "busy_ratio")


def arguments():
    parser = argparse.ArgumentParser(prog="identity", description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--data", help="folder with guests.parquet and truth.parquet")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--no-odoo", action="store_true", help="the engine and Splink only")
    parser.add_argument("--part", choices=sorted(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--kept", help=argparse.SUPPRESS)
    return parser.parse_args()


def engine(options):
    """From rows to clusters; keeps the normalised columns for :func:`warm`."""
    from engine_alone import matching

    with PeakMemory() as memory:
        started = time.perf_counter()
        found = matching.match_files(source(options), processes=options.processes)
        seconds = time.perf_counter() - started
    found.table.save(options.kept)
    return found.labels, seconds, memory, {"pairs": len(found.left)}


def warm(options):
    """From kept normalised columns to clusters."""
    from engine_alone import matching

    with PeakMemory() as memory:
        started = time.perf_counter()
        found = matching.match_table(matching.Table.load(options.kept), processes=options.processes)
        seconds = time.perf_counter() - started
    return found.labels, seconds, memory, {"pairs": len(found.left)}


def splink(options):
    """Splink from the same rows."""
    import identity_peer
    from engine_alone import matching

    with PeakMemory() as memory:
        started = time.perf_counter()
        columns = matching.normalise(source(options), options.processes)
        normalised = time.perf_counter() - started
        labels, steps = identity_peer.match(columns, options.processes)
        seconds = time.perf_counter() - started
    return labels, seconds, memory, {"normalise": normalised, **steps}


PARTS = {"engine": engine, "warm": warm, "splink": splink}


def source(options):
    """The batches of rows up to the size asked for."""
    return guests_files.readers(options.data, options.size)


def run_part(options):
    """Run one part in this process and print what it found as JSON."""
    import matching_quality as mq

    labels, seconds, memory, steps = PARTS[options.part](options)
    quality = mq.quality(labels, guests_files.truth(options.data)[: len(labels)])
    figures = {
        "seconds": seconds,
        "rss_mb": memory.mb,
        "resident_mb": memory.resident_mb,
        "steps": steps,
        "rows": len(labels),
    }
    print(json.dumps(figures | {"f1": quality.f1, "precision": quality.precision, "recall": quality.recall}))


def part(name, options, kept):
    """Run one part in a process of its own and return its figures."""
    command = [sys.executable, __file__, "--part", name, "--kept", kept, "--data", options.data]
    command += ["--size", str(options.size), "--processes", str(options.processes)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, stdin=subprocess.DEVNULL)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    options = arguments()
    if not options.data:
        import guests_made

        folder = pathlib.Path(os.environ.get("HOSPITALITY_BENCH_FOLDER") or tempfile.gettempdir())
        options.data = str(guests_made.folder(folder, options.size, processes=options.processes))
    if options.part:
        run_part(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        kept = str(pathlib.Path(folder) / "columns.npz")
        found = {name: part(name, options, kept) for name in ("engine", "warm", "splink")}
    rows = [
        [name, f["seconds"], f["rss_mb"], f["resident_mb"], f["precision"], f["recall"], f["f1"]]
        for name, f in found.items()
    ]
    table([f"{found['engine']['rows']:,} rows", "seconds", "PSS MB", "RSS MB", "P", "R", "pair F1"], rows)
    for name, figures in found.items():
        print(name, ", ".join(f"{step} {value:,.1f}" for step, value in figures["steps"].items()))
    size = found["engine"]["rows"]
    odoo = {}
    if not options.no_odoo:
        import identity_odoo

        odoo = identity_odoo.measure(options.data, size)
        table(["inside Odoo", ""], sorted(odoo.items()))
    result(
        "identity",
        size=size,
        seconds=found["engine"]["seconds"],
        rss_mb=found["engine"]["rss_mb"],
        splink_ratio=found["engine"]["seconds"] / found["splink"]["seconds"],
        warm_seconds=found["warm"]["seconds"],
        **{key: odoo[key] for key in ODOO if key in odoo},
    )


if __name__ == "__main__":
    main()
