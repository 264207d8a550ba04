"""Services of type LoadBalancer with their endpoints' nodes, and Namespaces: read, and kept as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from clusters.kube.client import Door
from clusters.kube.discovery import Problem
from clusters.kube.errors import Forbidden, Rejected
from clusters.kube.kinds import ENDPOINT_SLICES, EVENTS, NAMESPACES, SERVICES
from clusters.kube.transport import Object
from clusters.models import Cluster, Namespace, Service, ServiceAddress
from clusters.models.services import sort_key
from clusters.selectors import resource_list, resource_of
from clusters.sync.mirror import mirror
from intent.addresses import parse_address
from intent.pools import PoolIndex
from intent.snapshot import mapping, text

_CURRENT, _DEPRECATED = "metallb.io/", "metallb.universe.tf/"
_ASKED_POOL, _ASKED_IPS, _SHARED, _FROM_POOL = ANNOTATIONS = (
    "address-pool",
    "loadBalancerIPs",
    "allow-shared-ip",
    "ip-allocated-from-pool",
)
_SERVICE_NAME = "kubernetes.io/service-name"
_SELECTOR = 4000  # characters of a selector by name; the API server bounds the line of a request
_MANY = 100  # ports, addresses of one Service
Key = tuple[str, str]
_SERVICE_FIELDS = (
    "uid", "labels", "annotations", "addresses", "ports", "pool", "requested_pool", "requested_addresses",
    "sharing_key", "traffic_policy", "ip_families", "ip_family_policy", "load_balancer_class", "endpoint_nodes",
    "warning", "created_at", "address_count", "endpoint_count",
)  # fmt: skip


def namespaces_follow(cluster: Cluster, door: Door, problems: list[Problem]) -> bool:
    """Keep the Namespaces as listed; whether something changed. Raises KubeError; a missing right is a problem."""
    try:
        listed = door.gather(NAMESPACES, lambda obj: _namespace(cluster, obj))
    except Forbidden as error:
        problems.append(Problem(error.message, "Allow bgpui to list namespaces."))
        return False
    return mirror(Namespace, cluster, listed, key=("name",), fields=("labels",))


def services_follow(cluster: Cluster, door: Door, problems: list[Problem]) -> bool:
    """Keep the Services and their endpoints' nodes as listed; whether something changed. As for namespaces_follow."""
    try:
        services = _load_balancers(cluster, door)
    except Forbidden as error:
        problems.append(Problem(error.message, "Allow bgpui to list services in all namespaces."))
        return False
    try:
        nodes = _endpoint_nodes(door, {(row.namespace, row.name) for row in services})
    except Forbidden as error:
        problems.append(Problem(error.message, "Allow bgpui to list endpointslices in all namespaces."))
        nodes = _known_nodes(cluster)
    words = _warnings(door) if any(not row.addresses for row in services) else {}
    _pools_find(cluster, [row for row in services if row.addresses and not row.pool])
    for row in services:
        row.endpoint_nodes = sorted(nodes.get((row.namespace, row.name), ()))
        row.endpoint_count = len(row.endpoint_nodes)
        row.warning = "" if row.addresses else words.get((row.namespace, row.name), "")
    key = ("namespace", "name")
    return mirror(Service, cluster, services, key=key, fields=_SERVICE_FIELDS, written=_addresses_write)


def _load_balancers(cluster: Cluster, door: Door) -> list[Service]:
    def keep(obj: Object) -> Service | None:
        return _service(cluster, obj) if mapping(obj.get("spec")).get("type") == "LoadBalancer" else None

    try:
        return door.gather(SERVICES, keep, fields="spec.type=LoadBalancer")
    except Forbidden:
        raise
    except Rejected:  # older API servers know no such field selector
        return door.gather(SERVICES, keep)


