"""The list of Services with who announces each, at 50 and 2,000 nodes: as kept, and worked out anew after a change."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

from benchmarks.in_process import django_ready

NODES = (50, 2_000)
PEERS, POOLS, SERVICES = 4, 50, 5_000
ROUNDS = int(os.environ.get("ROUNDS", "20"))
PATHS = {"page": "/services/", "filter": "/services/?announced=yes"}


def turned() -> None:
    """A session of one node was written since."""
    from django.db.models import F

    from speakers.models import Speaker

    first = Speaker.objects.order_by("pk").values("pk")[:1]
    Speaker.objects.filter(pk__in=first).update(revision=F("revision") + 1)


def changed() -> None:
    """A Service was written since."""
    from django.db.models import F

    from clusters.models import Service

    first = Service.objects.order_by("pk").values("pk")[:1]
    Service.objects.filter(pk__in=first).update(digest_print=F("digest_print") + 1)


WAYS: dict[str, tuple[Callable[[], object], str]] = {
    "kept": (lambda: None, "nothing changed"),
    "turned": (turned, "a session was written before each"),
    "changed": (changed, "a Service was written before each"),
}


def measure() -> dict[str, float]:
    """CPU of an answer to an admin in ms, median of ROUNDS, by path and way; all take turns."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.get_or_create(username="admin", is_superuser=True)[0])
    spent: dict[str, list[float]] = {f"{path}.{way}": [] for path in PATHS for way in WAYS}
    for _ in range(ROUNDS):
        for path, address in PATHS.items():
            for way, (before, _words) in WAYS.items():
                client.get(address)
                before()
                began = time.process_time()
                response = client.get(address)
                spent[f"{path}.{way}"].append((time.process_time() - began) * 1000)
                if response.status_code != 200:
                    raise RuntimeError(f"GET {address} answered {response.status_code}")
    return {name: statistics.median(several) for name, several in spent.items()}


def main() -> None:
    """Figures services.list.<path>.<way>.<nodes> and services.list.<path>.gain.<nodes>."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.bench_intent import peer_spec
    from benchmarks.bench_preview import filled
    from benchmarks.bench_rules import cluster_of, manifest
    from benchmarks.report import record
    from clusters.models import Cluster

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.BGPUI_SWEEP_INTERVAL = 600.0  # the rows are of one moment; they must not grow old while they are measured
    call_command("migrate", verbosity=0)
    made = [manifest("BGPPeer", f"p{n}", peer_spec(n)) for n in range(PEERS)]
    made += [manifest("IPAddressPool", f"pool-{n}", {"addresses": [f"10.0.{n}.0/24"]}) for n in range(POOLS)]
    made += [manifest("BGPAdvertisement", "all", {})]
    for nodes in NODES:
        Cluster.objects.all().delete()
        addresses = (f"10.0.{n % POOLS}.{n // POOLS + 1}" for n in range(SERVICES))
        filled(cluster_of(made, addresses, nodes=nodes))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        costs = measure()
        for name, cost in costs.items():
            path, way = name.split(".")
            said = f"GET {PATHS[path]}, {WAYS[way][1]}; {SERVICES:,} services, {PEERS * nodes:,} sessions, CPU, SQLite"
            record(f"services.list.{name}.{nodes}", cost, "ms", said)
        for path in PATHS:
            gain = costs[f"{path}.changed"] / costs[f"{path}.kept"]
            record(f"services.list.{path}.gain.{nodes}", gain, "x", "a Service was written, against nothing")


if __name__ == "__main__":
    with django_ready():
        main()
