"""The process that watches: all clusters that are looked after, while it is its turn, until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, connections

from clusters.alive import BEAT, alive
from clusters.models import Cluster
from clusters.selectors import clusters_active
from clusters.services import clusters_sync_from_settings
from clusters.watching.cluster import ClusterWatch
from clusters.watching.stream import pause
from clusters.watching.term import WATCH, Term

logger = logging.getLogger(__name__)
TAKEOVER = 15.0  # seconds of silence
_PATIENCE = 3.0  # seconds for what is being written when the end comes
_Key = tuple[int, str, str, str]
T = TypeVar("T")


async def watch_until_told(takeover: float = TAKEOVER) -> None:
    """Watch until SIGTERM or SIGINT, whenever no other process does. takeover: seconds that one may be silent."""
    end, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    work = asyncio.ensure_future(_turns(Term(WATCH, takeover)))
    told, turning = asyncio.ensure_future(end.wait()), asyncio.ensure_future(_turning())
    await asyncio.wait((work, told), return_when=asyncio.FIRST_COMPLETED)
    work.cancel()
    told.cancel()
    turning.cancel()
    await asyncio.gather(work, return_exceptions=True)
    if not end.is_set():
        work.result()  # what nobody foresaw: let the supervisor see it


async def _turning() -> None:
    while True:
        alive()
        await asyncio.sleep(BEAT)


async def _turns(term: Term) -> None:
    """Wait for the lease, work as long as it is held, and wait again."""
    waiting = ""
    while True:
        try:
            taken = await _asked(term, term.take)
        except (DatabaseError, TimeoutError) as error:
            logger.warning("the database does not answer: %s", error or "it takes too long")
            taken = False
        if taken:
            waiting = ""
            logger.info("%s watches now", term.holder)
            await _turn(term)
        elif not waiting:
            waiting = "waits"
            logger.info("%s waits: another process watches", term.holder)
        await asyncio.sleep(term.pause)


async def _turn(term: Term) -> None:
    """Watch until others have the lease, or may have it."""
    watches: dict[_Key, asyncio.Task[None]] = {}
    try:
        while True:
            try:
                if not await _asked(term, term.renew):
                    logger.warning("another process watches: %s was silent for too long", term.holder)
                    return
                _adjust(watches, await _asked(term, _clusters))
            except (DatabaseError, TimeoutError) as error:
                logger.warning("the database does not answer: %s", error or "it takes too long")
                if term.over:
                    return
            await asyncio.sleep(term.pause)
    finally:
        await _end(watches, term)


def _adjust(watches: dict[_Key, asyncio.Task[None]], clusters: list[Cluster]) -> None:
    """Begin what is looked after now, and end what is not any more, or with other credentials."""
    wanted = {(one.pk, one.kubeconfig, one.context, one.credential_id): one for one in clusters}
    for key in watches.keys() - wanted.keys():
        watches.pop(key).cancel()
    for key in wanted.keys() - watches.keys():
        watches[key] = asyncio.ensure_future(_keep(wanted[key]))


async def _end(watches: dict[_Key, asyncio.Task[None]], term: Term) -> None:
    for watch in watches.values():
        watch.cancel()
    if watches:
        await asyncio.wait(watches.values(), timeout=_PATIENCE)
    try:
        await _asked(term, term.give_up)
    except (DatabaseError, TimeoutError) as error:
        logger.warning("the lease is left to run out: %s", error)


async def _asked(term: Term, query: Callable[[], T]) -> T:
    """Ask the database, for no longer than the lease has time for. Raises DatabaseError, TimeoutError."""

    def fresh() -> T:
        try:
            return query()
        finally:
            connections.close_all()

    return await asyncio.wait_for(asyncio.to_thread(fresh), term.lasting / 3)


def _clusters() -> list[Cluster]:
    clusters_sync_from_settings()
    return list(clusters_active())


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
