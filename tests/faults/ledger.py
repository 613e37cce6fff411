"""Consent ledger under fire: many writers and several sealers at once, and kill -9 of sealers.

Writers record statements of the same few guests from several processes, as requests do, while sealers chain what they
commit; sealers are killed at random moments. At the end nothing may be lost, the states must be those of the
statements, and the chain must be one, without a fork or a gap, and hold against its key and its anchors.
"""

import json
import os
import pathlib
import random
import sys
import tempfile
import time

from common import Checks, kill, parse_arguments, process, rows, run

SETUP = """
guests = [{"name": f"Ledger Guest {n}", "is_guest": True} for n in range(%(guests)s)]
env["res.partner"].create(guests)._get_odoo_profile()
"""
WRITER = """
import random
from odoo.service.model import retrying
rng = random.Random(%(seed)s)
purpose = env.ref("hospitality_crm.purpose_marketing")
guests = env["res.partner"].search([("name", "=like", "Ledger Guest %%")], order="id")
env.cr.commit()
for number in range(%(count)s):
    guest, channel = rng.choice(guests), rng.choice(["email", "sms"])
    decision = rng.choice(["granted", "withdrawn"])
    def work():
        env["hospitality.consent.event"]._record(
            guest, purpose, channel, decision, method="desk", reason="%(seed)s-%%s" %% number)
    retrying(work, env)
    env.cr.commit()
"""
SEALER = """
import time
Seal = env["hospitality.ledger.seal"]
Anchor = env["hospitality.ledger.anchor"]
env.cr.commit()
deadline = time.time() + %(seconds)s
while time.time() < deadline:
    if not Seal._seal_step("hospitality.consent.event"):
        time.sleep(0.02)
    Anchor._anchor("hospitality.consent.event")
    env.cr.rollback()
"""
VERIFY = """
import json, pathlib
result = env["hospitality.ledger.seal"]._verify("hospitality.consent.event")
guests = env["res.partner"].search([("name", "=like", "Ledger Guest %%")], order="id")
result["differences"] = env["hospitality.consent.state"]._find_differences(guests[0].id, guests[-1].id)
pathlib.Path(%(path)r).write_text(json.dumps(result))
"""
COUNT = "SELECT count(*) FROM hospitality_consent_event"
SEALED = "SELECT count(*), count(DISTINCT row_id), max(seq) FROM hospitality_ledger_seal"


def main():
    arguments = parse_arguments(writers=4, sealers=2, kills=10)
    count, kills = (40, 3) if arguments.short else (500, arguments.kills)
    checks = Checks()
    rng = random.Random(9)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOSPITALITY_ANCHOR_FILE"] = f"{folder}/anchors.jsonl"
        run(SETUP % {"guests": 6})
        before = rows(COUNT)[0][0]
        writers = [process(WRITER % {"seed": seed, "count": count}) for seed in range(arguments.writers)]
        at_work = [writer.__enter__() for writer in writers]
        killed = 0
        try:
            while any(writer.poll() is None for writer in at_work) or killed < kills:
                sealers = [process(SEALER % {"seconds": 60}) for _number in range(arguments.sealers)]
                running = [sealer.__enter__() for sealer in sealers]
                sealed = rows(SEALED)[0][0]
                deadline = time.monotonic() + 30
                while rows(SEALED)[0][0] == sealed and time.monotonic() < deadline:
                    time.sleep(0.02)
                time.sleep(rng.uniform(0, 0.3))
                for started in running:
                    kill(started)
                    killed += 1
                if all(writer.poll() is not None for writer in at_work):
                    break
            ended = [writer.wait() for writer in at_work]
        finally:
            for writer in writers:
                writer.__exit__(None, None, None)
        run('while env["hospitality.ledger.seal"]._seal_step("hospitality.consent.event"): pass')
        run('env["hospitality.ledger.anchor"]._anchor("hospitality.consent.event")')
        path = pathlib.Path(folder) / "result.json"
        run(VERIFY % {"path": str(path)})
        result = json.loads(path.read_text())
    checks.check("no writer fails", not any(ended), str(ended))
    checks.check("sealers were killed", killed > 0, str(killed))
    expected = before + arguments.writers * count
    [(stored,)] = rows(COUNT)
    checks.check("every statement is there", stored == expected, f"{stored} of {expected}")
    [(sealed, different, last)] = rows(SEALED)
    checks.check("one chain without fork or gap", sealed == different == last == stored, f"{sealed} {different} {last}")
    checks.check("the chain holds", result["broken"] is None and result["sealed"] == stored, str(result))
    checks.check("states are those of the statements", result["differences"] == [], str(result["differences"]))
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
