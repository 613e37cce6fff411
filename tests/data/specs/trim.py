"""Renews a trimmed description from the vendor's own file: ``python trim.py VENDORS_FILE TRIMMED_FILE``.

Kept are the operations that ``TRIMMED_FILE`` names, with their parameters, bodies and answers, who may call them, and
what those refer to inside the file. Descriptions, examples, extensions and references to other hosts are left out.
Files in YAML need PyYAML.
"""

import json
import pathlib
import sys

TOP = ("openapi", "swagger", "info", "servers", "basePath", "consumes", "produces", "security", "securityDefinitions")
OPERATION = ("operationId", "consumes", "produces", "security", "parameters", "requestBody", "responses")
PROSE = ("description", "title", "summary", "example", "examples", "externalDocs", "deprecated", "tags", "scopes")
#: Under them stand names of the vendor's own, which may be any of the above.
NAMES = ("properties", "definitions", "schemas", "parameters", "responses", "paths", "securitySchemes")


def read(path):
    text = pathlib.Path(path).read_text()
    if text.lstrip().startswith("{"):
        return json.loads(text)
    import yaml

    return yaml.safe_load(text)


def strip(value, group=""):
    """Return what says something about requests and answers.

    :param group: one of `NAMES` when the keys are names of the vendor's own
    """
    if isinstance(value, list):
        return [strip(item) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str) and not group:
        return {"$ref": reference} if reference.startswith("#") else {}
    kept = {}
    for name, item in value.items():
        name = str(name)
        if group or (name not in PROSE and not name.startswith("x-")):
            kept[name] = strip(item, "" if group or name not in NAMES else name)
            if group == "responses" and "$ref" not in item:
                kept[name]["description"] = ""  # an answer without one is none
    if "flows" in kept:
        for flow in kept["flows"].values():
            flow["scopes"] = {}
    return kept


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def trim(whole, known):
    """Return the parts of a description that a trimmed one names."""
    paths = {}
    for path, operations in known["paths"].items():
        theirs = whole["paths"][path]
        paths[path] = {name: theirs[name] for name in ("parameters",) if name in theirs}
        for method in [name for name in operations if name != "parameters"]:
            paths[path][method] = {name: theirs[method][name] for name in OPERATION if name in theirs[method]}
    kept = strip({**{name: whole[name] for name in TOP if name in whole}, "paths": paths})
    kept["info"] = {name: whole["info"][name] for name in ("title", "version", "license") if name in whole["info"]}
    if "securitySchemes" in whole.get("components", {}):
        kept["components"] = {"securitySchemes": strip(whole["components"]["securitySchemes"], "securitySchemes")}
    _bring(whole, kept)
    return kept


def _bring(whole, kept):
    """Add what is referred to, and what that refers to."""
    done, waiting = set(), list(references(kept))
    while waiting:
        reference = waiting.pop()
        if reference in done:
            continue
        done.add(reference)
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in reference.split("/")[1:]]
        source, target = whole, kept
        for part in way:
            source, target = source[part], target.setdefault(part, {})
        target.update(strip({last: source[last]}, way[-1]))
        waiting += references(target[last])


def main(source, target):
    target = pathlib.Path(target)
    trimmed = trim(read(source), read(target))
    target.write_text(json.dumps(trimmed, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
