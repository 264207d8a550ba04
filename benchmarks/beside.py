"""A lab in a process of its own, so that what is measured does not share an interpreter with it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running(module: str, *arguments: object) -> Iterator[None]:
    """The module as a program, from when it says that it is ready. Raises RuntimeError if it does not."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{module} did not start")
        try:
            yield
        finally:
            process.communicate("")


async def ready() -> None:
    """The other end of it: say so, and go on until stdin ends."""
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
