"""Asking many nodes at once: one exec a node, read as it comes in. No Django: the command line sweeps without it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

from anyio.from_thread import BlockingPortalProvider

from clusters.kube.connection import Connection
from clusters.kube.exec import ExecError, ExecResult, Executor
from speakers.frr import commands, parse

if TYPE_CHECKING:
    from speakers.reports import Report

OUTPUT_LIMIT = 8 * 1024 * 1024  # bytes of one node's answer; one neighbor is about 4 kB
BATCH = 100  # answers that are written at once
PAUSE = 1.0  # seconds that an answer waits for others: a batch costs what a hundred of its rows do
_LOOP = BlockingPortalProvider()  # of this process, while somebody asks
_TURNS = 4  # time limits that a sweep takes where all nodes hang
_AT_HAND = 0.05  # seconds that a node keeps its place: one that takes longer is waited for, which costs nothing
_PLACES = WeakValueDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]()  # while somebody has them


@dataclass(frozen=True, slots=True)
class Target:
    """A container with FRR, and the node that it speaks for."""

    node: str
    namespace: str
    pod: str
    container: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of asking one node. at: when it was asked. answer None: `error` says why there is none.

    skipped: it was not asked, because it is backed off; only what is intended for it is brought up to date.
    kept_out: the API server is away or refuses us, which is no reason to ask this node less often.
    resting: it was not to be asked at this time or in this way, which is no fault of its own.
    forbidden: the API server lets us run no command there, which is tried once a minute. reports: what others say
    instead of an answer of FRR's own; some: of these sessions alone. source: who was heard. asked_at: when a command
    was tried, if that is not `at`.
    """

    node: str
    at: datetime
    answer: parse.Answer | None = None
    error: str = ""
    duration_ms: int | None = None
    skipped: bool = False
    kept_out: bool = False
    resting: bool = False
    forbidden: bool = False
    reports: tuple[Report, ...] | None = None
    some: bool = False
    source: str = "vtysh"
    asked_at: datetime | None = None

    @property
    def heard(self) -> bool:
        """Whether somebody said how all its sessions are."""
        return self.answer is not None or (self.reports is not None and not self.some)


class _Pace(NamedTuple):
    """How many are at hand, in this event loop; how many are waited for together; for how many seconds each."""

    at_hand: int
    together: int
    seconds: float


def _now() -> datetime:
    return datetime.now(UTC)


async def sweep(
    connection: Connection, targets: Iterable[Target], *, concurrency: int = 32, seconds: float = 5.0
) -> list[Observation]:
    """Ask all targets, at most `concurrency` at a time, each for at most `seconds`; in the order of answers.

    Others that are asked in the same event loop count, too, for as long as they are at hand: handshakes of many at once
    take turns at the processor, so that all answers come late, and nothing is left to do while they are written.
    A target that fails, hangs or prints nonsense is an Observation with an error, and delays no other.
    Raises Unreachable if there is no connection to try at all (a certificate file cannot be read).
    """
    found = list[Observation]()
    await _sweep(connection, list(targets), found.extend, _Pace(concurrency, concurrency, seconds), _now)
    return found


def sweep_in_batches(
    connection: Connection,
    targets: Iterable[Target],
    deliver: Callable[[Sequence[Observation]], None],
    *,
    concurrency: int = 32,
    seconds: float = 5.0,
    now: Callable[[], datetime] = _now,
) -> None:
    """The same from any thread, handing answers over as they come: BATCH of them, or what has waited for PAUSE.

    `deliver` is called in this thread, while the asking goes on. The targets are begun in their order. All threads of
    a process ask in one event loop: with a loop each they would take turns at the interpreter with every handshake.
    A quarter of those that let wait is waited for if that is more: where all hang, it is over after four `seconds`.
    now: the clock that dates answers.
    """
    wanted = list(targets)
    pace = _Pace(concurrency, max(concurrency, ceil(len(wanted) / _TURNS)), seconds)
    batches = SimpleQueue[Sequence[Observation] | None]()
    with _LOOP as portal:
        asking = portal.start_task_soon(_sweep, connection, wanted, batches.put, pace, now)
        asking.add_done_callback(lambda _: batches.put(None))
        try:
            while (batch := batches.get()) is not None:
                deliver(batch)
        except BaseException:
            asking.cancel()
            raise
        asking.result()


async def _sweep(
    connection: Connection,
    wanted: Sequence[Target],
    deliver: Callable[[Sequence[Observation]], None],
    pace: _Pace,
    now: Callable[[], datetime],
) -> None:
    left, waiting = iter(wanted), _Waiting(deliver)
    places = _PLACES.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(pace.at_hand))

    async with Executor(connection, timeout=pace.seconds, limit=OUTPUT_LIMIT) as executor, asyncio.TaskGroup() as group:

        async def work() -> None:
            for target in left:
                async with _AtHand(places):
                    waiting.add(await _look(executor, target, now()))

        for _ in range(min(pace.together, len(wanted))):
            group.create_task(work())
    waiting.deliver()


class _AtHand:
    """A place until the end, or for _AT_HAND seconds if that is earlier. Each node has one: plain, for it is dear."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._places.acquire()
        self._timer = asyncio.get_running_loop().call_later(_AT_HAND, self._give_back)

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._give_back()

    def _give_back(self) -> None:
        self._timer = None
        self._places.release()


class _Waiting:
    """Answers that wait to be delivered together."""

    def __init__(self, deliver: Callable[[Sequence[Observation]], None]) -> None:
        self._deliver = deliver
        self._answers: list[Observation] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, answer: Observation) -> None:
        self._answers.append(answer)
        if len(self._answers) >= BATCH:
            self.deliver()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self.deliver)

    def deliver(self) -> None:
        """Hand over what there is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._answers:
            self._deliver(self._answers)
            self._answers = []


async def run(connection: Connection, target: Target, argv: commands.Argv, *, seconds: float = 5.0) -> ExecResult:
    """One command on one node. Raises ExecError."""
    async with Executor(connection, timeout=seconds, limit=OUTPUT_LIMIT) as executor:
        return await executor.run(target.namespace, target.pod, target.container, argv)


async def ask_all(
    connection: Connection,
    questions: Sequence[tuple[Target, commands.Argv]],
    *,
    concurrency: int = 32,
    seconds: float = 5.0,
) -> list[ExecResult | str]:
    """One command on each of many nodes; in the order of the questions, the reason where there is no answer."""
    turn = asyncio.Semaphore(concurrency)

    async with Executor(connection, timeout=seconds, limit=OUTPUT_LIMIT) as executor:

        async def one(target: Target, argv: commands.Argv) -> ExecResult | str:
            async with turn:
                try:
                    return await executor.run(target.namespace, target.pod, target.container, argv)
                except ExecError as error:
                    return str(error)

        return await asyncio.gather(*(one(target, argv) for target, argv in questions))


async def _look(executor: Executor, target: Target, at: datetime) -> Observation:
    began = time.perf_counter()
    answer, error, refusal = None, "", ""
    try:
        result = await executor.run(target.namespace, target.pod, target.container, commands.SWEEP)
    except ExecError as failure:
        error, refusal = str(failure), failure.reason
    else:
        parsed = parse.answer(result.stdout, result.stderr, result.code)
        answer, error = (None, parsed.reason) if isinstance(parsed, parse.Unparsed) else (parsed, "")
    elapsed = int((time.perf_counter() - began) * 1000)
    kept_out, forbidden = refusal in {"unauthorized", "forbidden"}, refusal == "forbidden"
    return Observation(target.node, at, answer, error, elapsed, kept_out=kept_out, forbidden=forbidden)
