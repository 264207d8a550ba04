"""Commands in containers: pods/exec over WebSocket (channel protocol v5, else v4), without a client library between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from urllib.parse import quote, urlencode

from clusters.kube.connection import Connection
from clusters.kube.dial import Dialer
from clusters.kube.errors import Unreachable, bounded
from clusters.kube.websocket import HandshakeError, Reader, TooLargeError

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
        self._dialer: Dialer | None = None
        self._headers: dict[str, str] = {}

    async def __aenter__(self) -> Executor:
        """Open; the credentials of this moment serve for as long. Raises Unreachable if there are none to be had."""
        headers = self._connection.headers()
        if any("\r" in value or "\n" in value or not value.isascii() for value in headers.values()):
            raise Unreachable("cannot connect: the token is no text for a header")
        self._dialer, self._headers = Dialer(self._connection), headers
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dialer = None

    async def run(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], *, within: float | None = None
    ) -> ExecResult:
        """Run `argv` (no shell) and wait for its end, `within` seconds at most; cancelling ends its stream.

        Raises ExecError.
        """
        limit = self._timeout if within is None else within
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}/exec"
        try:
            async with asyncio.timeout(limit):
                return await self._run(f"{path}?{_query(container, tuple(argv))}")
        except TimeoutError as error:
            raise ExecError("timeout", f"no answer within {limit:g} s") from error
        except HandshakeError as error:
            unknown = ("unreachable" if error.status >= 500 else "refused", str(error))
            raise ExecError(*_REFUSALS.get(error.status, unknown)) from error
        except TooLargeError as error:
            raise ExecError("too-large", f"the command wrote more than {self._limit} bytes") from error
        except OSError as error:
            raise ExecError("unreachable", f"the API server cannot be reached: {error}") from error

    async def _run(self, target: str) -> ExecResult:
        dialer = self._dialer
        if dialer is None:
            raise RuntimeError("the executor is not open")

        def reader() -> Reader:
            return Reader(dialer.path + target, dialer.authority, self._headers, PROTOCOLS, limit=self._limit)

        transport, protocol = await dialer.open(reader)
        try:
            messages = await protocol.messages
        finally:
            transport.abort()
        streams: dict[int, list[bytes]] = {_STDOUT: [], _STDERR: [], _STATUS: []}
        for message in messages:
            if len(message) > 1 and message[0] in streams:
                streams[message[0]].append(message[1:])
        code = _exit_code(b"".join(streams[_STATUS]))
        return ExecResult(b"".join(streams[_STDOUT]), b"".join(streams[_STDERR]), code)


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
