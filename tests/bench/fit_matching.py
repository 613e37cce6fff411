"""Fit the matching weights on a folder with guests.parquet and truth.parquet, and write weights.json.

    python tests/bench/fit_matching.py DIR [--auto 4 --ask 0] [--out FILE]

Needs pyarrow. The thresholds are kept as given: they are calibrated on other data than the weights are fitted on.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "hospitality_crm"))

from engine.matching import Context, cluster, normalise  # noqa: E402
from engine.matching.clusters import components  # noqa: E402
from engine.matching.fit import fit  # noqa: E402
from engine.matching.model import PATH, barred_pairs  # noqa: E402
from engine.matching.pipeline import find_pairs, sure_pairs  # noqa: E402
from engine.matching.slots import counted_slots, static_slots  # noqa: E402


def batches(folder, size=50_000):
    """Yield lists of records of ``guests.parquet``."""
    import pyarrow.parquet as parquet

    for batch in parquet.ParquetFile(Path(folder) / "guests.parquet").iter_batches(size):
        yield [record(row) for row in batch.to_pylist()]


def record(row):
    """Return canonical values of a row."""
    result = {"id": row["id"], "source": row["source"]}
    for key, column in (
        ("given_name", "given_name"), ("family_name", "family_name"), ("name", "full_name"),
        ("birthdate", "birthdate"), ("country", "country"), ("city", "city"), ("street", "street"), ("zip", "postcode"),
    ):  # fmt: skip
        if row[column]:
            result[key] = row[column]
    for key, column in (("emails", "email"), ("phones", "phone")):
        if row[column]:
            result[key] = [row[column]]
    if row["loyalty_no"]:
        result["memberships"] = [{"number": row["loyalty_no"]}]
    if row["passport_no"]:
        result["documents"] = [f"passport:{row['passport_no']}"]
    return result


def persons(folder, ids):
    """Return the true person of each id."""
    import pyarrow.parquet as parquet

    truth = parquet.read_table(Path(folder) / "truth.parquet", columns=["id", "person_id"])
    known = truth["id"].to_numpy()
    order = np.argsort(known)
    return truth["person_id"].to_numpy()[order[np.searchsorted(known[order], ids)]]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--auto", type=float, default=4)
    parser.add_argument("--ask", type=float, default=0)
    parser.add_argument("--ridge", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", default=str(PATH))
    options = parser.parse_args()
    start = time.time()
    table = normalise(batches(options.folder))
    left, right = find_pairs(table)
    person = persons(options.folder, table.id)
    same = person[left] == person[right]
    context = Context.of(table)
    slots = static_slots(table, left, right, context)
    sure = np.flatnonzero(sure_pairs(slots))
    labels = components(len(table), left[sure], right[sure])
    origin = f"{Path(options.folder).name}: {len(left)} pairs, {int(same.sum())} of them one person"
    thresholds = {"auto": options.auto, "ask": options.ask}
    print(f"{origin} ({time.time() - start:.0f} s)", flush=True)
    weights = None
    for number in range(options.rounds):
        context = context.recount(table, labels)
        slots |= counted_slots(table, left, right, context, slots, labels)
        weights = fit(slots, same, ridge=options.ridge, start=None, thresholds=thresholds, origin=origin)
        labels = cluster(
            table, left, right, weights.score(slots), options.auto, context, barred=barred_pairs(slots)
        ).labels
        print(f"round {number + 1}: {time.time() - start:.0f} s", flush=True)
    Path(options.out).write_text(json.dumps(weights.values(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
