"""Merging guests against the stock wizard, which runs on contacts of the same database that are no guests.

``one_ratio``: one cluster at a time, as a person merges, each in a transaction of its own: the wizard's seconds for one
cluster of each size from 2 to 20, divided by ours (medians of five; the wizard takes at most three contacts at once, so
it needs several calls for more). ``one_min``: the same for the size where it is lowest.
``bulk_ratio``: 10,000 clusters in one call, seconds per pair of winner and loser against those of the wizard's loop,
which is measured on a sample of clusters of the same sizes in the same round. ``pair_ms``: ours, with journal and
commit. ``equal``: 1 when the winner of every measured single cluster ended up with as many rows in every column that
can point at a contact as the wizard's winner over a cluster with equal rows. Ratings and mailing traces are left out:
the wizard loses them.

Data: merge_data.py. The default size is 1,000,000 contacts with accounting, sales, CRM and points of sale.
"""

import random
import statistics
import time

import merge_data
from common import bench_database, copy_of, odoo_env, parse_arguments, result, table

from odoo import SUPERUSER_ID, api

VARIANT = "full"
ROUNDS = 5
SIZES = range(2, 21)
BULK = 10_000
SLOTS = (2, 2, 2, 3, 4)
"""Sizes of the five clusters that the bulk run finds in a block of 20."""
SAMPLE = 10
"""Blocks that the wizard merges in each round."""
BLOCK = 20
REFERENCES = """
SELECT c.relname, a.attname FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
 WHERE k.contype = 'f' AND k.confrelid = 'res_partner'::regclass AND c.relname NOT LIKE 'hospitality%'
   AND c.relname NOT LIKE 'base_partner_merge%' AND c.relname NOT IN ('res_partner', 'rating_rating')
"""
PAIRS = (
    ("mail_message", "model", "body LIKE '%%terrace%%'"),
    ("mail_followers", "res_model", "true"),
    ("ir_attachment", "res_model", "true"),
)


