"""Holds requests against a vendor's own description of his API: a small reader of OpenAPI 3 and Swagger 2.

``tests/data/specs/VENDOR/*.json`` are the parts of the vendor's files that are used, see the ``SOURCE.md`` beside them.
What is checked: the operation exists; required parameters are there, and none that it does not know; types,
enumerations, formats, limits; the body against its schema, with unknown names refused. It needs no server and no node.
"""

import datetime
import json
import re
import urllib.parse
import uuid
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "specs"


def load(vendor):
    """Return the descriptions of a vendor, a list of dicts."""
    return [json.loads(path.read_text()) for path in sorted((FOLDER / vendor).glob("*.json"))]


def check(specs, call):
    """Return what is wrong with a request, a list of sentences.

    :param call: with ``method path query headers body`` as :class:`fakes.fake.Call` has them
    """
    for spec in specs:
        found = _operation(spec, call)
        if found:
            return _Check(spec, call, *found).run()
    return [f"{call.method} {call.path} is nothing that the vendor knows"]


def check_answer(spec, call, value):
    """Return what is wrong with the good answer to a request, as JSON. Unknown names are allowed there."""
    operation, _shared, _variables = _operation(spec, call)
    answer = operation["responses"]["200"]
    checker = _Check(spec, call, None, None, None)
    checker.strict = False
    checker.value(answer.get("schema") or answer["content"]["application/json"]["schema"], value, "answer")
    return checker.problems


def _operation(spec, call):
    prefix = spec.get("basePath") or spec.get("x-base-path") or ""
    if not call.path.startswith(prefix):
        return None
    rest = call.path[len(prefix) :]
    # A path without variables is meant before one with them.
    for path in sorted(spec["paths"], key=lambda path: path.count("{")):
        match = re.fullmatch(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)), rest)
        operation = spec["paths"][path].get(call.method.lower())
        if match and operation:
            return operation, spec["paths"][path].get("parameters", []), match.groupdict()
    return None


