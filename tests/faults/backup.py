"""Backups under fire: made while people work, damaged in every way, restored into a copy in which nothing starts.

A writer adds guests and files all the while. What is restored must be one moment of the database, hold no number of an
identity document in clear, have mail, scheduled actions and connectors off, and forget again who was erased since.
Every damaged set must be refused before there is a database of it.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import common
import psycopg2
from common import Checks, kill, parse_arguments, process, rows, run, wait_until

from setup.lib import backup, backup_set, database, postgres, restore
from setup.lib.backup_set import Cipher, Place
from setup.lib.shell import SetupError

PLANT = """
import base64
guests = env["res.partner"].create([{"name": f"Backup Guest {n}", "is_guest": True} for n in range(50)])
numbers = %(numbers)r
env["hospitality.identity.document"].create(
    [{"partner_id": guest.id, "number": number} for guest, number in zip(guests, numbers)])
purpose = env.ref("hospitality_crm.purpose_marketing")
for guest in guests[:20]:
    env["hospitality.consent.event"]._record(guest, purpose, "email", "granted", method="desk", reason="said so")
env["ir.attachment"].create([{"name": f"file {n}", "raw": b"content %%d" %% n} for n in range(30)])
env["ir.mail_server"].create({"name": "Real", "smtp_host": "mail.example", "smtp_port": 25})
source = env["hospitality.source"].create({"name": "PMS", "code": "backup_pms", "kind": "pms"})
env["hospitality.connector"].create({"name": "PMS", "source_id": source.id, "adapter": "canonical"})
env.cr.commit()
Seal = env["hospitality.ledger.seal"]
while Seal._seal_step("hospitality.consent.event"):
    pass
env["hospitality.ledger.anchor"]._anchor("hospitality.consent.event")
"""
WRITER = """
n = 0
while True:
    n += 1
    env["res.partner"].create({"name": f"Busy Guest {n}", "is_guest": True})
    env["ir.attachment"].create({"name": "busy", "raw": b"busy %d" % n})
    env.cr.commit()
"""
ERASE = """
guest = env["res.partner"].search([("name", "=", "Backup Guest 7")])
env["hospitality.eraser"]._erase(guest)
"""
TAMPER = """
env.cr.execute("ALTER TABLE hospitality_consent_event DISABLE TRIGGER USER")
env.cr.execute("UPDATE hospitality_consent_event SET decision = 'granted' WHERE id = (SELECT max(id) FROM"
               " hospitality_consent_event WHERE decision <> 'granted')")
env.cr.execute("UPDATE hospitality_consent_event SET channel = 'sms' WHERE id = (SELECT max(id) FROM"
               " hospitality_consent_event)")