class Bench:
    """Both ways to merge, over clusters that nobody has merged yet."""

    def __init__(self, env, size):
        self.registry = env.registry
        self.env = env
        self.base = merge_data.base(env.cr)
        env.cr.commit()
        blocks = size // BLOCK
        plain = blocks - blocks // merge_data.PLAIN_SHARE
        chance = random.Random(5)
        self.guests = list(range(plain))
        chance.shuffle(self.guests)
        self.plain = {}
        for block in range(plain, blocks):
            self.plain.setdefault(self._class(block), []).append(block)

    def _class(self, block):
        """Blocks of one class have the same rows."""
        return block % (merge_data.PERIOD // BLOCK)

    def take_block(self, twin=False):
        """A block of guests; with a twin one that has a block of other contacts with the same rows."""
        for position in range(len(self.guests) - 1, -1, -1):
            if not twin or self.plain[self._class(self.guests[position])]:
                return self.guests.pop(position)
        raise SystemExit("The data set is too small: there are no more contacts to compare with.")

    def take_twin(self, block):
        """A block of contacts that are no guests, with the rows of a block of guests."""
        return self.plain[self._class(block)].pop()

    def cluster(self, block, size, skip=0):
        first = self.base + block * BLOCK + skip + 1
        return first, list(range(first + 1, first + size))

    # Ours

    def merge(self, clusters):
        groups = [(winner, losers, {"reason": "bench"}) for winner, losers in clusters]
        merges = self.env["hospitality.merge"]._merge_groups(groups)
        self.env.cr.commit()
        if len(merges) != len(groups):
            raise SystemExit(f"{len(groups) - len(merges)} of {len(groups)} clusters were refused.")

    # The peer

    def merge_stock(self, clusters):
        """As a person with the wizard, or its automatic run: a call and a commit per two losers."""
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        for winner, losers in clusters:
            for start in range(0, len(losers), 2):
                wizard._merge([winner, *losers[start : start + 2]], self.env["res.partner"].browse(winner))
                self.env.cr.commit()

    def seconds(self, action, *arguments):
        """Seconds of an action in a transaction of its own, with nothing in memory, as in a request."""
        started = time.perf_counter()
        with self.registry.cursor() as cr:
            self.env = api.Environment(cr, SUPERUSER_ID, {})
            action(*arguments)
        return time.perf_counter() - started

    def rows_of(self, partner):
        """Rows per column that points at a contact."""
        counts = {}
        with self.registry.cursor() as cr:
            cr.execute(REFERENCES)
            for name, column in cr.fetchall():
                cr.execute(f'SELECT count(*) FROM "{name}" WHERE "{column}" = %s', [partner])  # from the catalogue
                counts[name, column] = cr.fetchone()[0]
            for name, model, condition in PAIRS:
                query = (
                    f'SELECT count(*) FROM "{name}" WHERE "{model}" = %s AND res_id = %s AND {condition}'  # constants
                )
                cr.execute(query, ["res.partner", partner])
                counts[name, "res_id"] = cr.fetchone()[0]
        return counts


def build_indexes(env):
    """Build the indexes on references that core tables lack, as the product does every night."""
    from odoo.addons.hospitality_crm.tools import online_index

    missing = env["hospitality.merge"]._get_missing_indexes()
    env.cr.commit()
    built = online_index.build(env.cr.dbname, missing)
    print("indexes built:", *(built or ["none"]))


def measure_single(bench):
    """Per size: seconds of ours and the wizard; whether both moved the same."""
    seconds = {size: ([], []) for size in SIZES}
    equal = True
    for warm_up in (True, *(False,) * ROUNDS):
        for size in SIZES:
            block = bench.take_block(twin=True)
            mine, theirs = bench.cluster(block, size), bench.cluster(bench.take_twin(block), size)
            ours, stock = bench.seconds(bench.merge, [mine]), bench.seconds(bench.merge_stock, [theirs])
            if not warm_up:
                seconds[size][0].append(ours)
                seconds[size][1].append(stock)
            left, right = bench.rows_of(mine[0]), bench.rows_of(theirs[0])
            for key in sorted(left):
                if left[key] != right[key]:
                    equal = False
                    print(f"cluster of {size}: {key} has {left[key]} rows with us, {right[key]} with the wizard")
    return {size: [statistics.median(times) for times in both] for size, both in seconds.items()}, equal


def clusters_of(bench, blocks):
    found = []
    for block in blocks:
        skip = 0
        for size in SLOTS:
            found.append(bench.cluster(block, size, skip))
            skip += 4
    return found


def measure_bulk(bench):
    """Seconds per pair, ours and the wizard's, and the number of clusters in a call."""
    blocks = min(BULK // len(SLOTS), len(bench.guests) // ROUNDS)
    sample = min(SAMPLE, sum(map(len, bench.plain.values())) // ROUNDS)
    pairs = sum(SLOTS) - len(SLOTS)
    ours, stock = [], []
    for _round in range(ROUNDS):
        chosen, twins = [], []
        for _nth in range(sample):
            chosen.append(bench.take_block(twin=True))
            twins.append(bench.take_twin(chosen[-1]))
        chosen += [bench.take_block() for _nth in range(blocks - sample)]
        ours.append(bench.seconds(bench.merge, clusters_of(bench, chosen)) / blocks / pairs)
        stock.append(bench.seconds(bench.merge_stock, clusters_of(bench, twins)) / len(twins) / pairs)
        print(f"bulk of {blocks * len(SLOTS):,}: {1000 * ours[-1]:.2f} ms a pair, wizard {1000 * stock[-1]:.1f} ms")
    return statistics.median(ours), statistics.median(stock), blocks * len(SLOTS)


def main():
    arguments = parse_arguments(size=1_000_000)
    source = bench_database("merge", arguments.size, merge_data.build, [merge_data.__file__])
    with odoo_env(copy_of(source), commit=True) as env:
        build_indexes(env)
        bench = Bench(env, arguments.size)
        single, equal = measure_single(bench)
        table(
            ["one cluster of", "ours ms", "wizard ms", "ratio"],
            [[size, 1000 * ours, 1000 * stock, stock / ours] for size, (ours, stock) in single.items()],
        )
        ours, stock, clusters = measure_bulk(bench)
        table(
            [f"{clusters:,} clusters at once", "ms a pair", "ratio"],
            [["ours", 1000 * ours, stock / ours], ["wizard's loop", 1000 * stock, 1.0]],
        )
    result(
        "merge",
        one_ratio=sum(stock for _ours, stock in single.values()) / sum(ours for ours, _stock in single.values()),
        one_min=min(stock / ours for ours, stock in single.values()),
        bulk_ratio=stock / ours,
        pair_ms=1000 * ours,
        equal=int(equal),
        size=arguments.size,
        clusters=clusters,
    )


if __name__ == "__main__":
    main()
