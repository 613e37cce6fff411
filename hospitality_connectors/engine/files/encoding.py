"""Which encoding a text file has."""

import codecs
from dataclasses import dataclass, field

BLOCK = 1 << 20
SAMPLE = 1 << 16
CANDIDATES = ("cp1251", "cp1252", "koi8-u", "gb18030", "cp1250", "cp866")
# Below this lead of the best candidate the user is asked.
CLEAR_LEAD = 0.15


@dataclass
class Encoding:
    """:ivar name: Python codec
    :ivar certain: False when another one fits nearly as well
    :ivar others: the other candidates, best first
    """

    name: str
    certain: bool = True
    others: list = field(default_factory=list)


def detect(stream):
    """Decide the encoding of a binary stream. The whole stream is read in blocks.

    Valid UTF-8 is UTF-8: other encodings with non-ASCII letters practically never pass its check.
    What isn't is decided by how natural the letters look in each candidate.

    :rtype: Encoding

    >>> import io
    >>> detect(io.BytesIO("Гість,Дата".encode("cp1251"))).name
    'cp1251'
    """
    head = stream.read(BLOCK)
    if head.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8-sig")
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return Encoding("utf-16")
    if head[:2000].count(0) > len(head[:2000]) * 0.2:
        return Encoding("utf-16-le" if head[1:2000:2].count(0) > head[0:2000:2].count(0) else "utf-16-be")
    decoder = codecs.getincrementaldecoder("utf-8")()
    sample = bytearray()
    invalid = valid = 0
    block = head
    while block:
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            decoder.reset()
            bad, good = _count_utf8(block)
            invalid += bad
            valid += good
        _collect(block, sample)
        block = stream.read(BLOCK)
    if not invalid:
        return Encoding("utf-8")
    if valid > 20 * invalid:
        # A UTF-8 file with a few damaged rows: those go to quarantine.
        return Encoding("utf-8")
    return _guess(bytes(sample))


def _count_utf8(block):
    """Return how many lines with non-ASCII bytes are not, and how many are, UTF-8."""
    bad = good = 0
    for line in block.splitlines():
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            bad += 1
        else:
            good += 1
    return bad, good


def _collect(block, sample):
    if len(sample) >= SAMPLE:
        return
    for line in block.splitlines():
        if not line.isascii():
            sample += line[:2000] + b"\n"
            if len(sample) >= SAMPLE:
                return


def _guess(sample):
    scores = sorted(((score(sample, name), name) for name in CANDIDATES), reverse=True)
    best, name = scores[0]
    others = [other for _points, other in scores[1:]]
    certain = best > 0 and best - scores[1][0] >= CLEAR_LEAD
    return Encoding(name, certain, others)


def score(sample, encoding):
    """Say how natural a text looks in an encoding, about -3 to 1.

    Letters of one script in a row, capitals only at the start of words or throughout, and common
    Chinese characters count for it; symbols, control characters, mixed scripts and runs of
    accented Latin letters against it.
    """
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        text = sample.decode(encoding, "replace")
    points = total = 0
    before = " "
    run = 0
    for char in text:
        if char < "\x80":
            run = 0
            if char.isalpha() and before >= "\x80" and _script(before) != "latin":
                points -= 2
            before = char
            continue
        total += 1
        script = _script(char)
        points += _points(char, before, script)
        run = run + 1 if script == "latin" else 0
        if run >= 3:
            points -= 2
        before = char
    return points / total if total else 0


def _script(char):
    code = ord(char)
    if 0x400 <= code <= 0x52F:
        return "cyrillic"
    if code < 0x250:
        return "latin" if char.isalpha() else "other"
    if 0x4E00 <= code <= 0x9FFF:
        return "han"
    return "other"


def _points(char, before, script):
    if script == "other":
        return 0 if char in "№«»“”„’–—•€£°\xa0、，。（）：" else -2
    if script == "han":
        # Level 1 of GB 2312 holds the characters that are in daily use.
        lead = char.encode("gb18030")[0]
        return 1.2 if 0xB0 <= lead <= 0xD7 else -0.7
    if not char.isalpha():
        return -2
    if before.isalpha():
        if _script(before) != script and script != "latin" and before >= "A":
            return -2
        if char.isupper() and before.islower():
            return -2
    if char.islower() and script == "cyrillic" and char not in "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў":
        return -1
    return 1 if script == "cyrillic" else 0.8
