"""pods/exec: what a command wrote, or why nothing that it wrote may be believed."""

from __future__ import annotations

import asyncio
import gc
import socket
from asyncio.sslproto import SSLProtocol
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from clusters.kube.connection import Connection, load
from clusters.kube.errors import Unreachable
from clusters.kube.exec import ExecError, ExecResult, Executor
from lab import apiserver
from tests.clusters.cluster import NAMESPACE, TOKEN, RunningCluster, node, pod
from tests.waiting import eventually


@pytest.fixture
def pods(kube: RunningCluster) -> RunningCluster:
    """A cluster with pods that know a few commands."""

    async def run(
        namespace: str, name: str, container: str, argv: Sequence[str], stdin: object
    ) -> apiserver.ExecResult:
        if argv[0] == "sleep":
            await asyncio.sleep(30)
        if argv[0] == "big":
            return apiserver.ExecResult(b"x" * 300_000, b"err")
        if argv[0] == "broken":
            raise apiserver.ApiError(500, "InternalError", argv[1])
        return apiserver.ExecResult("|".join(argv).encode(), b"to stderr", 3 if argv[0] == "false" else 0)

    kube.server.exec = run
    kube.add(*(node(f"n{n}") for n in range(3)))
    kube.add(*(pod(f"frr-{n}", f"n{n}", "frr") for n in range(3)))
    return kube


async def _run(kube: RunningCluster, *argv: str, token: str = TOKEN, name: str = "frr-0", **more: float) -> ExecResult:
    limit = int(more.pop("limit", 1_000_000))
    connection = Connection(load(kube.kubeconfig_of(token), None))
    async with Executor(connection, timeout=more.pop("timeout", 5), limit=limit) as executor:
        return await executor.run(NAMESPACE, name, "frr", argv)


async def test_output_streams_and_exit_code_are_kept_apart(pods: RunningCluster) -> None:
    assert await _run(pods, "vtysh", "-c", "show bgp & 'more'") == ExecResult(
        b"vtysh|-c|show bgp & 'more'", b"to stderr", 0
    )
    assert (await _run(pods, "false")).code == 3
    assert len((await _run(pods, "big")).stdout) == 300_000


@pytest.mark.parametrize(
    ("argv", "options", "reason"),
    [
        (["sleep"], {"timeout": 0.3}, "timeout"),
        (["big"], {"limit": 1000}, "too-large"),
        (["ok"], {"name": "gone"}, "gone"),
        (["ok"], {"token": "look-token"}, "forbidden"),
        (["ok"], {"token": "nobodys-token"}, "unauthorized"),
        (["broken", "container not found (frr)"], {}, "refused"),
    ],
)
async def test_what_did_not_run_to_its_end_is_an_error_with_a_reason(
    pods: RunningCluster, argv: list[str], options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ExecError) as error:
        await _run(pods, *argv, **options)
    assert error.value.reason == reason, str(error.value)
    assert str(error.value)


_BACKEND, _POST = "error dialing backend", 'Internal error occurred: error sending request: Post "https://n/exec"'
_VALID = "tls: failed to verify certificate: x509: certificate is valid for"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"{_BACKEND}: dial tcp 10.0.0.5:10250: connect: no route to host", "no route to host"),
        (f"{_POST}: dial tcp [fd00:10::5]:10250: i/o timeout", "i/o timeout"),
        (f"{_POST}: dial tcp: lookup node-1 on 10.0.0.2:53: no such host", "no such host"),
        (f"{_BACKEND}: proxy error from 127.0.0.1:9443, code 503: 503 Service Unavailable", "503 Service Unavailable"),
        (f"{_BACKEND}: remote error: tls: internal error", "tls: internal error"),
        (f"{_BACKEND}: {_VALID} 10.0.0.5, not node-1", f"{_VALID} other names"),
        (f"{_BACKEND}: no agent for [fd00:10::5]:10250 or 10.0.0.5", "no agent for … or …"),
        (f'failed to start exec "{"0a" * 32}": OCI runtime exec failed', ""),
    ],
)
async def test_a_kubelet_out_of_reach_is_told_in_the_same_words_for_every_node(
    pods: RunningCluster, said: str, told: str
) -> None:
    """kubernetes/apiserver pkg/util/proxy/streamtranslator.go: what dialling says comes on the status channel."""
    with pytest.raises(ExecError) as error:
        await _run(pods, "broken", said)
    kubelet = f"the node's kubelet cannot be reached: {told}"
    assert str(error.value) == (kubelet if told else 'failed to start exec "…": OCI runtime exec failed')
    assert error.value.reason == ("unreachable" if told else "refused")


