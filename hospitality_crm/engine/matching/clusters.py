"""Clusters of records from scored pairs: best evidence first, never against a contradiction."""

from typing import NamedTuple

import numpy as np

from .arrays import begins, combinations, runs
from .context import Context
from .model import barred_pairs
from .name_pairs import GIVEN_GROUP, compare_suffixes, compare_words
from .person import SINGLE
from .slots import SLOTS, compare_births, static_slots

OVERSIZE = 60
# How much worse the next best cluster must fit a record of half a name, and how much if it is certainly another person.
MARGIN = 0.7
MARGIN_OTHER = 2.5
# How much better a record of half a name must fit than a whole name.
HALF = 0.5
_DIFFERENT = SLOTS["birth"].index("year")
_CONFLICT = 6
# So many pairs are compared at a time.
CHUNK = 1 << 20


class Clusters(NamedTuple):
    """``labels``: the lowest row of each record's cluster. ``review``: pairs (left, right, reason) for people.

    Reasons: ``contradiction`` (enough evidence, but it would put contradicting records together), ``ambiguous``
    (an initial or a single word that fits several persons), ``guard`` (see :mod:`.guards`), ``oversize``.
    """

    labels: np.ndarray
    review: list


def cluster(table, left, right, score, threshold, context=None, vetoes=(), oversize=OVERSIZE, barred=None):
    """Return the :class:`Clusters` of pairs whose score reaches ``threshold``.

    Records that contradict each other (birth dates that differ by more than a slip, given names, generation
    (Jr), gender, document, or a veto) are never in one cluster; where they are connected, the pairs are taken
    by falling score as long as nothing contradicts. Records with an initial or one word for a name join one
    cluster at most and only where the next best is clearly worse, so that they never connect two.

    :param vetoes: pairs of rows decided to be different persons
    :param barred: whether a guard holds each pair back from being merged without a person's decision; found here for
        those that reach the threshold unless it is given
    """
    context = context or Context()
    vetoes = np.asarray(vetoes, np.int64).reshape(-1, 2)
    weak = _weak(table)
    rivals = np.flatnonzero((score >= threshold - MARGIN_OTHER) & (weak[left] != weak[right]))
    halves = left[rivals].astype(np.int64), right[rivals].astype(np.int64), score[rivals]
    kept = np.flatnonzero(score >= threshold)
    if barred is None:
        barred = np.zeros(len(score), bool)
        barred[kept] = barred_pairs(static_slots(table, left[kept], right[kept], context))
    review = [(int(left[row]), int(right[row]), "guard") for row in kept[barred[kept]]]
    kept = kept[~barred[kept]]
    # Among equals the lower ids come first, whatever the order of the rows.
    one, other = table.id[left[kept]], table.id[right[kept]]
    kept = kept[np.lexsort((np.maximum(one, other), np.minimum(one, other), -score[kept]))]
    left, right, score = left[kept].astype(np.int64), right[kept].astype(np.int64), score[kept]
    judge = _Judge(table, context, vetoes)
    solid = ~weak[left] & ~weak[right]
    labels = _guarded(judge, left[solid], right[solid], np.arange(len(table)), oversize, review)
    allowed = np.ones(len(rivals), bool) if barred is None else ~barred[rivals]
    labels = _attach(judge, weak, *halves, allowed & (halves[2] >= threshold + HALF), labels, review)
    loose = weak[left] & weak[right] & (score >= threshold + HALF) & (labels[left] == left) & (labels[right] == right)
    loose &= ~_attached(weak, labels)[left] & ~_attached(weak, labels)[right]
    labels = _guarded(judge, left[loose], right[loose], labels, oversize, review)
    return Clusters(labels, review)


def _attached(weak, labels):
    return weak & (labels != np.arange(len(labels)))


def _weak(table):
    words = table.words
    short = (words.length[table.given] < 2) | (words.length[table.family] < 2)
    return (table.kind == 0) & (short | ((table.flags & SINGLE) > 0))


