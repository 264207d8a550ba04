"""Services of the demo with what runs behind them; some of them are not announced, each for another reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lab.manifests import Manifest
from lab.seed.pools import LAN, ON_REQUEST, STORAGE, TENANTS, UNANNOUNCED
from lab.seed.writing import manifest

NAMESPACES = {"shop": "commerce", "media": "content", "platform": "infrastructure"}
_LOCAL = {"externalTrafficPolicy": "Local"}


@dataclass(frozen=True, slots=True)
class Workload:
    """A Service and the Deployment of its name. replicas: None = no Deployment of its own. asks: MetalLB's annotations.

    app: whose pods it selects, "" = its own.
    """

    name: str
    port: int
    replicas: int | None = 1
    protocol: str = "TCP"
    app: str = ""
    asks: dict[str, str] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)


WORKLOADS = {
    "shop": (
        Workload("web", 443, 3),
        Workload("api", 8443, 2),
        Workload("checkout", 443, 0),  # nothing runs behind it
    ),
    "media": (
        Workload("stream", 1935, 2, spec={"ipFamilyPolicy": "RequireDualStack", **_LOCAL}),
        Workload("images", 443, 2, spec={"ipFamilyPolicy": "PreferDualStack"}),
        Workload("upload", 443, 0, spec=dict(_LOCAL)),  # no node has an endpoint
    ),
    "platform": (
        Workload("dns", 53, 2, asks={"allow-shared-ip": "dns"}),
        Workload("dns-udp", 53, None, "UDP", "dns", asks={"allow-shared-ip": "dns"}),
        Workload("gateway", 443, 2),
        Workload("vpn", 1194, 1, "UDP", asks={"address-pool": ON_REQUEST}),
        Workload("vpn-standby", 1194, 1, "UDP", asks={"address-pool": ON_REQUEST}),  # no address is left
        Workload("metrics", 9090, asks={"address-pool": UNANNOUNCED}),  # no advertisement is for its pool
        Workload("registry", 5000, asks={"address-pool": STORAGE}),
        Workload("tenant-a", 8080, 2, asks={"address-pool": TENANTS}),
        Workload("printer", 631, asks={"address-pool": LAN}),
    ),
}


def workload_objects() -> Iterator[Manifest]:
    """Namespaces, Deployments and Services."""
    for namespace, team in NAMESPACES.items():
        home = manifest("v1", "Namespace", namespace)
        home["metadata"]["labels"] = {"team": team}
        yield home
        for workload in WORKLOADS[namespace]:
            if workload.replicas is not None:
                yield _deployment(namespace, workload)
            yield _service(namespace, workload)


def _deployment(namespace: str, workload: Workload) -> Manifest:
    labels = {"app": workload.name}
    port = {"name": "service", "containerPort": workload.port, "protocol": workload.protocol}
    container = {"name": workload.name, "image": f"registry.example.com/{namespace}/{workload.name}:1", "ports": [port]}
    spec = {
        "replicas": workload.replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    return manifest("apps/v1", "Deployment", workload.name, namespace, spec=spec)


def _service(namespace: str, workload: Workload) -> Manifest:
    app = {"app": workload.app or workload.name}
    port = {"name": "service", "port": workload.port, "protocol": workload.protocol, "targetPort": workload.port}
    spec = {"type": "LoadBalancer", "selector": app, "ports": [port], **workload.spec}
    written = manifest("v1", "Service", workload.name, namespace, spec=spec)
    written["metadata"] |= {"labels": app}
    if workload.asks:
        written["metadata"]["annotations"] = {f"metallb.io/{name}": value for name, value in workload.asks.items()}
    return written
