"""Relatives, namesakes, shared contacts: never merged by the engine itself; true matches of the same shape are."""

from collections import Counter, defaultdict

import numpy as np
import pytest
import traps
from engine import matching


@pytest.fixture(scope="module")
def population():
    return traps.build()


@pytest.fixture(scope="module")
def found(population):
    return matching.match_files([population.records], processes=1)


@pytest.fixture(scope="module")
def decisions(population, found):
    left = np.array([trap.left for trap in population.traps])
    right = np.array([trap.right for trap in population.traps])
    scores = matching.score(found.table, left, right, found.context)
    evidence = matching.evidence(found.table, left, right, found.context)
    return [matching.decide(score, reasons) for score, reasons in zip(scores, evidence, strict=True)]


def told(population, trap):
    return trap.shape, trap.culture, population.records[trap.left], population.records[trap.right]


def test_every_trap_stands_beside_a_true_match_of_its_shape(population):
    kinds = Counter((trap.shape, trap.culture, trap.same) for trap in population.traps)
    assert sum(not trap.same for trap in population.traps) >= 500
    assert set(kinds.values()) == {1}
    assert {kind[:2] for kind in kinds if kind[2]} == {kind[:2] for kind in kinds if not kind[2]}
    for trap in population.traps:
        assert (population.persons[trap.left] == population.persons[trap.right]) == trap.same


def test_names_and_contacts_are_the_same_in_every_run(population):
    assert traps.build().records == population.records


def test_no_trap_is_decided_to_be_merged(population, decisions):
    wrong = [
        told(population, trap)
        for trap, decision in zip(population.traps, decisions, strict=True)
        if not trap.same and decision == "merge"
    ]
    assert not wrong


def test_no_trap_ends_in_one_cluster(population, found):
    labels = found.labels
    wrong = [
        told(population, trap) for trap in population.traps if not trap.same and labels[trap.left] == labels[trap.right]
    ]
    assert not wrong


def test_no_cluster_of_the_whole_population_holds_two_people(population, found):
    members = defaultdict(set)
    for label, person in zip(found.labels.tolist(), population.persons, strict=True):
        members[label].add(person)
    mixed = [
        [population.records[row] for row in np.flatnonzero(found.labels == label)]
        for label, people in members.items()
        if len(people) > 1
    ]
    assert not mixed


def test_true_matches_of_the_same_shapes_are_merged(population, found):
    labels = found.labels
    same = [trap for trap in population.traps if trap.same]
    merged = [trap for trap in same if labels[trap.left] == labels[trap.right]]
    missed = Counter(trap.shape for trap in same) - Counter(trap.shape for trap in merged)
    assert len(merged) >= 0.6 * len(same), missed
