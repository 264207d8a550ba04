"""Commands in containers: pods/exec over WebSocket (channel protocol v5, else v4), without a client library between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from clusters.kube.connection import Connection
from clusters.kube.errors import bounded

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDOUT, _STDERR, _STATUS = 1, 2, 3
_REFUSALS = {
    400: ("refused", "the container does not run, or the pod has no container of this name"),
    401: ("unauthorized", "the API server does not accept our credentials"),
    403: ("forbidden", "we may not run commands in this pod (get and create on pods/exec)"),
    404: ("gone", "there is no such pod any more"),
}


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
        self._session: aiohttp.ClientSession | None = None
        self._headers: dict[str, str] = {}

    async def __aenter__(self) -> Executor:
        """Open; the credentials of this moment serve for as long. Raises Unreachable if there are none to be had."""
        tls, self._headers = self._connection.tls(), self._connection.headers()
        connector = aiohttp.TCPConnector(
            limit=0, ssl=True if tls is None else tls, enable_cleanup_closed=tls is not None
        )
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def run(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], *, within: float | None = None
    ) -> ExecResult:
        """Run `argv` (no shell) and wait for its end, `within` seconds at most; cancelling ends its stream.

        Raises ExecError.
        """
        where = f"{self._connection.url}/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}/exec"
        limit = self._timeout if within is None else within
        url = URL(f"{where}?{_query(container, tuple(argv))}", encoded=True)
        try:
            async with asyncio.timeout(limit):
                return await self._run(url)
        except TimeoutError as error:
            raise ExecError("timeout", f"no answer within {limit:g} s") from error
        except aiohttp.WSServerHandshakeError as error:
            unknown = ("unreachable" if error.status >= 500 else "refused", f"HTTP {error.status} {error.message}")
            raise ExecError(*_REFUSALS.get(error.status, unknown)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise ExecError("unreachable", f"the API server cannot be reached: {error}") from error

    async def _run(self, url: URL) -> ExecResult:
        if self._session is None:
            raise RuntimeError("the executor is not open")
        streams: dict[int, list[bytes]] = {_STDOUT: [], _STDERR: [], _STATUS: []}
        left = self._limit
        options: dict[str, Any] = {
            "protocols": PROTOCOLS,
            "headers": self._headers,
            "max_msg_size": left + 1,
        }
        options |= {"proxy": self._connection.proxy, "server_hostname": self._connection.server_name}
        async with self._session.ws_connect(
            url, **{name: value for name, value in options.items() if value is not None}
        ) as ws:
            while True:
                message = await ws.receive()
                if message.type is not aiohttp.WSMsgType.BINARY:
                    if _too_big(message):
                        left = -1
                    break
                frame: bytes = message.data
                left -= len(frame)
                if left < 0:
                    break
                if len(frame) > 1 and frame[0] in streams:
                    streams[frame[0]].append(frame[1:])
        if left < 0:
            raise ExecError("too-large", f"the command wrote more than {self._limit} bytes")
        code = _exit_code(b"".join(streams[_STATUS]))
        return ExecResult(b"".join(streams[_STDOUT]), b"".join(streams[_STDERR]), code)


def _too_big(message: aiohttp.WSMessage) -> bool:
    code = getattr(message.data, "code", None)
    return message.type is aiohttp.WSMsgType.ERROR and code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


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
    raise ExecError("refused", text)
