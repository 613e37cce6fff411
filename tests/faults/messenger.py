"""Messenger lanes are killed while providers refuse, stall and cut connections, and guests withdraw.

More messages are planned for every guest than the caps let through, by Telegram, WhatsApp and a gateway of one's own.
Lanes of several processes call these providers, which this script plays over real sockets: they take messages, say
*too many* or *internal error*, answer as a broken proxy would, or cut the connection before or after they have taken
the message. Lanes are killed with ``kill -9`` at random, leases are taken away from lanes at work, and other processes
withdraw consents and note the moment after their commit. Pauses that providers ask for are not waited for.

At the end no message came twice, none that may have arrived was tried again, no guest has got more than the caps
allow, nobody was called for a guest after his withdrawal was committed, and beside the messages whose call was cut one
message per kill at most is uncertain.
"""

import collections
import importlib.util
import json
import os
import pathlib
import random
import sys
import threading
import time

from common import Checks, kill, parse_arguments, process, rows, run
from common_gate import RELEASE, Notes, start_withdrawers, sweep

VENDORS = pathlib.Path(__file__).parents[2] / "hospitality_crm" / "tests" / "messenger_vendors.py"
IN_ALL = 5
RATE = 200
#: So often an address is called that the provider says is gone: lanes tell each other at the end of a step.
MOST_CALLS = 4
SETUP = """
import json
if "autopost_bills" in env["res.partner"]._fields:  # required by the accounting app
    env.cr.execute("ALTER TABLE res_partner ALTER COLUMN autopost_bills SET DEFAULT 'ask'")
env.cr.execute(%(data)r, {"size": %(guests)s})
env.cr.commit()
env["ir.cron"].search([]).active = False
env.ref("hospitality_crm.message_policy_default").quiet_ids.unlink()
env["hospitality.message.provider"].search([]).active = False
common = {"rate": %(rate)s}
env["hospitality.message.provider"].create([
    {"name": "Telegram", "code": "telegram", "kind": "telegram", "api_url": %(url)r, "token": %(telegram)r, **common},
    {"name": "WhatsApp", "code": "whatsapp", "kind": "whatsapp", "api_url": %(url)r, "token": %(whatsapp)r,
     "phone_number_id": "555", "app_secret": "app", "verify_token": "verify", **common},
    {"name": "Gateway", "code": "line", "kind": "webhook", "api_url": %(url)r + "/gateway", "secret": %(gateway)r,
     **common}])
purpose = env.ref("hospitality_crm.purpose_marketing")
guests = env["res.partner"].search([("name", "=like", "Chatty %%")])
for number in range(%(mailings)s):
    mailing = env["mailing.mailing"].create({
        "subject": "Fault %%s" %% number, "mailing_type": "mail",
        "mailing_model_id": env["ir.model"]._get_id("res.partner")})
    texts = {guest.id: json.dumps([mailing.id, guest.id]) for guest in guests}
    env["hospitality.messenger"]._send(guests, purpose, "messenger", texts, mailing, priority=number %% 3 * 10)
"""
GUESTS = """
WITH guest AS (
    INSERT INTO res_partner (name, complete_name, active, is_guest, type, partner_share, lang, create_uid, write_uid,
                             create_date, write_date)
    SELECT 'Chatty ' || n, 'Chatty ' || n, TRUE, TRUE, 'contact', TRUE, 'en_US', 1, 1, now(), now()
      FROM generate_series(1, %(size)s) AS n
    RETURNING id, name),
handle AS (
    SELECT id, name, CASE id %% 3 WHEN 0 THEN 'telegram:' || 100000 + id
                                  WHEN 1 THEN 'whatsapp:+' || 436640000000 + id ELSE 'line:guest' || id END AS value
      FROM guest),
source AS (SELECT id FROM hospitality_source WHERE kind = 'odoo' ORDER BY id LIMIT 1)
INSERT INTO hospitality_profile (source_id, external_id, partner_id, state, kind, name, values, seen_at)
SELECT source.id, 'C' || handle.id, handle.id, 'live', 'person', handle.name,
       jsonb_build_object('handles', jsonb_build_array(value)), now()
  FROM handle, source ORDER BY handle.id;
UPDATE res_partner SET commercial_partner_id = id WHERE commercial_partner_id IS NULL;
INSERT INTO hospitality_contact_point (channel, value, kind, kind_by, name_count, reachable, heard_at)
SELECT 'messenger', values->'handles'->>0, 'real', 'list', 1, TRUE, now() AT TIME ZONE 'UTC'
  FROM hospitality_profile WHERE name LIKE 'Chatty %%' ORDER BY id;
INSERT INTO hospitality_contact_link (profile_id, point_id, sequence, name_key)
SELECT p.id, t.id, 0, 1 FROM hospitality_profile p
  JOIN hospitality_contact_point t ON t.channel = 'messenger' AND t.value = p.values->'handles'->>0 ORDER BY p.id;
INSERT INTO hospitality_consent_event (
       uid, profile_id, company_id, purpose_id, purpose_code, channel, decision, legal_basis, lang, method, source_id,
       actor, actor_uid, decided_at, recorded_at)
SELECT gen_random_uuid(), p.id, (SELECT min(id) FROM res_company), u.id, u.code, 'messenger', 'granted', 'consent',
       'en_US', 'form', p.source_id, 'guest', 1, now() - interval '1 year', now() - interval '1 year'
  FROM hospitality_profile p, hospitality_purpose u
 WHERE u.code = 'marketing' AND p.name LIKE 'Chatty %%' ORDER BY p.id;
INSERT INTO hospitality_consent_state (partner_id, purpose_id, channel, state, since, event_id)
SELECT p.partner_id, e.purpose_id, e.channel, e.decision, e.decided_at, e.id
  FROM hospitality_consent_event e JOIN hospitality_profile p ON p.id = e.profile_id ORDER BY 1;
"""
LANE = """
env["hospitality.messenger"]._run_lane()
"""
WAITING = """
SELECT count(*) FROM hospitality_message
 WHERE state = 'planned' OR state = 'postponed' AND (due_at IS NULL OR due_at <= now() AT TIME ZONE 'UTC')
"""
# Providers ask for pauses of up to a minute; here the clock doesn't wait for them.
GO_ON = """
UPDATE hospitality_message_provider SET paused_until = NULL, failures = 0 WHERE paused_until IS NOT NULL;
UPDATE hospitality_message SET due_at = NULL WHERE state = 'planned' AND due_at IS NOT NULL
"""
MESSAGES = "SELECT origin_id, partner_id, state FROM hospitality_message"
HANDLES = """
SELECT r.partner_id, split_part(t.value, ':', 1), ltrim(split_part(t.value, ':', 2), '+')
  FROM hospitality_contact_point t JOIN hospitality_contact_link l ON l.point_id = t.id
  JOIN hospitality_profile r ON r.id = l.profile_id WHERE t.channel = 'messenger' ORDER BY 1
"""
#: Nobody knows afterwards whether the message went.
CUTS = ("drop", "accept and drop", "502")
#: Try again later.
LATER = {"telegram": ("429", "500"), "whatsapp": ("130429", "131000"), "line": ("429", "500", "503")}
#: This message isn't taken.
NEVER = {"telegram": "400", "whatsapp": "100", "line": "400"}
#: Nothing is taken at this address any more.
GONE = {"telegram": "blocked", "whatsapp": "131026", "line": "422"}


