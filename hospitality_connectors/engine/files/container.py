"""What a file is, told from its bytes, and how to open it within limits."""

import gzip
import io
import os
import zipfile
from dataclasses import dataclass

from .errors import FileError

MEGABYTE = 1 << 20
MAX_FILE = 512 * MEGABYTE
MAX_UNPACKED = 2048 * MEGABYTE
# A sheet of repeated values packs about 1:100; an honest text file less.
MAX_RATIO = 300
RATIO_FLOOR = 32 * MEGABYTE
MAX_SHARED_STRINGS = 256 * MEGABYTE
MAX_PARTS = 5000

_FOREIGN = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"Rar!": "an archive",
    b"7z\xbc\xaf": "an archive",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"PAR1": "a Parquet file",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass
class Container:
    """A file that can be opened again and again.

    :ivar source: path or bytes
    :ivar kind: ``csv``, ``xlsx``, ``json`` or ``xml``
    :ivar packed: whether the content is gzip-compressed
    :ivar size: bytes as stored
    """

    source: object
    kind: str = ""
    packed: bool = False
    size: int = 0
    max_unpacked: int = MAX_UNPACKED

    def open(self):
        """Return a readable binary stream of the unpacked content."""
        raw = open(self.source, "rb") if isinstance(self.source, str | os.PathLike) else io.BytesIO(self.source)
        if not self.packed:
            return raw
        return io.BufferedReader(_Unpacked(raw, self.size, self.max_unpacked), 1 << 16)


class _Unpacked(io.RawIOBase):
    """A gzip stream that refuses to grow beyond its limits."""

    def __init__(self, raw, size, limit):
        self._raw = raw
        self._stream = gzip.GzipFile(fileobj=raw)
        self._size = max(size, 1)
        self._limit = limit
        self._seen = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        try:
            data = self._stream.read(len(buffer))
        except (OSError, EOFError) as error:
            raise FileError("damaged", detail=str(error)) from error
        self._seen += len(data)
        if self._seen > self._limit:
            raise FileError("too_large", limit=self._limit // MEGABYTE)
        if self._seen > RATIO_FLOOR and self._seen > self._size * MAX_RATIO:
            raise FileError("bomb")
        buffer[: len(data)] = data
        return len(data)

    def close(self):
        self._raw.close()
        super().close()


def recognise(source, *, max_file=MAX_FILE, max_unpacked=MAX_UNPACKED):
    """Say what a file is.

    The name plays no part: exports are often misnamed.

    :param source: path, or the content as bytes
    :param int max_file: most bytes as stored
    :param int max_unpacked: most bytes after unpacking
    :rtype: Container
    :raise FileError: empty, too large, protected by a password, or of a type that can't be read

    >>> recognise(b"a,b\\n1,2\\n").kind
    'csv'
    >>> recognise(b'  [{"a": 1}]').kind
    'json'
    """
    size = os.path.getsize(source) if isinstance(source, str | os.PathLike) else len(source)
    if not size:
        raise FileError("empty")
    if size > max_file:
        raise FileError("too_large", limit=max_file // MEGABYTE)
    container = Container(source, size=size, max_unpacked=max_unpacked)
    head = _head(container)
    if head.startswith(b"\x1f\x8b"):
        container.packed = True
        head = _head(container)
    container.kind = _kind_of(container, head)
    return container


def _head(container):
    with container.open() as stream:
        return stream.read(8192)


def _kind_of(container, head):
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise FileError("empty")
    if head.startswith(_OLE):
        # An encrypted workbook is an OLE file with a stream of this name (UTF-16).
        with container.open() as stream:
            encrypted = "EncryptedPackage".encode("utf-16-le") in stream.read(4 * MEGABYTE)
        raise FileError("password" if encrypted else "old_excel")
    if head.startswith(b"PK"):
        _check_workbook(container)
        return "xlsx"
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise FileError("wrong_type", what=what)
    text = _as_text(head)
    if text is None:
        raise FileError("wrong_type", what="not a text file")
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        if start[:15].lower().startswith(("<!doctype html", "<html")):
            raise FileError("wrong_type", what="a web page")
        return "xml"
    if start.startswith("{") or start.startswith("["):
        return "json"
    return "csv"


def _as_text(head):
    """Return the text of the first bytes as far as it matters here, None for binary content."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", "replace")
    zeros = head.count(0)
    if zeros > len(head) * 0.2:
        order = "le" if head[1::2].count(0) > head[0::2].count(0) else "be"
        return head.decode(f"utf-16-{order}", "replace")
    controls = sum(byte < 32 and byte not in (0, 9, 10, 11, 12, 13, 26, 28, 29, 30, 31) for byte in head)
    if controls > len(head) * 0.02:
        return None
    return head.decode("latin-1")


def _check_workbook(container):
    """Refuse what isn't a workbook, and workbooks that would fill the memory."""
    try:
        with container.open() as stream:
            seekable = io.BytesIO(stream.read()) if container.packed else stream
            with zipfile.ZipFile(seekable) as archive:
                _check_parts(archive)
    except zipfile.BadZipFile as error:
        raise FileError("damaged", detail=str(error)) from error


def _check_parts(archive):
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if any(part.flag_bits & 1 for part in parts):
        raise FileError("password")
    if "xl/workbook.xml" not in names:
        what = "an OpenDocument file" if "mimetype" in names else "an archive or another kind of document"
        raise FileError("wrong_type", what=what)
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts) or 1
    if (
        len(parts) > MAX_PARTS
        or unpacked > MAX_UNPACKED
        or (unpacked > RATIO_FLOOR and unpacked > packed * MAX_RATIO)
        or any(part.file_size > MAX_SHARED_STRINGS for part in parts if "sharedStrings" in part.filename)
    ):
        raise FileError("bomb")
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as stream:
                if b"<!DOCTYPE" in stream.read(4096).replace(b"\x00", b""):
                    raise FileError("dtd")
