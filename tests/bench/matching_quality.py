"""How good a clustering of guests is, against the truth: plain numpy over label arrays.

``labels[i]`` is the cluster of row ``i`` and ``persons[i]`` whose row it is, both any integers.
"""

from dataclasses import dataclass

import numpy as np

CYRILLIC, ARMENIAN, HAN, OTHER, LATIN = "cyr", "arm", "han", "other", "latin"
_BLOCKS = (
    (0x0400, 0x052F, CYRILLIC),
    (0x0530, 0x058F, ARMENIAN),
    (0x3400, 0x9FFF, HAN),
    (0xF900, 0xFAFF, HAN),
    (0x20000, 0x2FFFF, HAN),
)


@dataclass(frozen=True)
class Quality:
    """Figures of one clustering.

    ``precision``, ``recall`` and ``f1`` are of pairs of rows in one cluster (the transitive closure), ``b3`` is B-cubed
    F1, the mean over rows. ``mixed`` is the share of all clusters, single rows included, that hold rows of more than
    one person; ``mixed_multi`` the same of clusters of two rows and more.
    """

    precision: float
    recall: float
    f1: float
    b3: float
    mixed: float
    mixed_multi: float
    clusters: int
    largest: int


def pairs_in(sizes):
    sizes = sizes.astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def codes(values):
    """Dense codes from 0 of any array."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def quality(labels, persons):
    """Compare a clustering with the truth.

    >>> q = quality(np.array([1, 1, 1, 2]), np.array([7, 7, 8, 8]))
    >>> round(q.precision, 3), q.recall, q.mixed, q.mixed_multi, q.clusters
    (0.333, 0.5, 0.5, 1.0, 2)
    """
    labels, persons = codes(labels), codes(persons)
    label_sizes, person_sizes = np.bincount(labels), np.bincount(persons)
    cells, cell_sizes = np.unique(labels * len(person_sizes) + persons, return_counts=True)
    cell_labels, cell_persons = np.divmod(cells, len(person_sizes))
    hits, found, true = pairs_in(cell_sizes), pairs_in(label_sizes), pairs_in(person_sizes)
    precision, recall = hits / found if found else 1.0, hits / true if true else 1.0
    squares = cell_sizes.astype(float) ** 2
    b3_precision = (squares / label_sizes[cell_labels]).sum() / len(labels)
    b3_recall = (squares / person_sizes[cell_persons]).sum() / len(labels)
    mixed = int((np.bincount(cell_labels, minlength=len(label_sizes)) > 1).sum())
    return Quality(
        precision=precision,
        recall=recall,
        f1=harmonic(precision, recall),
        b3=harmonic(b3_precision, b3_recall),
        mixed=mixed / len(label_sizes),
        mixed_multi=mixed / max(1, int((label_sizes > 1).sum())),
        clusters=len(label_sizes),
        largest=int(label_sizes.max()),
    )


def harmonic(a, b):
    return 2 * a * b / (a + b) if a + b else 0.0


def true_pairs(persons):
    """All pairs of rows of one person, as two index arrays with left < right.

    >>> [side.tolist() for side in true_pairs(np.array([5, 6, 5, 5]))]
    [[0, 0, 2], [2, 3, 3]]
    """
    persons = codes(persons)
    order = np.argsort(persons, kind="stable")
    sizes = np.bincount(persons)
    starts = np.cumsum(sizes) - sizes
    lefts, rights = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for size in np.unique(sizes[sizes > 1]):
        rows = order[starts[sizes == size][:, None] + np.arange(size)]
        one, other = np.triu_indices(size, 1)
        lefts.append(rows[:, one].ravel())
        rights.append(rows[:, other].ravel())
    left, right = np.concatenate(lefts), np.concatenate(rights)
    order = np.lexsort((right, left))
    return left[order], right[order]


def recall_of(labels, left, right):
    """Share of the given true pairs that are in one cluster; NaN of none."""
    return float((labels[left] == labels[right]).mean()) if len(left) else float("nan")


def script_of(text):
    """The script of a name: that of its first letter outside Latin, else Latin.

    >>> script_of("Anna КОВАЛЬ"), script_of("王小明"), script_of("O'Brien"), script_of("Արմեն")
    ('cyr', 'han', 'latin', 'arm')
    """
    if text.isascii():
        return LATIN
    for letter in text:
        code = ord(letter)
        if code >= 0x0370 and letter.isalpha() and not 0x1E00 <= code <= 0x1EFF:
            return next((name for low, high, name in _BLOCKS if low <= code <= high), OTHER)
    return LATIN


def recall_by_scripts(labels, left, right, scripts):
    """Recall of true pairs by the scripts of their two rows.

    :return: dict of (script, script) in alphabetical order -> (recall, number of pairs)
    """
    names, code = np.unique(scripts, return_inverse=True)
    low, high = np.minimum(code[left], code[right]), np.maximum(code[left], code[right])
    hit = labels[left] == labels[right]
    cells = low * len(names) + high
    counts = np.bincount(cells, minlength=len(names) ** 2)
    hits = np.bincount(cells, weights=hit, minlength=len(names) ** 2)
    return {
        (str(names[cell // len(names)]), str(names[cell % len(names)])): (hits[cell] / counts[cell], int(counts[cell]))
        for cell in np.flatnonzero(counts)
    }


def wizard_labels(emails, names):
    """Clusters of Odoo's own wizard with e-mail and name ticked: both equal in lower case; blanks join nobody."""
    groups, labels = {}, np.empty(len(names), np.int64)
    for row, (email, name) in enumerate(zip(emails, names, strict=True)):
        key = (email.lower(), name.lower()) if email and name else row
        labels[row] = groups.setdefault(key, len(groups))
    return labels
