"""What clients connect to: every request is passed on to the API server byte by byte, unless a test ordered a fault.

`stop` closes the port and every connection, so that a restart of the API server needs no restart of a process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from lab.apiserver.auth import Attributes
from lab.apiserver.faults import Fault, Faults
from lab.apiserver.routes import REVIEWS

_LIMIT = 1 << 20  # of a request's or an answer's head
_PIECE = 64 << 10
_NOBODY = Fault(code=401, status={"kind": "Status", "apiVersion": "v1", "reason": "Unauthorized", "code": 401})
_GONE = (OSError, asyncio.IncompleteReadError, ssl.SSLError)
_ONE = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}
_MANY = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}


@dataclass(frozen=True, slots=True)
class Head:
    """The first lines of a message. first: request line or status line; headers: by lower-case name."""

    raw: bytes
    first: list[str]
    headers: dict[str, str]

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> Head:
        raw = await reader.readuntil(b"\r\n\r\n")
        first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return cls(raw, first.split(" ", 2), {name.strip().lower(): value.strip() for name, _, value in pairs})


def asked(method: str, target: str) -> Attributes | None:
    """What a request wants; None for what is about no object (discovery, health)."""
    split = urlsplit(target)
    parts = [unquote(part) for part in split.path.split("/") if part]
    known = {"api": 2, "apis": 3}.get(parts[0] if parts else "")
    if known is None or len(parts) <= known:
        return None
    group, rest, namespace = parts[1] if known == 3 else "", parts[known:], ""
    if (group, rest[0]) in REVIEWS:
        return Attributes("create")
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource, name, subresource = [*rest, "", ""][:3]
    verb = (_ONE if name else _MANY).get(method, "")
    if method == "GET" and not subresource and parse_qs(split.query).get("watch", [""])[0] in ("1", "true"):
        verb = "watch"
    return Attributes(verb, group, resource, subresource, namespace, name)


class Gate:
    """faults: what happens to requests. inside: for connections to the API server; None is plain http."""

    def __init__(self, faults: Faults, port: int, inside: ssl.SSLContext | None) -> None:
        self._faults, self._target, self._inside = faults, port, inside
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int, outside: ssl.SSLContext | None) -> int:
        """Listen; the port. outside: None serves plain http."""
        self._server = await asyncio.start_server(
            self._serve, host, port, ssl=outside, limit=_LIMIT, backlog=1024, reuse_address=True
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for writer in self._open:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def passed_on(self, head: Head) -> bytes | None:
        """What the API server gets in place of this head; None if it does not know who asks."""
        return head.raw

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        try:
            connect = asyncio.open_connection("127.0.0.1", self._target, ssl=self._inside, limit=_LIMIT)
            server_reader, server_writer = await connect
            self._open.add(server_writer)
            try:
                while await self._one(reader, writer, server_reader, server_writer):
                    pass
            finally:
                self._open.discard(server_writer)
                server_writer.transport.abort()
        except (*_GONE, asyncio.CancelledError):
            pass  # either end has gone, or the gate closes
        finally:
            self._open.discard(writer)
            with contextlib.suppress(*_GONE):
                writer.close()

    async def _one(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> bool:
        """One request and its answer; whether the connection may serve another one."""
        head = await Head.read(reader)
        about = asked(head.first[0], head.first[1])
        fault = None if about is None else self._faults.take(head.first[0], about)
        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.drop == "before":
                writer.transport.abort()
                return False
            if fault.code:
                return await _refuse(fault, head, reader, writer)
        passed = self.passed_on(head)
        if passed is None:
            return await _refuse(_NOBODY, head, reader, writer)
        server_writer.write(passed)
        await _body(head, reader, server_writer)
        while (answer := await Head.read(server_reader)).first[1] in ("100", "103"):
            writer.write(answer.raw)
        if answer.first[1] == "101":
            writer.write(answer.raw)
            await _both_ways(reader, writer, server_reader, server_writer)
            return False
        if fault is not None and (fault.drop == "after" or fault.truncate is not None):
            await _spoil(fault, answer, server_reader, writer)
            return False
        writer.write(answer.raw)
        if head.first[0] != "HEAD" and answer.first[1] not in ("204", "304"):
            await _body(answer, server_reader, writer, until_end=True)
        return "close" not in (head.headers.get("connection", ""), answer.headers.get("connection", ""))


async def _body(
    head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, until_end: bool = False
) -> None:
    """Pass the body that belongs to this head on as it comes; until_end: without a length it lasts until the end."""
    async for piece in _pieces(head, reader, until_end=until_end):
        writer.write(piece)
        await writer.drain()
    await writer.drain()


async def _pieces(head: Head, reader: asyncio.StreamReader, *, until_end: bool) -> AsyncIterator[bytes]:
    if head.headers.get("transfer-encoding", "").lower() == "chunked":
        while True:
            line = await reader.readuntil(b"\r\n")
            size = int(line.split(b";")[0], 16)
            yield line + await reader.readexactly(size + 2)
            if size == 0:
                return
    left = int(head.headers.get("content-length", -1 if until_end else 0))
    while left:
        piece = await reader.read(_PIECE if left < 0 else min(left, _PIECE))
        if not piece:
            return
        left -= len(piece) if left > 0 else 0
        yield piece


async def _both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    server_reader: asyncio.StreamReader,
    server_writer: asyncio.StreamWriter,
) -> None:
    async def one_way(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while piece := await source.read(_PIECE):
            target.write(piece)
            await target.drain()

    ways = [
        asyncio.ensure_future(one_way(reader, server_writer)),
        asyncio.ensure_future(one_way(server_reader, writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _refuse(fault: Fault, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    async for _piece in _pieces(head, reader, until_end=False):
        pass
    body = json.dumps(fault.body()).encode()
    lines = (f"HTTP/1.1 {fault.code} Refused", "Content-Type: application/json", f"Content-Length: {len(body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    return True


async def _spoil(fault: Fault, answer: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The answer of a request that took effect, dropped or cut short."""
    chunked = "transfer-encoding" in answer.headers
    body = b""
    async for piece in _pieces(answer, reader, until_end=True):
        body += piece.partition(b"\r\n")[2][:-2] if chunked else piece
    if fault.drop == "after":
        writer.transport.abort()
        return
    lines = (" ".join(answer.first), "Content-Type: application/json", f"Content-Length: {len(body)}", "", "")
    writer.write("\r\n".join(lines).encode() + body[: fault.truncate])
    await writer.drain()
