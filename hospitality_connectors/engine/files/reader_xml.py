"""XML files: the repeated element is the record."""

import re

from lxml import etree

from .errors import FileError, RowError
from .flatten import MAX_DEPTH

PROBE_BYTES = 8 << 20
MAX_TEXT = 1 << 20
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


class _Guarded:
    """A stream that refuses a document type definition before the parser sees it."""

    def __init__(self, stream, limit=None):
        self._stream = stream
        self._tail = b""
        self._left = limit
        self.cut = False

    def read(self, size=65536):
        if self._left is not None:
            size = min(size, self._left)
        block = self._stream.read(size)
        if self._left is not None:
            self._left -= len(block)
            self.cut = self._left <= 0
        # UTF-16 puts a NUL beside each ASCII byte.
        if _DOCTYPE.search((self._tail + block).replace(b"\x00", b"")):
            raise FileError("dtd")
        self._tail = block[-64:]
        return block


def _iterparse(stream, events):
    return etree.iterparse(
        stream,
        events=events,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def find_record_path(container):
    """Return the path of the element that repeats, as a list of names without namespace.

    Of the elements that occur at least twice in one parent and have attributes or children, it is
    the outermost, and of several the most frequent. A file with a single record gives the deepest
    element that holds more than one value.

    :raise FileError: not well-formed, or no element that could be a record
    """
    counts, structured, best_in_parent = {}, set(), {}
    path, seen_children = [], [{}]
    with container.open() as stream:
        guarded = _Guarded(stream, PROBE_BYTES)
        try:
            for event, element in _iterparse(guarded, ("start", "end")):
                if event == "start":
                    name = _name(element.tag)
                    path.append(name)
                    key = tuple(path)
                    counts[key] = counts.get(key, 0) + 1
                    siblings = seen_children[-1]
                    siblings[name] = siblings.get(name, 0) + 1
                    best_in_parent[key] = max(best_in_parent.get(key, 0), siblings[name])
                    if element.attrib:
                        structured.add(key)
                    if len(path) > 1:
                        structured.add(tuple(path[:-1]))
                    seen_children.append({})
                else:
                    path.pop()
                    seen_children.pop()
                    _forget(element)
        except etree.XMLSyntaxError as error:
            if not counts or (not guarded.cut and len(counts) < 2):
                raise FileError("damaged", detail=str(error)[:200]) from error
    repeated = [key for key in counts if best_in_parent[key] > 1 and key in structured]
    if repeated:
        return list(min(repeated, key=lambda key: (len(key), -counts[key])))
    single = [key for key in structured if sum(other[:-1] == key for other in counts) > 1]
    if not single:
        raise FileError("no_records")
    return list(min(single, key=len))


def records(container, options=None):
    """Yield ``(number, dict or None, error)`` for each record of the file, from 1.

    :param dict options: ``record_path`` (names joined by ``/``) where the user decided it
    """
    chosen = (options or {}).get("record_path")
    wanted = chosen.split("/") if chosen else find_record_path(container)
    number = depth = 0
    path = []
    with container.open() as stream:
        try:
            for event, element in _iterparse(_Guarded(stream), ("start", "end")):
                if event == "start":
                    path.append(_name(element.tag))
                    depth += path == wanted
                    continue
                if path == wanted:
                    number += 1
                    depth -= 1
                    try:
                        yield number, _as_dict(element, 0), None
                    except RowError as error:
                        yield number, None, error
                path.pop()
                if not depth:
                    _forget(element)
        except etree.XMLSyntaxError as error:
            yield number + 1, None, RowError("broken_rest", detail=str(error)[:200])


def _name(tag):
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else "?"


def _forget(element):
    """Free a finished element and what stands before it in its parent."""
    element.clear()
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]


def _as_dict(element, depth):
    """Attributes and children of an element as a nested dict; a list where a name repeats."""
    result = {_name(name): value for name, value in element.attrib.items()}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name = _name(child.tag)
        text = child.text or ""
        if len(text) > MAX_TEXT:
            raise RowError("too_long", limit=MAX_TEXT // 1024)
        if (len(child) or child.attrib) and depth < MAX_DEPTH:
            value = _as_dict(child, depth + 1)
            if text.strip():
                value.setdefault("text", text.strip())
        else:
            value = text.strip()
        if name in result:
            known = result[name]
            result[name] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            result[name] = value
    return result
