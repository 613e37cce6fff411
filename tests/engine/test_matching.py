import doctest

import numpy as np
import pytest

from hospitality_crm.engine import matching
from hospitality_crm.engine.matching import chinese, clusters, model, normal, person, vocabulary


@pytest.mark.parametrize("module", [chinese, clusters, model, normal, person, vocabulary])
def test_doctests(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed


def test_explanation_sums_to_the_score():
    a = matching.prepare({"id": 1, "name": "Тарас Шевченко", "phones": ["+380441239867"]})
    b = matching.prepare({"id": 2, "name": "Shevchenko Taras", "phones": ["044 123 98 67"], "birthdate": "1984-02-01"})
    table = matching.Table.of([a, b])
    score = matching.score(table, np.array([0]), np.array([1]), matching.Context())
    assert sum(item.weight for item in matching.explain(a, b)) == pytest.approx(float(score[0]), abs=1e-4)
    assert matching.decide(float(score[0]), matching.explain(a, b)) == "merge"
