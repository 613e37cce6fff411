"""A network between client and vendor that fails on demand, before, while or after the vendor has done the work."""

import contextlib
import socket
import threading
import time

from .fake import abort

FAULTS = ("refuse", "reset", "cut", "blackhole", "latency", "slow", "garbage")
PHASES = ("before", "during", "after")


class FaultProxy:
    """Relays connections to a port of this machine.

    A fault hits the next ``times`` requests. *before*: the vendor never sees the request. *during*: he gets it, and
    half of his answer arrives. *after*: he has done the work, and nothing of the answer arrives as it should.

    :ivar hits: how many requests were hit
    """

    def __init__(self, port):
        self.port = port
        self.hits = 0
        self._fault = None
        self._times = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def plan(self, fault, phase, times=1):
        """Have the next requests fail.

        :param fault: one of `FAULTS`
        :param phase: one of `PHASES`
        """
        with self._lock:
            self._fault, self._times = (fault, phase), times

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _next_fault(self):
        with self._lock:
            if not self._times:
                return None, None
            self._times -= 1
            self.hits += 1
            return self._fault

    def _serve(self, client):
        """Relay one connection, request by request."""
        with contextlib.suppress(OSError), contextlib.closing(client):
            while request := _read_message(client):
                fault, phase = self._next_fault()
                if phase == "before" and not self._break(client, fault, b""):
                    return
                with socket.create_connection(("127.0.0.1", self.port)) as server:
                    server.sendall(request)
                    answer = _read_message(server, is_head=request.startswith(b"HEAD "))
                if phase in ("during", "after"):
                    shown = answer[: len(answer) // 2] if phase == "during" else b""
                    if not self._break(client, fault, shown):
                        return
                    answer = answer[len(shown) :]
                client.sendall(answer)

    def _break(self, client, fault, shown):
        """Do what the fault does; return whether the connection goes on."""
        if fault == "slow":
            for position in range(0, len(shown), 64):
                client.sendall(shown[position : position + 64])
                time.sleep(0.005)
            return True
        if fault != "refuse":
            client.sendall(shown)
        if fault == "latency":
            time.sleep(0.1)
            return True
        if fault == "garbage":
            client.sendall(b"\x00\xff not what was meant \r\n\r\n")
        elif fault == "blackhole":
            with contextlib.suppress(OSError):
                client.settimeout(30)
                client.recv(1)
        elif fault in ("reset", "refuse"):
            abort(client)
        return False


def _read_message(sock, is_head=False):
    """Read one HTTP message with a Content-Length; nothing when the connection has ended."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = sock.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _blank, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _colon, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while not is_head and len(body) < length:
        chunk = sock.recv(65536)
        if not chunk:
            break
        body += chunk
    return head + b"\r\n\r\n" + body
