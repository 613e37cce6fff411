"""What is held against vendors' descriptions is found where it is wrong."""

import importlib.util
import json
import urllib.parse

import pytest
from described import FOLDER, Prism
from fakes.fake import Answer, Fake, json_answer

SAID = "?! said"
WRONG = json.dumps("not what was asked for").encode()
FORM = "application/x-www-form-urlencoded"


class Parrot(Fake):
    """Answers everything alike."""

    status = 200

    def answer(self, call):
        return Answer(self.status) if call.method == "HEAD" else json_answer("not what was asked for", self.status)


@pytest.fixture(scope="module", params=["cloudbeds", "ohip", "ohip_outbound", "square"])
def prism(request):
    with Parrot().running() as parrot, Prism(request.param, parrot.url).running() as prism:
        prism.parrot = parrot
        yield prism


@pytest.fixture(scope="module")
def cloudbeds():
    with Parrot().running() as parrot, Prism("cloudbeds", parrot.url).running() as prism:
        yield prism


def problems(prism, method, path, body=None, **headers):
    """Return the problems of a request: ``{place: rules}``."""
    prism.problems.clear()
    prism.ask(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    found = {}
    for problem in prism.problems:
        found.setdefault(problem.place, set()).add(problem.rule)
    return found


def schema_of(parameter):
    return parameter.get("schema", parameter)


def is_narrow(parameter):
    """Whether a description says more of a parameter than that it is text."""
    schema = schema_of(parameter)
    return schema.get("type") in ("integer", "number", "boolean") or bool(
        schema.keys() & {"enum", "pattern", "format"} - ({"format"} if schema.get("format") == "password" else set())
    )


def test_every_schema_is_in_force(prism):
    """Prism lets everything pass where it can't read a schema."""
    for (method, path), operation in prism.description.operations.items():
        parameters = [each for each in operation["parameters"] if each["in"] != "body"]
        # One of each place is enough: those of a place are one schema.
        narrow = {each["in"]: each["name"] for each in parameters if is_narrow(each)}
        query = {narrow["query"]: SAID} if "query" in narrow else {}
        headers = {narrow["header"]: SAID} if "header" in narrow else {}
        bodies = [each for each in operation["parameters"] if each["in"] == "body"]
        content = prism.description.resolved(operation.get("requestBody", {})).get("content", {})
        takes_json = bool(bodies) or "application/json" in content
        address = path.replace("{", "%3F").replace("}", "")
        address += f"?{urllib.parse.urlencode(query)}" if query else ""
        kind = {"content-type": "application/json"} if takes_json else {}
        for prism.parrot.status in (200, 201):
            found = problems(prism, method, address, WRONG if takes_json else None, **headers, **kind)
            places = {".".join(place.split(".")[:2]) for place in found}
            assert {f"request.{place}" for place in narrow.keys() & {"query", "header", "path"}} <= places, found
            if takes_json:
                assert "request.body" in places, (method, path, found)
            answer = prism.description.resolved(operation["responses"].get(str(prism.parrot.status), {}))
            if answer.get("schema") or answer.get("content"):
                assert "response.body" in places, (method, path, found)


GOOD = {"filters": {"field": "id", "operator": "equals", "value": "1"}}


@pytest.mark.parametrize(
    ("method", "path", "body", "place"),
    [
        ("GET", "/api/v1.3/getGuestsModified?pageNumber=1", None, ""),
        ("GET", "/api/v1.3/getGuestsChanged", None, "request"),
        ("POST", "/api/v1.3/getGuestsModified", None, "request"),
        ("GET", "/api/v1.3/getGuestsModified?since=2026", None, "request.query.since"),
        ("GET", "/api/v1.3/getGuestsModified?pageNumber=one", None, "request.query.pagenumber"),
        ("POST", "/accounting/v1.0/transactions", GOOD, ""),
        ("POST", "/accounting/v1.0/transactions", "filters=1", "request"),
        ("POST", "/accounting/v1.0/transactions", {"filters": {**GOOD["filters"], "operator": "is"}}, "request.body"),
        ("POST", "/accounting/v1.0/transactions", {**GOOD, "sorted": 1}, "request.body"),
        ("POST", "/accounting/v1.0/transactions", {}, "request.body"),
        ("POST", "/api/v1.3/postGuestNote", "guestID=1&guestNote=Hello", ""),
        ("POST", "/api/v1.3/postGuestNote", "guestID=1&guestNote=Hello&text=Hello", "request.form.text"),
        ("POST", "/api/v1.3/postGuestNote", {"guestID": "1", "guestNote": "Hello"}, "request"),
    ],
)
def test_what_is_wrong_is_found(cloudbeds, method, path, body, place):
    headers = {"x_api_key": "k", "authorization": "Bearer t", "X_Property_ID": "37"}
    if body is not None:
        headers["content_type"] = FORM if isinstance(body, str) else "application/json"
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    found = problems(cloudbeds, method, path, body, **headers)
    asked = [each for each in found if each.startswith("request")]
    assert asked if place else not asked, found
    assert not place or [each for each in asked if each.startswith(place)], found


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/*.json")), ids=lambda path: path.stem)
def test_trimmed_descriptions_are_whole(path):
    """To trim one once more changes nothing: all that it refers to is there."""
    spec = importlib.util.spec_from_file_location("trim", FOLDER / "trim.py")
    trim = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(trim)
    known = json.loads(path.read_text())
    assert trim.trim(known, known) == known


def test_requests_without_rights_are_found(cloudbeds):
    assert problems(cloudbeds, "GET", "/api/v1.3/getHotels")["request"] == {401}
