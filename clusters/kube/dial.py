"""Connections to an API server for those who need many of them: directly, or through the proxy that is set."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from clusters.kube.connection import Connection
from clusters.kube.errors import Unreachable

P = TypeVar("P", bound=asyncio.Protocol)
_PATIENCE = 1.0  # seconds for one of several addresses
_HEAD = 16 * 1024  # bytes of a proxy's answer
_PORTS = {"http": 80, "https": 443}


class Dialer:
    """How to reach one server. Name, trust and credentials are those of the moment in which it was made.

    Raises Unreachable if a certificate cannot be read or the proxy's address is none.
    """

    def __init__(self, connection: Connection) -> None:
        url, proxy = urlsplit(connection.url), connection.proxy
        self.host, self.port = url.hostname or "", url.port or _PORTS[url.scheme]
        self.authority = url.netloc.rpartition("@")[2]
        self.path = url.path
        self._tls = connection.tls()
        self._name = (connection.server_name or self.host) if self._tls else None
        self._proxy = _proxy(proxy) if proxy else None
        self._addresses: list[str] = []

    async def open(self, make: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        """A connection with TLS set up; the protocol is told by `connection_made`. Raises OSError."""
        if self._proxy is not None:
            return await self._through(self._proxy, make)
        loop, failed = asyncio.get_running_loop(), OSError(f"{self.host} has no address")
        if not self._addresses:
            found = await loop.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            self._addresses = list(dict.fromkeys(str(place[4][0]) for place in found))
        for address in tuple(self._addresses):
            try:
                async with asyncio.timeout(_PATIENCE if len(self._addresses) > 1 else None):
                    return await loop.create_connection(
                        make, address, self.port, ssl=self._tls, server_hostname=self._name
                    )
            except (OSError, TimeoutError) as error:
                failed = error if isinstance(error, OSError) else failed
                self._addresses.remove(address)
                self._addresses.append(address)  # who is away is tried last
        raise failed

    async def _through(self, proxy: SplitResult, make: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        """The same by CONNECT (RFC 9110, section 9.3.6)."""
        loop = asyncio.get_running_loop()
        port = proxy.port or _PORTS[proxy.scheme]
        tls = ssl.create_default_context() if proxy.scheme == "https" else None
        transport, tunnel = await loop.create_connection(_Tunnel, proxy.hostname or "", port, ssl=tls)
        try:
            where = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
            transport.write(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n{_credentials(proxy)}\r\n".encode())
            await tunnel.ready
            protocol = make()
            transport.set_protocol(protocol)
            through = await self._secured(transport, protocol)
            protocol.connection_made(through)
        except BaseException:
            transport.abort()
            raise
        return through, protocol

    async def _secured(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> asyncio.Transport:
        if self._tls is None:
            return transport
        loop = asyncio.get_running_loop()
        through = await loop.start_tls(transport, protocol, self._tls, server_hostname=self._name)
        if not isinstance(through, asyncio.Transport):
            raise ConnectionResetError("the proxy closed the connection")
        return through


class _Tunnel(asyncio.Protocol):
    """What a proxy answers before it lets through what comes. ready: raises OSError if it does not."""

    def __init__(self) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = b""

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self.ready.done() or (b"\r\n\r\n" not in self._head and len(self._head) < _HEAD):
            return
        words = self._head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        if len(words) > 1 and words[1] == "200":
            self.ready.set_result(None)
        else:
            self.ready.set_exception(ConnectionRefusedError(f"the proxy answered {' '.join(words)[:80]}"))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionResetError("the proxy closed the connection"))


def _proxy(text: str) -> SplitResult:
    try:
        proxy = urlsplit(text)
        if proxy.scheme in _PORTS and proxy.hostname and (proxy.port is None or proxy.port):
            return proxy
    except ValueError:
        pass
    raise Unreachable("cannot connect: the proxy is no http:// or https:// address")


def _credentials(proxy: SplitResult) -> str:
    if proxy.username is None:
        return ""
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"
