"""One sweep of 200 speakers with four sessions each: against `kubectl exec` in a shell loop, and against the floor.

The sweep is what runs in a cluster: two observing workers, as the chart starts them, that share its shards. Pods are
known before, to all three; they run beside each other in one go, against one lab in a process of its own.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from benchmarks.fleet_lab import SESSIONS
from benchmarks.report import record
from benchmarks.sweeps import CONCURRENCY, WORKERS, Cost, bare, of_workers, standing_fleet, sweep, timed, workers
from benchmarks.the_loop import PARALLEL, children, loop

NODES = int(os.environ.get("BENCH_NODES", "200"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


def main() -> None:
    """Figures sweep.*, from one cluster that stands still."""
    with standing_fleet(NODES) as (cluster, nodes):
        from clusters.doors import door_of
        from speakers.models import Speaker

        pods = list(Speaker.objects.values_list("namespace", "pod"))
        connection = door_of(cluster).connection
        sweeps, floors = [], []
        with workers() as running:
            sweep(cluster, nodes)  # their first one opens what the others find open
            for _ in range(ROUNDS):
                floors.append(timed(lambda: asyncio.run(bare(connection, pods))))
                sweeps.append(timed(lambda: sweep(cluster, nodes), lambda: of_workers(running)))
            looped = timed(lambda: loop(Path(cluster.kubeconfig), pods), children)
            hurried = timed(lambda: loop(Path(cluster.kubeconfig), pods, PARALLEL), children)
    _told(min(sweeps), min(floors), min(run.cpu for run in sweeps), looped)
    record("sweep.parallel_loop_wall", hurried.wall, "s", f"the loop as xargs -P {PARALLEL}; one run")
    record("sweep.parallel_loop_wall_ratio", hurried.wall / min(sweeps).wall, "x", "the same / sweep, wall")


def _told(swept: Cost, floor: Cost, cpu: float, looped: Cost) -> None:
    what = f"{NODES} speakers x {SESSIONS} sessions, exec, parse, compare, write; nothing changed"
    record("sweep.wall", swept.wall, "s", f"one sweep, {WORKERS} workers: {what}; fastest of {ROUNDS}")
    record("sweep.cpu", cpu, "s", "CPU of the same")
    record("sweep.floor_wall", floor.wall, "s", f"bare WebSocket client, {CONCURRENCY} at a time; fastest of {ROUNDS}")
    record("sweep.floor_cpu", floor.cpu, "s", "CPU of the same")
    record("sweep.loop_wall", looped.wall, "s", "kubectl exec, one pod after the other; one run")
    record("sweep.loop_cpu", looped.cpu, "s", "CPU of kubectl and the shell")
    record("sweep.floor_wall_ratio", swept.wall / floor.wall, "x", "sweep / floor, wall; aim: at most 1.5")
    record("sweep.loop_wall_ratio", looped.wall / swept.wall, "x", "loop / sweep, wall; aim: at least 30")
    record("sweep.loop_cpu_ratio", looped.cpu / cpu, "x", "loop / sweep, CPU")


if __name__ == "__main__":
    main()
