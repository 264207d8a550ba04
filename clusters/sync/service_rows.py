"""Services and Namespaces as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clusters.kube.transport import Object
from clusters.models import Cluster, Namespace, Service
from intent.addresses import parse_address
from intent.snapshot import mapping, text

_CURRENT, _DEPRECATED = "metallb.io/", "metallb.universe.tf/"
_ASKED_POOL, _ASKED_IPS, _SHARED, _FROM_POOL = ANNOTATIONS = (
    "address-pool",
    "loadBalancerIPs",
    "allow-shared-ip",
    "ip-allocated-from-pool",
)
_MANY = 100  # ports, addresses of one Service


def namespace_row(cluster: Cluster, obj: Object) -> Namespace:
    """A Namespace as a row, not saved."""
    metadata = mapping(obj.get("metadata"))
    return Namespace(cluster=cluster, name=text(metadata.get("name"))[:63], labels=_texts(metadata.get("labels")))


def service_row(cluster: Cluster, obj: Object) -> Service:
    """A Service as a row, not saved; what only other objects say of it is left out."""
    metadata, spec = mapping(obj.get("metadata")), mapping(obj.get("spec"))
    annotations = _texts(metadata.get("annotations"))
    own = {
        name: value
        for name, value in annotations.items()
        if name.removeprefix(_CURRENT).removeprefix(_DEPRECATED) in ANNOTATIONS
    }
    addresses = _addresses(mapping(mapping(obj.get("status")).get("loadBalancer")).get("ingress"))
    asked = _annotated(own, _ASKED_IPS) or text(spec.get("loadBalancerIP"))
    return Service(
        cluster=cluster,
        namespace=text(metadata.get("namespace"))[:63],
        name=text(metadata.get("name"))[:253],
        uid=text(metadata.get("uid"))[:64],
        labels=_texts(metadata.get("labels")),
        annotations={name: value[:1000] for name, value in own.items()},
        addresses=addresses,
        address_count=len(addresses),
        ports=_ports(spec.get("ports")),
        pool=_annotated(own, _FROM_POOL)[:253],
        requested_pool=_annotated(own, _ASKED_POOL)[:253],
        requested_addresses=[one.strip()[:100] for one in asked.split(",")[:_MANY]] if asked else [],
        sharing_key=_annotated(own, _SHARED)[:253],
        traffic_policy=text(spec.get("externalTrafficPolicy"))[:20] or Service.TrafficPolicy.CLUSTER,
        ip_families=[text(one)[:10] for one in _list(spec.get("ipFamilies"))[:2]],
        ip_family_policy=text(spec.get("ipFamilyPolicy"))[:30],
        load_balancer_class=text(spec.get("loadBalancerClass"))[:253],
        created_at=_instant(metadata.get("creationTimestamp")),
    )


def _annotated(annotations: Mapping[str, str], name: str) -> str:
    """The value as MetalLB reads it: its present prefix counts, even with an empty value, before the deprecated one."""
    return annotations.get(_CURRENT + name, annotations.get(_DEPRECATED + name, ""))


def _addresses(ingress: object) -> list[str]:
    found = (text(mapping(entry).get("ip"))[:45] for entry in _list(ingress)[:_MANY])
    return [str(parse_address(address) or address) for address in found if address]


def _ports(ports: object) -> list[dict[str, Any]]:
    kept = (mapping(port) for port in _list(ports)[:_MANY])
    return [
        {"name": text(port.get("name"))[:63], "protocol": text(port.get("protocol"))[:10] or "TCP"}
        | {name: port[name] for name in ("port", "nodePort") if isinstance(port.get(name), int)}
        for port in kept
    ]


def _texts(found: object) -> dict[str, str]:
    return {name: value for name, value in mapping(found).items() if isinstance(value, str)}


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _instant(found: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text(found)) if found else None
    except ValueError:
        return None
