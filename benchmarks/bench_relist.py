"""A look at a cluster at 10, 1,000 and 10,000 BGPPeers, and at 200, 2,000 and 20,000 Services.

The floor is the same list, read page by page through the same connection, parsed, and thrown away.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

PEERS = [int(size) for size in os.environ.get("BENCH_PEERS", "10 1000 10000").split()]
SERVICES = [int(size) for size in os.environ.get("BENCH_SERVICES", "200 2000 20000").split()]
ROUNDS = 5


class Cost(NamedTuple):
    """Seconds of wall clock, and of CPU in this process: what others on the machine do costs only the former."""

    wall: float
    cpu: float


def once(work: Callable[[], object]) -> Cost:
    """What one run of `work` costs."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def fastest(work: Callable[[], object]) -> Cost:
    """The least of ROUNDS runs."""
    runs = [once(work) for _ in range(ROUNDS)]
    return Cost(min(run.wall for run in runs), min(run.cpu for run in runs))


def measure_peers(kubeconfig: Path, size: int) -> None:
    """Figures relist.*: the first look, one at which nothing has changed, and one after one object in a hundred has."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from benchmarks.objects_lab import NAMESPACE, peer
    from benchmarks.report import record
    from clusters.doors import door_of
    from clusters.models import Cluster
    from clusters.registry import resource_models
    from clusters.sync.relist import relist

    cluster = Cluster.objects.create(name=f"peers-{size}", kubeconfig=str(kubeconfig))

    def look() -> bool:
        cluster.refresh_from_db()
        return relist(cluster)

    first = once(look)
    look()
    door, kinds = door_of(cluster), [model.KIND for model in resource_models().values()]
    kind = resource_models()["BGPPeer"].KIND
    floor = fastest(lambda: [door.list(kind) for kind in kinds])
    quiet = fastest(look)
    with CaptureQueriesContext(connection) as queries:
        look()
    for number in range(0, size, 100):
        name = peer(number)["metadata"]["name"]
        door.merge(kind, NAMESPACE, name, {"spec": {"holdTime": "60s"}})
    changed = once(look)
    what = f"a look at all kinds with {size} BGPPeers"
    costs = {
        "first": (first, f"{what}, the first: adopted and judged"),
        "quiet": (quiet, f"{what}, nothing changed; fastest of {ROUNDS}"),
        "changed": (changed, f"{what}, one in 100 changed by others: followed and judged"),
        "floor": (floor, f"the same lists read and parsed alone; fastest of {ROUNDS}"),
    }
    _record("relist", size, costs)
    record(f"relist.queries.{size}", len(queries), "queries", "of a look at which nothing has changed")


def _record(name: str, size: int, costs: Mapping[str, tuple[Cost, str]]) -> None:
    from benchmarks.report import record

    for which, (cost, what) in costs.items():
        record(f"{name}.{which}_wall.{size}", cost.wall, "s", what)
        record(f"{name}.{which}_cpu.{size}", cost.cpu, "s", "CPU of the same")
    record(f"{name}.ratio.{size}", costs["quiet"][0].cpu / costs["floor"][0].cpu, "x", "quiet look / floor, CPU")


def measure_services(kubeconfig: Path, size: int) -> None:
    """Figures services.*: a look at Services with their endpoints and warnings."""
    from clusters.doors import door_of
    from clusters.kube.kinds import ENDPOINT_SLICES, SERVICES
    from clusters.models import Cluster
    from clusters.sync.services import services_look

    cluster = Cluster.objects.create(name=f"services-{size}", kubeconfig=str(kubeconfig))
    door = door_of(cluster)
    first = once(lambda: services_look(cluster, door, []))
    floor = fastest(lambda: [door.gather(kind, lambda _: None) for kind in (SERVICES, ENDPOINT_SLICES)])
    quiet = fastest(lambda: services_look(cluster, door, []))
    what = f"a look at {size} Services and their EndpointSlices"
    costs = {
        "first": (first, f"{what}, the first"),
        "quiet": (quiet, f"{what}, nothing changed; fastest of {ROUNDS}"),
        "floor": (floor, f"both lists read and parsed alone; fastest of {ROUNDS}"),
    }
    _record("services", size, costs)


def main() -> None:
    """One API server a size, and one SQLite database for all."""
    with tempfile.TemporaryDirectory(prefix="bgpui-bench-") as folder:
        os.environ |= {"BGPUI_VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "bgpui.settings", "BGPUI_LOG_LEVEL": "ERROR"}
        os.environ["BGPUI_API_TIMEOUT"] = "60"
        import django

        django.setup()
        from django.core.management import call_command

        from benchmarks.objects_lab import objects_lab

        call_command("migrate", verbosity=0)
        for size in PEERS:
            with objects_lab(Path(folder) / f"peers-{size}", peers=size) as kubeconfig:
                measure_peers(kubeconfig, size)
        for size in SERVICES:
            with objects_lab(Path(folder) / f"services-{size}", services=size) as kubeconfig:
                measure_services(kubeconfig, size)


if __name__ == "__main__":
    main()
