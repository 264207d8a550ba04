"""How the processes fare: their memory, what waits in the queues, what stands in their logs."""

from __future__ import annotations

import contextlib
import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

from redis.asyncio import Redis

from bgpui.queues import ROUTES

QUEUES = sorted({route["queue"] for route in ROUTES.values()})
LONGEST_QUEUE = 60  # messages, while a worker that was killed is started again
SETTLED_QUEUE = 20
LARGEST = 450.0  # MB of one process
GROWTH, GRACE = 1.10, 6.0  # of one process over its life, and MB beside
ENOUGH = 12  # samples of a process; fewer say nothing about growth
_TRACEBACK = "Traceback (most recent call last)"
_ERROR = re.compile(r" (?:ERROR|CRITICAL) |: (?:ERROR|CRITICAL)/")
_PRODUCT = ("web", "worker-apply", "worker-relist", "worker-observe", "worker-alarm", "worker-notice", "beat", "watch")


class Sample(NamedTuple):
    """The memory of a process in MB, and which one it was."""

    pid: int
    rss: float


class Upkeep:
    """Looks at the processes of a demo in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._redis = Redis(unix_socket_path=str(folder / "redis.sock"))
        self._read: dict[Path, int] = defaultdict(int)
        self.memory: dict[str, list[Sample]] = {name: [] for name in _PRODUCT}
        self.longest: Counter[str] = Counter()
        self.tracebacks: list[str] = []
        self.errors: list[str] = []

    async def close(self) -> None:
        await self._redis.aclose()

    async def queues(self) -> dict[str, int]:
        """Messages that wait, by queue."""
        found = {name: int(await self._redis.llen(name)) for name in QUEUES}
        self.longest |= Counter(found)
        return found

    def weigh(self) -> None:
        """Take a sample of every process that runs."""
        for name, samples in self.memory.items():
            with contextlib.suppress(OSError, ValueError):
                pid = int((self._folder / "pids" / name).read_text())
                samples.append(Sample(pid, _rss(pid)))

    def total(self) -> float:
        """What all of them had at the last look, in MB."""
        return sum(samples[-1].rss for samples in self.memory.values() if samples)

    def read_logs(self) -> None:
        """Look for tracebacks in what was logged since the last time."""
        for path in sorted((self._folder / "logs").glob("*.log")):
            with path.open("rb") as log:
                log.seek(self._read[path])
                text = log.read().decode(errors="replace")
                self._read[path] = log.tell()
            lines = [line for line in text.splitlines() if _ERROR.search(line)]
            self.errors += [f"{path.name}: {line[:300]}" for line in lines]
            parts = text.split(_TRACEBACK)
            found = [f"{path.name}: {before[-300:]}{_TRACEBACK}{after[:1500]}" for before, after in pairwise(parts)]
            self.tracebacks += found

    def heavy(self) -> list[str]:
        """Processes that are too large, or grew as long as they lived."""
        found = []
        for name, samples in self.memory.items():
            found += [f"{name} has {s.rss:.0f} MB" for s in samples if s.rss > LARGEST][:1]
            for pid in dict.fromkeys(sample.pid for sample in samples):
                life = [sample.rss for sample in samples if sample.pid == pid]
                if len(life) >= ENOUGH:
                    third = len(life) // 3
                    before, after = median(life[third : 2 * third]), median(life[-third:])
                    if after > before * GROWTH + GRACE:
                        found.append(f"{name} grew from {before:.0f} to {after:.0f} MB")
        return found

    def table(self) -> list[str]:
        """Every process with its memory at the start, in the middle and at the end, and how often it was started."""
        lines = [f"  {'MB':16}{'start':>7}{'middle':>8}{'end':>6}{'most':>6}  starts"]
        for name, samples in self.memory.items():
            if samples:
                first, middle, last = samples[0], samples[len(samples) // 2], samples[-1]
                most, lives = max(sample.rss for sample in samples), len({sample.pid for sample in samples})
                lines.append(f"  {name:16}{first.rss:7.0f}{middle.rss:8.0f}{last.rss:6.0f}{most:6.0f}  {lives}")
        return lines


def _rss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"{pid} has ended")
