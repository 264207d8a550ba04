"""The door's event streams against a real API server: what comes in, where they go on, and what ends them."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from clusters.kube.client import Door
from clusters.kube.errors import Expired, Forbidden, Unauthorized, Unreachable
from clusters.kube.watch import Batch, Event, Watch
from intent.kinds import KINDS
from lab.apiserver import Fault, storage
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer

PEER = KINDS["BGPPeer"]
PATIENCE = 10.0


def watch_of(kube: RunningCluster) -> Watch:
    return Watch(Door(kube.kubeconfig, digest_key=b"k"), timeout=3.0)


def now(kube: RunningCluster) -> str:
    return Door(kube.kubeconfig).now(PEER)


async def first(batches: AsyncIterator[Batch], count: int) -> list[Event]:
    """The first events of a stream."""
    events: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        async for batch in batches:
            events += batch.events
            if len(events) >= count:
                return events
    raise AssertionError(f"the stream has ended after {events}")


def test_events_come_in_order_without_passwords(kube: RunningCluster) -> None:
    version = now(kube)
    kube.add(peer(password="hunter2-inline"))
    kube.patch_peer("tor-1", {"peerASN": 64700})
    kube.kubectl("delete", "bgppeer", "tor-1")
    events = asyncio.run(first(watch_of(kube).batches(PEER, None, version), 3))
    assert [(event.type, event.key) for event in events] == [
        (kind, (NAMESPACE, "tor-1")) for kind in ("ADDED", "MODIFIED", "DELETED")
    ]
    assert [int(event.version) for event in events] == sorted(int(event.version) for event in events)
    assert "hunter2" not in str(events)


@pytest.mark.embedded("needs a history of events that is short; etcd keeps five minutes")
def test_a_version_that_the_server_has_forgotten_is_expired(
    kube: RunningCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "HISTORY", 1)
    version = now(kube)
    kube.add(peer("tor-1"), peer("tor-2"), peer("tor-3"))
    with pytest.raises(Expired):
        asyncio.run(first(watch_of(kube).batches(PEER, None, version), 1))
    kube.server.faults.add(Fault(verb="watch", resource="bgppeers", code=410))
    with pytest.raises(Expired):
        asyncio.run(first(watch_of(kube).batches(PEER, None, now(kube)), 1))


def test_refusals_are_told_apart(kube: RunningCluster) -> None:
    for code, refusal in ((401, Unauthorized), (403, Forbidden), (503, Unreachable)):
        kube.server.faults.add(Fault(verb="watch", resource="bgppeers", code=code))
        with pytest.raises(refusal):
            asyncio.run(first(watch_of(kube).batches(PEER, None, now(kube)), 1))


def test_a_server_that_is_away_is_unreachable(kube: RunningCluster) -> None:
    watch = watch_of(kube)
    kube.stop()
    try:
        with pytest.raises(Unreachable):
            asyncio.run(first(watch.batches(PEER, None, "1"), 1))
    finally:
        kube.start()


def _line(kind: str, /, **obj: Any) -> bytes:
    return json.dumps({"type": kind, "object": obj}).encode() + b"\n"


def _hostile(tmp_path: Path, *answer: bytes) -> list[Batch]:
    """The batches of a stream of an API server that says this, after which the stream ends."""

    async def serve(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for part in answer:
            await response.write(part)
        return response

    return asyncio.run(_against(tmp_path, serve))


async def _against(tmp_path: Path, serve: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> list[Batch]:
    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    kubeconfig = tmp_path / "hostile.yaml"
    cluster = {"name": "c", "cluster": {"server": f"http://{host}:{port}"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    user = {"name": "u", "user": {"token": "t"}}
    config = {"clusters": [cluster], "contexts": [context], "users": [user], "current-context": "c"}
    kubeconfig.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **config}))
    try:
        batches = Watch(Door(kubeconfig), timeout=1.0).batches(PEER, None, "1")
        async with asyncio.timeout(PATIENCE):
            return [batch async for batch in batches]
    finally:
        await runner.cleanup()


def test_what_no_api_server_sends_is_left_out(tmp_path: Path) -> None:
    good = _line("ADDED", kind="BGPPeer", metadata={"name": "a\\u0000b", "resourceVersion": "7"})
    odd = (
        _line("ADDED"),
        _line("ADDED", kind="BGPPeer", metadata=[]),
        _line("ADDED", kind="BGPPeer", metadata={"name": 5, "resourceVersion": "3"}),
        _line("ADDED", metadata={"name": "no-kind", "resourceVersion": "4"}, spec={"password": "hunter2"}),
        _line("SURPRISE", kind="BGPPeer", metadata={"name": "x", "resourceVersion": "5"}),
        _line("BOOKMARK", kind="BGPPeer", metadata={"resourceVersion": "9"}),
    )
    batches = _hostile(tmp_path, good, *odd, b'{"type":"ADDED","obj')
    events = [event for batch in batches for event in batch.events]
    assert [event.version for event in events] == ["7"]
    assert batches[-1].version == "9"


@pytest.mark.parametrize(
    "line", [b"no json\n", b"[]\n", b'{"type":"ADDED","object":null}\n', b"[" * 100_000 + b"\n"], ids=range(4)
)
def test_a_stream_that_cannot_be_read_ends_as_one_that_broke(tmp_path: Path, line: bytes) -> None:
    with pytest.raises(Unreachable):
        _hostile(tmp_path, line)


def test_a_server_that_goes_away_is_told_as_such_and_leaves_nothing_open(
    kube: RunningCluster, caplog: pytest.LogCaptureFixture
) -> None:
    version = now(kube)

    async def stopped() -> None:
        async for _ in watch_of(kube).batches(PEER, None, version):
            await asyncio.get_running_loop().run_in_executor(None, kube.stop)

    async def follow() -> None:
        with pytest.raises(Unreachable, match="the event stream broke: it closed the connection"):
            await stopped()
        gc.collect()  # what was left open complains as long as the loop runs

    asyncio.run(follow())
    kube.start()
    assert "Unclosed" not in caplog.text


def test_an_event_without_end_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clusters.kube.watch._LONGEST", 1000)
    with pytest.raises(Unreachable, match="longer"):
        _hostile(tmp_path, *[b"x" * 600] * 5)


def test_a_server_that_takes_the_request_and_says_nothing_is_given_up(tmp_path: Path) -> None:
    async def silent(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(2)
        return web.Response()

    with pytest.raises(Unreachable, match="in time"):
        asyncio.run(_against(tmp_path, silent))


def test_a_stream_that_falls_silent_ends_and_can_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clusters.kube.watch._SILENCE", 0.3)

    async def falls_silent(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(_line("BOOKMARK", kind="BGPPeer", metadata={"resourceVersion": "9"}))
        await asyncio.sleep(2)
        return response

    assert asyncio.run(_against(tmp_path, falls_silent))[-1].version == "9"
