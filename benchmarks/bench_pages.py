"""The sessions page, its live fragments and the API list from 200 to 40,000 sessions: time, bytes, queries.

On SQLite and, where it is installed, on a PostgreSQL of this run's own, whose CPU only its wall clock shows.
"""

from __future__ import annotations

import gzip
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.in_process import django_ready

SIZES = tuple(int(size) for size in os.environ.get("BENCH_SIZES", "200,8000,40000").split(","))
ROUNDS = 30
DOWN = 10  # nodes with a session that is down, at each size
_PARTS = {"HX-Request": "true"}
PATHS: dict[str, tuple[str, dict[str, str]]] = {  # path and headers
    "sessions": ("/", {}),
    "board": ("/", _PARTS | {"HX-Target": "board"}),
    "fresh": ("/", _PARTS | {"HX-Target": "fresh"}),
    "api": ("/api/v1/sessions/", {}),
    "api_last": ("/api/v1/sessions/?page=last&page_size=100", {}),
}


class Measured(NamedTuple):
    """Of one answer to an admin: server time in ms, its CPU at the 95th percentile, compressed bytes, queries."""

    fastest: float
    p95: float
    cpu: float
    weight: int
    queries: int


def measure(path: str, headers: dict[str, str]) -> Measured:
    """ROUNDS answers, after one that warms up."""
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    admin, _ = get_user_model().objects.get_or_create(username="admin", is_superuser=True)
    client = Client(headers=headers)
    client.force_login(admin)
    response = client.get(path)
    if response.status_code != 200:
        raise RuntimeError(f"GET {path} answered {response.status_code}")
    walls, cpus = list[float](), list[float]()
    for _ in range(ROUNDS):
        begun, spent = time.perf_counter(), time.process_time()
        client.get(path)
        walls.append((time.perf_counter() - begun) * 1000)
        cpus.append((time.process_time() - spent) * 1000)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    weight = len(gzip.compress(response.content, 6))
    return Measured(min(walls), _p95(walls), _p95(cpus), weight, len(queries))


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def main() -> None:
    """Fill one database a size; figures page.<what>.{ms,p95,cpu,bytes,queries,ratio}.<sessions> of the SQLite one."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from clusters.models import Cluster
    from tests.fleet import fleet

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.BGPUI_SWEEP_INTERVAL = 600.0  # the rows are of one moment; they must not grow old while they are measured
    call_command("migrate", verbosity=0)
    smallest: dict[str, Measured] = {}
    for size in SIZES:
        Cluster.objects.all().delete()
        fleet(size // 4, down_every=max(1, size // 4 // DOWN), zones=3)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        for name, (path, headers) in PATHS.items():
            found = measure(path, headers)
            what = f"GET {path} {headers.get('HX-Target', '')}".strip()
            _told(name, size, what, found, smallest.setdefault(name, found))


def _told(name: str, size: int, what: str, found: Measured, first: Measured) -> None:
    from django.db import connection

    from benchmarks.report import record

    page = f"page.{name}" if connection.vendor == "sqlite" else f"page.{connection.vendor}.{name}"
    where = f"{what}, fastest of {ROUNDS}, {connection.vendor}, in process"
    record(f"{page}.ms.{size}", found.fastest, "ms", where)
    record(f"{page}.p95.{size}", found.p95, "ms", "95th percentile of the same")
    record(f"{page}.cpu.{size}", found.cpu, "ms", "CPU, 95th percentile")
    record(f"{page}.bytes.{size}", found.weight, "bytes", "compressed; aim: a page 60 kB, a fragment 10 kB")
    record(f"{page}.queries.{size}", found.queries, "queries", "of one answer")
    against = f"against {SIZES[0]} sessions; aim: at most 1.5"
    record(f"{page}.ratio.{size}", found.cpu / first.cpu, "x", f"that CPU {against}")
    record(f"{page}.wall_ratio.{size}", found.fastest / first.fastest, "x", f"the fastest {against}")


def _on_postgresql(folder: Path) -> None:
    """The same by another process of this program, on a server of its own."""
    from tests.stores import postgres

    if postgres.programs() is None:
        print("SKIPPED: pages on PostgreSQL.", postgres.MISSING, file=sys.stderr)
        return
    folder.chmod(0o711)  # the server's account has to get through
    server = postgres.Postgres(folder / "postgres")
    try:
        server.start()
        subprocess.run(
            [sys.executable, "-m", "benchmarks.bench_pages"],
            env=os.environ | {"BGPUI_DATABASE_URL": server.url()},
            check=True,
        )
    finally:
        server.close()


if __name__ == "__main__":
    with django_ready() as folder:
        main()
        if "BGPUI_DATABASE_URL" not in os.environ:
            _on_postgresql(folder)
