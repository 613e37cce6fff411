"""Erasures under fire: two erasers at once, kill -9 at random moments, then an older backup that brings everybody back.

One guest has rows in every table (`hospitality_crm/tests/privacy_world.py`), forty others profiles, contact points,
stays, messages and files of their own. At the end every approved request is answered once, everybody erased is on the
list outside the database, nothing of them is found in any column of any table nor in the filestore, and nobody else's
row has changed. The copy that was made before the erasures is then taken for a restored backup: after the replay
nothing is found in it either.
"""

import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import common
import psycopg2
from common import Checks, kill, parse_arguments, process, rows, run
from psycopg2 import sql

GUESTS = 40
SETUP = """
import datetime, json, pathlib
from odoo.addons.hospitality_crm.tests import privacy_world as world
prop = env["hospitality.property"].create(
    {"name": "Fault Palace", "code": "F-PAL", "tz": "Europe/Kyiv", "currency_id": env.company.currency_id.id})
source = env["hospitality.source"].create({"name": "Fault PMS", "code": "fault_pms", "kind": "pms"})
guest, planted = world.plant(env, source, prop)
# Nothing may stand in the way of the planted one.
env.cr.execute("UPDATE hospitality_stay SET status = 'checked_out', balance = 0")
env.cr.execute("UPDATE hospitality_reservation SET status = 'finished'")
env.cr.execute("UPDATE hospitality_legal_hold SET active = FALSE")
env.cr.execute("UPDATE res_partner SET employee = FALSE")
env.cr.execute("UPDATE hospitality_property SET address_id = NULL")
if "account.move" in env:
    env.cr.execute("UPDATE account_move SET move_type = 'entry'")
env.invalidate_all()
profiles = env["hospitality.profile"].create([
    {"source_id": source.id, "external_id": f"FAULT-{n}",
     "values": {"name": f"Fault{n}x Quietguest{n}x", "emails": [f"quiet{n}x@fault-mail.com"]}}
    for n in range(%(guests)s)])
for profile in profiles:
    partner = profile.partner_id
    env["hospitality.stay"].create({
        "profile_id": profile.id, "property_id": prop.id, "currency_id": prop.currency_id.id,
        "arrival": datetime.date(2024, 1, 1), "departure": datetime.date(2024, 1, 3), "status": "checked_out",
        "requests": f"for {partner.name}"})
    partner.message_post(body=f"I am {partner.name}, {partner.email}")
    env["ir.attachment"].create({"name": partner.name, "raw": f"letter of {partner.email}".encode(),
                                 "res_model": "res.partner", "res_id": partner.id})
erased = guest | profiles[: len(profiles) // 2].partner_id
requests = env["hospitality.privacy.request"].create(
    [{"kind": "erasure", "partner_id": partner.id, "proof": "known", "state": "approved"} for partner in erased])
tokens = [*world.TOKENS, *(f"quiet{n}x@fault" for n in range(len(profiles) // 2)),
          *(f"Quietguest{n}x" for n in range(len(profiles) // 2))]
facts = {"requests": requests.ids, "tokens": tokens, "filestore": env["ir.attachment"]._filestore(),
         "blockers": [b for partner in erased for b in env["hospitality.eraser"]._get_blockers(partner)],
         "others": profiles[len(profiles) // 2 :].partner_id.ids}
pathlib.Path(%(path)r).write_text(json.dumps(facts, default=str))
"""
ERASER = """
while env["hospitality.privacy.request"]._erase_step(%(limit)s):
    pass
"""
FINISH = """
env["hospitality.privacy.request"]._run_eraser()
env["hospitality.eraser"]._complete_list()
env.cr.commit()
env["ir.attachment"]._gc_file_store()
"""
OTHERS = """
SELECT md5(string_agg(md5(p::text), '' ORDER BY p.id)), (SELECT md5(string_agg(md5(h::text), '' ORDER BY h.id))
  FROM hospitality_profile h WHERE h.partner_id = ANY(%s)), (SELECT count(*) FROM hospitality_contact_link l
  JOIN hospitality_profile h ON h.id = l.profile_id WHERE h.partner_id = ANY(%s))
  FROM res_partner p WHERE p.id = ANY(%s)
"""
ANSWERED = "SELECT count(*) FROM hospitality_privacy_request WHERE state = 'done' AND id = ANY(%s)"
STEPS = """
SELECT count(*), count(DISTINCT request_id) FROM hospitality_privacy_step
 WHERE action = 'erased' AND request_id = ANY(%s)
"""
ALLOWED = {"hospitality_erasure_notice.external_id"}


