"""Commands in containers: pods/exec over WebSocket (channel protocol v5, else v4)."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from types import TracebackType
from urllib.parse import quote, urlencode, urlsplit

import aiohappyeyeballs
import picows
from picows import WSListener, WSMsgType, WSTransport
from python_socks import ProxyError

from clusters.kube.connection import Connection
from clusters.kube.errors import Unreachable, bounded
from clusters.kube.kubelet import unreached, without_ids

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDOUT, _STDERR, _STATUS = 1, 2, 3
_REFUSALS = {
    400: ("refused", "the container does not run, or the pod has no container of this name"),
    401: ("unauthorized", "the API server does not accept our credentials"),
    403: ("forbidden", "we may not run commands in this pod (get and create on pods/exec)"),
    404: ("gone", "there is no such pod any more"),
}
_DATA, _OTHERS = (WSMsgType.BINARY, WSMsgType.CONTINUATION), (WSMsgType.PING, WSMsgType.PONG)
_NEXT_ADDRESS = 0.25  # seconds until the next address of a name is tried beside (RFC 8305, section 5)
# A server that breaks the protocol is an ExecError here, not a line in a log with what it sent.
_quiet = logging.getLogger("picows.exec")
_quiet.setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class ExecResult:
    """What the command wrote, and its exit code."""

    stdout: bytes
    stderr: bytes
    code: int


class ExecError(Exception):
    """The command did not run to its end, so nothing that it wrote may be believed.

    reason: timeout, too-large, unauthorized, forbidden, gone, refused, unreachable, broken. str(): a sentence.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(bounded(text))
        self.reason = reason


class Executor:
    """Runs commands through one API server, any number at the same time; an asynchronous context manager.

    timeout: seconds for one command, from connecting to its exit code. limit: bytes of its output.
    """

    def __init__(self, connection: Connection, *, timeout: float = 5.0, limit: int = 16 * 1024 * 1024) -> None:
        self._connection = connection
        self._timeout = timeout
        self._limit = limit
        self._headers: dict[str, str] | None = None
        self._tls: ssl.SSLContext | None = None
        self._name: str | None = None
        self._proxy: str | None = None
        self._found: dict[tuple[str, int], asyncio.Task[Sequence[aiohappyeyeballs.AddrInfoType]]] = {}

    async def __aenter__(self) -> Executor:
        """Open; the credentials of this moment serve for as long. Raises Unreachable if there are none to be had."""
        headers = self._connection.headers()
        if any("\r" in value or "\n" in value or not value.isascii() for value in headers.values()):
            raise Unreachable("cannot connect: the token is no text for a header")
        self._tls, self._proxy = self._connection.tls(), _checked(self._connection.proxy)
        self._name = (self._connection.server_name or urlsplit(self._connection.url).hostname) if self._tls else None
        self._headers = headers | {"Sec-WebSocket-Protocol": ", ".join(PROTOCOLS)}
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._headers = None
        for looking in self._found.values():
            looking.cancel()

    async def run(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], *, within: float | None = None
    ) -> ExecResult:
        """Run `argv` (no shell) and wait for its end, `within` seconds at most; cancelling ends its stream.

        Raises ExecError.
        """
        limit = self._timeout if within is None else within
        where = f"{self._connection.url}/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}/exec"
        try:
            async with asyncio.timeout(limit):
                return await self._run(f"{where.replace('http', 'ws', 1)}?{_query(container, tuple(argv))}")
        except TimeoutError as error:
            raise ExecError("timeout", f"no answer within {limit:g} s") from error
        except picows.WSHandshakeError as error:
            raise _refusal(error) from error
        except ProxyError as error:
            raise ExecError("unreachable", f"no way through the proxy: {error}") from error
        except OSError as error:
            raise ExecError("unreachable", f"the API server cannot be reached: {error}") from error

    async def _run(self, url: str) -> ExecResult:
        if self._headers is None:
            raise RuntimeError("the executor is not open")
        streams, connected = _Streams(self._limit), list[socket.socket]()

        async def connect(to: picows.WSParsedURL) -> socket.socket:
            connected.append(await self._connected(to))
            return connected[-1]

        try:
            transport, _ = await picows.ws_connect(
                lambda: streams, url, ssl_context=self._tls, extra_headers=self._headers,
                proxy=self._proxy, socket_factory=connect, max_frame_size=self._limit, max_redirects=0,
                use_aiofastnet=False,  # whose TLS reads the server's certificate back from a temporary file
                websocket_handshake_timeout=None, logger_name=_quiet, server_hostname=self._name,
            )  # fmt: skip
        except BaseException:
            _hang_up(connected)
            raise
        try:
            if transport.response is None:
                raise ConnectionResetError("it closed the connection")
            if transport.response.headers.get("Sec-WebSocket-Protocol") not in PROTOCOLS:
                raise ExecError("refused", "the server speaks none of our channel protocols")
            await streams.ended.wait()
        finally:
            transport.disconnect(graceful=False)
            # Of TLS what is closed again lets go of its buffers, 256 KiB that a cycle of references keeps otherwise.
            transport.underlying_transport.close()
        if streams.left < 0:
            raise ExecError("too-large", f"the command wrote more than {self._limit} bytes")
        code = _exit_code(streams.of(_STATUS))
        return ExecResult(streams.of(_STDOUT), streams.of(_STDERR), code)

    async def _connected(self, to: picows.WSParsedURL) -> socket.socket:
        """A connection to one of the addresses of a name that is looked up once for all that begin together."""
        where, loop = (to.host, to.port), asyncio.get_running_loop()
        looking = self._found.get(where)
        if looking is None:
            looking = self._found[where] = loop.create_task(loop.getaddrinfo(*where, type=socket.SOCK_STREAM))
        try:
            addresses = await asyncio.shield(looking)
        except OSError:
            if self._found.get(where) is looking:  # the next one tries again
                del self._found[where]
            raise
        return await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS)


