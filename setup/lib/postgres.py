"""The PostgreSQL to use: the one the usual PG* variables name, else a private cluster of ours.

A private cluster listens on a Unix socket only, lets in the user and nobody else (``peer``), and runs as a user other
than root. There are two kinds: ``durable`` (PostgreSQL's defaults; for the product and for benchmarks) and ``test``
(no fsync; its databases are copies made for a run).
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import pathlib
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator

from . import apt, shell
from .paths import cache, checkout_tag, locked, need_space
from .shell import SetupError, say

OLDEST = 13
NAMING = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGPORT")
ROOT_FOLDER = pathlib.Path("/var/lib/hospitality-crm")
SETTINGS = {
    "durable": {"shared_buffers": "1GB", "work_mem": "32MB", "maintenance_work_mem": "512MB", "max_wal_size": "8GB"},
    "faults": {"shared_buffers": "256MB"},
    "test": {"shared_buffers": "512MB", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"},
}


@dataclasses.dataclass(frozen=True)
class Server:
    """A PostgreSQL that answers; ``host`` and ``user`` are empty where the PG* variables say them."""

    kind: str
    host: str = ""
    user: str = ""
    admin: str = ""
    users: pathlib.Path | None = None

    @contextlib.contextmanager
    def used(self) -> Iterator[list[int]]:
        """File descriptors that make a program which inherits them a user: the server runs as long as it does."""
        if not self.users:
            yield []
            return
        with self.users.open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield [handle.fileno()]

    def arguments(self, database: str, *, admin: bool = False) -> dict[str, str]:
        """Keyword arguments for ``psycopg2.connect``."""
        named = {"host": self.host, "user": (admin and self.admin) or self.user}
        return {"dbname": database, **{k: v for k, v in named.items() if v}}

    def environment(self) -> dict[str, str]:
        """Variables that lead psql and libpq to this server."""
        named = {"PGHOST": self.host, "PGUSER": self.user}
        return {k: v for k, v in named.items() if v}

    @contextlib.contextmanager
    def cursor(self, database: str = "postgres", *, admin: bool = False) -> Iterator:
        """A cursor in autocommit mode."""
        import psycopg2

        try:
            connection = psycopg2.connect(**self.arguments(database, admin=admin), connect_timeout=10)
        except psycopg2.OperationalError as error:
            reason = " ".join(str(error).split())
            raise SetupError(f"PostgreSQL cannot be reached, check the PG* variables: {reason}") from error
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()


def given() -> bool:
    """Whether the PG* variables name a server."""
    return any(os.environ.get(name) for name in NAMING)


def _given_tag() -> str:
    """Six characters that tell the server of the PG* variables from others."""
    named = [os.environ.get(name, "") for name in NAMING]
    return hashlib.sha256("\n".join(named).encode()).hexdigest()[:6]


@contextlib.contextmanager
def serving(kind: str) -> Iterator[Server]:
    """A server of the kind, running; a private one stops again when its last user is done."""
    if given():
        server = Server(f"given-{_given_tag()}")
        _check_given(server)
        yield server
        return
    path = _users_file(kind)
    with path.open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        cluster = Cluster(kind)
        with locked(f"postgres-{kind}"):
            cluster.start()
        try:
            yield dataclasses.replace(cluster.server(), users=path)
        finally:
            _stop_unless_used(users, cluster)


def stop_unused(kind: str) -> bool:
    """Stop the private cluster of a kind; return whether nobody uses it."""
    if given():
        return True
    with _users_file(kind).open("w") as users:
        return _stop_unless_used(users, Cluster(kind))


def _users_file(kind: str) -> pathlib.Path:
    folder = cache() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"postgres-{kind}.users"


def _stop_unless_used(users, cluster: "Cluster") -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    cluster.stop()
    return True


def _check_given(server: Server) -> None:
    if os.environ.get("PGUSER") == "postgres":
        raise SetupError("Odoo refuses the PostgreSQL user 'postgres': create another with CREATEDB and set PGUSER.")
    with server.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        version = cursor.fetchone()[0]
        cursor.execute("SELECT rolcreatedb OR rolsuper, rolname FROM pg_roles WHERE rolname = current_user")
        may_create, name = cursor.fetchone()
    if version < OLDEST:
        raise SetupError(f"The PostgreSQL of the PG* variables is {version}, Odoo 19 needs {OLDEST} or newer.")
    if not may_create:
        raise SetupError(
            f"The PostgreSQL user {name} may not create databases: run ALTER ROLE {name} CREATEDB as a superuser."
        )


class Cluster:
    """A private cluster: its files, the user it runs as, starting and stopping."""

    def __init__(self, kind: str, base: pathlib.Path | None = None):
        """Look where its programs and files are.

        :param base: folder to lie in instead of the cache; its user must be able to enter it
        """
        self.kind = kind
        self.bin, self.libraries = _binaries()
        self.major = _major(self.bin / "postgres", self.libraries)
        self.owner = _owner()
        if base is None:
            base = cache()
            if shell.is_root() and not _may_enter(base, self.owner):
                base = ROOT_FOLDER
        self.folder = base / "postgresql" / f"{kind}-{self.major}"
        self.data = self.folder / "data"
        self.sockets = self.folder / "run"
        if len(str(self.sockets)) > 80:
            self.sockets = pathlib.Path(f"/tmp/hospitality-crm-{os.getuid()}-{checkout_tag()}-{kind}")

    def server(self) -> Server:
        return Server(self.kind, host=str(self.sockets), user="odoo", admin="postgres")

    def start(self) -> None:
        if self._control("status", check=False).returncode == 0:
            return
        if not (self.data / "PG_VERSION").is_file() or not (self.folder / "complete").is_file():
            self._create()
        self._folder(self.sockets)
        with (self.folder / "start.log").open("w") as log:
            if self._control("start", "-w", "-t", "60", "-l", str(self.folder / "log"), output=log).returncode:
                raise SetupError(f"PostgreSQL does not start: see {self.folder / 'log'}.")

    def stop(self) -> None:
        if (self.data / "postmaster.pid").is_file():
            self._control("stop", "-w", "-m", "fast", check=False)

    def _control(self, action: str, *options: str, check: bool = True, output=subprocess.DEVNULL):
        command = [str(self.bin / "pg_ctl"), action, "-D", str(self.data), *options]
        return self._as_owner(command, check=check and action != "start", output=output)

    def _as_owner(self, command: list[str], check: bool, output=subprocess.PIPE) -> subprocess.CompletedProcess:
        identity = {}
        if shell.is_root():
            identity = {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}
        environment = shell.child_environment({"LC_ALL": "C.UTF-8", "HOME": str(self.folder)})
        for name in [n for n in environment if n.startswith("PG")]:
            del environment[name]
        if self.libraries:
            environment["LD_LIBRARY_PATH"] = self.libraries
        done = subprocess.run(
            command,
            env=environment,
            cwd=self.folder if self.folder.is_dir() else "/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **identity,
        )
        if check and done.returncode:
            raise SetupError(f"{' '.join(command[:2])} failed:\n  {(done.stdout or '').strip()}")
        return done

    def _create(self) -> None:
        need_space(2)
        where = f"{self.folder} (root's cache folder is closed to it)" if ROOT_FOLDER in self.folder.parents else ""
        say(f"creating a private PostgreSQL {self.major} cluster {where or self.folder}, run by {self.owner.pw_name}")
        shutil.rmtree(self.folder, ignore_errors=True)
        self._folder(self.folder)
        self._as_owner(
            [
                *(str(self.bin / "initdb"), "-D", str(self.data), "-U", "postgres", "-E", "UTF8"),
                *("--locale=C.UTF-8", "--auth=peer", "--no-instructions"),
            ],
            check=True,
        )
        users = sorted({self.owner.pw_name, pwd.getpwuid(os.getuid()).pw_name})
        identities = "".join(f"us {user} {role}\n" for user in users for role in ("odoo", "postgres"))
        (self.data / "pg_ident.conf").write_text(identities)
        (self.data / "pg_hba.conf").write_text("local all all peer map=us\n")
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "max_connections": "300",
            "jit": "off",
            **SETTINGS[self.kind],
        }
        with (self.data / "postgresql.conf").open("a") as stream:
            stream.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self._create_role()
        (self.folder / "complete").touch()

    def _create_role(self) -> None:
        single = [str(self.bin / "postgres"), "--single", "-D", str(self.data), "postgres"]
        command = ["sh", "-c", "echo 'CREATE ROLE odoo LOGIN CREATEDB' | \"$@\"", "sh", *single]
        self._as_owner(command, check=True)

    def _folder(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if shell.is_root():
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)


def _owner() -> pwd.struct_passwd:
    if not shell.is_root():
        return pwd.getpwuid(os.getuid())
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise SetupError("PostgreSQL refuses to run as root, and there is no user postgres or nobody: create one.")


def _may_enter(folder: pathlib.Path, user: pwd.struct_passwd) -> bool:
    """Whether a user can pass through a folder and all above it."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in (folder, *folder.parents):
        status = part.stat()
        if not status.st_mode & 0o001 and not (status.st_uid == user.pw_uid and status.st_mode & 0o100):
            return False
    return True


