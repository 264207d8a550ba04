"""A preview by REST in the largest cluster: latency and CPU of POST /api/v1/preview/, at 200 and 2,000 nodes."""

from __future__ import annotations

import os
import statistics
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from benchmarks.in_process import django_ready

if TYPE_CHECKING:
    from clusters.models import Cluster
    from intent.snapshot import Snapshot

ROUNDS = int(os.environ.get("ROUNDS", "20"))
TIER = [{"matchLabels": {"tier": "1"}}]
ADVERTISEMENT = {"ipAddressPoolSelectors": TIER, "peers": ["p2"]}
WHAT = {
    "advertisement": "another BGPAdvertisement for 500 Services",
    "peer": "other timers of a BGPPeer",
    "deletion": "a BGPPeer deleted",
}


def changes() -> dict[str, list[dict[str, Any]]]:
    """Bodies by what is measured."""
    from benchmarks.bench_intent import peer_spec
    from benchmarks.bench_rules import manifest

    timers = {**peer_spec(3), "holdTime": "30s", "keepaliveTime": "10s"}
    return {
        "advertisement": [{"manifest": manifest("BGPAdvertisement", "a1", ADVERTISEMENT)}],
        "peer": [{"manifest": manifest("BGPPeer", "p3", timers)}],
        "deletion": [{"delete": {"kind": "BGPPeer", "name": "p3"}}],
    }


def filled(of: Snapshot) -> Cluster:
    """A cluster as rows, every session up."""
    from django.utils import timezone

    from clusters.models import Cluster

    now = timezone.now()
    cluster = Cluster.objects.create(
        name="large",
        source="added",
        mode="frr",
        metallb_version="0.16.1",
        namespace="metallb-system",
        checked_at=now,
        connected_at=now,
    )
    _resources(cluster, of)
    _nodes_and_services(cluster, of)
    _sessions(cluster, of, now)
    return cluster


def _resources(cluster: Cluster, of: Snapshot) -> None:
    from clusters.registry import resource_models

    for resource in of.resources:
        metadata = {"name": resource.name, "namespace": resource.ref.namespace, "labels": dict(resource.labels)}
        version = "v1beta2" if resource.ref.kind == "BGPPeer" else "v1beta1"
        live = {"apiVersion": f"metallb.io/{version}", "kind": resource.ref.kind, "spec": dict(resource.spec)}
        row = resource_models()[resource.ref.kind](
            cluster=cluster,
            namespace=resource.ref.namespace,
            name=resource.name,
            uid=resource.name,
            labels=dict(resource.labels),
            live={**live, "metadata": {**metadata, "uid": resource.name, "resourceVersion": "1"}},
        )
        row.spec = dict(resource.spec)
        row.save()


def _nodes_and_services(cluster: Cluster, of: Snapshot) -> None:
    from clusters.models import Node, Service

    nodes = [Node(cluster=cluster, name=node.name, uid=node.name, labels=dict(node.labels)) for node in of.nodes]
    Node.objects.bulk_create(nodes, batch_size=500)
    services = [
        Service(
            cluster=cluster,
            namespace=one.namespace,
            name=one.name,
            uid=one.name,
            addresses=list(one.addresses),
            address_count=1,
            traffic_policy="Local" if one.local else "Cluster",
            endpoint_nodes=list(one.endpoint_nodes),
            endpoint_count=len(one.endpoint_nodes),
        )
        for one in of.services
    ]
    Service.objects.bulk_create(services, batch_size=500)


def _sessions(cluster: Cluster, of: Snapshot, now: datetime) -> None:
    from intent.sessions import sessions
    from speakers.models import Session, Speaker

    columns = {"namespace": "metallb-system", "ready": "4/4", "observed_at": now, "attempted_at": now}
    speakers = [Speaker(cluster=cluster, node=node.name, pod=f"pod-{node.name}", **columns) for node in of.nodes]
    by_node = {one.node: one for one in Speaker.objects.bulk_create(speakers, batch_size=500)}
    up = {"state": "Established", "intended": True, "since": now, "remote_as": 64501, "local_as": 64500}
    rows = [
        Session(
            speaker=by_node[s.node], cluster=cluster, node=s.node, vrf=s.vrf, neighbor=s.neighbor, peer=s.peer, **up
        )
        for some in sessions(of).values()
        for s in some
    ]
    Session.objects.bulk_create(rows, batch_size=500)


def measure(body: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    """Milliseconds of wall clock and of CPU, of each of ROUNDS answers to an admin."""
    from django.contrib.auth import get_user_model
    from rest_framework.test import APIClient

    api = APIClient()
    api.force_authenticate(get_user_model().objects.get_or_create(username="admin", is_superuser=True)[0])
    walls, cpus = list[float](), list[float]()
    for number in range(ROUNDS + 1):
        began, worked = time.perf_counter(), time.process_time()
        response = api.post("/api/v1/preview/", body, format="json")
        took = (time.perf_counter() - began) * 1000, (time.process_time() - worked) * 1000
        if response.status_code != 200:
            raise RuntimeError(f"POST preview/ answered {response.status_code}: {response.content[:300]!r}")
        if number:  # what is read once for all is not counted
            walls.append(took[0])
            cpus.append(took[1])
    return walls, cpus


def main() -> None:
    """Figures preview.<what>.{p50,p95,cpu}.<nodes>, preview.<what>.growth."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.bench_intent import NODES, snapshot
    from benchmarks.report import record
    from clusters.models import Cluster

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.BGPUI_SWEEP_INTERVAL = 600.0  # the rows are of one moment; they must not grow old while they are measured
    call_command("migrate", verbosity=0)
    costs: dict[str, list[float]] = {}
    for nodes in NODES:
        Cluster.objects.all().delete()
        filled(snapshot(nodes))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        for name, body in changes().items():
            walls, cpus = measure(body)
            cuts = statistics.quantiles(walls, n=20, method="inclusive")
            costs.setdefault(name, []).append(statistics.median(cpus))
            said = f"POST preview/, {WHAT[name]}; {nodes:,} nodes, {ROUNDS} requests, SQLite, in process"
            record(f"preview.{name}.p50.{nodes}", statistics.median(walls), "ms", said)
            record(f"preview.{name}.p95.{nodes}", cuts[18], "ms", said)
            record(f"preview.{name}.cpu.{nodes}", costs[name][-1], "ms", f"{said}; median of CPU")
    for name, (few, many) in costs.items():
        record(f"preview.{name}.growth", many / few, "x", f"{WHAT[name]}: CPU with 10 times the nodes")


if __name__ == "__main__":
    with django_ready():
        main()
