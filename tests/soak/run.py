"""Round after round of faults, with what is found, and the report."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from tests.soak.plan import Event, rounds, sequence
from tests.soak.shown import Away
from tests.soak.stage import Stage
from tests.soak.truth import UP
from tests.soak.upkeep import LONGEST_QUEUE, SETTLED_QUEUE, Upkeep

_SETTLES_WITHIN = 120.0  # seconds after the last fault of a round


@dataclass(frozen=True, slots=True)
class Length:
    """How long to go on: `rounds` if it is not 0, else `minutes`. first: the round to begin with."""

    minutes: float
    rounds: int
    first: int
    seed: int


class Soak:
    """One run. found: what was wrong, as words."""

    def __init__(self, stage: Stage, upkeep: Upkeep, length: Length) -> None:
        self.stage, self.upkeep, self.length = stage, upkeep, length
        self.found: list[str] = []
        self.faults = 0
        self.rounds = 0

    async def run(self) -> None:
        """Round after round; each is over when everything is shown as it is again."""
        end = time.monotonic() + self.length.minutes * 60
        plan = enumerate(rounds(self.length.seed), 1)
        for number, events in islice(plan, self.length.first - 1, None):
            await self._round(number, events)
            self.rounds += 1
            if self.length.rounds <= self.rounds if self.length.rounds else time.monotonic() >= end:
                return

    async def _round(self, number: int, events: list[Event]) -> None:
        began, before = time.monotonic(), len(self.found)
        going = [asyncio.ensure_future(self._happen(event)) for event in events]
        while not all(task.done() for task in going):
            await self._look()
            await asyncio.sleep(0.5)
        words = [await task for task in going]
        broken = time.monotonic()
        await self._settle()
        self.upkeep.weigh()
        self.upkeep.read_logs()
        self.found += await self.stage.shown.walk()
        _tell(f"round {number}: {'; '.join(words)}")
        states = list(self.stage.truth.now().values())
        seconds = f"{broken - began:.0f} s broken, right again after {time.monotonic() - broken:.0f} s"
        up, wrong = f"{states.count(UP)} of {len(states)} up", f"{len(self.found) - before} wrong"
        _tell(f"    {seconds}; {up}; {self.upkeep.total():.0f} MB; {wrong}")
        for line in self.found[before:]:
            _tell(f"    WRONG {line}")

    async def _happen(self, event: Event) -> str:
        await asyncio.sleep(event.after)
        self.faults += 1
        async with event.happening(self.stage, sequence(event.seed)) as words:
            await asyncio.sleep(event.seconds)
        return f"{words} for {event.seconds:.0f} s"

    async def _look(self) -> None:
        with suppress(Away):  # it may have been killed; `_settle` sees whether it comes back
            self.found += await self.stage.shown.wrong()
        for name, waiting in (await self.upkeep.queues()).items():
            if waiting > LONGEST_QUEUE:
                self.found.append(f"{waiting} messages wait in {name}")

    async def _settle(self) -> None:
        """Wait until nothing is wrong or unknown any more, and what was edited is in force."""
        deadline = time.monotonic() + _SETTLES_WITHIN
        while True:
            await self._look()
            left = [*await self.stage.shown.unsettled(), *await self._unwritten()]
            left += [f"{n} messages wait in {q}" for q, n in (await self.upkeep.queues()).items() if n > SETTLED_QUEUE]
            if not left:
                return
            if time.monotonic() > deadline:
                self.found += [f"after {_SETTLES_WITHIN:.0f} s: {words}" for words in left[:10]]
                return
            await asyncio.sleep(0.5)

    async def _unwritten(self) -> list[str]:
        """The peer that is edited, if it is not in force as it was accepted last."""
        if not self.stage.edit:
            return []
        place = self.stage.lab.release.namespace, "storage-a"
        try:
            _, row = await self.stage.shown.api("GET", f"bgppeers/lab/{'/'.join(place)}/")
        except Away as error:
            return [str(error)]
        live = self.stage.lab.store.get("bgppeers.metallb.io", *place)
        wanted = f"{self.stage.edit}s"
        held = (live or {"spec": {}})["spec"].get("holdTime")
        if (row["sync"]["state"], held) != ("in_sync", wanted):
            return [f"storage-a is {row['sync']}, its holdTime {held}, not {wanted}"]
        return []

    def sum_up(self) -> list[str]:
        """The end of the report."""
        self.found += self.upkeep.heavy()
        self.found += [f"traceback in {words}" for words in self.upkeep.tracebacks]
        self.found += [f"error in {words}" for words in self.upkeep.errors]
        queues = ", ".join(f"{name} {number}" for name, number in sorted(self.upkeep.longest.items()))
        shown = self.stage.shown
        looks = f"{shown.looks} looks at {len(self.stage.truth.seen)} sessions, {shown.nudges} events"
        self.found += ["an open page was never told anything"] if not shown.nudges else []
        return [
            *self.upkeep.table(),
            f"  longest queues: {queues or 'nothing ever waited'}",
            f"  {len(self.upkeep.tracebacks)} tracebacks, {len(self.upkeep.errors)} lines of level ERROR in the logs",
            f"seed {self.length.seed}: {self.rounds} rounds, {self.faults} faults, {looks}, {len(self.found)} wrong",
            *(f"  WRONG {words}" for words in self.found[:40]),
        ]


def _tell(line: str) -> None:
    print(line, flush=True)
