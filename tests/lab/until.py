"""Waiting on an event loop for something that timers and tasks of the same loop do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(probe: Callable[[], object], within: float = 10.0) -> None:
    """Wait until the probe is true; TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while not probe():  # noqa: ASYNC110  # the probe reads state that has no event
            await asyncio.sleep(0.01)