class _Streams(WSListener):
    """What came of each channel; left: bytes that may still come, negative if it were too many."""

    def __init__(self, limit: int) -> None:
        self.left = limit
        self.ended = asyncio.Event()
        self._parts: dict[int, list[bytes]] = {}
        self._channel = -1

    def on_ws_frame(self, transport: WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type in _OTHERS or self.ended.is_set():
            return
        if frame.msg_type not in _DATA:
            self.ended.set()
            return
        data = frame.get_payload_as_bytes()
        self.left -= len(data)
        if self.left < 0:
            transport.disconnect(graceful=False)
            return
        if frame.msg_type is WSMsgType.BINARY and data:
            self._channel, data = data[0], data[1:]
        self._parts.setdefault(self._channel, []).append(data)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        sent = transport.close_handshake.sent if transport.close_handshake else None
        if sent is not None and sent.code is picows.WSCloseCode.MESSAGE_TOO_BIG:
            self.left = -1
        self.ended.set()

    def of(self, channel: int) -> bytes:
        return b"".join(self._parts.get(channel, ()))


def _hang_up(connected: Iterable[socket.socket]) -> None:
    """End connections that picows leaves open where nobody waits for the answer to its upgrade any more."""
    for each in connected:
        with suppress(OSError):  # it is closed already
            each.shutdown(socket.SHUT_RDWR)


def _checked(proxy: str | None) -> str | None:
    """A proxy that can be used. Raises Unreachable, without the address: it may hold a password."""
    try:
        parts = urlsplit(proxy or "http://none")
        if parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port):
            return proxy
    except ValueError:
        pass
    raise Unreachable("cannot connect: the proxy is no http:// or https:// address")


def _refusal(error: picows.WSHandshakeError) -> ExecError:
    status = int(error.response.status) if error.response is not None else 0
    text = f"HTTP {status}" if status and status != HTTPStatus.SWITCHING_PROTOCOLS else "the answer is no WebSocket's"
    return ExecError(*_REFUSALS.get(status, ("unreachable" if status >= 500 else "refused", text)))


@lru_cache(maxsize=64)
def _query(container: str, argv: tuple[str, ...]) -> str:
    fixed = [("container", container), ("stdout", "true"), ("stderr", "true")]
    return urlencode([*(("command", part) for part in argv), *fixed], quote_via=quote)


def _exit_code(status: bytes) -> int:
    """The exit code from the status channel. Raises ExecError if it is missing or says that the command did not run."""
    if not status:
        raise ExecError("broken", "the connection ended before the command did")
    try:
        parsed = json.loads(status)
        if parsed["status"] == "Success":
            return 0
        causes = (parsed.get("details") or {}).get("causes") or ()
        if parsed.get("reason") == "NonZeroExitCode":
            return int(next(cause["message"] for cause in causes if cause.get("reason") == "ExitCode"))
        text = str(parsed.get("message") or "the command could not be run")
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration, RecursionError) as error:
        raise ExecError("broken", "the exit status cannot be read") from error
    if (why := unreached(text)) is not None:
        raise ExecError("unreachable", why)
    raise ExecError("refused", without_ids(text))
