"""The WebSocket under pods/exec, frame by frame, and the ways to the server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from kubernetes.client import Configuration

from clusters.kube.connection import Connection, load
from clusters.kube.errors import Unreachable
from clusters.kube.exec import ExecError, ExecResult, Executor
from lab import apiserver
from tests.clusters.cluster import NAMESPACE, TOKEN, RunningCluster, node, pod

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_GOOD = b'\x03{"metadata":{},"status":"Success"}'


def _frame(data: bytes, first: int = 0x82) -> bytes:
    size = len(data)
    return bytes((first, size)) + data if size < 126 else bytes((first, 126)) + size.to_bytes(2) + data


def _upgrade(head: bytes, protocol: bytes = b"v5.channel.k8s.io") -> bytes:
    """A server's answer (RFC 6455, section 4.2.2)."""
    key = head.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
    accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())
    lines = (b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade")
    fields = (b"Sec-WebSocket-Accept: " + accept, b"sec-websocket-protocol: " + protocol)
    return b"\r\n".join((*lines, *fields, b"", b""))


@asynccontextmanager
async def _server(answer: Callable[[bytes], bytes], heard: asyncio.Future[bytes]) -> AsyncIterator[Connection]:
    """A server that answers the request with these bytes, a few at a time, and keeps what comes then."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = answer(await reader.readuntil(b"\r\n\r\n"))
        for start in range(0, len(data), 7):
            writer.write(data[start : start + 7])
            await writer.drain()
            await asyncio.sleep(0)
        heard.set_result(await reader.read())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        configuration = Configuration()
        configuration.host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield Connection(configuration)


async def _run(connection: Connection) -> ExecResult:
    async with Executor(connection, timeout=30) as executor:
        return await executor.run("metallb-system", "speaker-a", "frr", ("vtysh",))


async def test_messages_in_pieces_and_pings_between_them() -> None:
    long = b"x" * 300
    frames = (
        _frame(b"\x01first ", 0x02), _frame(b"are you there", 0x89), _frame(b"half, ", 0x00), _frame(b"second", 0x80),
        _frame(b"\x01" + long), _frame(b"\x02words"), _frame(_GOOD), _frame(b"\x03\xe8", 0x88),
    )  # fmt: skip
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    async with _server(lambda head: _upgrade(head) + b"".join(frames), heard) as connection:
        assert await _run(connection) == ExecResult(b"first half, second" + long, b"words", 0)
        pong = await heard
    assert pong.startswith(b"\x8a\x8d")
    assert bytes(char ^ pong[2 + n % 4] for n, char in enumerate(pong[6:19])) == b"are you there"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda head: b"HTTP/1.1 403 Forbidden\r\n\r\n", "forbidden"),
        (lambda head: b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "unreachable"),
        (lambda head: b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "refused"),
        (lambda head: _upgrade(head).replace(b"Accept: ", b"Accept: x"), "refused"),
        (lambda head: _upgrade(head, b"chat"), "refused"),
        (lambda head: _upgrade(head) + _frame(b"\x01half an ans"), "broken"),
        (lambda head: _upgrade(head) + _frame(b"text", 0x81) + _frame(_GOOD), "broken"),
        (lambda head: _upgrade(head) + b"\x82\x85" + bytes(4) + b"\x01mask" + _frame(_GOOD), "broken"),
        (lambda head: _upgrade(head) + b"\x82\x7f" + (1 << 40).to_bytes(8), "too-large"),
        (lambda head: b"", "unreachable"),
    ],
)
async def test_what_is_no_whole_answer_is_never_believed(answer: Callable[[bytes], bytes], reason: str) -> None:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(await reader.readuntil(b"\r\n\r\n")))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(closing, "127.0.0.1", 0) as server:
        configuration = Configuration()
        configuration.host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(ExecError) as error:
            await _run(Connection(configuration))
    assert error.value.reason == reason, str(error.value)


@pytest.fixture
def pods(kube: RunningCluster) -> RunningCluster:
    async def run(*_: object) -> apiserver.ExecResult:
        return apiserver.ExecResult(b"out", b"", 0)

    kube.server.exec = run
    kube.add(node("n0"), pod("frr-0", "n0", "frr"))
    return kube


@asynccontextmanager
async def _proxy(refusal: bytes = b"") -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that lets through what is behind CONNECT; its URL, and the requests that it got."""
    asked: list[bytes] = []

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except ConnectionError:
            pass
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        if refusal:
            writer.write(refusal)
            writer.close()
            return
        host, _, port = asked[-1].split(b" ")[1].decode().rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://some%20one:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def _through(kube: RunningCluster, proxy: str) -> ExecResult:
    configuration = load(kube.kubeconfig_of(TOKEN), None)
    configuration.proxy = proxy
    async with Executor(Connection(configuration), timeout=30) as executor:
        return await executor.run(NAMESPACE, "frr-0", "frr", ("vtysh",))


async def test_a_proxy_is_asked_for_a_tunnel(pods: RunningCluster) -> None:
    async with _proxy() as (url, asked):
        assert (await _through(pods, url)).stdout == b"out"
    assert asked[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"some one:secret") in asked[0]
    assert b"Bearer" not in asked[0]


async def test_a_proxy_that_refuses_is_told(pods: RunningCluster) -> None:
    async with _proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as (url, _):
        with pytest.raises(ExecError, match="proxy rejected connection with status 407") as error:
            await _through(pods, url)
    assert error.value.reason == "unreachable"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "http://", "http://host:port"])
async def test_a_proxy_of_another_kind_is_refused(pods: RunningCluster, proxy: str) -> None:
    with pytest.raises(Unreachable, match="proxy"):
        await _through(pods, proxy)


async def test_a_name_with_an_address_that_is_dead(pods: RunningCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    known = loop.getaddrinfo
    asked: list[object] = []

    async def both(host: object, port: object, **more: object) -> object:
        if host != "localhost":
            return await known(host, port, **more)  # type: ignore[arg-type]
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.2", port)), (2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(loop, "getaddrinfo", both)
    configuration = load(pods.kubeconfig_of(TOKEN), None)
    configuration.refresh_api_key_hook = None  # which reads the file again
    configuration.host = configuration.host.replace("127.0.0.1", "localhost")
    async with Executor(Connection(configuration), timeout=30) as executor:
        for _ in range(3):
            assert (await executor.run(NAMESPACE, "frr-0", "frr", ("vtysh",))).stdout == b"out"
    assert asked == ["localhost"], "a name is looked up once for all commands"


async def test_a_token_with_a_line_end_goes_into_no_header(pods: RunningCluster) -> None:
    configuration = load(pods.kubeconfig_of(TOKEN), None)
    configuration.refresh_api_key_hook = None
    configuration.api_key = {"BearerToken": "Bearer one\r\nX-Other: two"}
    with pytest.raises(Unreachable) as error:
        await _run(Connection(configuration))
    assert "two" not in error.value.message


async def test_no_exec_needs_a_file(pods: RunningCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep would write one for each node, and read it back."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("read-only")

    connection = Connection(load(pods.kubeconfig_of(TOKEN), None))
    async with Executor(connection, timeout=30) as executor:
        monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
        assert (await executor.run(NAMESPACE, "frr-0", "frr", ("vtysh",))).stdout == b"out"
