"""A vendor's own description between an adapter and his fake: Prism holds both against it.

``tests/data/specs/VENDOR/*.json`` are the parts of the vendor's files that are used, see the ``SOURCE.md`` beside them.
Prism passes everything on and says in a header of the answer what is wrong with the request and with the answer.
``HOSPITALITY_PRISM`` is the command that starts it; ``./setup/test`` brings it along.
"""

import contextlib
import json
import os
import re
import shlex
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pytest

FOLDER = Path(__file__).parents[2] / "data" / "specs"
SECONDS_TO_START = 60
REFERENCE = re.compile(r'"#/((?:components/)?\w+)/')
GROUPS = ("definitions", "parameters", "responses")
OF_FILE = ("consumes", "produces", "security")
FIELDS = ("query", "formData")
FORM = "application/x-www-form-urlencoded"


class Problem(NamedTuple):
    """What a description has against a request or the answer to it.

    :ivar operation: method and path as described, such as ``GET /guests/{id}``
    :ivar place: ``request`` or ``response``, then names from the outside in, joined by dots, without numbers in lists
    :ivar rule: the word of JSON Schema that is broken; where there is none, what Prism says
    """

    operation: str
    place: str
    rule: str


class Description:
    """All descriptions of a vendor as one, so that one Prism serves them.

    Prism doesn't look at the base of paths, so it stands in them. Names that an object isn't described with are an
    error here, though a vendor would only ignore them.

    :ivar whole: the description
    :ivar operations: ``{(method, path): operation}``
    """

    def __init__(self, vendor):
        self.whole = {"info": {"title": vendor, "version": "1"}, "paths": {}}
        for path in sorted((FOLDER / vendor).glob("*.json")):
            # Files of one vendor may use one name for different things.
            text = REFERENCE.sub(rf'"#/\1/{path.stem}.', path.read_text())
            self._add(json.loads(text), path.stem)
        _mend(self.whole)
        _close(self.whole)
        self.operations = {
            (method.upper(), path): {**operation, "parameters": self._parameters(item, operation)}
            for path, item in self.whole["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        }

    def _add(self, part, name):
        for version in ("swagger", "openapi"):
            if version in part:
                self.whole[version] = part[version]
        base = part.get("basePath") or urllib.parse.urlsplit(part.get("servers", [{}])[0].get("url", "")).path
        for path, item in part["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    item[method] = {**{key: part[key] for key in OF_FILE if key in part}, **operation}
            self.whole["paths"][base.rstrip("/") + path] = item
        self.whole.setdefault("securityDefinitions", {}).update(part.get("securityDefinitions", {}))
        components = part.get("components", {})
        for place, group in [(place, part.get(place, {})) for place in GROUPS] + list(components.items()):
            target = self.whole.setdefault("components", {}) if place in components else self.whole
            prefix = "" if place == "securitySchemes" else f"{name}."
            target.setdefault(place, {}).update({prefix + key: value for key, value in group.items()})

    def _parameters(self, item, operation):
        return [self.resolved(each) for each in [*item.get("parameters", ()), *operation.get("parameters", ())]]

    def resolved(self, value):
        while "$ref" in value:
            target = self.whole
            for name in value["$ref"].split("/")[1:]:
                target = target[name.replace("~1", "/")]
            value = target
        return value

    def find(self, method, path):
        """Return ``(method, path as described)`` of a request, or None."""
        # A path without variables is meant before one with them.
        for known in sorted(self.operations, key=lambda key: key[1].count("{")):
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(known[1]))
            if known[0] == method and re.fullmatch(pattern, path):
                return known
        return None

    def unknown_names(self, found, query, form):
        """Return what an operation isn't described with, as places: Prism lets these names pass.

        :param query: names of the query
        :param form: names of a form
        """
        operation = self.operations[found]
        known = {place: {each["name"] for each in operation["parameters"] if each["in"] == place} for place in FIELDS}
        content = self.resolved(operation.get("requestBody", {})).get("content", {}).get(FORM, {})
        known["formData"] |= self.resolved(content.get("schema", {})).get("properties", {}).keys()
        unknown = {f"request.query.{name}" for name in query - known["query"]}
        return unknown | {
            f"request.form.{name}" for name in {name.partition("[")[0] for name in form} - known["formData"]
        }


def _close(value, inside_all_of=False):
    """Let no object of a schema have other names than described; parts of one can't know those of the others."""
    if isinstance(value, list):
        for item in value:
            _close(item, inside_all_of)
    elif isinstance(value, dict):
        if isinstance(value.get("properties"), dict) and not inside_all_of and "allOf" not in value:
            value.setdefault("additionalProperties", False)
        for name, item in value.items():
            _close(item, name == "allOf")


def _mend(value):
    """Take out what no schema may have: with it Prism would let everything pass."""
    if isinstance(value, list):
        for item in value:
            _mend(item)
    elif isinstance(value, dict):
        if isinstance(value.get("required"), bool) and not value.keys() & {"in", "content"}:
            del value["required"]
        if value.get("nullable") is True and "type" not in value:
            del value["nullable"]
        for item in value.values():
            _mend(item)


class Prism:
    """A Prism between clients and a vendor.

    :ivar url: where it is
    :ivar seen: operations that were called
    :ivar problems: ``{Problem: what Prism says}``
    :ivar checked: number of requests
    """

    def __init__(self, vendor, upstream):
        self.description = Description(vendor)
        self.upstream = upstream
        self.seen, self.problems, self.checked = set(), {}, 0

    @contextlib.contextmanager
    def running(self):
        command = os.environ.get("HOSPITALITY_PRISM")
        if not command:
            pytest.skip("there is no Prism here: run ./setup/test tests/engine/connectors")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        with tempfile.TemporaryDirectory() as folder:
            document, log = Path(folder) / "description.json", Path(folder) / "log"
            document.write_text(json.dumps(self.description.whole))
            arguments = ["proxy", document, self.upstream, "--host", "127.0.0.1", "--port", str(port)]
            with log.open("w") as stream:
                process = subprocess.Popen([*shlex.split(command), *arguments], stdout=stream, stderr=stream)
            try:
                self._wait(process, log)
                yield self
            finally:
                process.terminate()
                process.wait()

    def _wait(self, process, log):
        deadline = time.monotonic() + SECONDS_TO_START
        while "is listening" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)

    def note(self, method, url, headers, sent=b""):
        """Note what the description has against an exchange.

        :param headers: of the answer
        :param sent: body of the request
        """
        self.checked += 1
        parts = urllib.parse.urlsplit(url)
        found = self.description.find(method, parts.path)
        operation = " ".join(found or (method, parts.path))
        self.seen.add(found)
        if not found:
            self.problems[Problem(operation, "request", "unknown")] = "The vendor knows nothing of it."
        else:
            is_form = sent and not sent.startswith((b"{", b"["))
            query, form = _names(parts.query), _names(sent.decode()) if is_form else set()
            for place in self.description.unknown_names(found, query, form):
                self.problems[Problem(operation, place, "unknown")] = "The description has no such name."
        violations = headers.get("sl-violations") or "[]"
        if not violations.startswith("["):
            # Some are left out, which might be those that nobody knows.
            raise AssertionError(f"{operation}: {violations[:500]}")
        for violation in json.loads(violations):
            place = ".".join(part for part in violation["location"] if not part.isdigit())
            message = violation["message"]
            self.problems[Problem(operation, place, violation.get("code") or message)] = message

    def ask(self, method, path, body=None, headers=None):
        """Make a request and note what the description has against it; return the body of the answer."""
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.note(method, request.full_url, answer.headers, body or b"")
            return answer.read()

    def assert_as_described(self, known):
        """Nothing is wrong but what is known, all of that is, and everything described was asked for.

        :param known: ``{Problem: reason}``
        """
        wrong = {problem: message for problem, message in self.problems.items() if problem not in known}
        assert not wrong, "\n" + "\n".join(f"{tuple(problem)}: {message}" for problem, message in sorted(wrong.items()))
        assert not known.keys() - self.problems.keys()
        assert not self.description.operations.keys() - self.seen


def _names(text):
    return {name for name, _value in urllib.parse.parse_qsl(text, keep_blank_values=True)}


class Watching:
    """A client that notes what Prism says."""

    def __init__(self, client, prism):
        self.client, self.prism = client, prism

    def __getattr__(self, name):
        return getattr(self.client, name)

    def request(self, method, url, **options):
        answer = self.client.request(method, url, **options)
        self.prism.note(method, url, answer.headers, options.get("body") or b"")
        return answer


class Described:
    """A mixin of :class:`contract.Contract`."""

    @contextlib.contextmanager
    def described(self, fake, vendor=None):
        """Have everything that an adapter and the fake say pass through Prism."""
        direct, client = fake.url, self.client
        with Prism(vendor or fake.code, direct).running() as prism:
            fake.url = prism.url
            self.client = lambda **limits: Watching(client(**{"read": 20, "total": 30, **limits}), prism)
            try:
                yield prism
            finally:
                fake.url = direct
                del self.client
