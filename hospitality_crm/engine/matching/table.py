"""Many normalised records as columns of numbers."""

import numpy as np

from .vocabulary import Vocabulary, hash64

_NAME = ("given", "middle", "family", "family2")
_ARRAYS = (
    "id", "source", "kind", "given", "middle", "family", "family2", "suffix", "flags", "bag", "email", "alias",
    "phone", "birth", "document", "document_type", "loyalty", "program", "street", "house", "zip", "city", "country",
    "gender", "company", "domain",
)  # fmt: skip
# Columns of codes, and the list each is of.
_TEXTS = {"email": "emails", "document": "documents", "street": "streets", "zip": "zips", "city": "cities"}
TAIL = 10**8


class Table:
    """Columns of many records.

    ``given middle family family2`` hold codes of ``words`` (-1: none), ``email document street zip city`` codes of
    ``emails documents streets zips cities``; hashes are signed 64-bit numbers, 0 for none. ``email phone document
    loyalty`` are two-dimensional, as wide as needed.

    :param arrays: dict of the columns, each with one row per record
    :param words: :class:`Vocabulary` of the words of names
    :param texts: dict of ``emails documents streets zips cities``: the distinct ones, by code
    """

    def __init__(self, arrays, words, texts):
        self.__dict__.update(arrays)
        self.words = words
        for part, values in texts.items():
            setattr(self, part, list(values))

    def __len__(self):
        return len(self.id)

    @classmethod
    def of(cls, normals):
        """Return the table of an iterable of :class:`Normal`."""
        normals = list(normals)
        words, emails, papers, streets, zips, cities = {}, {}, {}, {}, {}, {}
        columns = {}
        name = [normal.name for normal in normals]
        for position, part in enumerate(_NAME):
            column = [row[position] for row in name]
            columns[part] = _codes(column, words)
        columns["suffix"] = np.array([_SUFFIX.get(row.suffix, 0) for row in name], np.int8)
        columns["flags"] = np.array([row.flags for row in name], np.uint8)
        columns["bag"] = _hashes([row.bag for row in name])
        columns["id"] = np.array([normal.id for normal in normals], np.int64)
        columns["kind"] = np.array([normal.kind for normal in normals], np.int8)
        columns["gender"] = np.array([normal.gender for normal in normals], np.int8)
        columns["birth"] = np.array([normal.birth for normal in normals], np.int32)
        columns["source"] = _hashes([normal.source for normal in normals])
        columns["email"] = _wide([normal.emails for normal in normals], lambda column: _codes(column, emails), -1)
        columns["alias"] = _hashes([normal.aliases[0] if normal.aliases else "" for normal in normals])
        columns["phone"] = _wide(
            [normal.phones for normal in normals], lambda column: np.array([cell or 0 for cell in column], np.int64), 0
        )
        documents = [normal.documents for normal in normals]
        columns["document"] = _wide(documents, lambda column: _codes(column, papers), -1)
        columns["document_type"] = _wide([[d.partition(":")[0] + ":" for d in row] for row in documents], _hashes, 0)
        loyalty = [normal.loyalty for normal in normals]
        columns["loyalty"] = _wide(loyalty, _hashes, 0)
        columns["program"] = _wide([[d.partition(":")[0] + ":" for d in row] for row in loyalty], _hashes, 0)
        columns["domain"] = _hashes([_domain(normal) if normal.kind else "" for normal in normals])
        for part in ("country", "company"):
            columns[part] = _hashes([getattr(normal, part) for normal in normals])
        for part, texts in (("street", streets), ("zip", zips), ("city", cities)):
            columns[part] = _codes([getattr(normal, part) for normal in normals], texts)
        columns["house"] = np.array([_house(normal.street) for normal in normals], np.int32)
        texts = {"emails": emails, "documents": papers, "streets": streets, "zips": zips, "cities": cities}
        return cls(columns, Vocabulary(words), texts)

    @classmethod
    def concat(cls, tables):
        """Return one table of several, in their order."""
        words, texts = {}, {part: {} for part in _TEXTS.values()}
        parts = {key: [] for key in _ARRAYS}
        for table in tables:
            recode = dict.fromkeys(_NAME, _recode(table.words.texts, words))
            for key, part in _TEXTS.items():
                recode[key] = _recode(getattr(table, part), texts[part])
            for key in _ARRAYS:
                array = getattr(table, key)
                parts[key].append(recode[key][array] if key in recode else array)
        columns = {}
        for key in _ARRAYS:
            arrays = parts.pop(key)  # what is done is not kept
            if arrays[0].ndim == 2:
                width = max(array.shape[1] for array in arrays)
                blank = -1 if key in _TEXTS else 0
                arrays = [
                    np.pad(array, ((0, 0), (0, width - array.shape[1])), constant_values=blank) for array in arrays
                ]
            columns[key] = np.concatenate(arrays)
        return cls(columns, Vocabulary(words), texts)

    def save(self, path):
        """Write the table to an ``.npz`` file."""
        arrays = {key: getattr(self, key) for key in _ARRAYS}
        texts = {"words": self.words.texts} | {part: getattr(self, part) for part in _TEXTS.values()}
        texts = {f"_{part}": np.frombuffer("\n".join(values).encode(), np.uint8) for part, values in texts.items()}
        np.savez(path, **arrays, **texts)

    @classmethod
    def load(cls, path):
        """Read what :meth:`save` wrote."""
        with np.load(path) as data:
            arrays = {key: data[key] for key in _ARRAYS}
            texts = {}
            for part in ("words", *_TEXTS.values()):
                text = data[f"_{part}"].tobytes().decode()
                texts[part] = text.split("\n") if text else []
        return cls(arrays, Vocabulary(texts.pop("words")), texts)

    def hashes(self, part):
        """Return the hashes of one of the lists of texts, with 0 for none at -1."""
        return self.derived(part)

    def derived(self, key):
        """Return the numbers of :data:`DERIVED` for each text of a list, with 0 for none at -1."""
        part = DERIVED[key][0]
        return self.cached(f"derived_{key}", lambda table: np.append(derive(key, getattr(table, part)), 0))

    def set_derived(self, key, numbers):
        """Keep the numbers of :meth:`derived` that were computed elsewhere, of all texts in their order."""
        self.cached(f"derived_{key}", lambda _table: np.append(numbers, 0))

    def cached(self, key, build, source=None):
        """Return ``build(self)``, built once for the table as it is and, if it depends on one, for a source."""
        cached = self.__dict__.get(f"_{key}")
        if cached is None or cached[0] is not source:
            cached = self.__dict__[f"_{key}"] = source, build(self)
        return cached[1]

    def keys(self):
        """Return the block keys as an array (records, kinds of key); 0 means none."""
        from .keys import block_keys

        return block_keys(self)

    def record_keys(self):
        """Return the block keys of each record as a tuple of distinct numbers."""
        return [tuple(sorted({int(key) for key in row if key})) for row in self.keys()]


