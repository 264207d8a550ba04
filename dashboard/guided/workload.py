"""The workload that the OpenShift documentation tests a service with: made and removed as reviewed change sets.

Who may have it, `clusters.workloads` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from clusters.changesets.wanted import Wanted
from clusters.kube.plain import MANAGED_BY, PLAIN_KINDS
from clusters.kube.writing import FIELD_MANAGER
from clusters.models import ChangeSetItem, Cluster
from intent.modes import release

NAMESPACE, DEPLOYMENT, SERVICE = "test", "server", "server1"
_PORT = 30100
_LABELS = {"app": DEPLOYMENT}
_NONE: Mapping[str, str] = MappingProxyType({})
_PREFIX_SINCE = (0, 15, 0)  # from here on the older prefix of annotations is surely deprecated


def manifests(annotations: Mapping[str, str] = _NONE) -> list[dict[str, Any]]:
    """Namespace, Deployment and Service, as the documentation has them; annotations: of the Service."""
    container = {
        "name": DEPLOYMENT,
        "image": "registry.redhat.io/ubi9/ubi",
        "ports": [{"name": "http", "containerPort": _PORT}],
        "command": ["/bin/sh", "-c"],
        "args": ["sleep INF"],
    }
    template = {"metadata": {"labels": _LABELS}, "spec": {"containers": [container]}}
    port = {"name": "http", "port": _PORT, "protocol": "TCP", "targetPort": _PORT}
    service = _object("Service", SERVICE, {"ports": [port], "selector": _LABELS, "type": "LoadBalancer"})
    if annotations:
        service["metadata"]["annotations"] = dict(annotations)
    return [
        _object("Namespace", NAMESPACE),
        _object("Deployment", DEPLOYMENT, {"selector": {"matchLabels": _LABELS}, "template": template}),
        service,
    ]


def wanted(pool: str = "", version: str = "") -> list[Wanted]:
    """All of it, to be made. pool: the only one for the Service, "" = any; version: MetalLB's."""
    key = "metallb.io/address-pool" if release(version) >= _PREFIX_SINCE else "metallb.universe.tf/address-pool"
    found = manifests({key: pool} if pool else _NONE)
    return [Wanted(one["kind"], _place(one["kind"]), one["metadata"]["name"], one) for one in found]


def removal() -> list[Wanted]:
    """All of it, to be removed; only what bgpui has made is."""
    return [Wanted(one.kind, one.namespace, one.name, None) for one in wanted()]


def is_there(cluster: Cluster) -> bool:
    """Whether anything of it is: as last listed, or made by a change set since."""
    rooms = cluster.namespaces.filter(name=NAMESPACE).values_list("labels", flat=True)
    services = cluster.services.filter(namespace=NAMESPACE, name=SERVICE).values_list("labels", flat=True)
    if any(labels.get(MANAGED_BY) == FIELD_MANAGER for labels in (*rooms, *services)):
        return True
    items = ChangeSetItem.objects.filter(change_set__cluster=cluster, kind="Namespace", name=NAMESPACE)
    last = items.exclude(change_set__settled_at=None).order_by("-pk").select_related("change_set").first()
    if last is None or last.action != ChangeSetItem.Action.CREATE or last.state != ChangeSetItem.State.APPLIED:
        return False
    looked, made = cluster.checked_at, last.change_set.settled_at
    return looked is None or made is None or made >= looked


def _object(kind: str, name: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    place = {"namespace": _place(kind)} if _place(kind) else {}
    found = {"apiVersion": PLAIN_KINDS[kind].api_version, "kind": kind, "metadata": {"name": name, **place}}
    return {**found, "spec": spec} if spec else found


def _place(kind: str) -> str:
    return NAMESPACE if PLAIN_KINDS[kind].namespaced else ""
