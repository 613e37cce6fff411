"""A mailing to guests from the press of the button to the last mail taken by the server, against stock mass mailing.

``rate``: mails per second, end to end: choosing 50,000 of ``--size`` guests (the gate asks consent, blacklist, address,
age and caps), planning, rendering each mail for its guest, tracked links, traces, the gate once more right before each
hand-over with one durable commit per mail, SMTP to a sink, until the mailing is done. Four lanes in four processes.

``ratio``: that rate divided by the one of the same mailing sent by Odoo alone, in a database without our addons, with
as many contacts, by the methods of its queue of mailings and its queue of mails, in one process as the core has it, to
``--peer`` recipients. Its choosing of recipients is left out, and its log is off, both in its favour.

``lost`` and ``doubled`` compare what the sink has got with what a plain SQL query says must go. Of every mail that was
received, the greeting, the tracked links with the trace of that guest, the opening picture, the one-click unsubscribe
link, the Message-Id and the trace are checked; ``wrong`` counts those that fail.
"""

import argparse
import binascii
import contextlib
import logging
import os
import pathlib
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from common import bench_database, copy_of, odoo_env, parse_arguments, result, server, table

from odoo.tools import SQL

from setup.lib import database

HERE = pathlib.Path(__file__)
SINK = HERE.parents[2] / "hospitality_crm" / "tests" / "smtp_sink.py"
DATA = HERE.parent / "sql" / "mailing_guests.sql"
CORE = os.environ.get("HOSPITALITY_CORE", "")
RECIPIENTS = 50_000
LANES = 4
BASE_URL = "https://crm.bench-haus.at"
SUBJECT = "{{ object.name }}, your summer"
PREVIEW = "News for {{ object.name }}"
WORDS = "Some words that fill a line or two of the letter, as offers usually have, and then a little more of them. "
BODY = (
    """<div class="o_layout"><table><tr><td><h1>Dear <t t-out="object.name or ''"/>,</h1>
<p>we greet you <t t-if="object.lang == 'de_DE'">auf Deutsch</t><t t-else="">warmly</t>
in <t t-out="object.city or 'your town'"/>.</p>"""
    + f"<p style='margin:0 0 10px 0'>{WORDS * 2}</p>" * 6
    + """<p><a href="https://hotel.bench-haus.at/offers?season=summer">Book your room</a> or
<a href="https://hotel.bench-haus.at/spa">see the spa</a></p>
<p><a href="/unsubscribe_from_list">Unsubscribe</a> <a href="/view">View online</a></p></td></tr></table></div>"""
)
# Who must get it, in words of SQL: chosen, agreed, a personal address that isn't blocked, of age; one per address.
EXPECTED = """
SELECT min(p.id), p.email_normalized FROM res_partner p
  JOIN hospitality_consent_state s ON s.partner_id = p.id AND s.state = 'granted' AND s.channel = 'email'
   AND s.brand_id IS NULL
  JOIN hospitality_purpose u ON u.id = s.purpose_id AND u.code = 'marketing'
  JOIN hospitality_contact_point t ON t.channel = 'email' AND t.value = p.email_normalized AND t.kind = 'real'
 WHERE p.color = 7 AND p.guest_birthdate < now() - interval '18 years'
   AND NOT EXISTS (SELECT FROM mail_blacklist b WHERE b.email = p.email_normalized AND b.active)
 GROUP BY 2
"""