env.cr.execute("ALTER TABLE hospitality_consent_event ENABLE TRIGGER USER")
"""
REVEAL = """
import pathlib
documents = env["hospitality.identity.document"].search([], order="id")
pathlib.Path(%(path)r).write_text("\\n".join(document._reveal("Test of the backup") for document in documents))
"""
NUMBERS = [f"QX{n:02d}{n * 7919 % 1000000:06d}Z" for n in range(50)]
COPY = f"{common.DATABASE}_copy"


def get_place() -> Place:
    text = pathlib.Path(common.CONFIGURATION).read_text()
    data = next(line.partition("=")[2].strip() for line in text.splitlines() if line.startswith("data_dir"))
    host = os.environ.get("PGHOST", "")
    # The cluster of the tests is ours: its superuser may make what a new database needs.
    admin = "postgres" if host.startswith("/") else ""
    server = postgres.Server("script", host=host, user=os.environ.get("PGUSER", ""), admin=admin)
    variables = {"PYTHONPATH": os.environ["PYTHONPATH"]}
    return Place(
        server, pathlib.Path(data), pathlib.Path(common.CONFIGURATION), pathlib.Path(sys.executable), variables
    )


def copied(query: str) -> list[tuple]:
    """Rows of a query over the restored database."""
    connection = psycopg2.connect(dbname=COPY)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        connection.close()


def is_refused(place: Place, folder: pathlib.Path, words: str) -> bool:
    """Whether a set is refused with some words, and nothing of it is left."""
    try:
        restore.restore(place, folder, COPY)
    except SetupError as error:
        gone = not database.exists(place.server, COPY) and not place.filestore(COPY).exists()
        return words in str(error) and gone
    return False


def check_damage(checks: Checks, place: Place, whole: pathlib.Path, folder: pathlib.Path) -> None:
    for number, name in enumerate((backup_set.DATABASE, backup_set.FILES, backup_set.MANIFEST, "anchors.jsonl")):
        bad = shutil.copytree(whole, folder / f"flipped-{number}")
        content = bytearray((bad / name).read_bytes())
        content[len(content) // 2] ^= 1
        (bad / name).write_bytes(content)
        checks.check(f"a flipped bit in {name} is found", is_refused(place, bad, name))
    bad = shutil.copytree(whole, folder / "short")
    with (bad / backup_set.DATABASE).open("r+b") as stream:
        stream.truncate(1000)
    checks.check("a cut file is found", is_refused(place, bad, backup_set.DATABASE))
    bad = shutil.copytree(whole, folder / "lost")
    (bad / backup_set.FILES).unlink()
    checks.check("a missing file is found", is_refused(place, bad, "is missing"))
    bad = shutil.copytree(whole, folder / "more")
    (bad / "extra.sql").write_text("DROP TABLE res_users")
    checks.check("a file that was added is found", is_refused(place, bad, "extra.sql"))
    bad = shutil.copytree(whole, folder / "unfinished")
    (bad / backup_set.SUMS).unlink()
    checks.check("a backup that was cut off is refused", is_refused(place, bad, "no complete backup"))


def check_copy(checks: Checks, report: dict, erased: bool) -> None:
    checks.check("the verdict is good", report["good"], restore.verdict(report))
    checks.check("scheduled actions are off", copied("SELECT count(*) FROM ir_cron WHERE active")[0][0] <= 1)
    servers = copied("SELECT smtp_host FROM ir_mail_server WHERE active")
    checks.check("no mail goes out", servers == [("invalid",)], str(servers))
    checks.check("connectors are off", copied("SELECT DISTINCT state FROM hospitality_connector") == [("paused",)])
    flag = copied("SELECT value FROM ir_config_parameter WHERE key = 'database.is_neutralized'")
    checks.check("the copy is marked", flag == [("true",)], str(flag))
    checks.check("what was on is told", any(name == "Real" for _id, name in report["was_on"]["ir_mail_server"]))
    uuid = "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'"
    checks.check("the copy has an identity of its own", copied(uuid) != rows(uuid))
    sealed = [ledger["sealed"] for ledger in report["ledgers"] if ledger["ledger"] == "hospitality.consent.event"]
    checks.check("the ledger was verified", sealed and sealed[0] >= 20, str(report["ledgers"]))
    if erased:
        left = copied("SELECT count(*) FROM res_partner WHERE name = 'Backup Guest 7'")
        checks.check(
            "who was erased since is erased again", left == [(0,)] and report["erased"] == 1, str(report["erased"])
        )


def is_in_clear(folder: pathlib.Path, texts: list[str]) -> bool:
    """Whether one of some texts can be read in a set, its dump as SQL included."""
    sql = subprocess.run(
        ["pg_restore", "-f", "-", folder / backup_set.DATABASE], capture_output=True, check=True
    ).stdout
    contents = [sql, *(path.read_bytes() for path in folder.iterdir())]
    if b"Backup Guest 3" not in sql:
        raise AssertionError("the search does not find what is there")
    return any(text.encode() in content for text in texts for content in contents)


def make_recipient(home: pathlib.Path) -> str | None:
    """Make a key pair for gpg; None where there is no gpg."""
    if not shutil.which("gpg"):
        return None
    home.mkdir(mode=0o700)
    os.environ["GNUPGHOME"] = str(home)
    command = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    command += ["--quick-generate-key", "backup@hotel.example", "default", "default", "never"]
    done = subprocess.run(command, capture_output=True, check=False)
    return "backup@hotel.example" if done.returncode == 0 else None


def main() -> int:
    parse_arguments()
    checks = Checks()
    place = get_place()
    with tempfile.TemporaryDirectory(prefix="hospitality-backup-") as temporary:
        folder = pathlib.Path(temporary)
        os.environ["HOSPITALITY_ANCHOR_FILE"] = str(folder / "outside" / "anchors.jsonl")
        try:
            work(checks, place, folder)
        finally:
            place.drop(COPY)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


def work(checks: Checks, place: Place, folder: pathlib.Path) -> None:
    run(PLANT % {"numbers": NUMBERS})
    with process(WRITER) as writer:
        wait_until(lambda: rows("SELECT 1 FROM res_partner WHERE name = 'Busy Guest 3'"))
        started = time.monotonic()
        whole = backup.make(place, common.DATABASE, folder)
        seconds = time.monotonic() - started
        checks.check("people work meanwhile", writer.poll() is None)
        kill(writer)
    manifest = backup_set.verify(whole)
    [(later,)] = rows("SELECT count(*) FROM res_partner")
    checks.check("one moment is saved", manifest["tables"]["res_partner"] < later, f"{seconds:.1f} s")
    checks.check(
        "every file of that moment is there", manifest["packed"] == manifest["files"] and not manifest["missing"]
    )
    checks.check("no number of 50 documents is in the dump", not is_in_clear(whole, NUMBERS))
    erases = "hospitality.eraser" in [name for (name,) in rows("SELECT model FROM ir_model")]
    if erases:
        run(ERASE)
    check_damage(checks, place, whole, folder)
    report = restore.restore(place, whole, COPY)
    check_copy(checks, report, erases)
    checks.check("nothing is restored over a database", _refuses_existing(place, whole))
    path = folder / "numbers"
    common.DATABASE, original = COPY, common.DATABASE
    run(REVEAL % {"path": str(path)})
    common.DATABASE = original
    read = path.read_text().split()
    left = set(NUMBERS) - ({NUMBERS[7]} if erases else set())
    checks.check("numbers of those who are left can be read with the key", set(read) == left, str(len(read)))
    place.drop(COPY)
    recipient = make_recipient(folder / "gnupg")
    if recipient:
        time.sleep(1.1)
        sealed = backup.make(place, common.DATABASE, folder / "sealed", Cipher.parse(f"gpg:{recipient}"))
        plain = [path for path in sealed.iterdir() if b"Backup Guest 3" in path.read_bytes() or path.suffix == ".dump"]
        checks.check("an encrypted backup can't be read", not plain, str(plain))
        checks.check("an encrypted backup is restored", restore.restore(place, sealed, COPY)["good"])
        place.drop(COPY)
    run(TAMPER)
    report = restore.restore(place, backup.make(place, common.DATABASE, folder / "tampered"), COPY)
    checks.check("a ledger that was tampered with spoils the verdict", not report["good"], restore.verdict(report))


def _refuses_existing(place: Place, whole: pathlib.Path) -> bool:
    try:
        restore.restore(place, whole, COPY)
    except SetupError as error:
        return "exists already" in str(error) and database.exists(place.server, COPY)
    return False


if __name__ == "__main__":
    sys.exit(main())
