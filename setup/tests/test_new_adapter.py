"""A generated adapter: its tests pass as they are written."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from setup.lib import new_adapter
from setup.lib.paths import CHECKOUT
from setup.lib.shell import SetupError

NEEDED = (
    "conftest.py",
    "hospitality_crm/__manifest__.py",
    "hospitality_crm/tools/http.py",
    "hospitality_connectors/__manifest__.py",
    "hospitality_connectors/engine",
    "tests/fakes",
    "tests/engine/conftest.py",
    "tests/engine/http_server.py",
    "tests/engine/connectors/conftest.py",
    "tests/engine/connectors/contract.py",
)


@pytest.fixture
def tree(tmp_path):
    for name in NEEDED:
        source, target = CHECKOUT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return tmp_path


def test_its_contract_passes(tree):
    paths = new_adapter.write("harbour_pms", "Harbour PMS", tree)
    assert all(path.is_file() for path in paths)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib"]
    command += [
        "tests/engine/connectors/test_harbour_pms.py",
        "-k",
        "not network_faults and not limit and not thousand",
    ]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize("name", ["Harbour", "two words", "../evil", "cloudbeds"])
def test_names_that_cannot_be_are_refused(tree, name):
    before = sorted(path for path in tree.rglob("*") if path.is_file())
    with pytest.raises(SetupError):
        new_adapter.write(name, "", tree)
    assert sorted(path for path in tree.rglob("*") if path.is_file()) == before


def test_templates_are_complete():
    assert {path.name for path in pathlib.Path(new_adapter.TEMPLATES).iterdir()} == set(new_adapter.PLACES)
