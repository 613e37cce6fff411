import os
import pathlib
import tempfile
from unittest.mock import patch

from ..tools import keys


class KeyFileMixin:
    """A key file of the test's own in ``key_file``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.key_file = folder / "keys"
        cls.write_keys({"k1": "ab"})
        cls.enterClassContext(patch.dict(os.environ, {keys.VARIABLE: str(cls.key_file)}))

    @classmethod
    def write_keys(cls, secrets):
        """Write a key file, ``{id: two hexadecimal digits}``, the key for new rows first."""
        cls.key_file.write_text("".join(f"{key_id}:{digits * 32}\n" for key_id, digits in secrets.items()))
        keys._CACHE.clear()  # two files may have been written within the clock's resolution
