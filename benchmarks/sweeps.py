"""Sweeps of a lab's fleet as benchmarks run them: by two observing workers, beside the floor.

A sweep is timed from handing the shards out until the last one is written; pods are known before. The floor is one
WebSocket client that runs the same command on the same pods, 32 at a time, and throws the bytes away.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import picows

if TYPE_CHECKING:
    from clusters.kube.connection import Connection
    from clusters.models import Cluster

WORKERS = 2
CONCURRENCY = 32
_POLL = 0.01  # seconds


class Cost(NamedTuple):
    """Seconds of wall clock, and of CPU in this process or in what it started."""

    wall: float
    cpu: float


def own() -> float:
    """CPU seconds of this process so far."""
    return time.process_time()


def of_workers(workers: list[subprocess.Popen[bytes]]) -> float:
    """CPU of these and of this process, so far."""
    return own() + sum(_spent(worker.pid) for worker in workers)


def of_all() -> float:
    """CPU of this process and of those that it started and that still run: workers, Redis, the lab's API server."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return own() + sum(map(_spent, map(int, children)))


def _spent(pid: int) -> float:
    """Nanoseconds count, which /proc does not tell: clock_getcpuclockid(3) of a process, as the kernel encodes it."""
    return time.clock_gettime(~pid << 3 | 2)


def timed(work: Callable[[], object], spent: Callable[[], float] = own) -> Cost:
    """What one run of `work` costs."""
    wall, cpu = time.perf_counter(), spent()
    work()
    return Cost(time.perf_counter() - wall, spent() - cpu)


def best(runs: list[Cost]) -> Cost:
    """The run with the least disturbance from others on the machine."""
    return min(runs)


class _Ended(picows.WSListener):
    """The end of a stream, whatever came before it."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is picows.WSMsgType.CLOSE:
            self.over.set()

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self.over.set()


async def bare(connection: Connection, pods: list[tuple[str, str]]) -> None:
    """The floor: exec on every pod by the quickest client that is known, read until the end, keep nothing."""
    from speakers.frr import commands

    words = [("container", "frr"), ("stdout", "true"), ("stderr", "true")]
    query = urlencode([*words, *(("command", word) for word in commands.SWEEP)])
    tls, left = connection.tls(), iter(pods)
    headers = connection.headers() | {"Sec-WebSocket-Protocol": "v5.channel.k8s.io"}

    async def work() -> None:
        for namespace, pod in left:
            where = f"{connection.url}/api/v1/namespaces/{namespace}/pods/{pod}/exec?{query}"
            ended = _Ended()
            transport, _ = await picows.ws_connect(
                lambda ended=ended: ended, "ws" + where.removeprefix("http"), ssl_context=tls,
                extra_headers=headers, max_frame_size=1 << 30, use_aiofastnet=False,
            )  # fmt: skip
            await ended.over.wait()
            transport.disconnect(graceful=False)
            transport.underlying_transport.close()  # as the product does

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


def sweep(cluster: Cluster, nodes: list[str]) -> None:
    """Hand out the shards, as sweep_cluster does when it has found the pods, and wait until each is written."""
    from django.db import connection
    from django.db.models import Max

    from clusters import clock
    from dashboard.tasks import shards_send
    from speakers.models import Sweep

    began = Sweep.objects.filter(cluster=cluster).aggregate(newest=Max("began_at"))["newest"] or clock.now()
    over = Sweep.objects.filter(cluster=cluster, began_at__gt=began, ended_at__isnull=False).values_list("pk")
    question = over.query.sql_with_params()  # built once: who looks often must not cost what is measured
    wanted = shards_send(cluster, nodes)
    with connection.cursor() as cursor:
        while len(cursor.execute(*question).fetchall()) < wanted:
            time.sleep(_POLL)


@contextmanager
def workers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Observing workers, with the options of deploy/ and the environment of the image, ready to work."""
    from bgpui.celery import app

    pool = ["--pool", "threads", "--concurrency", "4", "--without-mingle", "--without-gossip"]
    command = [sys.executable, "-m", "celery", "-A", "bgpui.celery", "worker", "--queues", "observe", *pool]
    running = [
        subprocess.Popen(
            [*command, "--hostname", f"{number}@%h"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"MALLOC_ARENA_MAX": "2"},
        )
        for number in range(WORKERS)
    ]
    try:
        while len(app.control.ping() or ()) < WORKERS:
            pass
        yield running
    finally:
        for worker in running:
            worker.terminate()
        for worker in running:
            worker.wait()


def _prepared(kubeconfig: Path, number: int) -> tuple[Cluster, list[str]]:
    """A cluster of a number of nodes with all sessions up in the database, and its nodes."""
    from benchmarks.fleet_lab import SESSIONS
    from clusters.models import Cluster
    from clusters.sync.relist import relist
    from dashboard import observe
    from speakers.models import Session

    cluster = Cluster.objects.create(name="fleet", kubeconfig=str(kubeconfig))
    relist(cluster)
    cluster.refresh_from_db()
    nodes = observe.cluster_nodes(cluster) or []
    up = Session.objects.filter(state=Session.State.ESTABLISHED)
    while up.count() < number * SESSIONS:
        observe.shard_sweep(cluster, nodes)
    return cluster, nodes


@contextmanager
def standing_fleet(nodes: int) -> Iterator[tuple[Cluster, list[str]]]:
    """A lab, a database and a Redis of this run's own; the cluster, and the names of its nodes."""
    with tempfile.TemporaryDirectory(prefix="bgpui-bench-") as folder:
        named = Path(folder) / "lab" / "kubeconfig"  # settings want a file; the lab writes it
        named.parent.mkdir()
        named.touch()
        os.environ |= {
            "BGPUI_VAR_DIR": folder,
            "BGPUI_REDIS_URL": f"unix://{folder}/redis.sock",
            "BGPUI_CLUSTERS": f"fleet={named}",
            "BGPUI_LOG_LEVEL": "ERROR",
            "BGPUI_EXEC_CONCURRENCY": str(CONCURRENCY),
            "BGPUI_EXEC_TIMEOUT": "60",
            "BGPUI_SWEEP_INTERVAL": "600",
            "DJANGO_SETTINGS_MODULE": "bgpui.settings",
        }
        import django

        django.setup()
        from django.core.management import call_command

        from benchmarks.fleet_lab import fleet_lab
        from lab.redis import EmbeddedRedis

        call_command("migrate", verbosity=0)
        redis = EmbeddedRedis(Path(folder) / "redis.sock")
        redis.start()
        try:
            with fleet_lab(named.parent, nodes) as kubeconfig:
                yield _prepared(kubeconfig, nodes)
        finally:
            redis.stop()
