"""A lab on a thread of its own, and bgpui at work on it without Celery between."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from django.test import override_settings

from clusters.doors import door_close, door_of
from clusters.kube.watch import Event, Watch
from clusters.models import Cluster
from clusters.sync.relist import relist
from clusters.sync.streams import Stream
from dashboard import observe
from lab.cluster import Lab
from speakers.models import Session
from speakers.selectors import sessions
from speakers.services import Written
from tests.cluster.choice import real_lab

T = TypeVar("T")


class RunningLab:
    """The lab, and a thread that its event loop runs on."""

    def __init__(self, folder: Path, **plan: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.lab = self.do(self._start(folder, plan))

    @staticmethod
    async def _start(folder: Path, plan: dict[str, Any]) -> Lab:
        return await Lab(folder=folder, real=real_lab(), **plan).start()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the lab's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def call(self, function: Any, *arguments: Any, **named: Any) -> Any:
        """Call something on the lab's loop."""

        async def run() -> Any:
            return function(*arguments, **named)

        return self.do(run())

    def close(self) -> None:
        """Stop the lab and its thread."""
        self.do(self.lab.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Observer:
    """bgpui with one cluster: looks when told to."""

    def __init__(self, running: RunningLab) -> None:
        self.running, self.lab = running, running.lab
        self.cluster = Cluster.objects.create(name="lab", source="added", kubeconfig=str(running.lab.kubeconfig))

    def relist(self) -> None:
        """Read the cluster's objects."""
        relist(self.cluster)
        self.cluster.refresh_from_db()

    def sweep(self) -> Written:
        """One sweep of all nodes, in one shard."""
        return observe.nodes_look(self.cluster, observe.cluster_nodes(self.cluster) or [])

    def hears(self, stream: Stream, act: Callable[[], object], ends: Callable[[Event], bool] = bool) -> bool:
        """Let the watcher follow a stream while `act` happens, up to the event that `ends` it; whether rows changed."""
        door = door_of(self.cluster)
        _changed, version = stream.look(self.cluster, door)

        async def events() -> list[Event]:
            heard: list[Event] = []
            async with asyncio.timeout(60):
                async for batch in Watch(door, timeout=5.0).batches(stream.kind, stream.namespace, version):
                    heard += batch.events
                    if any(map(ends, batch.events)):
                        return heard
                    if not heard:
                        await asyncio.to_thread(act)
            raise AssertionError(f"the stream has ended after {heard}")

        return stream.follow(self.cluster, door, asyncio.run(events()))

    def settled(self) -> bool:
        """Whether the routers have done to the sessions what they will do."""
        moving = {"restarting", "idle", "no-open", "no-keepalive", "not-configured", "bfd-down-sent"}
        first = {row.neighbor: row.reason for row in Session.objects.filter(cluster=self.cluster)}
        expected = {"10.1.0.4": "administrative-shutdown-received", "10.3.0.2": "bad-peer-as-sent", "10.1.0.1": ""}
        return not moving & set(first.values()) and expected.items() <= first.items()

    def health(self) -> dict[tuple[str, str, str], str]:
        """The health of every session, by node, VRF and neighbor."""
        return {(row.node, row.vrf, row.neighbor): row.health for row in sessions(cluster=self.cluster)}

    def session(self, node: str, neighbor: str, vrf: str = "default") -> Session:
        """The row of one session."""
        return Session.objects.get(cluster=self.cluster, node=node, vrf=vrf, neighbor=neighbor)

    def close(self) -> None:
        """Close the connection to the cluster."""
        door_close(self.cluster)


@contextmanager
def observing(running: RunningLab, *, patience: float = 20.0) -> Iterator[Observer]:
    """bgpui at work on the lab, whose objects it has read. patience: seconds that a node may take to answer."""
    with override_settings(BGPUI_EXEC_TIMEOUT=patience):
        observer = Observer(running)
        try:
            observer.relist()
            yield observer
        finally:
            observer.close()