def scan(facts):
    """Return what is left of the erased guests in the database and its filestore."""
    sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "hospitality_crm" / "tests"))
    import residue  # beside the addon's tests

    folder = pathlib.Path(facts["filestore"]).with_name(common.DATABASE)
    files = [path for path in folder.rglob("*") if path.is_file()]
    connection = psycopg2.connect(dbname=common.DATABASE)
    try:
        found, dirty, tables, _rows = residue.scan(connection.cursor(), facts["tokens"], files)
    finally:
        connection.close()
    return {place: hits for place, hits in found.items() if place not in ALLOWED}, dirty, tables, len(files)


def copy_database(name, facts):
    """Copy the database and its filestore, as a backup does."""
    connection = psycopg2.connect(dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        query = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        cursor.execute(query.format(sql.Identifier(name), sql.Identifier(common.DATABASE)))
    connection.close()
    folder = pathlib.Path(facts["filestore"])
    shutil.copytree(folder, folder.with_name(name), dirs_exist_ok=True)


def drop_database(name, facts):
    connection = psycopg2.connect(dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    connection.close()
    shutil.rmtree(pathlib.Path(facts["filestore"]).with_name(name), ignore_errors=True)


def erase_under_fire(kills, rng, answered):
    """Let two erasers work and kill them at random moments; return how many were killed."""
    killed = 0
    while killed < kills:
        erasers = [process(ERASER % {"limit": 3}) for _number in range(2)]
        running = [eraser.__enter__() for eraser in erasers]
        before, deadline = answered(), time.monotonic() + 30
        while answered() == before and time.monotonic() < deadline and any(one.poll() is None for one in running):
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.4))
        ended = all(one.poll() is not None for one in running)
        for started, eraser in zip(running, erasers, strict=True):
            kill(started)
            killed += 1
            eraser.__exit__(None, None, None)
        if ended:
            break
    return killed


def main():
    arguments = parse_arguments(kills=8)
    kills = 2 if arguments.short else arguments.kills
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOSPITALITY_ANCHOR_FILE"] = f"{folder}/anchors.jsonl"
        key_file = pathlib.Path(folder) / "keys"
        key_file.write_text(f"k1:{'ab' * 32}\n")
        os.environ["HOSPITALITY_KEY_FILE"] = str(key_file)
        path = pathlib.Path(folder) / "facts.json"
        run(SETUP % {"guests": GUESTS, "path": str(path)})
        facts = json.loads(path.read_text())
        checks.check("nothing stands in the way", not facts["blockers"], str(facts["blockers"]))
        found, dirty, tables, files = scan(facts)
        planted = {place.partition(".")[0] for place in found}
        checks.check("the guests are in 40 tables and more", len(planted) >= 40, f"{len(planted)} of {tables}")
        checks.check("the guests are in the filestore", bool(dirty), f"{len(dirty)} of {files}")
        others = rows(OTHERS, [facts["others"]] * 3)
        backup = f"{common.DATABASE}_backup"
        copy_database(backup, facts)
        try:
            requests = [facts["requests"]]
            killed = erase_under_fire(kills, random.Random(4), lambda: rows(ANSWERED, requests)[0][0])
            run(FINISH)
            checks.check("erasers were killed", killed > 0, str(killed))
            [(done,)] = rows(ANSWERED, requests)
            checks.check("every request is answered", done == len(facts["requests"]), f"{done}")
            checks.check(
                "each guest is erased once", rows(STEPS, requests) == [(done, done)], str(rows(STEPS, requests))
            )
            found, dirty, _tables, _files = scan(facts)
            checks.check("nothing is left in the database", not found, str(found))
            checks.check("nothing is left in the filestore", not dirty, str(dirty))
            checks.check("others are as they were", rows(OTHERS, [facts["others"]] * 3) == others)
            common.DATABASE = backup
            found, dirty, _tables, _files = scan(facts)
            checks.check("the backup brings them back", bool(found) and bool(dirty))
            run('env["hospitality.eraser"]._replay(); env.cr.commit(); env["ir.attachment"]._gc_file_store()')
            found, dirty, _tables, _files = scan(facts)
            checks.check("the replay erases them again", not found and not dirty, f"{found} {dirty}")
        finally:
            drop_database(backup, facts)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
