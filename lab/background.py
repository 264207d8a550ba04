"""A lab on an event loop in a thread of its own, for code that is not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from lab.cluster import Lab

T = TypeVar("T")
_PATIENCE = 60.0  # seconds


class BackgroundLab:
    """`with BackgroundLab(nodes=3) as lab`; keyword arguments are those of lab.cluster.Plan.

    `do` runs a function on the lab's loop; `url`, `token` and `kubeconfig` may be read from any thread.
    """

    def __init__(self, **plan: Any) -> None:
        self._plan = plan
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lab", daemon=True)
        self.lab: Lab | None = None
        self.url, self.token, self.kubeconfig = "", "", Path()

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            lab = self._wait(self._start())
        except BaseException:
            self._end()
            raise
        self.url, self.token, self.kubeconfig = lab.url, lab.token, lab.kubeconfig
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.lab is not None:
                self._wait(self.lab.stop())
        finally:
            self._end()

    def do(self, action: Callable[[Lab], Any]) -> Any:
        """Call `action` with the lab on its loop, await what it returns if that is needed, and return the result."""

        async def call() -> Any:
            if self.lab is None:
                raise RuntimeError("the lab is not running")
            result = action(self.lab)
            return await result if isinstance(result, Awaitable) else result

        return self._wait(call())

    async def _start(self) -> Lab:
        self.lab = await Lab(**self._plan).start()
        return self.lab

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()
