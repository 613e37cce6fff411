"""JSON files: an array, an object with a list of records in it, or one object per line."""

import io
import json

from .encoding import detect
from .errors import FileError, RowError
from .table import MAX_ROW

_SPACE = " \t\r\n\ufeff"
BLOCK = 1 << 16
MAX_RECORD = 8 * MAX_ROW

# Numbers stay text: the mapping decides what a value is, and 1.10 must not become 1.1.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=lambda _name: None)


def records(container, options=None):
    """Yield ``(number, dict or None, error)`` for each record of the file, from 1.

    :raise FileError: not JSON, or without a list of records
    """
    encoding = (options or {}).get("encoding")
    if not encoding:
        with container.open() as stream:
            encoding = detect(stream).name
    with io.TextIOWrapper(container.open(), encoding=encoding, errors="surrogateescape") as text:
        buffer = _Buffer(text)
        start = buffer.peek()
        if start == "[":
            buffer.skip()
            yield from _array(buffer)
        elif start == "{":
            if _is_lines(container, encoding):
                yield from _lines(buffer)
            else:
                yield from _object(buffer)
        else:
            raise FileError("no_records")


class _Buffer:
    """A sliding window over a text that decodes one JSON value at a time."""

    def __init__(self, text):
        self._text = text
        self._buffer = ""
        self._at = 0
        self._step = BLOCK

    def _more(self):
        block = self._text.read(self._step)
        if block:
            self._buffer = self._buffer[self._at :] + block
            self._at = 0
        return bool(block)

    def peek(self):
        """Return the next character that isn't blank, "" at the end."""
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def skip(self):
        self._at += 1

    def opens_objects(self):
        """Whether a list of objects begins here; nothing is consumed."""
        if self.peek() != "[":
            return False
        ahead = 1
        while True:
            while self._at + ahead < len(self._buffer) and self._buffer[self._at + ahead] in _SPACE:
                ahead += 1
            if self._at + ahead < len(self._buffer):
                return self._buffer[self._at + ahead] == "{"
            if not self._more():
                return False

    def line(self):
        """Return the rest of the line."""
        while (end := self._buffer.find("\n", self._at)) < 0:
            if len(self._buffer) - self._at > MAX_RECORD or not self._more():
                end = len(self._buffer)
                break
        text = self._buffer[self._at : end]
        self._at = end + 1
        return text

    def value(self):
        """Decode the next value.

        :raise ValueError: it isn't valid JSON, or larger than a record may be
        """
        self.peek()
        self._step = BLOCK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError:
                if len(self._buffer) - self._at > MAX_RECORD:
                    raise ValueError(f"larger than {MAX_RECORD // 1024} kB") from None
                self._step *= 2
                if not self._more():
                    raise
                continue
            except RecursionError:
                raise ValueError("nested too deeply") from None
            if end == len(self._buffer) and not isinstance(value, dict | list) and self._more():
                # A number may go on beyond the window.
                continue
            self._at = end
            return value


def _array(buffer):
    number = 0
    while (char := buffer.peek()) not in ("]", ""):
        if char == ",":
            buffer.skip()
            continue
        number += 1
        try:
            value = buffer.value()
        except ValueError as error:
            yield number, None, RowError("broken_rest", detail=str(error)[:200])
            return
        yield _checked(number, value)
    if not char:
        yield number + 1, None, RowError("broken_rest", detail="the list isn't closed")


def _checked(number, value):
    if not isinstance(value, dict):
        return number, None, RowError("broken_record", detail="it isn't an object")
    return number, value, None


def _is_lines(container, encoding):
    """Whether the first line is a whole object and the next one begins another."""
    with io.TextIOWrapper(container.open(), encoding=encoding, errors="surrogateescape") as text:
        first = ""
        for line in text:
            line = line.strip(_SPACE)
            if not line:
                continue
            if first:
                return line.startswith("{")
            first = line
            if len(first) > MAX_RECORD:
                return False
            try:
                json.loads(first)
            except (ValueError, RecursionError):
                return False
    return False


def _lines(buffer):
    number = 0
    while buffer.peek():
        number += 1
        line = buffer.line()
        try:
            value = _DECODER.decode(line)
        except ValueError as error:
            yield number, None, RowError("broken_record", detail=str(error)[:200])
            continue
        except RecursionError:
            yield number, None, RowError("broken_record", detail="nested too deeply")
            continue
        yield _checked(number, value)


def _object(buffer):
    """Records of the first list of objects in an object; the object itself when it has none."""
    buffer.skip()
    whole = {}
    while (char := buffer.peek()) not in ("}", ""):
        if char == ",":
            buffer.skip()
            continue
        try:
            key = buffer.value()
            if buffer.peek() != ":":
                raise ValueError("a colon is missing")
            buffer.skip()
            if buffer.opens_objects():
                buffer.skip()
                yield from _array(buffer)
                return
            whole[str(key)] = buffer.value()
        except ValueError as error:
            raise FileError("damaged", detail=str(error)[:200]) from error
    lists = [value for value in whole.values() if isinstance(value, dict)]
    for value in lists:
        inner = next((v for v in value.values() if isinstance(v, list) and v and isinstance(v[0], dict)), None)
        if inner:
            for number, record in enumerate(inner, 1):
                yield _checked(number, record)
            return
    if whole:
        yield 1, whole, None
