"""Staff at work on a server as production runs it: HTTP workers, and scheduled actions in processes of their own.

The server has the workers and the two cron processes that Odoo starts by default; of its scheduled actions only those
that a benchmark names are active. Staff look guests up, open them, page through the list, look at the arrivals board
and at possible duplicates, each in turn with a pause, as a few people at their desks do.
"""

import contextlib
import itertools
import os
import pathlib
import subprocess
import sys
import threading
import time
import urllib.request

from common import CONFIGURATION, odoo_env
from web_client import Client

from setup.lib.odoo import free_ports

LOGIN = "bench_staff"
WORKERS = 2
CRON_PROCESSES = 2
DESKS = 2
PAUSE = 0.1
LIST = {"display_name": {}, "email": {}, "phone": {}, "city": {}, "country_id": {"fields": {"display_name": {}}}}


def prepare(database, crons):
    """Create the user and leave only some scheduled actions active.

    :param crons: their external ids
    :return: function that gives the requests for a guest by name (see :func:`Desk`), and the guests as (id, name)
    """
    from odoo.fields import Command

    with odoo_env(database, commit=True) as env:
        user = env["res.users"].create(
            {
                "name": "Bench Staff",
                "login": LOGIN,
                "password": LOGIN,
                "group_ids": [Command.set(env.ref("hospitality_crm.group_hospitality_manager").ids)],
                "company_ids": [Command.set(env["res.company"].search([]).ids)],
            }
        )
        env["ir.cron"].search([]).active = False
        for name in crons:
            env.ref(name).active = True
        context = {"lang": "en_US", "tz": "UTC", "uid": user.id, "allowed_company_ids": user.company_ids.ids}
        form = env.ref("hospitality_crm.hospitality_guest_view_form")
        fields = [
            *env["res.partner"].with_user(user).get_view(form.id, "form")["models"]["res.partner"],
            "display_name",
        ]
        env.cr.execute("SELECT id, name FROM res_partner WHERE is_guest ORDER BY md5(id::text) LIMIT 5000")
        guests = env.cr.fetchall()

    def requests(guest, name):
        word = (name or "Guest")[:12]
        named = {"context": context}
        return {
            "search": ("res.partner", "name_search", [word], {"limit": 8, **named}),
            "list": (
                "res.partner",
                "web_search_read",
                [],
                {
                    "domain": [("is_guest", "=", True), ("display_name", "ilike", word)],
                    "specification": LIST,
                    "limit": 80,
                }
                | named,
            ),
            "guest": ("res.partner", "web_read", [[guest]], {"specification": {f: {} for f in fields}, **named}),
            "stays": ("hospitality.guest.card", "get_tab", [guest, "stays"], named),
            "board": ("hospitality.board", "get_board", [], named),
            "duplicates": ("hospitality.match.review", "get_queue", [], named),
        }

    return requests, guests


@contextlib.contextmanager
def server(database, log, *options):
    """Run the server of a database, its output in a file; yield its port.

    :param options: further ones of the command line
    """
    port, gevent = free_ports(2)
    command = [sys.executable, os.environ["HOSPITALITY_ODOO_SCRIPT"], "server", "-c", CONFIGURATION, "-d", database]
    command += [f"--workers={WORKERS}", f"--max-cron-threads={CRON_PROCESSES}"]
    command += ["--http-interface=127.0.0.1", f"--http-port={port}", f"--gevent-port={gevent}", *options]
    with pathlib.Path(log).open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        _wait(process, port, log)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait(process, port, log):
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/web/health", timeout=5):
                return
        time.sleep(0.2)
    raise SystemExit(f"The server does not answer: see {log}.")


class Staff:
    """A few people at their desks; each makes one request after the other, with a pause.

    :param requests: function that returns the requests for a guest, ``{name: arguments of Client.call}``
    :param guests: ``(id, name)`` of guests
    """

    def __init__(self, port, database, requests, guests):
        self.clients = [Client(port, database, LOGIN) for _desk in range(DESKS)]
        self.requests = requests
        self.guests = itertools.cycle(guests)

    def work(self, until):
        """Return ``{name: milliseconds of each request}``.

        :param until: function without arguments; people stop when it returns something true
        """
        spent = {}
        desks = [threading.Thread(target=self._sit, args=(client, until, spent)) for client in self.clients]
        for desk in desks:
            desk.start()
        for desk in desks:
            desk.join()
        return spent

    def _sit(self, client, until, spent):
        while not until():
            for name, request in self.requests(*next(self.guests)).items():
                started = time.perf_counter()
                client.call(*request)
                spent.setdefault(name, []).append(1000 * (time.perf_counter() - started))
                time.sleep(PAUSE)


def background(action):
    """Start a thread that does something, and return it."""
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def folder():
    """Where logs of servers go."""
    return pathlib.Path(os.environ.get("HOSPITALITY_BENCH_FOLDER") or ".")