def build(cursor, size):
    cursor.execute(DATA.read_text(), {"size": size, "recipients": min(RECIPIENTS, size // 2)})


# -- the sink ------------------------------------------------------------------------------------


@contextlib.contextmanager
def running_sink():
    """Run the mail server in a process of its own; yield its port and a function that returns its mails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "mails")
        process = subprocess.Popen([sys.executable, SINK, str(port), str(file)])
        try:
            wait_for(lambda: _answers(port), 20)
            yield port, lambda: list(read_mails(file))
        finally:
            process.terminate()
            process.wait()


def _answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(condition)
        time.sleep(0.02)


def read_mails(file):
    """Yield recipient and text of each mail that the sink has written."""
    time.sleep(0.5)  # it writes behind
    data = file.read_bytes()
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        _sender, recipients, text = data[at + 4 : at + 4 + length].split(b"\n", 2)
        yield recipients.decode(), text
        at += 4 + length


# -- the mailing ---------------------------------------------------------------------------------


def make_mailing(env, port, domain):
    """Create the mailing; the same in a database with our addons and without them."""
    env["ir.config_parameter"].set_param("web.base.url", BASE_URL)
    env["ir.config_parameter"].set_param("mail.default.from_filter", "bench-haus.at")
    env["ir.mail_server"].search([]).active = False
    env["ir.mail_server"].create(
        {"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_encryption": "none"}
    )
    mailing = env["mailing.mailing"].create(
        {
            "subject": SUBJECT,
            "preview": PREVIEW,
            "body_html": BODY,
            "email_from": '"Bench House" <news@bench-haus.at>',
            "reply_to": '"Bench House" <reply@bench-haus.at>',
            "mailing_type": "mail",
            "mailing_model_id": env["ir.model"]._get_id("res.partner"),
            "mailing_domain": domain,
            "user_id": env.ref("base.user_admin").id,
        }
    )
    mailing.action_put_in_queue()
    env.cr.commit()
    return mailing


def lane(name):
    """What a lane's process does until the mailing is done."""
    with odoo_env(name) as env:
        logging.disable(logging.INFO)
        print("ready", flush=True)
        sys.stdin.readline()
        while not select.select([sys.stdin], [], [], 0)[0]:
            env["hospitality.mailing.sender"]._run_lane()
            env.cr.commit()
            time.sleep(0.02)


def measure(name, port):
    """Send the mailing with four lanes; return the seconds by step, and its id."""
    processes = [
        subprocess.Popen(
            [sys.executable, HERE, "--lane", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _lane in range(LANES)
    ]
    try:
        for process in processes:
            while process.stdout.readline().strip() != "ready":
                if process.poll() is not None:
                    raise RuntimeError("A lane has not started.")
        with odoo_env(name) as env:
            mailing = make_mailing(env, port, [("color", "=", 7)])
            started = time.perf_counter()
            env["mailing.mailing"]._process_mass_mailing_queue()
            env.cr.commit()
            planned = time.perf_counter() - started
            for process in processes:
                process.stdin.write("go\n")
                process.stdin.flush()
            while mailing.state != "done":
                time.sleep(0.05)
                env.cr.rollback()
                env.invalidate_all()
            return time.perf_counter() - started, planned, mailing.id
    finally:
        for process in processes:
            with contextlib.suppress(OSError):
                process.stdin.write("stop\n")
                process.stdin.close()
        for process in processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)


def measure_peer(name, port, size):
    """Send the mailing with Odoo alone; print the seconds of making the mails and of sending them."""
    with odoo_env(name) as env:
        logging.disable(logging.INFO)
        ids = [row[0] for row in env.execute_query(SQL("SELECT id FROM res_partner WHERE color = 7 LIMIT %s", size))]
        mailing = make_mailing(env, port, [("id", "in", ids)])
        started = time.perf_counter()
        mailing.state = "sending"
        mailing._action_send_mail(ids)
        env.cr.commit()
        made = time.perf_counter()
        while env["mail.mail"].search_count([("state", "=", "outgoing")], limit=1):
            env["mail.mail"].process_email_queue()
            env.cr.commit()
        print("peer", made - started, time.perf_counter() - made, flush=True)


def run_peer(arguments):
    """Return the seconds of Odoo alone for making and sending its sample."""
    name = f"copy_mailing_peer_{os.getpid()}"
    database.clone(server(), CORE, name)
    try:
        with running_sink() as (port, mails):
            fill_peer(name, arguments.size)
            command = [
                sys.executable,
                HERE,
                "--peer-database",
                name,
                "--port",
                str(port),
                "--size",
                str(arguments.peer),
            ]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            [line] = [line for line in done.stdout.splitlines() if line.startswith("peer ")]
            got = len({recipient for recipient, _text in mails()})
            if got != arguments.peer:
                raise RuntimeError(f"Odoo alone has sent {got} of {arguments.peer} mails.")
            return [float(part) for part in line.split()[1:]]
    finally:
        database.drop(server(), name)


def fill_peer(name, size):
    import psycopg2

    with contextlib.closing(psycopg2.connect(**server().arguments(name))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO res_partner (name, complete_name, email, email_normalized, active, type, partner_share,
                                            lang, city, color, create_uid, write_uid, create_date, write_date)
                   SELECT 'Guest ' || n, 'Guest ' || n, address, address, TRUE, 'contact', TRUE, 'en_US', 'Wien', 7,
                          1, 1, now(), now()
                     FROM (SELECT n, 'guest' || n || '@gast-haus.at' AS address
                             FROM generate_series(1, %s) AS n) AS guests""",
                [size],
            )
            cursor.execute("VACUUM ANALYZE res_partner")


# -- what has come -------------------------------------------------------------------------------

TRACE = re.compile(rf"{re.escape(BASE_URL)}/r/(\w+)/m/(\d+)")


def check(env, mailing_id, mails):
    """Return how many mails are lost, doubled and wrong."""
    env.cr.execute(EXPECTED)
    expected = {address: partner_id for partner_id, address in env.cr.fetchall()}
    got = [address for address, _text in mails]
    lost = len(set(expected) - set(got))
    doubled = len(got) - len(set(got)) + len(set(got) - set(expected))
    env.cr.execute(
        SQL(
            """SELECT t.email, t.id, t.message_id, t.mail_mail_id_int, p.name, p.city FROM mailing_trace t
                 JOIN res_partner p ON p.id = t.res_id
                WHERE t.mass_mailing_id = %s AND t.trace_status = 'sent' AND t.sent_datetime IS NOT NULL""",
            mailing_id,
        )
    )
    traces = {row[0]: row[1:] for row in env.cr.fetchall()}
    mailing = env["mailing.mailing"].browse(mailing_id)
    wrong = [address for address, text in mails if not _is_right(mailing, expected, traces, address, text)]
    if wrong:
        print(f"wrong: {len(wrong)}, the first one to {wrong[0]}:")
        print(dict(mails)[wrong[0]].decode(errors="replace")[:6000])
    return lost, doubled, len(wrong) + abs(len(traces) - len(got))


def _is_right(mailing, expected, traces, address, text):
    if address not in traces:
        return False
    trace_id, message_id, mail_id, name, city = traces[address]
    head, _blank, rest = text.decode().partition("\r\n\r\n")
    head = head.replace("\r\n ", " ")
    boundary = re.search(r'boundary="([^"]+)"', head)[1]
    parts = rest.split(f"--{boundary}")
    html = binascii.a2b_qp(parts[2].partition("\r\n\r\n")[2].encode()).decode()
    plain = binascii.a2b_qp(parts[1].partition("\r\n\r\n")[2].encode()).decode()
    links = TRACE.findall(html)
    token = mailing._generate_mailing_recipient_token(expected.get(address), address)
    return (
        f"Message-Id: {message_id}" in head
        and f"Subject: {name}, your summer" in head
        and 'From: "Bench House" <news@bench-haus.at>' in head
        and 'Reply-To: "Bench House" <reply@bench-haus.at>' in head
        and f"<{address}>" in head
        and f"hash_token={token}>" in re.search(r"List-Unsubscribe: .*", head)[0]
        and "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
        and f"X-Odoo-Objects: res.partner-{expected[address]}" in head
        and f"Dear {name}," in html
        and f"in {city}." in html
        and f"News for {name}" in html
        and f"Dear {name}," in plain
        and len({code for code, _trace in links}) == 2
        and {int(trace) for _code, trace in links} == {trace_id}
        and f"/mail/track/{mail_id}/" in html
        and f"/confirm_unsubscribe?document_id={expected[address]}&" in html
    )


def main():
    arguments = parse_arguments(size=1_000_000, peer=1000)
    name = copy_of(bench_database("mailing", arguments.size, build=build, sources=[DATA]))
    with running_sink() as (port, mails):
        seconds, planned, mailing_id = measure(name, port)
        received = mails()
    rate = len(received) / seconds
    print(f"{len(received):,} mails in {seconds:.1f} s, {rate:.0f} a second", flush=True)
    with odoo_env(name) as env:
        lost, doubled, wrong = check(env, mailing_id, received)
    made, sent = run_peer(arguments)
    peer = arguments.peer / (made + sent)
    table(
        ["", "mails", "choosing s", "making s", "sending s", "mails/s"],
        [
            [f"{LANES} lanes", len(received), planned, "", seconds - planned, rate],
            ["Odoo alone", arguments.peer, "", made, sent, peer],
        ],
    )
    result("mailing", ratio=rate / peer, rate=round(rate), lost=lost, doubled=doubled, wrong=wrong)


if __name__ == "__main__":
    helper = argparse.ArgumentParser(allow_abbrev=False)
    helper.add_argument("--lane")
    helper.add_argument("--peer-database")
    helper.add_argument("--port", type=int)
    helper.add_argument("--size", type=int)
    known, _rest = helper.parse_known_args()
    if known.lane:
        lane(known.lane)
    elif known.peer_database:
        measure_peer(known.peer_database, known.port, known.size)
    else:
        main()