def components(size, left, right):
    """Return the lowest row of each row's connected component.

    >>> components(5, np.array([0, 3]), np.array([2, 4])).tolist()
    [0, 1, 0, 3, 3]
    """
    labels = np.arange(size, dtype=np.int64)
    left, right = np.asarray(left, np.int64), np.asarray(right, np.int64)
    while len(left):
        a, b = labels[left], labels[right]
        open_ = a != b
        if not open_.any():
            break
        left, right, a, b = left[open_], right[open_], a[open_], b[open_]
        low, high = np.minimum(a, b), np.maximum(a, b)
        np.minimum.at(labels, high, low)
        while True:
            jumped = labels[labels]
            if (jumped == labels).all():
                break
            labels = jumped
    return labels


class _Judge:
    """Says which records contradict each other."""

    def __init__(self, table, context, vetoes):
        self.table, self.context, self.vetoes = table, context, vetoes

    def enemies(self, left, right):
        """Whether pairs contradict each other; the same document overrules names and dates."""
        table = self.table
        given, _family, _order = compare_words(table, left, right, self.context)
        births = compare_births(table.birth[left], table.birth[right])
        suffix = compare_suffixes(table, left, right)
        result = GIVEN_GROUP[given] == _CONFLICT
        result |= births >= _DIFFERENT
        result |= (suffix == 2) & (births != 2)
        result &= ~self._same_document(left, right)
        result |= suffix == 3
        result |= (table.gender[left] != table.gender[right]) & (table.gender[left] > 0) & (table.gender[right] > 0)
        return result | ((table.kind[left] > 0) != (table.kind[right] > 0))

    def _same_document(self, left, right):
        result = np.zeros(len(left), bool)
        for one in self.table.document.T:
            for other in self.table.document.T:
                result |= (one[left] == other[right]) & (one[left] >= 0)
        return result

    def signatures(self, rows):
        """Return a number per row, equal where rows can't be told apart by :meth:`enemies`."""
        table = self.table
        columns = [
            table.given[rows], table.family[rows], table.middle[rows], table.birth[rows], table.suffix[rows],
            table.gender[rows], table.kind[rows], table.family2[rows], table.document[rows, 0],
        ]  # fmt: skip
        order = np.lexsort(columns)
        changed = np.zeros(len(rows), bool)
        for column in columns:
            sorted_ = column[order]
            changed[1:] |= sorted_[1:] != sorted_[:-1]
        result = np.empty(len(rows), np.int64)
        result[order] = np.cumsum(changed)
        return result


