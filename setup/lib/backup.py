"""``./setup/backup``: database and filestore as one set that can be verified."""

import argparse
import contextlib
import datetime
import hashlib
import pathlib
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable

from . import backup_set, database, places, postgres
from .backup_set import BLOCK, DATABASE, FILES, LISTS, Cipher, Place
from .shell import SetupError, command_main, say

DESCRIPTION = """\
Writes a folder with the database and the files that it refers to, as they were at one moment, while people go on
working. Every file has its SHA-256; ./setup/restore checks them, and counts every table and file again.

Not in it: the file with the keys of the product (HOSPITALITY_KEY_FILE). Keep a copy of it apart from the backups;
without it encrypted numbers and seals can't be read. Encrypt backups: they hold personal data.
"""


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="setup/backup", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    places.add_arguments(parser)
    parser.add_argument("--to", metavar="FOLDER", default=".", type=pathlib.Path, help="where to write (default: here)")
    parser.add_argument(
        "--encrypt", metavar="age:KEY|gpg:KEY", help="encrypt for this recipient, if age or gpg is there"
    )
    parser.add_argument(
        "--rotate",
        action="store_true",
        help="afterwards delete older backups of this database there: 7 days, 4 weeks and 3 months are kept",
    )
    options = parser.parse_args(argv)
    cipher = Cipher.parse(options.encrypt)
    with places.found(options) as place:
        folder = make(place, options.db, options.to, cipher)
    if options.rotate:
        rotate(options.to, options.db)
    print(f"\n{folder}")
    return 0


def make(place: Place, name: str, target: pathlib.Path, cipher: Cipher | None = None) -> pathlib.Path:
    """Write a set and return its folder. A set that was cut off has no sums and is refused by whoever reads it.

    :raise SetupError: the database isn't there, or a program fails
    """
    database.quoted(name)
    if not database.exists(place.server, name):
        raise SetupError(f"There is no database {name}: name another with --db.")
    now = datetime.datetime.now(datetime.UTC)
    folder = target / f"{name}-{now:%Y%m%d-%H%M%S}"
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError as error:
        raise SetupError(f"{folder} exists already: wait a second, or choose another folder with --to.") from error
    parts: dict = {}
    with _snapshot(place.server, name) as (cursor, snapshot):
        manifest = {"format": backup_set.FORMAT, "made_at": now.isoformat(timespec="seconds"), "parts": parts}
        manifest.update(_describe(cursor, name))
        say(f"writing the database {name}")
        _dump(place.server, name, snapshot, folder, cipher, parts)
        say(f"writing {manifest['files']} files")
        manifest.update(_pack(cursor, place.filestore(name), folder, cipher, parts))
    for listed in LISTS:
        source = place.lists() / listed
        if source.is_file():
            with source.open("rb") as stream, backup_set.writing(folder, listed, cipher, parts) as part:
                shutil.copyfileobj(stream, part, BLOCK)
    backup_set.close(folder, manifest)
    backup_set.verify(folder)
    for kind in ("missing", "damaged"):
        if manifest[kind]:
            say(f"{len(manifest[kind])} files are {kind} in the filestore itself; the manifest lists them")
    say(f"done: {len(manifest['tables'])} tables, {manifest['packed']} files, verified")
    return folder


def rotate(target: pathlib.Path, name: str) -> list[str]:
    """Delete backups of a database that the rota doesn't keep; return their names."""
    pattern = re.compile(re.escape(name) + r"-(\d{8}-\d{6})")
    sets = {}
    for path in target.iterdir():
        if path.is_dir() and (match := pattern.fullmatch(path.name)):
            sets[datetime.datetime.strptime(match[1], "%Y%m%d-%H%M%S")] = path
    kept = choose_kept(sets)
    gone = sorted(path.name for at, path in sets.items() if at not in kept)
    for each in gone:
        say(f"deleting the older backup {each}")
        shutil.rmtree(target / each)
    return gone