class _Check:
    strict = True

    def __init__(self, spec, call, operation, shared, variables):
        self.spec, self.call, self.variables = spec, call, variables
        self.operation, self.shared = operation, shared
        self.problems = []

    def run(self):
        call = self.call
        parameters = [self.resolve(item) for item in [*self.shared, *self.operation.get("parameters", [])]]
        given = {"query": call.query, "header": call.headers, "path": self.variables}
        known = {item["name"] for item in parameters if item["in"] == "query"}
        for name in call.query.keys() - known:
            self.problem(f"query {name}", "is not known")
        form = {}
        for item in parameters:
            place, name = item["in"], item["name"]
            if place == "body":
                self.value(item["schema"], call.json(), "body")
                continue
            if place == "formData":
                form[name] = item
                continue
            value = given.get(place, {}).get(name.lower() if place == "header" else name)
            if value is None or value == "":
                if item.get("required"):
                    self.problem(f"{place} {name}", "is missing")
                continue
            schema = item.get("schema", item)
            self.value(schema, self.from_text(schema, value), f"{place} {name}")
        if form:
            self.form({"properties": form}, [name for name, item in form.items() if item.get("required")])
        body = self.resolve(self.operation.get("requestBody") or {}).get("content") or {}
        if body:
            self.body(body)
        return self.problems

    def body(self, content):
        kind = self.call.headers.get("content-type", "").partition(";")[0]
        if kind not in content:
            self.problem("body", f"is {kind or 'missing'} and should be {' or '.join(content)}")
        elif kind == "application/json":
            self.value(content[kind]["schema"], self.call.json(), "body")
        else:
            schema = self.resolve(content[kind]["schema"])
            self.form(schema, schema.get("required", []))

    def form(self, schema, required):
        values = urllib.parse.parse_qs(self.call.body.decode(), keep_blank_values=True)
        for name in required:
            if name not in values:
                self.problem(f"form {name}", "is missing")
        for name, items in values.items():
            part = schema["properties"].get(name.partition("[")[0])
            if part is None:
                self.problem(f"form {name}", "is not known")
            elif "[" not in name:
                self.value(part, self.from_text(part, items[-1]), f"form {name}")

    def resolve(self, schema):
        while "$ref" in schema:
            target = self.spec
            for name in schema["$ref"].split("/")[1:]:
                target = target[name.replace("~1", "/")]
            schema = target
        return schema

    def problem(self, where, what):
        name = f"{self.call.method} {self.call.path}: " if self.call else ""
        self.problems.append(f"{name}{where} {what}")

    def from_text(self, schema, value):
        """Return what the text of a parameter stands for."""
        schema = self.resolve(schema)
        kind = schema.get("type")
        if kind == "array":
            items = value if isinstance(value, list) else [value]
            if schema.get("collectionFormat", "csv") == "csv" and len(items) == 1:
                items = items[0].split(",")
            return [self.from_text(schema["items"], item) for item in items]
        if isinstance(value, list):
            return value
        try:
            if kind == "integer":
                return int(value)
            if kind == "number":
                return float(value)
        except ValueError:
            return value
        if kind == "boolean" and value in ("true", "false"):
            return value == "true"
        return value

    def value(self, schema, value, where):
        schema = self.resolve(schema)
        if value is None and (schema.get("nullable") or "null" in _kinds(schema) or not self.strict):
            return
        for part in schema.get("allOf", ()):
            self.value(part, value, where)
        choices = schema.get("oneOf") or schema.get("anyOf")
        if choices and not any(self.fits(part, value, where) for part in choices):
            self.problem(where, f"is none of the forms that are allowed: {value!r}")
        kinds = _kinds(schema)
        if kinds and not any(_is(kind, value) for kind in kinds):
            self.problem(where, f"should be {' or '.join(kinds)}: {value!r}")
            return
        if "enum" in schema and value not in schema["enum"]:
            self.problem(where, f"is none of {schema['enum'][:8]}: {value!r}")
        if isinstance(value, str):
            self.text(schema, value, where)
        elif isinstance(value, list):
            self.length(schema, value, where, "Items")
            for index, item in enumerate(value):
                self.value(schema.get("items", {}), item, f"{where}.{index}")
        elif isinstance(value, dict):
            self.record(schema, value, where)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            if value > schema.get("maximum", value) or value < schema.get("minimum", value):
                self.problem(where, f"is out of range: {value!r}")

    def fits(self, schema, value, where):
        attempt = _Check(self.spec, self.call, None, None, None)
        attempt.strict = self.strict
        attempt.value(schema, value, where)
        return not attempt.problems

    def text(self, schema, value, where):
        self.length(schema, value, where, "Length")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            self.problem(where, f"does not match {schema['pattern']}: {value!r}")
        reader = _FORMATS.get(schema.get("format"))
        try:
            if reader:
                reader(value)
        except ValueError:
            self.problem(where, f"is no {schema['format']}: {value!r}")

    def length(self, schema, value, where, unit):
        if not schema.get(f"min{unit}", 0) <= len(value) <= schema.get(f"max{unit}", len(value)):
            self.problem(where, f"has the wrong length, {len(value)}")

    def record(self, schema, value, where):
        properties = self.properties(schema)
        for name in schema.get("required", ()):
            if name not in value:
                self.problem(f"{where}.{name}", "is missing")
        others = schema.get("additionalProperties")
        for name, item in value.items():
            if name in properties:
                self.value(properties[name], item, f"{where}.{name}")
            elif isinstance(others, dict):
                self.value(others, item, f"{where}.{name}")
            elif properties and self.strict and "allOf" not in schema:
                self.problem(f"{where}.{name}", "is not known")

    def properties(self, schema):
        schema = self.resolve(schema)
        found = dict(schema.get("properties", {}))
        for part in schema.get("allOf", ()):
            found.update(self.properties(part))
        return found


def _kinds(schema):
    kind = schema.get("type") or ("object" if "properties" in schema else [])
    return [kind] if isinstance(kind, str) else kind


def _is(kind, value):
    if kind in ("integer", "number"):
        whole = isinstance(value, int) or (kind == "number" and isinstance(value, float))
        return whole and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool, "array": list, "object": dict, "null": type(None)}[kind])


def _date_time(value):
    # Both ways of writing are found: with a T, and with a blank as in the prose of a vendor.
    if not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", value):
        raise ValueError(value)
    datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))


def _date(value):
    if len(value) != 10:
        raise ValueError(value)
    datetime.date.fromisoformat(value)


_FORMATS = {"date": _date, "date-time": _date_time, "uuid": uuid.UUID}