def load_vendors():
    specification = importlib.util.spec_from_file_location("messenger_vendors", VENDORS)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def make_script(rng, handles, mailings):
    """Return what providers do to the next messages at each address, and the guests whose address is gone."""
    script, gone = {}, set()
    for partner_id, vendor, address in handles:
        if rng.random() < 0.5:
            kinds = (*LATER[vendor], *CUTS, NEVER[vendor])
            script[address] = [rng.choice((*kinds, None)) for _line in range(rng.randint(1, 3))]
        elif rng.random() < 0.05:
            script[address] = [GONE[vendor]] * mailings
            gone.add(partner_id)
    return script, gone


def work(events, arguments, kills, withdrawers):
    """Run lanes until nothing waits, killing some; return how many were killed and exit codes of those that failed."""
    rng = random.Random(11)
    killed, failed, running = 0, [], []
    try:
        while True:
            for entry in [entry for entry in running if entry[1].poll() is not None]:
                running.remove(entry)
                if entry[1].returncode not in (0, -9):
                    failed.append(entry[1].returncode)
            rows(GO_ON)
            if killed == kills or not running:
                rows(RELEASE)
            [(waiting,)] = rows(WAITING)
            if not waiting and not any(entry.poll() is None for _manager, entry in withdrawers):
                return killed, failed
            while waiting and len(running) < arguments.lanes:
                manager = process(LANE)
                running.append((manager, manager.__enter__()))
            if running and killed < kills and len(events) > 50 * (killed + 1):
                kill(rng.choice(running)[1])
                killed += 1
                rows(RELEASE)
            time.sleep(rng.uniform(0.05, 0.5))
    finally:
        for manager, entry in running:
            entry.wait(60)
            manager.__exit__(None, None, None)
        for manager, _entry in withdrawers:
            manager.__exit__(None, None, None)


