"""Sweeps of ever larger fleets: what one session costs, what is written when some of them changed, and the memory.

At each size the sweep runs beside the floor and beside a loop of `kubectl exec` over a sample of the nodes, in one run:
one node after the other, as a shell's `for` does it, and as xargs -P does it, which fills both processors.
Changes are made in the rows: what FRR says differs from them. The interval that two cores hold is what one sweep costs
in all, with the lab's API server and Redis, divided by two: it does not depend on what else the machine does.
BENCH_SIZES: numbers of speakers; the largest two take as long as all others together.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.fleet_lab import SESSIONS
from benchmarks.report import known, record
from benchmarks.sweeps import Cost, bare, of_all, of_workers, standing_fleet, sweep, timed, workers
from benchmarks.the_loop import PARALLEL, children, loop

SIZES = tuple(int(size) for size in os.environ.get("BENCH_SIZES", "50,500,2000,5000,10000").split(","))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SHARES = (0, 1, 100)  # percent of the sessions that changed
SAMPLE = 100  # nodes that the loop asks
ENOUGH = 500  # nodes that are asked at least: a sweep of few is over in a moment, whose cost is chance
_CORES = 2


def _memory(running: list[subprocess.Popen[bytes]]) -> float:
    """The most that one of them ever had, in MiB."""
    texts = (Path(f"/proc/{worker.pid}/status").read_text() for worker in running)
    return max(int(found[1]) for found in (re.search(r"VmHWM:\s+(\d+) kB", text) for text in texts) if found) / 1024


def _change(percent: int) -> None:
    """Rows of so many sessions say something else than FRR will."""
    from speakers.models import Session

    every = Session.objects.order_by("pk").values_list("pk", flat=True)
    some = [pk for place, pk in enumerate(every) if percent and place % (100 // percent) == 0]
    for start in range(0, len(some), 500):
        Session.objects.filter(pk__in=some[start : start + 500]).update(state=Session.State.ACTIVE)


def measure(number: int) -> None:
    """Figures fleet.* of one size."""
    with standing_fleet(number) as (cluster, nodes):
        from clusters.doors import door_of
        from speakers.models import Speaker, Transition

        connection = door_of(cluster).connection
        pods = list(Speaker.objects.values_list("namespace", "pod"))
        sessions, what = number * SESSIONS, f"{number} speakers x {SESSIONS} sessions"
        with workers() as running:
            for _ in range(10):  # each worker has had nearly every node by then
                sweep(cluster, nodes)
            name = f"fleet.{sessions}"
            rounds = max(ROUNDS, ENOUGH // number)
            floors = list[Cost]()
            for percent in SHARES:
                runs = list[Cost]()
                for _ in range(rounds):
                    if not percent:  # in turns: the machine is not as quick at each time
                        floors.append(timed(lambda: asyncio.run(bare(connection, pods))))
                    _change(percent)
                    Transition.objects.all().delete()
                    runs.append(timed(lambda: sweep(cluster, nodes), lambda: of_workers(running)))
                swept = Cost(min(run.wall for run in runs), median(run.cpu for run in runs))
                record(f"{name}.wall.{percent}", swept.wall, "s", f"one sweep, {what}, {percent} % changed")
                record(f"{name}.cpu.{percent}", swept.cpu / sessions * 1e6, "us", "CPU a session")
                record(f"{name}.transitions.{percent}", Transition.objects.count(), "rows", "written by the last one")
                if not percent:
                    record(f"{name}.floor_ratio", swept.wall / min(floors).wall, "x", "sweep / floor, wall; aim: 1.5")
                    for how, at_a_time in (("loop", 1), ("parallel_loop", PARALLEL)):
                        work = partial(loop, Path(cluster.kubeconfig), pods[:SAMPLE], at_a_time)
                        _against(f"{name}.{how}", swept, timed(work, children), number, at_a_time)
            _of_the_machine(name, median(timed(lambda: sweep(cluster, nodes), of_all).cpu for _ in range(rounds)))
            record(f"{name}.memory", _memory(running), "MiB", "the most that one of both workers had")


def _of_the_machine(name: str, cpu: float) -> None:
    record(
        f"{name}.interval", cpu / _CORES, "s", "CPU of one sweep, API server and Redis included, on two cores; aim: 10"
    )
    if first := known(f"fleet.{SIZES[0] * SESSIONS}.cpu.0"):
        ratio = (known(f"{name}.cpu.0") or 0) / first
        record(f"{name}.flat", ratio, "x", f"CPU a session against {SIZES[0] * SESSIONS} sessions; aim: 0.8 to 1.2")


def _against(name: str, swept: Cost, looped: Cost, number: int, at_a_time: int) -> None:
    times = number / min(number, SAMPLE)
    aim = "; aim: at least 30" if at_a_time == 1 else ""
    what = f"loop / sweep; {min(number, SAMPLE)} nodes, {at_a_time} at a time, times {times:g}"
    record(f"{name}_wall_ratio", looped.wall * times / swept.wall, "x", f"{what}; wall{aim}")
    record(f"{name}_cpu_ratio", looped.cpu * times / swept.cpu, "x", f"{what}; CPU{aim}")


def main() -> None:
    """Every size in a process of its own: settings are read once."""
    if len(sys.argv) > 1:
        measure(int(sys.argv[1]))
        return
    for size in SIZES:
        subprocess.run([sys.executable, "-m", "benchmarks.bench_fleet", str(size)], check=True)


if __name__ == "__main__":
    main()