def _major(postgres: pathlib.Path, libraries: str = "") -> int:
    environment = {"LD_LIBRARY_PATH": libraries} if libraries else {}
    version = shell.run([postgres, "--version"], why="asking PostgreSQL for its version", env=environment).stdout
    return int(re.search(r"(\d+)\.", version)[1])


def installed_binaries() -> pathlib.Path | None:
    """Folder of the newest PostgreSQL server programs of the machine."""
    folders = [p.parent for p in pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    folders += [pathlib.Path(p).parent for p in (shutil.which("initdb"),) if p]
    found = [(m, f) for f in folders if (f / "postgres").is_file() and (m := _major(f / "postgres")) >= OLDEST]
    return max(found)[1] if found else None


def _binaries() -> tuple[pathlib.Path, str]:
    """Folder of the server programs, and a library path for those that are not the machine's own."""
    found = installed_binaries()
    if not found and shell.is_root() and shutil.which("apt-get"):
        apt.install_system_packages(["postgresql"], "the machine has no PostgreSQL")
        found = installed_binaries()
    return (found, "") if found else _unpacked()


def _unpacked() -> tuple[pathlib.Path, str]:
    """Debian's PostgreSQL, unpacked into the cache with the libraries that the machine lacks."""
    root = cache() / "postgresql" / "programs"
    if not (root / "complete").is_file():
        if not shutil.which("apt-get"):
            raise SetupError(
                "There is no PostgreSQL here: install it (13 or newer), or set PGHOST, PGUSER and the like for one."
            )
        with locked("postgres-programs"):
            say("fetching PostgreSQL from the machine's apt mirror into the cache")
            shutil.rmtree(root, ignore_errors=True)
            private = apt.PrivateApt([apt.distribution()[1]], apt.STATUS)
            private.update()
            apt.extract(private.download_with_dependencies(["postgresql"]), root, exclude=("./usr/share/doc/*",))
            (root / "complete").touch()
    programs = next(root.glob("usr/lib/postgresql/*/bin"))
    libraries = [
        str(folder) for pattern in ("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*") for folder in root.glob(pattern)
    ]
    return programs, ":".join(libraries)
