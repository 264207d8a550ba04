"""pods/exec over WebSocket (v4.channel.k8s.io, v5.channel.k8s.io): channels for stdin, stdout, stderr, final status."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec
from aiohttp import WSMsgType, web

from lab.apiserver.errors import ApiError, bad_request, internal
from lab.apiserver.pods import container_of, require_running
from lab.apiserver.resources import Manifest
from lab.apiserver.storage import Event, Storage

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, STDOUT, STDERR, STATUS, CLOSE = 0, 1, 2, 3, 255
_CHUNK = 32 * 1024
_GOOD = {"metadata": {}, "status": "Success"}


@dataclass(frozen=True, slots=True)
class ExecResult:
    """Output of a command and its exit code. A handler that streams yields several; the last one's code counts."""

    stdout: bytes = b""
    stderr: bytes = b""
    code: int = 0


ExecHandler = Callable[
    [str, str, str, Sequence[str], asyncio.StreamReader | None], Awaitable[ExecResult] | AsyncIterator[ExecResult]
]
"""(namespace, pod, container, argv, stdin) -> result, or an asynchronous generator of results. Cancelled when the
client goes or the pod is deleted. stdin is None unless the client asked for it. May raise ApiError."""


@dataclass(frozen=True, slots=True)
class ExecOptions:
    """`PodExecOptions`, from the query."""

    argv: tuple[str, ...]
    container: str
    stdin: bool
    stdout: bool
    stderr: bool

    @classmethod
    def read(cls, request: web.Request) -> ExecOptions:
        """Raises ApiError 400 where nothing could be run or seen."""
        query = request.query

        def flag(name: str) -> bool:
            return query.get(name, "").lower() in ("1", "true")

        options = cls(
            tuple(query.getall("command", [])),
            query.get("container", ""),
            flag("stdin"),
            flag("stdout"),
            flag("stderr"),
        )
        if not (options.stdin or options.stdout or options.stderr):
            raise bad_request("you must specify at least 1 of stdin, stdout, stderr")
        if not options.argv:
            raise bad_request("you must specify at least one command for the container")
        return options


class Streams:
    """The streams that are open, by pod, so that a deleted pod takes its streams along."""

    def __init__(self, handler: Callable[[], ExecHandler | None]) -> None:
        self._handler = handler
        self._open: dict[str, set[asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        return sum(len(tasks) for tasks in self._open.values())

    def cut(self, uid: str) -> None:
        """End the streams of a pod that is gone."""
        for task in self._open.get(uid, ()):
            task.cancel()

    async def serve(
        self, request: web.Request, pod: Manifest, container: str, options: ExecOptions
    ) -> web.StreamResponse:
        """Upgrade and run. Raises ApiError before the upgrade if the request is not fit for it."""
        socket = web.WebSocketResponse(protocols=_offered(request), compress=False, autoclose=True)
        if not socket.can_prepare(request):
            raise bad_request(
                "unable to upgrade: WebSocket with subprotocol v4.channel.k8s.io or v5.channel.k8s.io is needed"
            )
        await socket.prepare(request)
        uid = pod["metadata"]["uid"]
        task = asyncio.ensure_future(self._run(socket, pod, container, options))
        self._open.setdefault(uid, set()).add(task)
        try:
            await task
        except asyncio.CancelledError:
            if request.transport is not None:
                request.transport.abort()
            task.cancel()
            if asyncio.current_task().cancelling():  # type: ignore[union-attr]
                raise
        except ConnectionError:
            pass  # the client is gone
        finally:
            self._open[uid].discard(task)
            if not self._open[uid]:
                del self._open[uid]
        return socket

    async def _run(self, socket: web.WebSocketResponse, pod: Manifest, container: str, options: ExecOptions) -> None:
        stdin = asyncio.StreamReader() if options.stdin else None
        reader = asyncio.ensure_future(_receive(socket, stdin))
        runner = asyncio.ensure_future(self._answer(socket, pod, container, options, stdin))
        try:
            await asyncio.wait((reader, runner), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reader, runner):
                task.cancel()
            await asyncio.gather(reader, runner, return_exceptions=True)
        if not runner.cancelled():
            runner.result()
            await socket.close()

    async def _answer(
        self,
        socket: web.WebSocketResponse,
        pod: Manifest,
        container: str,
        options: ExecOptions,
        stdin: asyncio.StreamReader | None,
    ) -> None:
        metadata, code = pod["metadata"], 0
        try:
            handler = self._handler()
            if handler is None:
                raise internal("error dialing backend: no exec handler is registered", "InternalError")
            answer = handler(metadata["namespace"], metadata["name"], container, options.argv, stdin)
            async for result in _results(answer):
                code = result.code
                for channel, data, wanted in (
                    (STDOUT, result.stdout, options.stdout),
                    (STDERR, result.stderr, options.stderr),
                ):
                    if wanted:
                        await _send(socket, channel, data)
            status = _exit_status(code)
        except ApiError as refusal:
            status = refusal.status()
        await socket.send_bytes(bytes((STATUS,)) + msgspec.json.encode(status))


class Execs:
    """pods/exec of the embedded API server, which is its own kubelet."""

    def __init__(self, storage: Storage, handler: Callable[[], ExecHandler | None]) -> None:
        self._streams = Streams(handler)
        pods = storage.registry.find("pods")
        storage.table(pods).listeners[self] = self._pod_changed

    def __len__(self) -> int:
        return len(self._streams)

    async def serve(self, request: web.Request, pod: Manifest) -> web.StreamResponse:
        """Upgrade and run. Raises ApiError before the upgrade if the pod or the request is not fit for it."""
        options = ExecOptions.read(request)
        container = container_of(pod, options.container)
        require_running(pod, container)
        return await self._streams.serve(request, pod, container, options)

    def _pod_changed(self, event: Event) -> None:
        if event.type == "DELETED":
            self._streams.cut(event.new.manifest["metadata"]["uid"])


async def _results(answer: Awaitable[ExecResult] | AsyncIterator[ExecResult]) -> AsyncIterator[ExecResult]:
    if isinstance(answer, AsyncIterator):
        async for result in answer:
            yield result
    else:
        yield await answer


async def _send(socket: web.WebSocketResponse, channel: int, data: bytes) -> None:
    for start in range(0, len(data), _CHUNK):
        await socket.send_bytes(bytes((channel,)) + data[start : start + _CHUNK])


async def _receive(socket: web.WebSocketResponse, stdin: asyncio.StreamReader | None) -> None:
    """Forward stdin until the client closes; v5 closes stdin alone by a message on channel 255."""
    try:
        async for message in socket:
            if message.type is not WSMsgType.BINARY or not message.data or stdin is None:
                continue
            channel, data = message.data[0], message.data[1:]
            if channel == STDIN and data and not stdin.at_eof():
                stdin.feed_data(data)
            elif channel == CLOSE and data[:1] == bytes((STDIN,)):
                stdin.feed_eof()
    finally:
        if stdin is not None:
            stdin.feed_eof()


def _exit_status(code: int) -> Manifest:
    """The last message: Success, or the exit code as Kubernetes words it."""
    if code == 0:
        return _GOOD
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: command terminated with exit code {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _offered(request: web.Request) -> list[str]:
    """Our protocols among those that the client names, best first."""
    offered = {
        name.strip() for line in request.headers.getall("Sec-WebSocket-Protocol", []) for name in line.split(",")
    }
    found = [name for name in PROTOCOLS if name in offered]
    if not found:
        raise bad_request("Upgrade request required")
    return found
