"""The reader of vendors' descriptions finds what is wrong with a request."""

import pytest
from fakes import spec_check
from fakes.fake import Call

GOOD = Call("GET", "/api/v1.3/getGuestsModified", {"resultsFrom": "2026-03-28 00:00:00", "pageNumber": "1"}, {}, b"")
JSON = {"content-type": "application/json", "x-property-id": "37"}
SEARCH = Call("POST", "/accounting/v1.0/transactions", {}, JSON, b'{"filters": {"field": "id", "operator": "equals"}}')
FORM = {"content-type": "application/x-www-form-urlencoded"}
NOTE = Call("POST", "/api/v1.3/postGuestNote", {}, FORM, b"guestID=1&guestNote=Hello")


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (GOOD, ""),
        (SEARCH, ""),
        (NOTE, ""),
        (GOOD._replace(path="/api/v1.3/getGuestsChanged"), "nothing that the vendor knows"),
        (GOOD._replace(method="POST"), "nothing that the vendor knows"),
        (GOOD._replace(query={"since": "2026"}), "query since is not known"),
        (GOOD._replace(query={"pageNumber": "one"}), "should be integer"),
        (GOOD._replace(query={"checkInFrom": "28.03.2026"}), "is no date"),
        (GOOD._replace(query={"resultsFrom": "2026-03-28"}), "is no date-time"),
        (SEARCH._replace(headers={"content-type": "application/json"}), "header X-Property-ID is missing"),
        (SEARCH._replace(headers={**JSON, "x-property-id": "a"}), "should be integer"),
        (SEARCH._replace(body=b"{}"), "body.filters is missing"),
        (SEARCH._replace(body=SEARCH.body.replace(b"equals", b"is")), "none of the forms"),
        (SEARCH._replace(body=SEARCH.body.replace(b'"filters"', b'"sorted": 1, "filters"')), "sorted is not known"),
        (NOTE._replace(body=b"guestID=1&text=Hello"), "form text is not known"),
        (NOTE._replace(headers=JSON), "should be application/x-www-form-urlencoded"),
    ],
)
def test_requests(call, word):
    problems = spec_check.check(spec_check.load("cloudbeds"), call)
    assert bool(problems) == bool(word)
    assert word in "; ".join(problems)
