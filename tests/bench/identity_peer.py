"""Splink 4 as a peer of the matching engine, in the best honest form we know.

Splink compares columns; what it is given is what our engine knows of a record: folded names, own e-mail addresses,
telephone numbers without country code, plausible birth dates, and contact values that more than 12 different names
share left out (without that it finds half as much). Blocking, comparisons and training follow its own tutorials for
persons: u from random pairs, m by expectation maximisation, names with term frequencies.
"""

import logging
import time
import warnings

import numpy as np

HUB = 12
RARE = 20
# Match weight (log2 of the odds) at which its clusters have the best pair F1 on files of this kind.
WEIGHT = 6.0


def columns(table):
    """Return the columns for Splink of an engine's table, as a dict of arrays with None for blanks."""
    words = np.array([*table.words.sounds, None], object)
    given, family = words[table.given], words[table.family]
    low, high = np.minimum(table.given, table.family), np.maximum(table.given, table.family)
    names = low.astype(np.int64) * (len(words) + 1) + high
    sounds = np.sort(np.stack([table.words.sound[table.given], table.words.sound[table.family]]), axis=0)
    both = (table.given >= 0) & (table.family >= 0)
    mixed = np.where(both, sounds[0] * 31 + sounds[1], 0)
    phones = table.phone[:, 0] % 10**9
    return {
        "unique_id": np.arange(len(table)),
        "given": given,
        "family": family,
        "name_key": _text(mixed),
        "rare_name": _text(_rare(mixed)),
        "email": _text(_without_hubs(table.email[:, 0].astype(np.int64) + 1, names)),
        "phone": _text(_without_hubs(phones, names)),
        "birth": np.array([f"{d // 10000:04d}-{d // 100 % 100:02d}-{d % 100:02d}" if d else None for d in table.birth]),
        "document": _text(table.document[:, 0].astype(np.int64) + 1),
        "loyalty": _text(table.loyalty[:, 0]),
        "address": _text(np.where(table.street >= 0, (table.street.astype(np.int64) + 1) << 32 | table.house, 0)),
        "city": _text(table.city.astype(np.int64) + 1),
        "country": _text(table.country),
    }


def _rare(names):
    _values, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
    return np.where(counts[inverse] <= RARE, names, 0)


def _text(column):
    return np.where(column != 0, column.astype("U21"), None).astype(object)


def _without_hubs(values, names):
    """Blank the values that more than ``HUB`` different names share."""
    rows = np.flatnonzero(values)
    pairs = np.unique(np.stack([values[rows], names[rows]], 1), axis=0)
    distinct, counts = np.unique(pairs[:, 0], return_counts=True)
    return np.where(np.isin(values, distinct[counts > HUB]), 0, values)


def match(table, threads=4, weight=WEIGHT):
    """Train, predict and cluster.

    :return: array of cluster labels per row of the table, and the seconds of each step
    """
    import duckdb
    import pandas as pd
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    steps, started = {}, time.perf_counter()

    def step(name):
        nonlocal started
        steps[name], started = time.perf_counter() - started, time.perf_counter()

    frame = pd.DataFrame(columns(table))
    step("columns")
    rules = [
        block_on("email"),
        block_on("phone"),
        block_on("document"),
        block_on("loyalty"),
        block_on("rare_name"),
        block_on("name_key", "city"),
        block_on("name_key", "birth"),
        block_on("birth", "family"),
        block_on("birth", "given"),
        block_on("address", "family"),
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=rules,
        comparisons=[
            cl.NameComparison("given"),
            cl.NameComparison("family"),
            cl.DateOfBirthComparison("birth", input_is_string=True),
            cl.ExactMatch("email").configure(term_frequency_adjustments=True),
            cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
            cl.ExactMatch("document"),
            cl.ExactMatch("loyalty"),
            cl.ExactMatch("address"),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.ExactMatch("country"),
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET threads = {int(threads)}")
    linker = Linker(frame, settings, db_api=DuckDBAPI(connection=connection))
    sure = [block_on("document"), block_on("name_key", "email"), block_on("name_key", "phone")]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("email"), block_on("phone"), block_on("name_key", "birth")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    step("train")
    predictions = linker.inference.predict(threshold_match_weight=weight)
    step("predict")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predictions, threshold_match_weight=weight)
    result = clusters.as_pandas_dataframe()[["unique_id", "cluster_id"]]
    labels = np.empty(len(table), np.int64)
    labels[result["unique_id"].to_numpy()] = result["cluster_id"].to_numpy()
    step("cluster")
    return labels, steps
