"""pods/exec over WebSocket, byte by byte: channels, subprotocols, status, and what cuts a stream."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from lab.apiserver import ExecResult
from tests.lab.apiserver.conftest import ADMIN, NAMESPACE, RunningServer, pod
from tests.waiting import eventually

V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"
OUTPUT = [("stdout", "1"), ("stderr", "1")]


@dataclass
class Stream:
    """What came over an exec stream, by channel."""

    protocol: str | None
    channels: dict[int, bytes] = field(default_factory=dict)
    closed_by: int | None = None

    @property
    def status(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.channels[3])
        return decoded


async def talk(
    api: RunningServer,
    argv: list[str],
    *,
    protocols: tuple[str, ...] = (V5,),
    name: str = "speaker-1",
    container: str = "frr",
    sends: tuple[bytes, ...] = (),
    options: list[tuple[str, str]] = OUTPUT,
    method: str = "GET",
    token: str = ADMIN,
) -> Stream:
    """One exec from upgrade to close. WSServerHandshakeError if there is no upgrade."""
    query = [("container", container), *options, *(("command", word) for word in argv)]
    url = f"{api.server.url}/api/v1/namespaces/{NAMESPACE}/pods/{name}/exec"
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(url, params=query, protocols=protocols, ssl=api.tls(), method=method) as socket,
    ):
        stream = Stream(socket.protocol)
        for data in sends:
            await socket.send_bytes(data)
        async for message in socket:
            channel, data = message.data[0], message.data[1:]
            stream.channels[channel] = stream.channels.get(channel, b"") + data
        stream.closed_by = socket.close_code
        return stream


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("offered", "chosen"), [((V4,), V4), ((V5,), V5), ((V5, V4), V5), ((V4, V5), V4)])
async def test_output_comes_apart_and_a_status_last(
    api: RunningServer, method: str, offered: tuple[str, ...], chosen: str
) -> None:
    stream = await talk(api, ["true"], protocols=offered, method=method)
    assert stream.protocol == chosen
    assert (stream.channels[1], stream.channels[2]) == (b"speaker-1/frr: true\n", b"to stderr\n")
    assert stream.status == {"metadata": {}, "status": "Success"}


async def test_a_failing_command_tells_its_exit_code(api: RunningServer) -> None:
    status = (await talk(api, ["false"])).status
    assert (status["status"], status["reason"]) == ("Failure", "NonZeroExitCode")
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]


async def test_large_output_arrives_whole(api: RunningServer) -> None:
    assert len((await talk(api, ["big"])).channels[1]) == 300_000


async def test_only_the_asked_channels_are_sent(api: RunningServer) -> None:
    stream = await talk(api, ["true"], options=[("stdout", "true")])
    assert set(stream.channels) == {1, 3}


async def test_v5_closes_stdin_alone(api: RunningServer) -> None:
    sends = (b"\0one ", b"\0two", b"\xff\0")
    stream = await talk(api, ["cat"], sends=sends, options=[*OUTPUT, ("stdin", "1")])
    assert stream.channels[1] == b"one two"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "none"}, 404),
        ({"container": "none"}, 400),
        ({"container": ""}, 400),
        ({"argv": []}, 400),
        ({"options": []}, 400),
        ({"protocols": ()}, 400),
        ({"protocols": ("channel.k8s.io",)}, 400),
        ({"token": "none"}, 401),
        ({"token": "look-token"}, 403),
        ({"token": "no-exec-token"}, 403),
        ({"token": "create-only-token"}, 403),
    ],
)
async def test_an_exec_that_cannot_be_is_refused_before_the_upgrade(
    api: RunningServer, change: dict[str, Any], code: int
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await talk(api, **{"argv": ["true"], **change})
    assert refusal.value.status == code


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"container": "none"}, "container none is not valid for pod speaker-1"),
        ({}, "a container name must be specified for pod speaker-1, choose one of: [frr speaker]"),
    ],
)
def test_a_refusal_says_which_containers_there_are(api: RunningServer, query: dict[str, str], words: str) -> None:
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/speaker-1/exec"
    answer = api.request("POST", path, None, stdout="1", command="x", **query)
    assert answer.message == words


@pytest.mark.parametrize(
    ("status", "node", "code", "words"),
    [
        ({"phase": "Pending"}, "", 400, "pod late does not have a host assigned"),
        ({"phase": "Succeeded"}, "n", 500, 'unable to upgrade connection: container not found ("frr")'),
        (
            {"phase": "Running", "containerStatuses": [{"name": "frr", "state": {"waiting": {}}}]},
            "n",
            500,
            "container not found",
        ),
    ],
)
def test_a_container_that_does_not_run_cannot_be_entered(
    api: RunningServer, status: dict[str, Any], node: str, code: int, words: str
) -> None:
    api.call(api.server.store.create, "pods", pod("late", nodeName=node) | {"status": status})
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/late/exec"
    answer = api.request("POST", path, None, stdout="1", command="x", container="frr")
    api.call(api.server.store.delete, "pods", NAMESPACE, "late")
    assert answer.code == code
    assert words in answer.message


async def test_deleting_the_pod_cuts_the_stream_without_a_status(api: RunningServer) -> None:
    api.call(api.server.store.create, "pods", pod("short"))
    running = asyncio.create_task(talk(api, ["sleep", "30"], name="short"))
    await asyncio.to_thread(eventually, lambda: api.server.open_execs == 1)
    api.call(api.server.store.delete, "pods", NAMESPACE, "short")
    stream = await asyncio.wait_for(running, 5)
    assert 3 not in stream.channels
    assert stream.closed_by == 1006
    assert api.server.open_execs == 0


async def test_a_client_that_leaves_ends_the_command(api: RunningServer) -> None:
    running = asyncio.create_task(talk(api, ["sleep", "30"]))
    await asyncio.to_thread(eventually, lambda: api.server.open_execs == 1)
    running.cancel()
    await asyncio.to_thread(eventually, lambda: api.server.open_execs == 0)


async def test_a_handler_may_stream(api: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stream(*_: Any) -> Any:
        yield ExecResult(b"one ")
        yield ExecResult(b"two", b"three", 4)

    monkeypatch.setattr(api.server, "exec", stream)
    seen = await talk(api, ["x"])
    assert (seen.channels[1], seen.channels[2]) == (b"one two", b"three")
    assert seen.status["details"]["causes"][0]["message"] == "4"


async def test_hundreds_of_execs_run_at_once(api: RunningServer) -> None:
    streams = await asyncio.gather(*(talk(api, ["true"]) for _ in range(100)))
    assert {stream.status["status"] for stream in streams} == {"Success"}


def test_logs_are_cut_to_the_tail(api: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def logs(_namespace: str, _pod: str, container: str, _follow: bool) -> bytes:
        return f"{container}\ntwo\nthree\n".encode()

    monkeypatch.setattr(api.server, "logs", logs)
    path = f"{api.server.url}/api/v1/namespaces/{NAMESPACE}/pods/speaker-1/log"
    headers = {"Authorization": "Bearer admin-token"}
    text = api._session.get(path, params={"container": "frr", "tailLines": "2"}, headers=headers).text
    assert text == "two\nthree\n"
    assert api.request("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/speaker-1/log", container="none").code == 400
