"""A mail server that keeps what it gets, for tests and measurements.

It speaks SMTP (RFC 5321) over real sockets as far as a client needs it, and does what it is told by the recipient's
address: ``refuse-...`` is refused at RCPT, ``spam-...`` after its text, ``drop-...`` gets its text taken and the
connection cut without an answer, ``cut-...`` has the connection cut before its text.

As a script it writes every mail to a file, length first, and is stopped by a signal: ``smtp_sink.py PORT FILE``.
"""

import asyncio
import contextlib
import struct
import sys
import threading

LIMIT = 64 * 1024 * 1024


class SmtpSink:
    """A server on a port of its own in a thread of its own.

    :ivar mails: list of ``(sender, recipients, bytes)`` that were accepted
    :ivar connections: how many there were
    :ivar is_strict: whether addresses tell it what to do
    :ivar has_pipelining: whether clients may send commands without waiting for each answer
    """

    def __init__(self, keep=None):
        """
        :param keep: called with each accepted mail, instead of keeping it in ``mails``
        """
        self.mails = []
        self.connections = 0
        self.is_strict = True
        self.has_pipelining = True
        self.on_mail = None
        self._is_cut = False
        self._keep = keep or self.mails.append
        self._loop = None
        self._thread = None

    def __enter__(self):
        ready = threading.Event()

        def run():
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
            server = self._loop.run_until_complete(self.listen(0))
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            self._loop.run_forever()
            server.close()
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

        self._thread = threading.Thread(target=run, daemon=True, name="smtp sink")
        self._thread.start()
        ready.wait(10)
        return self

    def __exit__(self, *_error):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def cut_next(self):
        """Cut the connection when the next command comes."""
        self._is_cut = True

    async def listen(self, port):
        """Start listening on the loopback."""
        return await asyncio.start_server(self._serve, "127.0.0.1", port, limit=LIMIT)

    async def _serve(self, reader, writer):
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            writer.close()

    def _is_told(self, word, recipients):
        return self.is_strict and any(address.startswith(word) for address in recipients)

    async def _talk(self, reader, writer):
        def say(text):
            writer.write(text.encode() + b"\r\n")

        say("220 sink")
        sender, recipients = None, []
        while line := await reader.readline():
            verb = line[:4].upper()
            if self._is_cut:
                self._is_cut = False
                return
            if verb in (b"EHLO", b"HELO"):
                say("250-sink")
                if self.has_pipelining:
                    say("250-PIPELINING")
                say("250 8BITMIME")
            elif verb == b"MAIL":
                sender, recipients = _address(line), []
                say("250 ok")
            elif verb == b"RCPT":
                address = _address(line)
                if self._is_told("refuse-", [address]):
                    say("550 5.1.1 no such user")
                else:
                    recipients.append(address)
                    say("250 ok")
            elif verb == b"DATA":
                if self._is_told("cut-", recipients):
                    return
                if not recipients:
                    say("554 5.5.1 nobody to send it to")
                    continue
                say("354 go on")
                text = await reader.readuntil(b"\r\n.\r\n")
                text = text[:-3].replace(b"\r\n..", b"\r\n.")
                if self._is_told("drop-", recipients):
                    return
                if self._is_told("spam-", recipients):
                    say("554 5.7.1 looks like spam")
                    continue
                self._keep((sender, recipients, text))
                if self.on_mail:
                    self.on_mail()
                say("250 taken")
            elif verb == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")
            await writer.drain()


def _address(line):
    return line.split(b"<", 1)[1].split(b">", 1)[0].decode()


def main(port, path):
    with open(path, "ab", buffering=1 << 20) as file:

        def keep(mail):
            sender, recipients, text = mail
            head = f"{sender}\n{','.join(recipients)}\n".encode()
            file.write(struct.pack(">I", len(head) + len(text)) + head + text)

        async def serve():
            sink = SmtpSink(keep)
            async with await sink.listen(port):
                while True:
                    await asyncio.sleep(0.2)
                    file.flush()

        asyncio.run(serve())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
