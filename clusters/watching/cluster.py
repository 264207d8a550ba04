"""The watch of one cluster: its streams, what follows from changes, and what is told of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from django.db import DatabaseError, connections

from clusters import clock, nudges
from clusters.doors import door_close
from clusters.models import Cluster
from clusters.sync.findings import findings_write
from clusters.sync.references import references_resolve
from clusters.sync.relist import relist
from clusters.sync.streams import Stream, streams_of
from clusters.watched import HEARTBEAT
from clusters.watching.stream import Keeper, pause

logger = logging.getLogger(__name__)
T = TypeVar("T")
_THREADS = 4  # of one cluster: a large list holds up no event of other kinds, and a slow cluster no other one
_NUDGES = 0.5  # seconds between nudges
_JUDGING = 2.0  # seconds between two times that rules look at a cluster
_SHARE = 4  # of the time at most a fifth goes into that


class ClusterWatch:
    """Watches one cluster until cancelled."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"watch-{cluster.name}")
        # One thread, so that what is told of the streams is told in its order: nothing comes after their end.
        self._voice = ThreadPoolExecutor(1, thread_name_prefix=f"tell-{cluster.name}")
        self._keepers: dict[str, tuple[Keeper, asyncio.Task[None]]] = {}
        self._news, self._judge = asyncio.Event(), asyncio.Event()
        self._event: tuple[datetime, float] | None = None

    async def run(self) -> None:
        """Keep all streams going, and say so; what nobody foresaw ends it."""
        chores: list[asyncio.Task[None]] = []
        try:
            if self.cluster.discovered_at is None:
                await self.call(relist, self.cluster)
            chores = [asyncio.ensure_future(chore) for chore in (self._heartbeats(), self._tell(), self._judgements())]
            done, _ = await asyncio.wait(chores, return_when=asyncio.FIRST_COMPLETED)
            for chore in done:
                chore.result()
        finally:
            tasks = [*chores, *(task for _, task in self._keepers.values())]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            door_close(self.cluster)  # ends long lists, too
            self._threads.shutdown(wait=False, cancel_futures=True)
            try:  # nobody watches any more, and everybody shall know at once
                await asyncio.shield(self._say({"streams": []}))
            finally:
                self._voice.shutdown(wait=False)

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """Call what blocks, on a thread of this cluster's own."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _fresh, function, *args)

    async def _say(self, values: dict[str, Any]) -> None:
        """Write what everybody shall know of the streams."""
        await asyncio.get_running_loop().run_in_executor(self._voice, _fresh, _write, self.cluster.pk, values)

    def changed(self, stream: Stream) -> None:
        """Rows have changed: pages are told, and rules look again if they look at that."""
        self._news.set()
        if stream.judged:
            self._judge.set()

    def event(self, seconds: float) -> None:
        """Events have come to the rows; how long it took."""
        self._event = clock.now(), seconds

    async def _heartbeats(self) -> None:
        while True:
            try:
                await self._heartbeat()
            except DatabaseError as error:
                logger.warning("cluster %s: the database does not answer: %s", self.cluster.name, error)
            await asyncio.sleep(HEARTBEAT)

    async def _heartbeat(self) -> None:
        self.cluster = await self.call(_read, self.cluster.pk)
        self._revive()
        wanted = streams_of(self.cluster)
        for name in self._keepers.keys() - wanted.keys():
            self._keepers.pop(name)[1].cancel()
        for name in wanted.keys() - self._keepers.keys():
            keeper = Keeper(wanted[name], self)
            self._keepers[name] = keeper, asyncio.ensure_future(keeper.keep())
        at, lag = self._event or (None, None)
        told = {"event_at": at, "event_lag": lag} if at is not None else {}
        streams = [keeper.as_json() for keeper, _ in self._keepers.values()]
        await self._say(told | {"streams": streams, "watched_at": clock.now()})

    def _revive(self) -> None:
        """Begin again what ended by what nobody foresaw, so that one stream's trouble stays its own."""
        for name, (keeper, task) in list(self._keepers.items()):
            if task.done() and (error := task.exception()) is not None:
                logger.error("cluster %s, %s", self.cluster.name, name, exc_info=error)
                keeper.broken(error)
                self._keepers[name] = keeper, asyncio.ensure_future(_later(keeper))

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self.call(nudges.nudge, "resources", self.cluster.name)
            await asyncio.sleep(_NUDGES)

    async def _judgements(self) -> None:
        while True:
            await self._judge.wait()
            self._judge.clear()
            began = time.monotonic()
            try:
                if await self.call(_judge, self.cluster):
                    self._news.set()
            except DatabaseError as error:
                logger.warning("cluster %s: rules could not look at it: %s", self.cluster.name, error)
                self._judge.set()
            await asyncio.sleep(max(_JUDGING, _SHARE * (time.monotonic() - began)))


async def _later(keeper: Keeper) -> None:
    await asyncio.sleep(pause(keeper.failures))
    await keeper.keep()


def _fresh(function: Callable[..., T], *args: Any) -> T:
    """Call, and leave no connection to the database behind: threads of many clusters would hold very many."""
    try:
        return function(*args)
    finally:
        connections.close_all()


def _read(pk: int) -> Cluster:
    return Cluster.objects.get(pk=pk)


def _write(pk: int, values: dict[str, Any]) -> None:
    Cluster.objects.filter(pk=pk).update(**values)


def _judge(cluster: Cluster) -> bool:
    references_resolve(cluster, ("Secret", "Namespace"))
    return bool(findings_write(cluster))