_SUFFIX = {"jr": 1, "sr": 2, "ii": 3, "iii": 4, "iv": 5}


def _recode(values, codes):
    return np.array([codes.setdefault(value, len(codes)) for value in values] + [-1], np.int32)


# Mailbox providers: their domain says nothing of the company.
_PROVIDERS = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com yahoo.com icloud.com me.com aol.com gmx.de gmx.net"
    " web.de mail.ru bk.ru list.ru inbox.ru yandex.ru ya.ru rambler.ru ukr.net i.ua meta.ua mail.am wp.pl o2.pl onet.pl"
    " libero.it orange.fr free.fr laposte.net qq.com 163.com 126.com proton.me protonmail.com".split()
)


def _domain(normal):
    """Domain of an organisation's first address of its own."""
    domains = (email.partition("@")[2] for email in normal.emails)
    return next((domain for domain in domains if domain not in _PROVIDERS), "")


def _house(street):
    """The first number of a canonical street, 0 without one."""
    number = next((word for word in street.split() if word[0].isdigit()), "")
    digits = "".join(filter(str.isdigit, number[:6]))
    return int(digits) if digits else 0


def _mailbox(email):
    local = email.partition("@")[0]
    return hash64(local.replace(".", "").replace("_", "").replace("-", "")) if len(local) > 6 else 0


def _digits(document):
    """A document's type and characters in order of the alphabet, the same for two that changed places."""
    kind, _colon, number = document.partition(":")
    return hash64(kind + "".join(sorted(number)))


def _start(street):
    return hash64(street[:4]) if len(street) > 3 else 0


# What follows from the distinct texts of a column: the list it is of, and the number of one text.
DERIVED = {
    **{part: (part, hash64) for part in _TEXTS.values()},
    "mailboxes": ("emails", _mailbox),
    "digits": ("documents", _digits),
    "starts": ("streets", _start),
}


def derive(key, texts):
    """Return the numbers of texts by :data:`DERIVED`."""
    function = DERIVED[key][1]
    return np.array([function(text) for text in texts], np.int64)


def _codes(column, codes):
    return np.array([codes.setdefault(cell, len(codes)) if cell else -1 for cell in column], np.int32)


def _hashes(column):
    seen = {cell: hash64(cell) for cell in set(column)}
    return np.array([seen[cell] for cell in column], np.int64)


def _wide(rows, encode, blank):
    width = max(map(len, rows), default=0)
    columns = [encode([row[position] if len(row) > position else None for row in rows]) for position in range(width)]
    if not columns:
        return np.full((len(rows), 1), blank, encode([]).dtype)
    return np.stack(columns, 1)
