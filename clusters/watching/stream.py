"""One event stream kept going: looked at, followed, and begun again when it ends or breaks."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from django.conf import settings
from django.db import DatabaseError

from clusters.doors import door_of, door_renew
from clusters.kube.errors import Expired, KubeError, Unauthorized
from clusters.kube.watch import Batch, Watch
from clusters.models import Cluster
from clusters.sync.streams import Stream

logger = logging.getLogger(__name__)
T = TypeVar("T")
_LIVED = 5.0  # seconds after which a stream that ends is not one that fails
_LONGEST = 30.0  # seconds between two tries
_RESUMES = 2  # tries to go on from where a stream broke, before all is looked at again


class Surroundings(Protocol):
    """The watch of a cluster, as its streams see it."""

    cluster: Cluster

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """Call what blocks, on a thread of the cluster's own."""

    def changed(self, stream: Stream) -> None:
        """Rows have changed."""

    def event(self, seconds: float) -> None:
        """Events have come to the rows; how long it took."""


@dataclass(slots=True)
class Keeper:
    """A stream and how it goes.

    error: why it is not live; version: where to go on, "" = with a look at everything; begun: when the connection came
    about, by the monotonic clock.
    """

    stream: Stream
    around: Surroundings
    live: bool = False
    error: str = ""
    version: str = ""
    failures: int = 0
    begun: float | None = None

    def as_json(self) -> dict[str, Any]:
        """For the cluster's row."""
        return {
            "name": self.stream.name,
            "live": self.live,
            "readonly": self.stream.readonly,
            "error": "" if self.live else self.error,
        }

    async def keep(self) -> None:
        """Keep it going until cancelled; what nobody foresaw ends it."""
        while True:
            asked = 0.0
            try:
                await self._run()
            except Expired as error:
                self._lost(error)
                self.version = ""
            except KubeError as error:
                self._lost(error)
                asked = error.retry_after or 0.0
                if isinstance(error, Unauthorized):
                    door_renew(self.around.cluster)
            except DatabaseError as error:
                self._lost(error)
                self.version = ""
            lasted = self.begun is not None and time.monotonic() - self.begun > _LIVED
            self.failures, self.begun = 0 if lasted else self.failures + 1, None
            if self.failures > _RESUMES:
                self.version = ""
            await asyncio.sleep(max(asked, pause(self.failures)))

    def broken(self, error: BaseException) -> None:
        """It has ended by what nobody foresaw, an object that cannot be followed for one: look at everything again."""
        self._lost(error)
        self.version, self.failures = "", self.failures + 1

    async def _run(self) -> None:
        around, stream = self.around, self.stream
        if not self.version:
            changed, self.version = await around.call(_look, around.cluster, stream)
            if changed:
                around.changed(stream)
        watch = await around.call(_watch, around.cluster)
        batches = watch.batches(stream.kind, stream.namespace, self.version, fields=stream.fields)
        async with aclosing(batches):
            async for batch in batches:
                self.live, self.error, self.begun = True, "", self.begun or time.monotonic()
                await self._take(batch)

    async def _take(self, batch: Batch) -> None:
        if batch.events:
            came, around = time.monotonic(), self.around
            version, self.version = self.version, ""  # as long as it is not clear that the rows have it
            changed = await around.call(_follow, around.cluster, self.stream, batch)
            self.version = version
            self.failures = 0
            around.event(time.monotonic() - came)
            if changed:
                around.changed(self.stream)
        self.version = batch.version

    def _lost(self, error: BaseException) -> None:
        self.live, self.error = False, getattr(error, "message", "") or type(error).__name__
        logger.warning("cluster %s, %s: %s", self.around.cluster.name, self.stream.name, self.error)


def pause(failures: int) -> float:
    """Seconds until the next try: longer and longer, and never all at the same time."""
    return min(_LONGEST, 0.25 * 2.0 ** min(failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311


def _look(cluster: Cluster, stream: Stream) -> tuple[bool, str]:
    return stream.look(cluster, door_of(cluster))


def _follow(cluster: Cluster, stream: Stream, batch: Batch) -> bool:
    return stream.follow(cluster, door_of(cluster), batch.events)


def _watch(cluster: Cluster) -> Watch:
    return Watch(door_of(cluster), timeout=settings.BGPUI_API_TIMEOUT)