def choose_kept(moments: Iterable[datetime.datetime]) -> set[datetime.datetime]:
    """Return the newest backup of each of the last seven days, four weeks and three months that have one.

    >>> days = [datetime.datetime(2026, 11, 22) - datetime.timedelta(days=n) for n in range(120)]
    >>> [f"{day:%m-%d}" for day in sorted(choose_kept(days), reverse=True)]
    ['11-22', '11-21', '11-20', '11-19', '11-18', '11-17', '11-16', '11-15', '11-08', '11-01', '10-31', '09-30']
    """
    kept = set()
    for number, key in ((7, "%Y-%m-%d"), (4, "%G-%V"), (3, "%Y-%m")):
        newest: dict[str, datetime.datetime] = {}
        for moment in sorted(moments, reverse=True):
            newest.setdefault(moment.strftime(key), moment)
        kept.update(list(newest.values())[:number])
    return kept


@contextlib.contextmanager
def _snapshot(server: postgres.Server, name: str):
    """A transaction in which everything is read, and its snapshot for other sessions.

    The lock keeps Odoo from collecting files of deleted attachments meanwhile, so that every file that the snapshot
    refers to stays; nobody who works waits for it.
    """
    import psycopg2

    connection = psycopg2.connect(**server.arguments(name))
    try:
        connection.set_session(isolation_level="REPEATABLE READ")
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE ir_attachment IN ROW EXCLUSIVE MODE")
            cursor.execute("SELECT pg_export_snapshot()")
            yield cursor, cursor.fetchone()[0]
    finally:
        connection.close()


def _describe(cursor, name: str) -> dict:
    cursor.execute("SELECT key, value FROM ir_config_parameter WHERE key = 'database.uuid'")
    uuid = dict(cursor.fetchall()).get("database.uuid")
    cursor.execute("SELECT name, latest_version FROM ir_module_module WHERE state = 'installed' ORDER BY name")
    modules = dict(cursor.fetchall())
    cursor.execute("SHOW server_version")
    [(version,)] = cursor.fetchall()
    cursor.execute(
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'"
        " WHERE relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1"
    )
    tables = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f'SELECT count(*) FROM public."{table}"')  # a name from the catalogue
        tables[table] = cursor.fetchone()[0]
    cursor.execute("SELECT count(DISTINCT store_fname) FROM ir_attachment WHERE store_fname IS NOT NULL")
    return {
        "database": name,
        "uuid": uuid,
        "postgresql": version,
        "modules": modules,
        "tables": tables,
        "files": cursor.fetchone()[0],
    }


def _dump(server: postgres.Server, name: str, snapshot: str, folder, cipher, parts) -> None:
    program, more = backup_set.client(server, "pg_dump")
    command = [program, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", name]
    with backup_set.writing(folder, DATABASE, cipher, parts) as part:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=backup_set.environment(server, more)
        ) as dump:
            shutil.copyfileobj(dump.stdout, part, BLOCK)
            if dump.wait():
                raise SetupError(f"pg_dump could not read {name} (exit code {dump.returncode}).")


def _pack(cursor, filestore: pathlib.Path, folder, cipher, parts) -> dict:
    """Pack the files that the snapshot refers to; return how many, which were missing and which damaged."""
    cursor.execute("SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL ORDER BY 1")
    packed, missing, damaged = 0, [], []
    with backup_set.writing(folder, FILES, cipher, parts) as part:
        with tarfile.open(fileobj=part, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for (name,) in cursor.fetchall():
                path = filestore / name
                if not path.is_file():
                    missing.append(name)
                    continue
                # Odoo names files by the SHA-1 of their content.
                if hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest() != path.name:
                    damaged.append(name)
                archive.add(path, arcname=name, recursive=False)
                packed += 1
    return {"packed": packed, "missing": missing, "damaged": damaged}


if __name__ == "__main__":
    command_main(main)
