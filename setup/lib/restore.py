"""``./setup/restore``: a backup becomes a new database in which nothing starts by itself."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

from . import backup_set, database, places, shell
from .backup_set import BLOCK, DATABASE, FILES, LISTS, Place
from .shell import SetupError, command_main, say

INSIDE = pathlib.Path(__file__).with_name("inside") / "restored.py"
DESCRIPTION = """\
Checks a backup, makes a new database of it and checks that too: every table and every file is counted again. The copy
starts with outgoing and incoming mail, scheduled actions, web hooks and connectors switched off; who was erased since
the backup is erased again; the ledgers are verified. What was on before stands in the report, so that it can be
switched on by hand where the copy replaces a lost database.
"""


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="setup/restore", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=pathlib.Path, help="the backup")
    places.add_arguments(parser)
    parser.add_argument("--check", action="store_true", help="only check the backup")
    parser.add_argument(
        "--keep-identity",
        action="store_true",
        help="the copy replaces a lost database: it keeps its identity, with which links in e-mails are signed",
    )
    parser.add_argument("--drop", action="store_true", help="a trial: drop the copy again when it has been checked")
    options = parser.parse_args(argv)
    manifest = backup_set.verify(options.folder)
    say(f"{options.folder.name} is whole: {manifest['database']} of {manifest['made_at']}")
    if options.check:
        return 0
    with places.found(options) as place:
        report = restore(place, options.folder, options.db, options.keep_identity)
        if options.drop:
            place.drop(options.db)
    print(f"\n{verdict(report)}")
    return 0 if report["good"] else 1


def restore(place: Place, folder: pathlib.Path, name: str, keep_identity: bool = False) -> dict:
    """Make a database of a set; when anything fails, nothing is left of it.

    :return: report: ``good``, ``tables``, ``files``, ``erased`` (None: this product has no eraser), ``ledgers``
        (``[{"ledger", "sealed", "waiting", "intact", "text"}]``), ``was_on`` (what was switched off, by table)
    :raise SetupError: the set is damaged, the database exists, or what was restored isn't what was saved
    """
    manifest = backup_set.verify(folder)
    database.quoted(name)
    if database.exists(place.server, name) or place.filestore(name).exists():
        raise SetupError(
            f"{name} exists already: choose a new name with --db. Nothing is restored over another database."
        )
    say(f"restoring into {name}")
    try:
        database.create(place.server, name)
        _load(place, folder, manifest, name)
        _unpack(place, folder, manifest, name)
        _count(place, manifest, name)
        report = _start_off(place, folder, manifest, name, keep_identity)
    except BaseException:
        with contextlib.suppress(Exception):
            place.drop(name)
        raise
    path = place.data / "hospitality" / f"restored-{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps(report, indent=1))
    report["path"] = str(path)
    return report


def _load(place: Place, folder: pathlib.Path, manifest: dict, name: str) -> None:
    program, more = backup_set.client(place.server, "pg_restore")
    command = [program, "--no-owner", "--no-privileges", "--no-comments", "--exit-on-error", "-d", name]
    with tempfile.TemporaryFile() as errors, backup_set.reading(folder, manifest, DATABASE) as stream:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=errors, env=backup_set.environment(place.server, more)
        ) as load:
            with contextlib.suppress(BrokenPipeError):
                shutil.copyfileobj(stream, load.stdin, BLOCK)
                load.stdin.close()
            if load.wait():
                errors.seek(0)
                text = errors.read().decode(errors="replace").strip()
                raise SetupError(f"pg_restore could not load {folder.name}:\n  {text[-1500:]}{_advise(text)}")


def _advise(text: str) -> str:
    if "IMMUTABLE" not in text:
        return ""
    return (
        "\nA superuser has to allow the index first: in template1, CREATE EXTENSION unaccent;"
        " ALTER FUNCTION unaccent(text) IMMUTABLE;"
    )


def _unpack(place: Place, folder: pathlib.Path, manifest: dict, name: str) -> None:
    target = place.filestore(name)
    target.mkdir(parents=True, mode=0o700)
    with backup_set.reading(folder, manifest, FILES) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            path = (target / member.name).resolve()
            if not member.isfile() or not path.is_relative_to(target.resolve()):
                raise SetupError(f"{FILES} holds {member.name}, which is no file of a filestore: nothing is restored.")
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as stream_out:
                shutil.copyfileobj(archive.extractfile(member), stream_out, BLOCK)


def _count(place: Place, manifest: dict, name: str) -> None:
    """Insist that every table and every file is there again."""
    wrong = []
    with place.server.cursor(name) as cursor:
        for table, rows in manifest["tables"].items():
            cursor.execute("SELECT to_regclass(%s)", [f'public."{table}"'])
            if cursor.fetchone()[0] is None:
                wrong.append(f"{table} is missing")
                continue
            cursor.execute(f'SELECT count(*) FROM public."{table}"')  # a name from the manifest, whose sum is right
            if (found := cursor.fetchone()[0]) != rows:
                wrong.append(f"{table} has {found} rows instead of {rows}")
    files = sum(1 for path in place.filestore(name).rglob("*") if path.is_file())
    if files != manifest["packed"]:
        wrong.append(f"{files} files instead of {manifest['packed']}")
    if wrong:
        raise SetupError("What was restored is not what was saved:\n  " + "\n  ".join(wrong[:20]))


def _start_off(place: Place, folder: pathlib.Path, manifest: dict, name: str, keep_identity: bool) -> dict:
    """Switch everything off, erase again, verify; all of it before anybody can log in."""
    say("switching off mail, scheduled actions and connectors; erasing again; verifying ledgers")
    with tempfile.TemporaryDirectory() as scratch:
        lists = pathlib.Path(scratch)
        for listed in LISTS:
            _gather(place, folder, manifest, listed, lists)
        answer = lists / "answer.json"
        variables = {**place.variables, "HOSPITALITY_ANCHOR_FILE": str(lists / "anchors.jsonl")}
        shell.run(
            [place.python, INSIDE, place.configuration, name, "keep" if keep_identity else "renew", answer],
            why="preparing the restored database",
            env={**place.server.environment(), **variables},
            log=lists / "log",
        )
        report = json.loads(answer.read_text())
        if keep_identity:
            _return_erasures(place, lists)
    report.update(tables=len(manifest["tables"]), files=manifest["packed"], backup=folder.name, database=name)
    report["good"] = all(ledger["intact"] for ledger in report["ledgers"])
    return report


def _gather(place: Place, folder: pathlib.Path, manifest: dict, listed: str, target: pathlib.Path) -> None:
    """Copy a list that is kept outside the database.

    The anchors are those of the moment of the backup: later ones are about entries that are not in it. Of erasures
    those of today count, wherever they stand.
    """
    lines = []
    if listed in manifest["parts"]:
        with backup_set.reading(folder, manifest, listed) as stream:
            lines = stream.read().decode().splitlines()
    today = place.lists() / listed
    if listed == "erasures.jsonl" and today.is_file():
        lines += today.read_text().splitlines()
    (target / listed).write_text("".join(f"{line}\n" for line in dict.fromkeys(lines)))


def _return_erasures(place: Place, lists: pathlib.Path) -> None:
    """Put the list of erasures where this machine keeps it, when the machine that had it is lost."""
    target = place.lists() / "erasures.jsonl"
    if not target.exists() and (lists / "erasures.jsonl").stat().st_size:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write((lists / "erasures.jsonl").read_text())


def verdict(report: dict) -> str:
    """The report in words."""
    off = ", ".join(f"{len(rows)} of {table}" for table, rows in sorted(report["was_on"].items()) if rows) or "nothing"
    lines = [
        f"{report['database']}: {report['tables']} tables and {report['files']} files are as they were saved.",
        f"Switched off: {off}. What was on: {report['path']}",
        "Erasures: this version has none to repeat."
        if report["erased"] is None
        else f"Erasures: {report['erased']} guests were erased again.",
        *(f"Ledger {ledger['ledger']}: {ledger['text']}" for ledger in report["ledgers"]),
        "GOOD" if report["good"] else "NOT GOOD: a ledger is broken, see above.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    command_main(main)
