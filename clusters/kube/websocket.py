"""A client's end of a WebSocket (RFC 6455), no more than pods/exec needs: it asks once, then reads until the end.

A sweep opens one for each node, so what a general client does beside costs as much as the rest of it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import Mapping, Sequence

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_HEAD = 64 * 1024  # bytes of the answer's headers
_CONTINUATION, _BINARY, _CLOSE, _PING = 0, 2, 8, 9
_LENGTHS = {126: 2, 127: 8}  # octets of the length that follow
_PONG, _GOODBYE = 0x8A, b"\x88\x82" + bytes(4) + b"\x03\xe8"  # 1000; without secrets a mask of zeros will do


class HandshakeError(Exception):
    """The server did not upgrade; its HTTP status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status} {reason}" if status else reason)
        self.status = status


class TooLargeError(Exception):
    """More came than was allowed."""


class Reader(asyncio.Protocol):
    """Binary messages of one connection. messages: once it has ended, however it did.

    limit: bytes of all messages. protocols: what the server may choose from. Raises HandshakeError, TooLargeError.
    """

    def __init__(
        self, target: str, host: str, headers: Mapping[str, str], protocols: Sequence[str], *, limit: int
    ) -> None:
        key = base64.b64encode(os.urandom(16))
        self._accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest()).decode()
        self._protocols = protocols
        lines = {
            "Host": host,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key.decode(),
            "Sec-WebSocket-Protocol": ", ".join(protocols),
            **headers,
        }
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._request = f"GET {target} HTTP/1.1\r\n{text}\r\n".encode()
        self._left = limit
        self._buffer = bytearray()
        self._message = bytearray()
        self._upgraded = False
        self._found: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self.messages: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while not self.messages.done() and (self._frame() if self._upgraded else self._head()):
                pass
        except (HandshakeError, TooLargeError) as error:
            self._end(error)

    def connection_lost(self, error: Exception | None) -> None:
        if self._upgraded:
            self._end()
        else:
            self._end(error or ConnectionResetError("the server closed the connection"))

    def _end(self, error: Exception | None = None) -> None:
        if self.messages.done():
            return
        if error is None:
            self.messages.set_result(self._found)
        else:
            self.messages.set_exception(error)

    def _head(self) -> bool:
        """Take the answer to the upgrade; False if it is not whole yet."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _HEAD:
                raise HandshakeError(0, "the answer is none of HTTP")
            return False
        first, *rest = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        version, _, tail = first.partition(" ")
        code, _, reason = tail.partition(" ")
        if not version.startswith("HTTP/1") or not (len(code) == 3 and code.isascii() and code.isdigit()):
            raise HandshakeError(0, "the answer is none of HTTP")
        pairs = (line.partition(":") for line in rest)
        fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if code != "101":
            raise HandshakeError(int(code), reason)
        if fields.get("sec-websocket-accept") != self._accept or fields.get("upgrade", "").lower() != "websocket":
            raise HandshakeError(101, "the upgrade is not the one that was asked for")
        if fields.get("sec-websocket-protocol") not in self._protocols:
            raise HandshakeError(101, "the server speaks none of our protocols")
        del self._buffer[: end + 4]
        self._upgraded = True
        return True

    def _frame(self) -> bool:
        """Take one frame; False if none is whole. What breaks the protocol ends the stream."""
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        kind, length, start = buffer[0], buffer[1], 2
        if length & 0x80:  # only a client masks
            self._end()
            return False
        if octets := _LENGTHS.get(length, 0):
            start += octets
            length = int.from_bytes(buffer[2:start]) if len(buffer) >= start else 0
        if kind & 0xF in (_BINARY, _CONTINUATION) and length > self._left:
            raise TooLargeError
        if len(buffer) < start + length:
            return False
        data = bytes(buffer[start : start + length])
        del buffer[: start + length]
        self._take(kind, data)
        return True

    def _take(self, kind: int, data: bytes) -> None:
        code, final = kind & 0xF, bool(kind & 0x80)
        if code == _PING and self._transport is not None and len(data) < 126:
            self._transport.write(bytes((_PONG, 0x80 | len(data))) + bytes(4) + data)
        elif code in (_BINARY, _CONTINUATION):
            self._left -= len(data)
            self._message += data
            if final:
                self._found.append(bytes(self._message))
                self._message.clear()
        elif code <= _CLOSE:
            if self._transport is not None:
                self._transport.write(_GOODBYE)
            self._end()
