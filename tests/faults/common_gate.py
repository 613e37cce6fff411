"""What fault scripts about messages share: people who withdraw, a clock that doesn't wait, an order of events."""

import socketserver
import threading
from collections.abc import Sequence

from common import process, run

WITHDRAWER = """
import socket, time
from odoo.service.model import retrying
purpose = env.ref("hospitality_crm.purpose_marketing")
guests = env["res.partner"].browse(%(guests)s)
env.cr.commit()
stream = socket.create_connection(("127.0.0.1", %(port)s)).makefile("rw")
for guest in guests:
    def work():
        env["hospitality.consent.event"]._record(
            guest, purpose, %(channel)r, "withdrawn", method="desk", reason="Fault.")
    retrying(work, env)
    env.cr.commit()
    stream.write("withdrawn %%s\\n" %% guest.id)
    stream.flush()
    stream.readline()
    time.sleep(%(pause)s)
"""
SWEEP = """
from odoo.addons.hospitality_crm.models.message import hospitality_message
hospitality_message.SENDING_SECONDS = -5
while env["hospitality.message"]._sweep_step():
    pass
"""
#: A lease ends after minutes; here the clock doesn't wait for it.
RELEASE = "UPDATE hospitality_message SET leased_until = NULL WHERE leased_until IS NOT NULL"


class Notes(socketserver.ThreadingTCPServer):
    """Takes lines such as ``withdrawn 5`` of other processes and answers each, once it is noted.

    A withdrawal is noted after its commit; a hand-over that begins is, before its worker learns that it was taken.

    :ivar list events: ``(word, number)`` in the order in which they came
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Note)
        self.events = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Note(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            if not line.endswith(b"\n"):
                return
            word, number = line.split()
            self.server.events.append((word.decode(), int(number)))
            self.wfile.write(b"taken\n")


def start_withdrawers(notes: Notes, guests: Sequence[int], channel: str, pause: float) -> list:
    """Let two processes withdraw the guests' consents; each is noted after its commit.

    :param pause: seconds between two withdrawals of a process
    :return: ``(context manager, process)`` pairs
    """
    started = []
    for number in range(2):
        code = {"guests": list(guests[number::2]), "port": notes.port, "channel": channel, "pause": pause}
        manager = process(WITHDRAWER % code)
        started.append((manager, manager.__enter__()))
    return started


def sweep() -> None:
    """Let the sweeper find what workers that died have left, now."""
    run(SWEEP)
