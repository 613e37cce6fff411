"""What cannot work is refused with one sentence that says what to do."""

import os
import pathlib
import socket
import subprocess

import pytest

from setup.lib import database, keys, odoo_source, paths, server
from setup.lib.shell import SetupError
from setup.lib.test import wanted


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return paths.cache()


def make_odoo(folder: pathlib.Path, version: str) -> pathlib.Path:
    for part in ("odoo/addons/base", "addons/mail"):
        (folder / part).mkdir(parents=True)
        (folder / part / "__manifest__.py").write_text("{}")
    (folder / "odoo" / "release.py").write_text(f"version_info = {version}\n")
    (folder / "odoo-bin").touch()
    return folder


def test_an_odoo_of_another_series_is_refused(tmp_path):
    for version, name in (("(20, 0, 0, FINAL, 0, '')", "20.0"), ("('saas~19', 2, 0, FINAL, 0, '')", "19.2")):
        odoo = make_odoo(tmp_path / name, version)
        with pytest.raises(SetupError, match=rf"is Odoo {name}, and this product needs 19\.0: .*--odoo PATH"):
            odoo_source.find(str(odoo))


def test_a_source_checkout_is_accepted_also_by_its_inner_folder(tmp_path):
    odoo = make_odoo(tmp_path / "o", "(19, 0, 0, FINAL, 0, '')")
    for path in (odoo, odoo / "odoo"):
        source = odoo_source.find(str(path))
        assert source.root == odoo
        assert source.addons_paths == (odoo / "addons", odoo / "odoo" / "addons")


def test_a_folder_without_odoo_is_refused(tmp_path):
    with pytest.raises(SetupError, match="There is no Odoo in"):
        odoo_source.find(str(tmp_path))


def test_a_port_in_use_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SetupError, match="is in use: stop the program that has it, or choose another with --port"):
            server.check_port(taken.getsockname()[1], "hospitality")


def test_a_number_that_is_no_port_is_refused():
    with pytest.raises(SetupError, match="99999 is no port"):
        server.check_port(99999, "hospitality")


def test_a_full_disk_is_refused_with_its_folder(cache):
    with pytest.raises(SetupError, match=f"{cache} has .* GB free .* set XDG_CACHE_HOME"):
        paths.need_space(10**9)


def test_a_named_key_file_must_exist(monkeypatch):
    monkeypatch.setenv(keys.VARIABLE, "/nowhere/key")
    with pytest.raises(SetupError, match="HOSPITALITY_KEY_FILE names /nowhere/key"):
        keys.key_file()


def test_the_made_key_is_private_and_stays(monkeypatch):
    monkeypatch.delenv(keys.VARIABLE, raising=False)
    path = keys.key_file()
    assert path.stat().st_mode & 0o077 == 0
    text = path.read_text()
    assert keys.key_file() == path and path.read_text() == text


def test_database_names_cannot_carry_sql():
    assert database.quoted("t_1_2") == '"t_1_2"'
    for name in ("", "1a", 'a"b', "a b", "a" * 64):
        with pytest.raises(SetupError, match="is no database name"):
            database.quoted(name)


def test_an_unknown_target_is_refused():
    with pytest.raises(SetupError, match="see ./setup/test --help"):
        wanted(["nonsense"])


def test_a_dead_server_leaves_no_trace(cache):
    """A process number comes back: only a process that runs on our configuration is ours to end."""
    other = subprocess.Popen(["sleep", "60"])
    try:
        folder = server.folder("hospitality")
        folder.mkdir(parents=True)
        (folder / "state.json").write_text(f'{{"pid": {other.pid}, "port": 1, "workers": 0}}')
        assert server.state("hospitality") is None
        assert server.stop("hospitality") is False
        assert other.poll() is None
        os.kill(other.pid, 0)
    finally:
        other.kill()
        other.wait()