def main():
    arguments = parse_arguments(guests=1500, mailings=8, lanes=4, kills=16)
    kills = arguments.kills
    if arguments.short:
        arguments.guests, arguments.lanes, kills = 120, 2, 2
    checks = Checks()
    os.environ["HOSPITALITY_HTTP_ALLOW"] = "127.0.0.1/32"
    module = load_vendors()
    vendors, notes = module.Vendors(), Notes()
    vendors.asked = notes.events
    threading.Thread(target=vendors.serve_forever, args=(0.02,), daemon=True).start()
    keys = {"telegram": module.TOKEN, "whatsapp": module.WA_TOKEN, "gateway": module.HOOK_SECRET}
    sizes = {"guests": arguments.guests, "mailings": arguments.mailings, "rate": RATE}
    run(SETUP % {"data": GUESTS, "url": vendors.url, **keys, **sizes})
    handles = rows(HANDLES)
    vendors.script, gone = make_script(random.Random(9), handles, arguments.mailings)
    leaving = random.Random(3).sample([handle[0] for handle in handles], max(len(handles) // 20, 4))
    withdrawers = start_withdrawers(notes, leaving, "messenger", 0.3)
    started = time.monotonic()
    killed, failed = work(notes.events, arguments, kills, withdrawers)
    seconds = time.monotonic() - started
    vendors.shutdown()
    sweep()
    checks.check("no lane fails by itself", not failed, str(failed))
    checks.check("lanes were killed", killed == kills, f"{killed} of {kills}")
    judge(checks, notes.events, [json.loads(text) for _vendor, _address, text in vendors.sent], killed, leaving, gone)
    print(
        f"{len(vendors.sent)} messages taken from {arguments.lanes} lanes in {seconds:.0f} s,"
        f" {killed} lanes killed, {sum(line is not None for _text, line in calls(notes.events))} calls refused or cut"
    )
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


def calls(events):
    """Return the calls among the events: the text of the message, and what was done to it."""
    return [event for event in events if event[0] != "withdrawn"]


def judge(checks, events, taken, killed, leaving, unreachable):
    states = {(origin, guest): state for origin, guest, state in rows(MESSAGES)}
    by_state = collections.defaultdict(set)
    for message, state in states.items():
        by_state[state].add(message)
    sent, uncertain = by_state["sent"], by_state["uncertain"]
    times, got = collections.Counter(map(tuple, taken)), collections.Counter(guest for _origin, guest in taken)
    cut, again, late, withdrawn = set(), [], [], set()
    for word, what in events:
        if word == "withdrawn":
            withdrawn.add(what)
            continue
        message = tuple(json.loads(word))
        if message in cut:
            again.append(message)
        if what in CUTS:
            cut.add(message)
        # What was under way when its lane was killed had begun before.
        if message[1] in withdrawn and message not in uncertain:
            late.append(message)
    in_doubt = uncertain - cut
    checks.check("every withdrawal is there", withdrawn == set(leaving), f"{len(withdrawn)} of {len(leaving)}")
    checks.check("no call for a guest after his withdrawal was committed", not late, str(late[:5]))
    checks.check("no message twice", max(times.values()) == 1, str(times.most_common(3)))
    checks.check("what may have arrived is not tried again", cut and not again, f"{len(cut)} cut, {again[:5]}")
    checks.check("cap over all senders holds", max(got.values()) <= IN_ALL, str(got.most_common(3)))
    checks.check("what was cut is uncertain", cut <= uncertain, str(sorted(cut - uncertain)[:5]))
    checks.check("one more uncertain message per kill at most", len(in_doubt) <= killed, f"{len(in_doubt)} of {killed}")
    checks.check("what is called sent was taken", sent <= times.keys(), str(sorted(sent - times.keys())[:5]))
    lost = times.keys() - sent - uncertain
    checks.check("what was taken is called sent or uncertain", not lost, str(sorted(lost)[:5]))
    open_ends = by_state.keys() - {"sent", "uncertain", "postponed", "refused", "failed"}
    checks.check("nothing is left in between", not open_ends, str(open_ends))
    reached = collections.Counter(guest for _origin, guest in sent | uncertain)
    stay = {guest for _origin, guest in states} - withdrawn - unreachable
    wrong = {guest: reached[guest] for guest in stay if reached[guest] != IN_ALL}
    checks.check("guests who stay get all that the caps allow", not wrong, f"{len(stay)}, {list(wrong.items())[:5]}")
    called = collections.Counter(json.loads(text)[1] for text, _line in calls(events))
    often = [guest for guest in unreachable if called[guest] > MOST_CALLS]
    checks.check(
        "an address that is gone is soon left alone", unreachable and not often, f"{len(unreachable)}, {often[:5]}"
    )


if __name__ == "__main__":
    sys.exit(main())
