"""Records as no vendor describes them, to see that an adapter says so and does not fall over."""

import copy
import json

import pytest
from hypothesis import strategies as st

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapters import records
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook.verify import Rejected
from hospitality_connectors.engine.types import EventError

STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["", "0", "-1", "NaN", "Infinity", "1e999999", "0001-01-01T00:00:00+14:00", "9" * 40, "\x00"]),
    st.just([]),
    st.just({}),
    st.lists(st.integers(), min_size=1, max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), min_size=1, max_size=2),
)


def _places(value, here=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*here, key)
        yield from _places(item, (*here, key))


@st.composite
def distorted(draw, record):
    """Return a copy of a JSON value in which a few values are something else, or missing."""
    record = copy.deepcopy(record)
    for _change in range(draw(st.integers(1, 3))):
        places = list(_places(record))
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        inside = record
        for key in way:
            inside = inside[key]
        if isinstance(inside, dict) and draw(st.booleans()):
            del inside[last]
        else:
            inside[last] = draw(STRANGE)
    return record


def parses(code, entity, record, env):
    """Parse a record as it would be after it was stored; what is raised is said to people."""
    adapter = adapters.get(code)
    try:
        raw = records.raw(entity, "X", record)
        for event in adapter.parse(adapter.redact(raw), env):
            validate(event)
    except EventError as error:
        assert isinstance(error.path, str) and error.code and error.message


def receives(code, request, env):
    """Take a proven request; what it brings can be stored and what is raised is said to people."""
    adapter = adapters.get(code)
    error = None
    try:
        received = adapter.receive(request, env)
    except EventError as caught:
        error = caught
    else:
        for raw in received.records:
            assert json.loads(adapter.redact(raw).body)
        for hint in received.hints:
            assert isinstance(hint.external_id, str) and hint.external_id
    assert adapter.reply(request, error).status


def refused(code, request, secrets, env):
    """A request that the vendor has not sent is not believed."""
    with pytest.raises(Rejected):
        adapters.get(code).hook.check(request, secrets)
    receives(code, request, env)
