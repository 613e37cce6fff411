"""Nested records of JSON and XML files as flat rows."""

import json

MAX_DEPTH = 12


def flatten(record):
    """Turn a nested record into flat ones.

    Objects inside become columns with dotted names. Each list of objects (the lines of a check, its
    payments) gives one flat record per item, which carries the plain values of its parent too.

    :param dict record: values may be dicts, lists and plain values
    :return: list of dicts of text

    >>> flatten({"no": 7, "guest": {"name": "Ann"}, "lines": [{"dish": "Soup"}, {"dish": "Tea"}]})
    [{'no': '7', 'guest.name': 'Ann', 'lines.dish': 'Soup'}, {'no': '7', 'guest.name': 'Ann', 'lines.dish': 'Tea'}]
    """
    return _flatten(record, "", 0)


def _flatten(record, prefix, depth):
    plain = {}
    many = []
    for key, value in record.items():
        _place(plain, many, f"{prefix}{key}", value, depth)
    if not many:
        return [plain]
    return [{**plain, **flat} for flats in many for flat in flats]


def _place(plain, many, name, value, depth):
    if isinstance(value, dict):
        if depth >= MAX_DEPTH:
            plain[name] = json.dumps(value, ensure_ascii=False)
            return
        flats = _flatten(value, f"{name}.", depth + 1)
        if len(flats) == 1:
            plain.update(flats[0])
        else:
            many.append(flats)
    elif isinstance(value, list):
        objects = [item for item in value if isinstance(item, dict)]
        if objects and depth < MAX_DEPTH:
            many.append([flat for item in objects for flat in _flatten(item, f"{name}.", depth + 1)])
        else:
            plain[name] = ", ".join(_as_text(item) for item in value)
    else:
        plain[name] = _as_text(value)


def _as_text(value):
    if value is None:
        return ""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
