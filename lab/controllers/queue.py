"""Keys of objects that changed: each is dealt with once, soon, on the event loop, however often it was added."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from lab.apiserver import ApiError

log = logging.getLogger(__name__)
K = TypeVar("K", bound=Hashable)
_TURN = 0.01  # seconds of the loop that one turn may take
_AGAIN = 0.2  # seconds until a key whose write was refused is tried again
_REFUSED = frozenset({403, 404, 409})  # the namespace is ending, the object is gone, somebody else was quicker


class Queue(Generic[K]):
    """`reconcile` brings what a key stands for to where it should be; it may be called again at any time."""

    def __init__(self, reconcile: Callable[[K], None]) -> None:
        self._reconcile = reconcile
        self._due: dict[K, None] = {}
        self._later: dict[K, asyncio.TimerHandle] = {}
        self._turn: asyncio.Handle | None = None
        self._is_open = True
        self._waiters: list[asyncio.Future[None]] = []

    def __bool__(self) -> bool:
        """Whether something is left to do, now or later."""
        return bool(self._due or self._later)

    def add(self, key: K, delay: float = 0.0) -> None:
        """Deal with a key after `delay` seconds; a key that waits already keeps its time."""
        if not self._is_open or key in self._due:
            return
        if delay <= 0:
            self._forget(key)
            self._due[key] = None
            self._schedule()
        elif key not in self._later:
            self._later[key] = asyncio.get_running_loop().call_later(delay, self.add, key)

    def drain(self) -> None:
        """Deal with everything now, also with what should wait."""
        while self._due or self._later:
            for key in list(self._later):
                self.add(key)
            self._take()

    async def done(self) -> None:
        """Wait until nothing is left to do."""
        while self:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def stop(self) -> None:
        """Drop what is left and take nothing more."""
        self._is_open = False
        for key in list(self._later):
            self._forget(key)
        self._due.clear()
        if self._turn is not None:
            self._turn.cancel()
        self._tell()

    def _tell(self) -> None:
        for waiter in self._waiters if not self else ():
            if not waiter.done():
                waiter.set_result(None)
        if not self:
            self._waiters.clear()

    def _forget(self, key: K) -> None:
        timer = self._later.pop(key, None)
        if timer is not None:
            timer.cancel()

    def _schedule(self) -> None:
        if self._turn is None:
            self._turn = asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._turn = None
        end = time.monotonic() + _TURN
        while self._due and time.monotonic() < end:
            self._take()
        if self._due:
            self._schedule()
        self._tell()

    def _take(self) -> None:
        key = next(iter(self._due), None)
        if key is None:
            return
        del self._due[key]
        try:
            self._reconcile(key)
        except ApiError as error:
            log.debug("%s is not reconciled: %s", key, error)
            if error.code in _REFUSED and error.code != 404:
                self.add(key, _AGAIN)
            elif error.code not in _REFUSED:
                log.warning("%s cannot be reconciled: %s", key, error)
