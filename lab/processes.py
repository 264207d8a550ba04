"""Child processes that live and die with their supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent  # where manage.py is
_PR_SET_PDEATHSIG = 1
_QUICK = 10.0  # seconds; who ends sooner than that after its start has failed
_MOST_FAILURES = 5
_TAIL = 30  # lines of a log


class ProcessError(RuntimeError):
    """A child failed; the text names it and ends with the last lines of its log."""


def _die_with_parent() -> None:
    """In the child: be killed when the supervisor is gone, however it went (on Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass(slots=True)
class Process:
    """A program that is kept running. restart: start it again when it ends by itself."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    restart: bool = True
    failures: int = 0
    _child: asyncio.subprocess.Process | None = None
    _stopping: bool = field(default=False)

    @property
    def log(self) -> Path:
        """Its standard output and error."""
        return self.folder / "logs" / f"{self.name}.log"

    async def spawn(self) -> asyncio.subprocess.Process:
        """Start it, in a session of its own: a terminal's Ctrl-C reaches the supervisor alone."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._child = await asyncio.create_subprocess_exec(
                *self.argv,
                env=dict(self.environment),
                cwd=_ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # safe: the supervisor has one thread
            )
        pids = self.folder / "pids"
        pids.mkdir(exist_ok=True)
        (pids / self.name).write_text(f"{self._child.pid}\n")
        return self._child

    async def once(self) -> None:
        """Run it to its end. Raises ProcessError unless it ends well."""
        child = await self.spawn()
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            self.signal(signal.SIGKILL)
            raise
        if code:
            raise self.error(f"ended with exit code {code}")

    async def keep(self) -> None:
        """Run it until `stop`. Raises ProcessError when it does not stay up."""
        while not self._stopping:
            started = time.monotonic()
            child = await self.spawn()
            code = await child.wait()
            if self._stopping:
                return
            self.failures = self.failures + 1 if time.monotonic() - started < _QUICK else 1
            if not self.restart or self.failures >= _MOST_FAILURES:
                raise self.error(f"ended with exit code {code}, {self.failures} times in a row")
            await asyncio.sleep(0.2 * self.failures)

    async def stop(self, patience: float) -> None:
        """Ask it to end, and kill it after `patience` seconds."""
        self._stopping = True
        child = self._child
        if child is None or child.returncode is not None:
            return
        self.signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), patience)
        self.signal(signal.SIGKILL)
        await child.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and all its descendants."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    def error(self, words: str) -> ProcessError:
        """An error about it, with the end of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return ProcessError("\n".join([f"{self.name} {words}; the end of {self.log}:", *lines[-_TAIL:]]))
