import pytest

from hospitality_crm.engine import matching
from hospitality_crm.engine.matching.guards import GUARDS
from hospitality_crm.engine.matching.model import _value as get_value


@pytest.mark.parametrize("guard", [guard for guard in GUARDS if guard not in ("none", "word")])
def test_what_a_guard_is_about_can_be_shown(guard):
    normal = matching.prepare(
        {"id": 1, "kind": "person", "name": "Anna Koval", "emails": ["anna@koval.ua"], "phones": ["+380673918264"]}
    )
    shown = get_value(normal, guard)
    assert isinstance(shown, str)
    assert guard != "contact" or "koval" in shown
