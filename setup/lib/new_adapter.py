"""``./setup/adapter NAME``: a new adapter with its fake and its tests, which pass as they are written."""

import argparse
import pathlib

from .paths import CHECKOUT
from .shell import SetupError, command_main, say

TEMPLATES = pathlib.Path(__file__).with_name("adapter_template")
PLACES = {
    "adapter.py.txt": "hospitality_connectors/engine/adapters/{name}.py",
    "fake.py.txt": "tests/fakes/{name}.py",
    "test.py.txt": "tests/engine/connectors/test_{name}.py",
}
REGISTER = "hospitality_connectors/engine/adapters/__init__.py"


def write(name: str, title: str, folder: pathlib.Path = CHECKOUT) -> list[pathlib.Path]:
    """Write the three files of an adapter and register it; return their paths.

    :raise SetupError: the name can't be one, or is taken
    """
    if not name.isidentifier() or not name.islower():
        raise SetupError(f"{name} can't be the name of a module: small letters, digits and _ only.")
    names = {"name": name, "Title": title or name.title(), "Class": name.title().replace("_", "")}
    paths = {template: folder / place.format(**names) for template, place in PLACES.items()}
    for path in paths.values():
        if path.exists():
            raise SetupError(f"{path.relative_to(folder)} is there already.")
    for template, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((TEMPLATES / template).read_text().format(**names))
    register = folder / REGISTER
    lines = register.read_text().splitlines() if register.exists() else []
    imports = sorted({*(line for line in lines if line.startswith("from . import")), f"from . import {name}"})
    others = [line for line in lines if not line.startswith("from . import")]
    register.write_text("\n".join([*others, *imports]) + "\n")
    return list(paths.values())


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="setup/adapter", description=__doc__)
    parser.add_argument("name", help="name of the module, such as mews")
    parser.add_argument("--title", default="", help="what people call the system")
    options = parser.parse_args(argv)
    for path in write(options.name, options.title):
        say(f"wrote {path.relative_to(CHECKOUT)}")
    say(f"try it: ./setup/test tests/engine/connectors/test_{options.name}.py; then read docs/adapters.md")
    return 0


if __name__ == "__main__":
    command_main(main)
