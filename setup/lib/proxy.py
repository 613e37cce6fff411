"""nginx in front of a server with workers: its live updates come from another port than its pages."""

import contextlib
import os
import pathlib
import shutil
import signal
import time

from . import apt, shell
from .paths import cache, locked
from .shell import SetupError, say

CONFIGURATION = """\
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_max_body_size 256m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/unused;
    uwsgi_temp_path {folder}/unused;
    scgi_temp_path {folder}/unused;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    upstream pages {{ server 127.0.0.1:{http}; }}
    upstream live {{ server 127.0.0.1:{gevent}; }}
    server {{
        listen 127.0.0.1:{port};
        proxy_http_version 1.1;
        proxy_read_timeout 900s;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Real-IP $remote_addr;
        location /websocket {{
            proxy_pass http://live;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }}
        location / {{ proxy_pass http://pages; proxy_set_header Connection ""; }}
    }}
}}
"""


def program() -> tuple[pathlib.Path, dict[str, str]]:
    """nginx and its environment: the machine's, else Debian's unpacked into the cache."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found:
        return pathlib.Path(found), {}
    root = cache() / "nginx"
    with locked("nginx"):
        if not (root / "complete").is_file():
            if not shutil.which("apt-get"):
                raise SetupError("--workers needs nginx in front: install it, or leave --workers out.")
            say("fetching nginx from the machine's apt mirror into the cache")
            shutil.rmtree(root, ignore_errors=True)
            private = apt.PrivateApt([apt.distribution()[1]], apt.STATUS)
            private.update()
            apt.extract(private.download_with_dependencies(["nginx"]), root, exclude=("./usr/share/doc/*",))
            (root / "complete").touch()
    libraries = ":".join(str(p) for p in (*root.glob("usr/lib/*-linux-gnu"), *root.glob("lib/*-linux-gnu")))
    return root / "usr/sbin/nginx", {"LD_LIBRARY_PATH": libraries} if libraries else {}


def start(folder: pathlib.Path, port: int, http: int, gevent: int) -> None:
    nginx, environment = program()
    for name in ("body", "proxy", "unused"):
        (folder / name).mkdir(exist_ok=True)
    user = "user root;" if shell.is_root() else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, http=http, gevent=gevent, user=user))
    command = [nginx, "-c", configuration, "-p", folder, "-e", folder / "nginx.log"]
    shell.run(command, why="starting nginx", env=environment)


def stop(folder: pathlib.Path) -> None:
    """Stop the nginx of a server's folder, if it runs."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / "nginx.pid").read_text())
        while str(folder) in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace"):
            os.kill(pid, signal.SIGTERM)
            time.sleep(0.1)
