"""Facts that rules and pages need beside the objects: Nodes, and the cluster itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

from django.conf import settings

from clusters import clock
from clusters.kube import discovery, permissions, served
from clusters.kube.client import Door
from clusters.kube.discovery import Problem
from clusters.kube.errors import Forbidden
from clusters.kube.permissions import Permission
from clusters.models import Cluster, Node
from clusters.observing import chosen
from clusters.registry import resource_models
from clusters.selectors import clusters_active
from clusters.sync.happened import nodes_happened
from clusters.sync.mirror import Known, Mirror
from clusters.sync.status import status_needs
from clusters.told import nodes_told
from clusters.workloads import workloads_on
from intent.snapshot import Mode

_NODE_FIELDS = (
    "uid",
    "labels",
    "zone",
    "zone_print",
    "addresses",
    "subnets",
    "ready",
    "unschedulable",
    "network_unavailable",
)
NODES = Mirror(Node, key=("name",), fields=_NODE_FIELDS, happens=nodes_happened)
_HOST_CIDRS = "k8s.ovn.org/host-cidrs"
_SUBNETS = 200  # of one node
_GRANTED_AGE = timedelta(minutes=10)
_MISSING_AGE = timedelta(seconds=60)


def nodes_write(cluster: Cluster, objects: Iterable[Mapping[str, Any]], known: Known) -> bool:
    """Keep the Nodes as listed, `known` being the rows of before; whether something changed."""
    return NODES.write(cluster, [_node(cluster, obj) for obj in objects], known).changed


def nodes_event(cluster: Cluster, objects: Mapping[str, Mapping[str, Any] | None]) -> bool:
    """Keep these Nodes as an event stream says, None = gone; whether something changed."""
    rows = {(name,): _node(cluster, obj) for name, obj in objects.items() if obj is not None}
    keys = [(name,) for name in objects]
    changed = NODES.follow(cluster, keys, lambda left: [row for key, row in rows.items() if key in left])
    if changed:  # labels decide which sessions it should run, readiness whether what is reported of it counts
        nodes_told(cluster, objects)
    return changed


def discover(cluster: Cluster, door: Door) -> dict[str, Any]:
    """What a look at the cluster as a whole says, as columns of its row. Raises KubeError."""
    problems: list[Problem] = []
    found: dict[str, Any] = {"kubernetes_version": door.version(), "served": served.versions(door)}
    found["uid"] = served.uid_of(door)
    problems += _twice(cluster, found["uid"])
    namespace, rooms = cluster.namespace, set(discovery.NAMESPACES[:1])
    try:
        metallb = discovery.find_metallb(door, (namespace,))
    except Forbidden as error:
        problems.append(Problem(error.message, "Allow bgpui to list pods where MetalLB and FRR run."))
    else:
        problems += metallb.problems
        namespace = metallb.namespace or namespace
        rooms = {pod.namespace for pod in metallb.pods} or rooms
        found |= {"mode": metallb.mode.value, "metallb_version": metallb.version}
        found |= {"secret_passthrough": metallb.secret_passthrough, "ignores_exclude": metallb.ignores_exclude}
    kinds = [model.KIND for model in resource_models().values()]
    found["served_fields"] = served.fields(door, kinds)
    for kind in kinds:
        versions = found["served"].get(f"{kind.plural}.{kind.group}", [])
        if kind.version not in versions:
            text = f"The API server does not serve {kind.kind} in version {kind.version}"
            text += f", only {', '.join(versions)}." if versions else "."
            problems.append(Problem(text, "Install MetalLB's CustomResourceDefinitions, 0.13.2 or newer."))
    found |= {"namespace": namespace, "frr_namespaces": sorted(rooms)}
    for name, value in found.items():
        setattr(cluster, name, value)
    needed = permissions.needs(
        kinds, namespace, sorted(rooms), cluster.secret_namespace, status_needs(cluster),
        exec_wanted=chosen(cluster) != Cluster.Observe.NO_EXEC, native=cluster.mode == Mode.NATIVE.value,
    )  # fmt: skip
    needed += permissions.workload_needs() if workloads_on(cluster) else []
    found |= _permissions(cluster, door, needed)
    found |= {"problems": [asdict(problem) for problem in problems]}
    return found | {"discovered_at": clock.now()}


def _twice(cluster: Cluster, uid: str) -> Iterator[Problem]:
    """The settings may name a cluster twice; one that is added is compared before."""
    others = clusters_active().filter(uid=uid).exclude(name=cluster.name)
    if uid and cluster.pk is not None and (other := others.first()):
        yield Problem(f"This is the same cluster as {other.name}: everything is done twice.", "Remove one of them.")


def _permissions(cluster: Cluster, door: Door, needs: list[Permission]) -> dict[str, Any]:
    """Columns that say who we are and what we may; a request each, so asked anew only when it may have changed.

    A right that is missing is waited for; that one was taken away shows in the answers, too.
    """
    known: list[dict[str, Any]] = cluster.permissions
    age = (
        _GRANTED_AGE
        if all(permission["allowed"] or permission.get("optional") for permission in known)
        else _MISSING_AGE
    )
    recent = cluster.permissions_at is not None and clock.now() - cluster.permissions_at < age
    if recent and [permission | {"allowed": False} for permission in known] == [need.as_dict() for need in needs]:
        return {}
    asked = [permission.as_dict() for permission in permissions.review(door, needs)]
    return {"permissions": asked, "identity": door.identity(), "permissions_at": clock.now()}


def _node(cluster: Cluster, obj: Mapping[str, Any]) -> Node:
    metadata, status = obj.get("metadata") or {}, obj.get("status") or {}
    addresses = [
        str(entry.get("address", ""))
        for entry in status.get("addresses") or ()
        if entry.get("type") in ("InternalIP", "ExternalIP")
    ]
    conditions = {entry.get("type"): entry.get("status") for entry in status.get("conditions") or ()}
    name, labels = str(metadata.get("name", ""))[:253], metadata.get("labels") or {}
    zone = str(labels.get(settings.BGPUI_ZONE_LABEL, ""))[:63]
    return Node(
        cluster=cluster,
        name=name,
        uid=str(metadata.get("uid", ""))[:64],
        labels=labels,
        zone=zone,
        zone_print=zone_print(name, zone),
        addresses=addresses,
        subnets=_subnets(metadata.get("annotations") or {}),
        ready=conditions.get("Ready", "True") == "True",
        unschedulable=bool((obj.get("spec") or {}).get("unschedulable")),
        network_unavailable=conditions.get("NetworkUnavailable") == "True",
    )


def zone_print(name: str, zone: str) -> int:
    """What a node adds to the sum that tells whether one moved: 40 bits, so that the sum over a fleet fits a column."""
    return int.from_bytes(hashlib.blake2b(f"{name}/{zone}".encode("utf-8", "surrogatepass"), digest_size=5).digest())


def _subnets(annotations: Mapping[str, Any]) -> list[str]:
    """The networks that OVN-Kubernetes has found on the node; no other network plugin tells. A /32 is no link."""
    try:
        told = json.loads(annotations.get(_HOST_CIDRS) or "[]")
        networks = {ip_network(one, strict=False) for one in told[:_SUBNETS] if isinstance(one, str)}
    except (ValueError, TypeError, RecursionError):
        return []
    return sorted(str(network) for network in networks if network.num_addresses > 1)
