"""Several child processes as one: what they need in turn, what happens when one does not stay up, an end in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from lab.processes import Process

_READY_WITHIN = 80.0  # seconds
_PATIENCE = 5.0  # seconds to end, before a kill


class Supervisor:
    """Keeps processes running; logs and pids go to subfolders of `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[Process] = []
        self._keepers: list[asyncio.Task[None]] = []

    def keep(self, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a process, and again whenever it ends."""
        process = Process(name, argv, environment, self._folder)
        self._processes.append(process)
        self._keepers.append(asyncio.ensure_future(process.keep()))

    async def once(self, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run a process to its end. Raises ProcessError, also when one that is kept fails meanwhile."""
        step = asyncio.ensure_future(Process(name, argv, environment, self._folder).once())
        try:
            await asyncio.wait((step, *self._keepers), return_when=asyncio.FIRST_COMPLETED)
            if not step.done():
                await self.failure()
            await step
        finally:
            step.cancel()
            await asyncio.gather(step, return_exceptions=True)

    async def until(self, name: str, probe: Callable[[], Awaitable[bool]]) -> None:
        """Wait until a process is ready. Raises ProcessError when one fails, or if this one takes too long."""
        waiting = asyncio.ensure_future(_polled(probe))
        try:
            done, _ = await asyncio.wait(
                (waiting, *self._keepers), timeout=_READY_WITHIN, return_when=asyncio.FIRST_COMPLETED
            )
            if waiting in done:
                return
            if done:
                await self.failure()
        finally:
            waiting.cancel()
        raise next(p for p in self._processes if p.name == name).error(f"is not ready after {_READY_WITHIN:.0f} s")

    async def failure(self) -> None:
        """Wait until a process does not stay up, and raise its ProcessError."""
        done, _ = await asyncio.wait(self._keepers, return_when=asyncio.FIRST_COMPLETED)
        for keeper in done:
            await keeper

    async def stop(self, *last: str) -> None:
        """End all processes within a few seconds, those named in `last` after the others."""
        ground = [process for process in self._processes if process.name in last]
        for group in ([process for process in self._processes if process not in ground], ground):
            await asyncio.gather(*(process.stop(_PATIENCE) for process in group))
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)


async def _polled(probe: Callable[[], Awaitable[bool]]) -> None:
    while not await probe():  # noqa: ASYNC110  # another process gets ready, it cannot set an event here
        await asyncio.sleep(0.1)
