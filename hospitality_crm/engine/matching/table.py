"""Many normalised records as columns of numbers."""

import numpy as np

from .vocabulary import Vocabulary, hash64

_NAME = ("given", "middle", "family", "family2")
_ARRAYS = (
    "id", "source", "kind", "given", "middle", "family", "family2", "suffix", "flags", "bag", "email", "alias",
    "phone", "birth", "document", "document_type", "loyalty", "program", "street", "zip", "city", "country", "gender",
    "company",
)  # fmt: skip
_MASK = (1 << 64) - 1
TAIL = 10**8


class Table:
    """Columns of many records.

    ``given middle family family2`` hold codes of ``words`` (-1: none), ``email`` codes of ``emails``; hashes are
    signed 64-bit numbers, 0 for none. ``email phone document loyalty`` are two-dimensional, as wide as needed.

    :param arrays: dict of the columns, each with one row per record
    :param words: :class:`Vocabulary` of the words of names
    :param emails: list of addresses
    """

    def __init__(self, arrays, words, emails):
        self.__dict__.update(arrays)
        self.words = words
        self.emails = emails

    def __len__(self):
        return len(self.id)

    @classmethod
    def of(cls, normals):
        """Return the table of an iterable of :class:`Normal`."""
        normals = list(normals)
        words, emails = {}, {}
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
        columns["document"] = _wide(documents, _hashes, 0)
        columns["document_type"] = _wide([[d.partition(":")[0] + ":" for d in row] for row in documents], _hashes, 0)
        loyalty = [normal.loyalty for normal in normals]
        columns["loyalty"] = _wide(loyalty, _hashes, 0)
        columns["program"] = _wide([[d.partition(":")[0] + ":" for d in row] for row in loyalty], _hashes, 0)
        for part in ("street", "zip", "city", "country", "company"):
            columns[part] = _hashes([getattr(normal, part) for normal in normals])
        return cls(columns, Vocabulary(words), list(emails))

    @classmethod
    def concat(cls, tables):
        """Return one table of several, in their order."""
        words, emails = {}, {}
        parts = {key: [] for key in _ARRAYS}
        for table in tables:
            recode = {
                "word": np.array([words.setdefault(word, len(words)) for word in table.words.texts] + [-1], np.int32),
                "email": np.array([emails.setdefault(text, len(emails)) for text in table.emails] + [-1], np.int32),
            }
            for key in _ARRAYS:
                array = getattr(table, key)
                if key in _NAME:
                    array = recode["word"][array]
                elif key == "email":
                    array = recode["email"][array]
                parts[key].append(array)
        columns = {}
        for key, arrays in parts.items():
            if arrays[0].ndim == 2:
                width = max(array.shape[1] for array in arrays)
                blank = -1 if key == "email" else 0
                arrays = [
                    np.pad(array, ((0, 0), (0, width - array.shape[1])), constant_values=blank) for array in arrays
                ]
            columns[key] = np.concatenate(arrays)
        return cls(columns, Vocabulary(words), list(emails))

    def save(self, path):
        """Write the table to an ``.npz`` file."""
        arrays = {key: getattr(self, key) for key in _ARRAYS}
        texts = {"_words": "\n".join(self.words.texts), "_emails": "\n".join(self.emails)}
        np.savez(path, **arrays, **{key: np.frombuffer(text.encode(), np.uint8) for key, text in texts.items()})

    @classmethod
    def load(cls, path):
        """Read what :meth:`save` wrote."""
        with np.load(path) as data:
            arrays = {key: data[key] for key in _ARRAYS}
            words, emails = (data[key].tobytes().decode().split("\n") for key in ("_words", "_emails"))
        words = {word: code for code, word in enumerate(words) if word}
        return cls(arrays, Vocabulary(words), [text for text in emails if text])

    def keys(self):
        """Return the block keys as an array (records, kinds of key); 0 means none."""
        from .keys import block_keys

        return block_keys(self)

    def record_keys(self):
        """Return the block keys of each record as a tuple of distinct numbers."""
        return [tuple(sorted({int(key) for key in row if key})) for row in self.keys()]


_SUFFIX = {"jr": 1, "sr": 2, "ii": 3, "iii": 4, "iv": 5}


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
