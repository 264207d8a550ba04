"""Many shards at once in one process, over real WebSockets: they share an event loop, and nothing else."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier, get_ident
from typing import Any

import pytest
from kubernetes.client import Configuration

from clusters.doors import door_of
from clusters.kube.connection import Connection
from clusters.kube.errors import Unreachable
from dashboard.turns import target_of
from lab.apiserver import ExecResult
from lab.containers import PodFault
from speakers.models import Speaker
from speakers.sweep import _PLACES, Observation, Target, sweep_in_batches
from tests.speakers.lab import Observer
from tests.waiting import eventually


@pytest.fixture
def connection(observer: Observer) -> Connection:
    return door_of(observer.cluster).connection


@pytest.fixture
def targets(observer: Observer) -> list[Target]:
    return [target_of(speaker) for speaker in Speaker.objects.order_by("node")]


def test_threads_ask_in_one_loop_and_each_gets_its_own_answers_itself(
    connection: Connection, targets: list[Target]
) -> None:
    together, loops = Barrier(2), list[asyncio.AbstractEventLoop]()

    def now() -> datetime:
        loops.append(asyncio.get_running_loop())
        return datetime.now(UTC)

    def shard(some: Sequence[Target]) -> tuple[set[str], set[int], int]:
        nodes, threads = set[str](), set[int]()

        def write(batch: Sequence[Observation]) -> None:
            nodes.update(seen.node for seen in batch if seen.answer)
            threads.add(get_ident())
            together.wait(10)  # the other one has its answers, too: neither waited for this one to be written

        sweep_in_batches(connection, some, write, now=now)
        return nodes, threads, get_ident()

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(shard, (targets[:2], targets[2:])))
    assert [nodes for nodes, _, _ in found] == [{one.node for one in some} for some in (targets[:2], targets[2:])]
    assert all(threads == {own} for _, threads, own in found)
    assert len(loops) == len(targets)
    assert len(set(map(id, loops))) == 1


def test_what_cannot_be_written_ends_the_asking_of_its_shard_alone(
    observer: Observer, connection: Connection, targets: list[Target]
) -> None:
    observer.lab.faults[targets[0].node] = PodFault.HANG
    found = list[Observation]()

    def fails(batch: Sequence[Observation]) -> None:
        raise OSError("the disk is full")

    with ThreadPoolExecutor(2) as pool:
        broken = pool.submit(sweep_in_batches, connection, targets, fails, seconds=60)
        whole = pool.submit(sweep_in_batches, connection, targets[1:], found.extend)
        whole.result(30)
        with pytest.raises(OSError, match="the disk is full"):
            broken.result(30)
    assert sorted(seen.node for seen in found if seen.answer) == [target.node for target in targets[1:]]
    eventually(lambda: observer.lab.server.open_execs == 0)  # the hanging one has ended, too


def test_threads_share_the_places_of_their_process(
    observer: Observer, connection: Connection, targets: list[Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("speakers.sweep._AT_HAND", 60.0)
    at_once = [0]

    async def count(*_: Any) -> ExecResult:
        at_once.append(at_once[-1] + 1)
        await asyncio.sleep(0.05)
        at_once.append(at_once[-1] - 1)
        return ExecResult(b"{}")

    monkeypatch.setattr(observer.lab.server, "exec", count)
    with ThreadPoolExecutor(2) as pool:
        for some in (targets[:1], targets[1:]):
            pool.submit(sweep_in_batches, connection, some, lambda batch: None, concurrency=1)
    assert (len(at_once), max(at_once)) == (1 + 2 * len(targets), 1)
    gc.collect()
    assert not _PLACES, "an event loop would be kept for each sweep"


def test_a_node_that_lets_wait_keeps_no_place_from_others(
    observer: Observer, connection: Connection, targets: list[Target]
) -> None:
    observer.lab.faults[targets[0].node] = PodFault.HANG
    found = list[Observation]()
    with ThreadPoolExecutor(2) as pool:
        hangs = pool.submit(sweep_in_batches, connection, targets[:1], found.extend, concurrency=1, seconds=30)
        eventually(lambda: observer.lab.server.open_execs == 1)
        sweep_in_batches(connection, targets[1:], found.extend, concurrency=1)
        assert not hangs.done()
        assert sorted(seen.node for seen in found if seen.answer) == [target.node for target in targets[1:]]
        observer.lab.faults.clear()


def test_a_quarter_of_the_nodes_is_waited_for_at_a_time(
    observer: Observer, connection: Connection, targets: list[Target]
) -> None:
    """Else a large shard, all of which hang, would keep its round for many time limits."""
    observer.lab.faults.update(dict.fromkeys((target.node for target in targets), PodFault.HANG))
    with ThreadPoolExecutor(1) as pool:
        hangs = pool.submit(sweep_in_batches, connection, 2 * targets, lambda _: None, concurrency=1, seconds=3)
        eventually(lambda: observer.lab.server.open_execs == len(targets) / 2)
        assert not hangs.done()
        observer.lab.faults.clear()


def test_who_cannot_connect_at_all_is_told(targets: list[Target]) -> None:
    configuration = Configuration(host="https://127.0.0.1:1")
    configuration.proxy = "socks9://127.0.0.1"
    with pytest.raises(Unreachable, match="the proxy is no http:// or https:// address"):
        sweep_in_batches(Connection(configuration), targets, lambda batch: None)