def _contradicting(judge, labels, rows):
    """Return pairs of ``rows`` of one label that contradict each other, one row for each signature."""
    signature = judge.signatures(rows)
    label = labels[rows]
    _unique, first = np.unique(label * (signature.max(initial=0) + 1) + signature, return_index=True)
    rows, label = rows[first], label[first]
    order = np.lexsort((rows, label))
    rows, label = rows[order], label[order]
    starts, sizes = runs(label)
    found, waiting, count = [], [], 0
    for size in np.unique(sizes[sizes > 1]):
        block = rows[starts[sizes == size][:, None] + np.arange(size)]
        one, other = combinations(int(size))
        for at in range(0, len(block), max(1, CHUNK // len(one))):
            part = block[at : at + max(1, CHUNK // len(one))]
            waiting.append((part[:, one].ravel(), part[:, other].ravel()))
            count += len(waiting[-1][0])
            if count >= CHUNK:
                found.append(_enemies_of(judge, waiting))
                waiting, count = [], 0
    if waiting:
        found.append(_enemies_of(judge, waiting))
    return np.concatenate(found) if found else np.zeros((0, 2), np.int64)


def _enemies_of(judge, pairs):
    a, b = (np.concatenate(side) for side in zip(*pairs, strict=True))
    enemies = judge.enemies(a, b)
    return np.stack([a[enemies], b[enemies]], 1)


def _guarded(judge, left, right, labels, oversize, review):
    """Join ``left`` and ``right``, best first, into ``labels``; components without a contradiction in one go."""
    joined = components(len(labels), left, right)
    touched = np.unique(np.concatenate([left, right]))
    if not len(touched):
        return labels
    enemies = _contradicting(judge, joined, touched)
    if len(judge.vetoes):
        same = joined[judge.vetoes[:, 0]] == joined[judge.vetoes[:, 1]]
        enemies = np.concatenate([enemies, judge.vetoes[same]])
    bad = np.zeros(len(labels), bool)
    bad[joined[enemies[:, 0]]] = True
    sizes = np.bincount(joined, minlength=len(labels))
    bad |= sizes > oversize
    careful = bad[joined[left]]
    fine = ~bad[joined[touched]]
    result = labels.copy()
    result[touched[fine]] = joined[touched[fine]]
    _join_best_first(judge, left[careful], right[careful], joined, enemies, result, oversize, review)
    return result


def _join_best_first(judge, left, right, joined, enemies, result, oversize, review):
    hostile = {}
    nodes = np.unique(np.concatenate([left, right]))
    signature = dict(zip(nodes.tolist(), judge.signatures(nodes).tolist(), strict=True)) if len(nodes) else {}
    vetoed = {}
    for a, b in judge.vetoes.tolist():
        vetoed.setdefault(a, set()).add(b)
        vetoed.setdefault(b, set()).add(a)
    for a, b in enemies.tolist():
        if a in signature and b in signature:
            hostile.setdefault(signature[a], set()).add(signature[b])
            hostile.setdefault(signature[b], set()).add(signature[a])
    members = {node: [node] for node in nodes.tolist()}
    signs = {node: {signature[node]} for node in nodes.tolist()}
    foes = {node: set(hostile.get(signature[node], ())) for node in nodes.tolist()}
    root = {node: node for node in nodes.tolist()}
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        one, other = root[a], root[b]
        if one == other:
            continue
        if len(members[one]) + len(members[other]) > oversize:
            review.append((a, b, "oversize"))
        elif not foes[one].isdisjoint(signs[other]) or _vetoed(vetoed, members[one], members[other]):
            review.append((a, b, "contradiction"))
        else:
            if other < one:
                one, other = other, one
            for node in members[other]:
                root[node] = one
            members[one] += members.pop(other)
            signs[one] |= signs.pop(other)
            foes[one] |= foes.pop(other)
    for node, top in root.items():
        result[node] = top


def _vetoed(vetoed, one, other):
    if not vetoed:
        return False
    other = set(other)
    return any(not vetoed[node].isdisjoint(other) for node in one if node in vetoed)


def _attach(judge, weak, left, right, score, allowed, labels, review):
    """Give each weak record the one cluster that fits it best, if the next best is clearly worse.

    :param allowed: pairs that may be joined; the others are rivals only
    """
    if not len(left):
        return labels
    swap = weak[right]
    node, goal = np.where(swap, right, left), np.where(swap, left, right)
    label = labels[goal]
    order = np.lexsort((label, -score, node))
    node, goal, label, score, allowed = node[order], goal[order], label[order], score[order], allowed[order]
    first = begins(node)
    number = np.cumsum(first) - 1
    best = np.flatnonzero(first)
    behind = score[best][number] - score
    rival = (label != label[best][number]) & (behind < MARGIN_OTHER)
    far = np.flatnonzero(rival & (behind >= MARGIN))
    rival[far] = judge.enemies(goal[far], goal[best][number[far]])
    ambiguous = np.zeros(len(best), bool)
    ambiguous[number[rival]] = True
    for at in best[ambiguous & allowed[best]]:
        review.append((int(node[at]), int(goal[at]), "ambiguous"))
    chosen = best[~ambiguous & allowed[best]]
    result = labels.copy()
    result[node[chosen]] = label[chosen]
    touched = np.flatnonzero(np.isin(result, label[chosen]))
    enemies = _contradicting(judge, result, touched)
    if len(judge.vetoes):
        same = result[judge.vetoes[:, 0]] == result[judge.vetoes[:, 1]]
        enemies = np.concatenate([enemies, judge.vetoes[same]])
    signature = np.full(len(labels), -1, np.int64)
    signature[touched] = judge.signatures(touched)
    foe = np.zeros(len(labels), bool)
    marks = {(int(result[a]), int(signature[row])) for a, b in enemies for row in (a, b)}
    for row in node[chosen]:
        if (int(result[row]), int(signature[row])) in marks:
            foe[row] = True
    for row in np.flatnonzero(foe):
        review.append((int(row), int(result[row]), "contradiction"))
        result[row] = row
    return result
