"""A backup in which anything is missing, changed or added is refused, by name."""

import json

import pytest

from setup.lib import backup, backup_set
from setup.lib.shell import SetupError


@pytest.fixture
def folder(tmp_path):
    parts = {}
    for name in (backup_set.DATABASE, backup_set.FILES):
        with backup_set.writing(tmp_path, name, None, parts) as stream:
            stream.write(name.encode() * 100)
    backup_set.close(tmp_path, {"format": backup_set.FORMAT, "parts": parts})
    return tmp_path


def test_a_whole_set_is_read_back(folder):
    manifest = backup_set.verify(folder)
    with backup_set.reading(folder, manifest, backup_set.FILES) as stream:
        assert stream.read() == backup_set.FILES.encode() * 100
    assert manifest["parts"][backup_set.FILES]["sha256"] == backup_set.sha256(folder / backup_set.FILES)


@pytest.mark.parametrize("name", [backup_set.DATABASE, backup_set.FILES, backup_set.MANIFEST])
def test_a_changed_file_is_named(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 4
    (folder / name).write_bytes(content)
    with pytest.raises(SetupError, match=rf"damaged: {name} is not what was written"):
        backup_set.verify(folder)


def test_a_missing_file_is_named(folder):
    (folder / backup_set.DATABASE).unlink()
    with pytest.raises(SetupError, match="database.dump is missing"):
        backup_set.verify(folder)


def test_a_file_that_was_added_is_named(folder):
    (folder / "more.sql").touch()
    with pytest.raises(SetupError, match="more.sql is not part of it"):
        backup_set.verify(folder)


def test_a_set_of_another_format_is_refused(folder):
    manifest = json.loads((folder / backup_set.MANIFEST).read_text())
    backup_set.close(folder, {**manifest, "format": 99})
    with pytest.raises(SetupError, match="format 99"):
        backup_set.verify(folder)


def test_an_unfinished_set_is_refused(tmp_path):
    with pytest.raises(SetupError, match="no complete backup"):
        backup_set.verify(tmp_path)


@pytest.mark.parametrize("text", ["gpg", "rot13:me", "age:"])
def test_a_way_to_encrypt_that_is_none_is_refused(text):
    with pytest.raises(SetupError, match="age:RECIPIENT or gpg:RECIPIENT"):
        backup_set.Cipher.parse(text)


def test_a_missing_program_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupError, match="no program age"):
        backup_set.Cipher.parse("age:age1xyz")


def test_the_rota_deletes_what_it_does_not_keep(tmp_path):
    names = [f"hotel-202611{day:02d}-030000" for day in range(1, 23)] + [
        "hotel-20251201-030000",
        "other-20200101-030000",
    ]
    for name in names:
        (tmp_path / name).mkdir()
    gone = backup.rotate(tmp_path, "hotel")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(set(names) - set(gone))
    assert "hotel-20261122-030000" not in gone and "hotel-20251201-030000" not in gone
    assert "hotel-20261110-030000" in gone and "other-20200101-030000" not in gone
