"""The process that watches: all clusters of the settings, until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import signal

from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections

from clusters.alive import BEAT, alive
from clusters.models import Cluster
from clusters.services import clusters_sync_from_settings
from clusters.watching.cluster import ClusterWatch
from clusters.watching.stream import pause

logger = logging.getLogger(__name__)
_PATIENCE = 3.0  # seconds for what is being written when the end comes


async def watch_until_told() -> None:
    """Watch until SIGTERM or SIGINT."""
    end, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    watches: list[asyncio.Task[None]] = []
    begin = asyncio.ensure_future(_clusters())
    told, turning = asyncio.ensure_future(end.wait()), asyncio.ensure_future(_turning())
    await asyncio.wait((begin, told), return_when=asyncio.FIRST_COMPLETED)
    if begin.done():
        watches = [asyncio.ensure_future(_keep(cluster)) for cluster in begin.result()]
    begin.cancel()
    await end.wait()
    turning.cancel()
    for watch in watches:
        watch.cancel()
    if watches:
        await asyncio.wait(watches, timeout=_PATIENCE)


async def _turning() -> None:
    while True:
        alive()
        await asyncio.sleep(BEAT)


async def _clusters() -> list[Cluster]:
    """The clusters of the settings, as soon as the database is there."""
    failures = 0
    while True:
        try:
            return await sync_to_async(_read)()
        except DatabaseError as error:
            failures += 1
            logger.warning("the database does not answer: %s", error)
            await asyncio.sleep(pause(failures))


def _read() -> list[Cluster]:
    close_old_connections()
    return list(clusters_sync_from_settings())


async def _keep(cluster: Cluster) -> None:
    """Watch one cluster, and again should that end by what nobody foresaw: others go on meanwhile."""
    failures = 0
    while True:
        watch = asyncio.ensure_future(ClusterWatch(cluster).run())
        try:
            await asyncio.wait((watch,))
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        failures += 1
        logger.error("cluster %s: the watch has ended, it begins again", cluster.name, exc_info=watch.exception())
        await asyncio.sleep(pause(failures))
