"""Loading the demo group into a database, through the pipeline.

The group consists of the hotels' history, which is the bookings file and nothing else (sources
``pms_city`` and ``pms_resort``: 79,330 and 40,060 bookings), of a live book (source ``pms_live``:
guests in house, arrivals of today, the future; see :mod:`.livebook`) and of two restaurants. All of it
is written as files and imported; only what no file holds (places, users, and what staff
know about guests) is written directly.

The history is moved by whole weeks to end in the week before *today*, so every status of the file fits
its dates. The day is remembered: loading again adds nothing; loading with a later ``today`` lets
the time pass, guests arrive and leave and new bookings come in, while the history stays where it is.
"""

import csv
import gzip
import io
import tempfile
import time
from datetime import date, timedelta

from odoo.exceptions import UserError

from odoo.addons.hospitality_crm.tools.claim import with_retry

from . import consents, files, hotels, place_records, staff_facts
from .generate import SOURCES, generate

SINCE = "hospitality_connectors.demo_since"
TODAY = "hospitality_connectors.demo_today"
MAX_DAYS = 240
IDLE_SECONDS = 0.2
TRUTH = "demo_truth.csv.gz"
SIZES = ("full", "small")


def load(env, size="full", today=None, progress=print):
    """Load the demo group. Commits after each file, so it can be called again after a crash.

    :param env: environment of a superuser on a cursor that may commit
    :param str size: ``full`` (119,390 bookings) or ``small`` (the last 3,000 of them); alternatives,
        not meant to follow each other in one database
    :param today: the day that the boards show: date, ISO text, or None for the day of the last load,
        else the current day
    :param progress: called with a line of text about every step
    :return: list of ``{"role", "login", "password", "hint"}``, one per role
    :raise UserError: unknown size, or a day that the group can't be moved to
    """
    if size not in SIZES:
        raise UserError(env._("%s is no size of the demo group. Choose full or small.", size))
    env = env(user=1, context={"lang": "en_US", "tracking_disable": True, "mail_create_nosubscribe": True})
    since, today = _days(env, today)
    progress(f"Making the {size} demo group for {today:%d %B %Y}")
    demo = generate(today, size, since=since)
    places = place_records.load(env)
    env.cr.commit()  # pylint: disable=invalid-commit  # lanes import on cursors of their own
    connectors = _connectors(env)
    _import(env, demo.files, connectors, progress)
    staff_facts.load(env, demo.cast, today, hotels.SEED)
    _store_truth(env, demo.truth)
    logins = place_records.load_users(env, places)
    env["ir.config_parameter"].set_param(TODAY, today.isoformat())
    env["ir.config_parameter"].set_param(SINCE, since.isoformat())
    env.cr.commit()  # pylint: disable=invalid-commit  # as above: what follows runs on other cursors
    _derive(env, progress)
    consents.load(env, today)
    env.cr.commit()  # pylint: disable=invalid-commit  # the demo group is complete
    return logins


def _days(env, today):
    """Return ``(day of the first load, day to show)``."""
    get_param = env["ir.config_parameter"].get_param
    today = today or get_param(TODAY) or date.today()
    today = date.fromisoformat(today) if isinstance(today, str) else today
    since = date.fromisoformat(get_param(SINCE) or today.isoformat())
    last = date.fromisoformat(get_param(TODAY) or today.isoformat())
    if today < last or (today - since).days > MAX_DAYS:
        raise UserError(
            env._(
                "The demo group in this database can be moved to days from %(first)s to %(last)s. Load it into a new"
                " database for another day.",
                first=last.isoformat(),
                last=(since + timedelta(MAX_DAYS)).isoformat(),
            )
        )
    return since, today


def _connectors(env):
    """Return the connector of each source, made where missing."""
    found = {}
    for code, name, kind, trust, prop in SOURCES:
        place = env["hospitality.property"].search([("code", "=", prop)], limit=1)
        source = place_records.ensure(
            env,
            "hospitality.source",
            {"code": code},
            {"name": name, "kind": kind, "trust": trust, "property_id": place.id},
        )
        found[code] = place_records.ensure(
            env,
            "hospitality.connector",
            {"source_id": source.id, "adapter": "file"},
            {"name": name, "property_id": place.id},
        )
    env.cr.commit()  # pylint: disable=invalid-commit  # imports commit on cursors of their own
    return found


def _import(env, demo_files, connectors, progress):
    with tempfile.TemporaryDirectory(prefix="hospitality_demo_") as folder:
        for file in demo_files:
            path = files.write(file, folder)
            job = env["hospitality.import.job"]._create_from_file(
                file.name, connectors[file.source], path=str(path), mapping=files.mapping(file)
            )
            report = job._run_now()
            counts = [f"{report[name]:,} {name}" for name in ("rows", "loaded", "unchanged", "quarantined")]
            progress(f"{file.name}: {', '.join(counts)}")
            for difference in report["differences"]:
                progress(f"  differs: {difference}")
            if not report["loaded"]:
                job.unlink()  # the same file again: the import that brought it in tells the story


def _store_truth(env, truth):
    """Keep who is who as an attachment that administrators can read."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(truth[0]))
    writer.writeheader()
    writer.writerows(truth)
    content = gzip.compress(stream.getvalue().encode(), mtime=0)
    place_records.ensure(
        env,
        "ir.attachment",
        {
            "name": TRUTH,
            "res_model": "hospitality.source",
            "res_id": env.ref("hospitality_crm.source_odoo").id,
        },
        {"mimetype": "application/gzip"},
    ).write({"raw": content})


def _derive(env, progress):
    """Do at once what background jobs would do within minutes: matching, golden values, figures, search texts."""
    _match(env, progress)
    for model in ("hospitality.golden.queue", "hospitality.guest.dirty"):
        taken = 0
        while True:
            done = with_retry(env[model]._run_batch)
            taken += done
            if not done:
                # A batch is empty also where lanes hold what is left: they are waited for.
                env.cr.commit()  # pylint: disable=invalid-commit  # look again, at what others have committed
                if not env[model].search_count([], limit=1):
                    break
                time.sleep(IDLE_SECONDS)
        progress(f"{env[model]._description}: {taken:,} refreshed")


def _match(env, progress):
    """Compare all guests with each other: merge who is one, and have the rest ready for review."""
    Run = env["hospitality.match.run"]
    run = Run.search([("state", "=", "running")]) or Run._start()
    env.cr.commit()  # pylint: disable=invalid-commit  # steps run on cursors of their own
    while run.state == "running":
        if not Run._run_task():
            time.sleep(IDLE_SECONDS)  # lanes are at work on what is left
        env.cr.commit()  # pylint: disable=invalid-commit  # as above
        run.invalidate_recordset()
    while with_retry(Run._run_queue):
        continue
    progress(f"{Run._description}: {run.merged_count:,} guests merged, {run.open_count:,} pairs to review")