async def test_a_pod_deleted_in_mid_command_breaks_it(pods: RunningCluster) -> None:
    running = asyncio.create_task(_run(pods, "sleep"))
    await asyncio.to_thread(eventually, lambda: pods.server.open_execs == 1)
    await asyncio.to_thread(pods.call, pods.server.store.delete, "pods", NAMESPACE, "frr-0")
    with pytest.raises(ExecError) as error:
        await running
    assert error.value.reason in ("broken", "unreachable")


async def test_cancelling_ends_the_stream(pods: RunningCluster) -> None:
    running = asyncio.create_task(_run(pods, "sleep"))
    await asyncio.to_thread(eventually, lambda: pods.server.open_execs == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.to_thread(eventually, lambda: pods.server.open_execs == 0)


async def test_many_commands_share_one_executor(pods: RunningCluster) -> None:
    connection = Connection(load(pods.kubeconfig, None))
    async with Executor(connection, timeout=30) as executor:
        results = await asyncio.gather(*(executor.run(NAMESPACE, f"frr-{n % 3}", "frr", [str(n)]) for n in range(60)))
    assert [result.stdout for result in results] == [str(n).encode() for n in range(60)]


async def test_what_is_over_leaves_no_buffers_to_the_garbage_collector(pods: RunningCluster) -> None:
    """asyncio's TLS has 256 KiB for each connection, and a reference to itself by way of the protocol above it."""

    def buffers() -> int:
        return sum(type(one) is SSLProtocol and not one._server_side for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        await _run(pods, "ok")
        before = buffers()
        for argv in (["ok"], ["big"], ["false"]):
            await _run(pods, *argv)
            await asyncio.sleep(0)  # the connection is lost with the next turn of the loop
        assert buffers() <= before
    finally:
        gc.enable()


async def test_an_upgrade_that_is_not_answered_leaves_no_connection(pods: RunningCluster) -> None:
    """A kube-apiserver answers only when it has reached the kubelet, for which it may try longer than anybody waits."""

    def connections() -> int:
        gc.collect()  # what is left is kept by the event loop
        kept = [one for one in gc.get_objects() if type(one) is SSLProtocol]
        return sum(type(one._app_protocol).__module__.startswith("picows") for one in kept)

    before = connections()
    pods.server.faults.add(apiserver.Fault(subresource="exec", delay=60))
    with pytest.raises(ExecError, match=r"no answer within 0\.5 s"):
        await _run(pods, "ok", timeout=0.5)
    await asyncio.sleep(0.1)
    assert connections() == before
    assert (await _run(pods, "ok")).code == 0


async def test_a_name_that_is_not_found_is_looked_up_once_for_all_that_ask_together(
    pods: RunningCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = list[str]()

    async def getaddrinfo(host: str, *_: Any, **__: Any) -> Any:
        looked.append(host)
        await asyncio.sleep(0.2)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    async with Executor(Connection(load(pods.kubeconfig, None)), timeout=1.0) as executor:
        for _ in range(2):  # and anew for those that come later
            runs = (executor.run(NAMESPACE, "frr-0", "frr", ["ok"]) for _ in range(10))
            found = await asyncio.gather(*runs, return_exceptions=True)
            assert {(type(one), getattr(one, "reason", "")) for one in found} == {(ExecError, "unreachable")}
    assert looked == ["127.0.0.1"] * 2


async def test_an_api_server_that_is_away_is_unreachable(pods: RunningCluster) -> None:
    pods.stop()
    try:
        with pytest.raises(ExecError) as error:
            await _run(pods, "ok")
    finally:
        pods.start()
    assert error.value.reason == "unreachable"


def test_a_token_file_is_read_again(kube: RunningCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = kube.kubeconfig.read_text()
    (tmp_path / "token").write_text("first\n")
    (tmp_path / "config").write_text(text.replace("token: bgpui-token", "tokenFile: token"))
    connection = Connection(load(tmp_path / "config", None))
    assert connection.headers() == {"Authorization": "Bearer first"}
    (tmp_path / "token").write_text("second")
    monkeypatch.setattr("clusters.kube.connection._TOKEN_AGE", 0.0)
    assert connection.headers() == {"Authorization": "Bearer second"}


@pytest.mark.parametrize("content", ["", "not: [valid", "a: 1", "users: [{name: x, user: {token: canary-token}}"])
def test_a_broken_kubeconfig_is_told_without_its_content(tmp_path: Path, content: str) -> None:
    (tmp_path / "config").write_text(content)
    with pytest.raises(Unreachable) as error:
        load(tmp_path / "config", None)
    assert "config" in error.value.message
    assert "canary" not in error.value.message
