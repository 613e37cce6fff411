"""Fit the matching weights on a folder with guests.parquet and truth.parquet, and write weights.json.

    python tests/bench/fit_matching.py DIR [--auto 4 --ask 0] [--out FILE]

Needs pyarrow. The thresholds are kept as given: they are calibrated on other data than the weights are fitted on.
``--alone`` is taken off names without any other evidence: pairs of namesakes grow with the square of a population,
so that a name says less in a larger one than where the weights were fitted.
"""

import argparse
import json
import time
from pathlib import Path

import guests_files
import numpy as np
from engine_alone import matching

from hospitality_crm.engine.matching import fit, pipeline
from hospitality_crm.engine.matching.model import PATH, barred_pairs
from hospitality_crm.engine.matching.slots import counted_slots, static_slots


def fit_table(table, persons, rounds=3, say=None, **options):
    """Return weights fitted on all compared pairs of a table, and how many of these there are and are one person.

    :param persons: the true person of each row
    :param int rounds: how often persons per name are counted anew by the clusters of the weights found so far
    :param options: of :func:`fit.fit`, among them ``thresholds``
    """
    left, right = pipeline.find_pairs(table)
    same = persons[left] == persons[right]
    context = matching.Context.of(table)
    slots = static_slots(table, left, right, context)
    labels = pipeline.sure_labels(len(table), left, right, slots)
    for number in range(rounds):
        context = context.recount(table, labels)
        slots |= counted_slots(table, left, right, context, slots, labels)
        weights = fit.fit(slots, same, **options)
        barred = barred_pairs(slots)
        labels = matching.cluster(table, left, right, weights.score(slots), weights.auto, context, barred=barred).labels
        if say:
            say(f"round {number + 1} of {rounds}")
    return weights, len(left), int(same.sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--auto", type=float, default=4)
    parser.add_argument("--ask", type=float, default=0)
    parser.add_argument("--alone", type=float, default=0)
    parser.add_argument("--ridge", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", default=str(PATH))
    options = parser.parse_args()
    start = time.time()

    def say(text):
        print(f"{text}: {time.time() - start:.0f} s", flush=True)

    table = matching.normalise(guests_files.readers(options.folder))
    say(f"{len(table):,} rows")
    weights, pairs, same = fit_table(
        table,
        guests_files.truth(options.folder),
        options.rounds,
        say,
        ridge=options.ridge,
        thresholds={"auto": options.auto, "ask": options.ask},
    )
    weights.origin = f"{Path(options.folder).name}: {pairs} pairs, {same} of them one person"
    if options.alone:
        alone = [level.startswith("alone:") for level in matching.SLOTS["chance"]]
        weights.tables["chance"][np.array(alone)] -= options.alone
        weights.origin += f"; {options.alone:g} taken off names alone"
    Path(options.out).write_text(json.dumps(weights.values(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
