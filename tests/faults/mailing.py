"""Lanes that send a mailing are killed at random: no guest gets it twice, and nobody is forgotten.

Lanes of several processes send to a mail server of this script, over SMTP. Some are killed with ``kill -9`` while they
work; others take over. At the end each guest has got one mail, except for one per kill at most whose message is
uncertain and is listed for a person to decide; traces say the same as messages.
"""

import collections
import importlib.util
import pathlib
import random
import sys
import time

from common import Checks, kill, parse_arguments, process, rows, run
from common_gate import RELEASE, sweep

ROOT = pathlib.Path(__file__).parents[1]
DATA = ROOT / "bench" / "sql" / "mailing_guests.sql"
SINK = ROOT.parent / "hospitality_crm" / "tests" / "smtp_sink.py"
SETUP = """
import pathlib
if "autopost_bills" in env["res.partner"]._fields:  # required by the accounting app
    env.cr.execute("ALTER TABLE res_partner ALTER COLUMN autopost_bills SET DEFAULT 'ask'")
env.cr.execute(pathlib.Path(%(data)r).read_text(), {"size": %(guests)s * 2, "recipients": %(guests)s})
env.cr.commit()
env["ir.cron"].search([]).active = False
env["ir.mail_server"].search([]).active = False
env["ir.mail_server"].create(
    {"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": %(port)s, "smtp_encryption": "none"})
mailing = env["mailing.mailing"].create({
    "subject": "Fault {{ object.name }}", "mailing_type": "mail", "mailing_domain": [("color", "=", 7)],
    "body_html": "<p>Dear <t t-out='object.name'/>, <a href='/unsubscribe_from_list'>no more</a></p>",
    "email_from": "news@bench-haus.at", "mailing_model_id": env["ir.model"]._get_id("res.partner")})
mailing.action_put_in_queue()
env.cr.commit()
env["mailing.mailing"]._process_mass_mailing_queue()
"""
LANE = """
env["hospitality.mailing.sender"]._run_lane()
"""
WAITING = "SELECT count(*) FROM hospitality_message WHERE state IN ('planned', 'postponed')"
MESSAGES = """
SELECT t.value, m.state, c.trace_status FROM hospitality_message m
  JOIN hospitality_contact_point t ON t.id = m.point_id LEFT JOIN mailing_trace c ON c.id = m.trace_id
 WHERE m.state <> 'refused'
"""


def load_sink():
    specification = importlib.util.spec_from_file_location("smtp_sink", SINK)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.SmtpSink()


def work(sink, lanes, kills):
    """Run lanes until nothing waits, killing some; return how many were killed and exit codes of those that failed."""
    rng = random.Random(7)
    killed, failed, running = 0, [], []
    try:
        while rows(WAITING) != [(0,)]:
            for entry in [entry for entry in running if entry[1].poll() is not None]:
                running.remove(entry)
                if entry[1].returncode not in (0, -9):
                    failed.append(entry[1].returncode)
            while len(running) < lanes:
                manager = process(LANE)
                running.append((manager, manager.__enter__()))
            if killed < kills and len(sink.mails) > 60 * (killed + 1):
                kill(rng.choice(running)[1])
                killed += 1
                rows(RELEASE)
            if killed == kills:
                rows(RELEASE)
            time.sleep(rng.uniform(0.01, 0.3))
    finally:
        for _manager, entry in running:
            entry.wait(60)
    return killed, failed


def main():
    arguments = parse_arguments(guests=3000, lanes=4, kills=12)
    guests, lanes, kills = (300, 2, 2) if arguments.short else (arguments.guests, arguments.lanes, arguments.kills)
    checks = Checks()
    with load_sink() as sink:
        run(SETUP % {"data": str(DATA), "guests": guests, "port": sink.port})
        planned = rows(WAITING)[0][0]
        killed, failed = work(sink, lanes, kills)
        sweep()
        run(LANE)
        got = collections.Counter(recipient for _sender, recipients, _text in sink.mails for recipient in recipients)
    messages = rows(MESSAGES)
    sent = {address for address, state, _trace in messages if state == "sent"}
    uncertain = {address for address, state, _trace in messages if state == "uncertain"}
    checks.check("no lane fails by itself", not failed, str(failed))
    checks.check("lanes were killed", killed == kills, f"{killed} of {kills}")
    checks.check("nobody got it twice", max(got.values()) == 1, str(got.most_common(3)))
    checks.check("nobody is forgotten", len(sent | uncertain) == planned, f"{len(sent | uncertain)} of {planned}")
    checks.check("what is called sent was taken", sent <= got.keys(), str(sorted(sent - got.keys())[:5]))
    checks.check("what was taken is called sent or uncertain", got.keys() <= sent | uncertain, "")
    checks.check("one uncertain message per kill at most", len(uncertain) <= killed, f"{len(uncertain)} of {killed}")
    wrong = [row for row in messages if (row[1] == "sent") != (row[2] == "sent")]
    checks.check("traces say the same", not wrong, str(wrong[:5]))
    checks.check("the mailing is done", rows("SELECT state FROM mailing_mailing") == [("done",)], "")
    print(f"{len(got)} mails of {planned}, {killed} lanes killed, {len(uncertain)} uncertain")
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
