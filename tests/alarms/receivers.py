"""Receivers of notices: real servers on this machine that keep what they get."""

from __future__ import annotations

import json
import socketserver
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its body."""
        return json.loads(self.body)


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Receiver:
    """An HTTP server. answers: what it answers next, 200 when they are used up. first: called before it answers."""

    url: str = ""
    got: list[Received] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    first: Callable[[], object] = lambda: None


@contextmanager
def http_receiver() -> Iterator[Receiver]:
    """One that listens."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.got.append(Received(self.command, self.path, dict(self.headers), body))
            receiver.first()
            code, headers, said = receiver.answers.pop(0) if receiver.answers else (200, {}, b"ok")
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = _take  # noqa: N815  # the server's own names

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    with _serving(server):
        yield receiver


@dataclass
class MailServer:
    """An SMTP server (RFC 5321). refuses: the code that it answers RCPT with, "" = it takes all. first: before it.

    auth: ways to log in that it offers (RFC 4954). repeats: whether it refuses them by what they say.
    """

    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)
    refuses: str = ""
    auth: str = ""
    repeats: bool = False
    first: Callable[[], object] = lambda: None


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """One that listens."""
    kept = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # the other side may be gone at any moment
                self._talk()

        def _talk(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline():
                kept.said.append(line)
                verb = line.partition(b" ")[0].strip().upper().partition(b":")[0]
                if verb == b"RCPT":
                    kept.first()
                    self._say(kept.refuses or "250 fine")
                elif verb == b"DATA":
                    self._say("354 go on")
                    kept.got.append(
                        message_from_bytes(b"".join(iter(self.rfile.readline, b".\r\n")), policy=policy.default)
                    )
                    self._say("250 taken")
                elif verb == b"AUTH" and kept.repeats:
                    said = line.split()[-1]  # of PLAIN: two NULs, and all of it in base64 (RFC 4616)
                    *_, password = b64decode(said).split(b"\0")
                    self._say(f"535 {said.decode()} is {b64decode(said)!r}, not {b64encode(password).decode()}")
                elif verb == b"EHLO" and kept.auth:
                    self._say(f"250-here\r\n250 AUTH {kept.auth}")
                else:
                    self._say("221 bye" if verb == b"QUIT" else "250 fine")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_address[1]
    with _serving(server):
        yield kept


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