def _endpoint_nodes(door: Door, services: Collection[Key]) -> dict[Key, set[str]]:
    """The nodes where an endpoint of each of these Services is ready or serving."""
    if not services:
        return {}
    names = f"{_SERVICE_NAME} in ({','.join(sorted({name for _namespace, name in services}))})"
    found: dict[Key, set[str]] = {}

    def keep(obj: Object) -> None:
        metadata = mapping(obj.get("metadata"))
        key = text(metadata.get("namespace")), text(mapping(metadata.get("labels")).get(_SERVICE_NAME))
        if key in services:
            found.setdefault(key, set()).update(_serving(obj.get("endpoints")))

    door.gather(ENDPOINT_SLICES, keep, labels=names if len(names) < _SELECTOR else _SERVICE_NAME)
    return found


def _serving(endpoints: object) -> Iterable[str]:
    """Nodes as MetalLB counts them: a condition that is not there means ready."""
    for endpoint in endpoints if isinstance(endpoints, list) else ():
        conditions = mapping(mapping(endpoint).get("conditions"))
        if conditions.get("ready") is not False or conditions.get("serving") is True:
            yield text(mapping(endpoint).get("nodeName"))


def _pools_find(cluster: Cluster, services: Sequence[Service]) -> None:
    """The pools of Services that no annotation names one of, as of old releases: the one that holds their addresses."""
    if services:
        rows = resource_list("IPAddressPool", cluster=cluster).filter(namespace=cluster.namespace).exclude(live=None)
        index = PoolIndex(resource_of(row.ref, row.live or {}) for row in rows)
        for row in services:
            row.pool = index.holding_all(filter(None, map(parse_address, row.addresses)))[:253]


def _warnings(door: Door) -> dict[Key, str]:
    """The last warning of MetalLB's controller about each Service; without the right to read them, none."""
    latest: dict[Key, tuple[str, str]] = {}

    def keep(obj: Object) -> None:
        about, source = mapping(obj.get("involvedObject")), mapping(obj.get("source"))
        by = text(source.get("component")) or text(obj.get("reportingComponent"))
        if by.startswith("metallb"):
            key = text(about.get("namespace")), text(about.get("name"))
            at = text(obj.get("lastTimestamp")) or text(obj.get("eventTime"))
            latest[key] = max(latest.get(key, ("", "")), (at, text(obj.get("message"))[:500]))

    try:
        door.gather(EVENTS, keep, fields="involvedObject.kind=Service,type=Warning")
    except Forbidden:
        return {}
    return {key: words for key, (_at, words) in latest.items()}


def _known_nodes(cluster: Cluster) -> dict[Key, set[str]]:
    rows = cluster.services.values_list("namespace", "name", "endpoint_nodes")
    return {(namespace, name): set(nodes) for namespace, name, nodes in rows}


def _namespace(cluster: Cluster, obj: Object) -> Namespace:
    metadata = mapping(obj.get("metadata"))
    return Namespace(cluster=cluster, name=text(metadata.get("name"))[:63], labels=_texts(metadata.get("labels")))


def _service(cluster: Cluster, obj: Object) -> Service:
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


def _addresses_write(services: Sequence[Service]) -> None:
    """The addresses of these Services as rows of their own."""
    cluster = services[0].cluster
    names = {row.name for row in services}
    stored = cluster.services.filter(name__in=names).values_list("namespace", "name", "pk")
    keys = {(namespace, name): pk for namespace, name, pk in stored}
    rows = []
    for service in services:
        pk = keys[service.namespace, service.name]
        for address in {one for word in service.addresses if (one := parse_address(word)) is not None}:
            place = {"service_id": pk, "cluster": cluster, "pool": service.pool, "family": address.version}
            rows.append(ServiceAddress(**place, address=str(address), sort_key=sort_key(address)))
    ServiceAddress.objects.filter(service__in=[keys[row.namespace, row.name] for row in services]).delete()
    ServiceAddress.objects.bulk_create(rows, ignore_conflicts=True)


def _texts(found: object) -> dict[str, str]:
    return {name: value for name, value in mapping(found).items() if isinstance(value, str)}


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _instant(found: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text(found)) if found else None
    except ValueError:
        return None
