"""Starting Odoo: its configuration file, its command line, its environment."""

import dataclasses
import os
import pathlib
import secrets
import socket

from . import database, keys, shell, venv
from .odoo_source import OdooSource
from .paths import CHECKOUT, cache
from .postgres import Server


@dataclasses.dataclass(frozen=True)
class Odoo:
    """An Odoo ready to run over a server: source, libraries and our addons."""

    source: OdooSource
    environment: pathlib.Path
    server: Server

    def variables(self) -> dict[str, str]:
        """Environment of Odoo's processes; the keys of the product among them."""
        return {
            "PYTHONPATH": str(self.source.root),
            "HOSPITALITY_KEY_FILE": str(keys.key_file()),
            "PYTHONUNBUFFERED": "1",
            "TZ": "UTC",
        }

    def configuration(
        self, folder: pathlib.Path, more_addons: tuple[pathlib.Path, ...] = (), **options: object
    ) -> pathlib.Path:
        """Write ``odoo.conf`` into a folder, for this server and nobody else to read."""
        folder.mkdir(parents=True, exist_ok=True)
        values = {
            "addons_path": ",".join(str(p) for p in (*self.source.addons_paths, CHECKOUT, *more_addons)),
            "data_dir": database.data_dir(self.server),
            "list_db": False,
            "admin_passwd": secrets.token_urlsafe(16),
            "http_interface": "127.0.0.1",
            "without_demo": True,
            "max_cron_threads": 0,
            **({"db_host": self.server.host} if self.server.host else {}),
            **({"db_user": self.server.user} if self.server.user else {}),
            **options,
        }
        path = folder / "odoo.conf"
        text = "[options]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(text)
        return path

    def command(self, configuration: pathlib.Path, *arguments: object) -> list[str]:
        python = str(venv.python(self.environment))
        return [python, str(self.source.script), "server", "-c", str(configuration), *map(str, arguments)]

    def run(
        self, log: pathlib.Path, *arguments: object, why: str, check: bool = True, minutes: float = 30, **options
    ) -> int:
        """Run Odoo until it stops by itself, its log in a file; return its exit code."""
        configuration = self.configuration(log.parent / log.stem, **options)
        command = self.command(configuration, *arguments)
        environment = self.variables()
        return shell.run(
            command, why=why, env=environment, log=log, check=check, cwd=cache(), minutes=minutes
        ).returncode

    def run_script(self, script: pathlib.Path, *arguments: object, why: str, log: pathlib.Path | None = None):
        """Run one of our scripts with Odoo importable."""
        command = [venv.python(self.environment), script, *arguments]
        return shell.run(command, why=why, env=self.variables(), log=log, cwd=cache())


def free_ports(count: int) -> list[int]:
    """Loopback ports nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
