"""The sessions page and the API list at 200, 2,000 and 20,000 sessions: server time, bytes, queries, side by side."""

from __future__ import annotations

import gzip
import os
import tempfile
import time
from pathlib import Path

SIZES = (200, 2_000, 20_000)
ROUNDS = 15
PATHS = {"sessions": "/", "api": "/api/v1/sessions/"}


def measure(path: str) -> tuple[float, int, int]:
    """Fastest server time in ms over ROUNDS, compressed bytes, and queries of one answer to an admin."""
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    admin, _ = get_user_model().objects.get_or_create(username="admin", is_superuser=True)
    client = Client()
    client.force_login(admin)
    client.get(path)
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        response = client.get(path)
        times.append((time.perf_counter() - begun) * 1000)
    if response.status_code != 200:
        raise RuntimeError(f"GET {path} answered {response.status_code}")
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return min(times), len(gzip.compress(response.content, 6)), len(queries)


def main() -> None:
    """Fill one SQLite database a size; figures page.<what>.{ms,bytes,queries,ratio}.<sessions>."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.report import record
    from clusters.models import Cluster
    from tests.fleet import fleet

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.BGPUI_SWEEP_INTERVAL = 600.0  # the rows are of one moment; they must not grow old while they are measured
    call_command("migrate", verbosity=0)
    smallest: dict[str, float] = {}
    for size in SIZES:
        Cluster.objects.all().delete()
        fleet(size // 4)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        for name, path in PATHS.items():
            milliseconds, weight, queries = measure(path)
            smallest.setdefault(name, milliseconds)
            record(f"page.{name}.ms.{size}", milliseconds, "ms", f"GET {path}, fastest of {ROUNDS}, SQLite, in process")
            record(f"page.{name}.bytes.{size}", weight, "bytes", "compressed")
            record(f"page.{name}.queries.{size}", queries, "queries", "of one answer")
            record(
                f"page.{name}.ratio.{size}",
                milliseconds / smallest[name],
                "x",
                f"server time against {SIZES[0]} sessions",
            )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(BGPUI_VAR_DIR=folder, DJANGO_SETTINGS_MODULE="bgpui.settings", BGPUI_LOG_LEVEL="ERROR")
        os.environ["BENCH_FILE"] = str(Path("var/bench.json").resolve())
        import django

        django.setup()
        main()
