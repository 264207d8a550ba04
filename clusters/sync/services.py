"""Services of type LoadBalancer with their endpoints' nodes, and Namespaces: read, and kept as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from clusters.kube.client import Door, Many
from clusters.kube.discovery import Problem
from clusters.kube.errors import Forbidden, Rejected
from clusters.kube.kinds import ENDPOINT_SLICES, EVENTS, NAMESPACES, SERVICES
from clusters.kube.transport import Object
from clusters.models import Cluster, Namespace, Service, ServiceAddress
from clusters.models.services import sort_key
from clusters.selectors import resource_list, resource_of
from clusters.sync.mirror import Mirror
from clusters.sync.service_rows import namespace_row, service_row
from intent.addresses import parse_address
from intent.pools import PoolIndex
from intent.snapshot import mapping, text

LOAD_BALANCERS = "spec.type=LoadBalancer"  # field selectors
WARNINGS = "involvedObject.kind=Service,type=Warning"
_SERVICE_NAME = "kubernetes.io/service-name"
_SELECTOR = 4000  # characters of a selector by name; the API server bounds the line of a request
Key = tuple[str, str]
_SERVICE_FIELDS = (
    "uid", "labels", "annotations", "addresses", "ports", "pool", "requested_pool", "requested_addresses",
    "sharing_key", "traffic_policy", "ip_families", "ip_family_policy", "load_balancer_class", "endpoint_nodes",
    "warning", "created_at", "address_count", "endpoint_count",
)  # fmt: skip


def namespaces_follow(cluster: Cluster, door: Door, problems: list[Problem]) -> bool:
    """Keep the Namespaces as listed; whether something changed. Raises KubeError; a missing right is a problem."""
    try:
        return namespaces_look(cluster, door)[0]
    except Forbidden as error:
        problems.append(Problem(error.message, "Allow bgpui to list namespaces."))
        return False


def namespaces_look(cluster: Cluster, door: Door) -> tuple[bool, str]:
    """The same; whether something changed, and the list's resourceVersion."""
    known = ROOMS.known(cluster)
    listed = door.gather(NAMESPACES, lambda obj: namespace_row(cluster, obj))
    return ROOMS.write(cluster, listed, known).changed, listed.version


def namespaces_event(cluster: Cluster, objects: Mapping[str, Object | None]) -> bool:
    """Keep these Namespaces as an event stream says, None = gone; whether something changed."""
    rows = {(name,): namespace_row(cluster, obj) for name, obj in objects.items() if obj is not None}
    keys = [(name,) for name in objects]
    return ROOMS.follow(cluster, keys, lambda left: [row for key, row in rows.items() if key in left])


def services_follow(cluster: Cluster, door: Door, problems: list[Problem]) -> bool:
    """Keep the Services and their endpoints' nodes as listed; whether something changed. As for namespaces_follow."""
    try:
        return services_look(cluster, door, problems)[0]
    except Forbidden as error:
        problems.append(Problem(error.message, "Allow bgpui to list services in all namespaces."))
        return False


def services_look(cluster: Cluster, door: Door, problems: list[Problem]) -> tuple[bool, str]:
    """The same; whether something changed, and the list's resourceVersion. Raises Forbidden without the right to it."""
    known = SERVICE_ROWS.known(cluster)
    services = _load_balancers(cluster, door)
    problems += _complete(cluster, door, services)
    return SERVICE_ROWS.write(cluster, services, known).changed, services.version


def services_event(
    cluster: Cluster, door: Door, objects: Mapping[Key, Object | None], touched: Collection[Key] = ()
) -> bool:
    """Keep these Services as an event stream says, None = gone; whether something changed. Raises KubeError.

    touched: Services whose endpoints or warnings have changed. Both are read anew.
    """
    others = {key for key in touched if key not in objects}
    names = {name for _namespace, name in others}
    stored = (
        {(row.namespace, row.name) for row in cluster.services.filter(name__in=names)} & others if others else set()
    )

    def rows(left: Collection[Key]) -> list[Service]:
        told = [
            service_row(cluster, obj)
            for key, obj in objects.items()
            if obj is not None and key in left and _is_load_balancer(obj)
        ]
        again = cluster.services.filter(name__in=names) if stored else ()
        services = told + [row for row in again if (row.namespace, row.name) in stored.intersection(left)]
        _complete(cluster, door, services)
        return services

    return SERVICE_ROWS.follow(cluster, objects.keys() | stored, rows)


def slice_of(obj: Object) -> Key:
    """The Service that an EndpointSlice belongs to."""
    metadata = mapping(obj.get("metadata"))
    return text(metadata.get("namespace")), text(mapping(metadata.get("labels")).get(_SERVICE_NAME))


def warned_of(obj: Object) -> Key:
    """The object that an Event is about."""
    about = mapping(obj.get("involvedObject"))
    return text(about.get("namespace")), text(about.get("name"))


def _complete(cluster: Cluster, door: Door, services: Sequence[Service]) -> list[Problem]:
    """Fill in what other objects say of these Services; what is missing for that."""
    problems: list[Problem] = []
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
    return problems


def _is_load_balancer(obj: Object) -> bool:
    return mapping(obj.get("spec")).get("type") == "LoadBalancer"


def _load_balancers(cluster: Cluster, door: Door) -> Many[Service]:
    def keep(obj: Object) -> Service | None:
        return service_row(cluster, obj) if _is_load_balancer(obj) else None

    try:
        return door.gather(SERVICES, keep, fields=LOAD_BALANCERS)
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
        if (key := slice_of(obj)) in services:
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
        source = mapping(obj.get("source"))
        by = text(source.get("component")) or text(obj.get("reportingComponent"))
        if by.startswith("metallb"):
            key = warned_of(obj)
            at = text(obj.get("lastTimestamp")) or text(obj.get("eventTime"))
            latest[key] = max(latest.get(key, ("", "")), (at, text(obj.get("message"))[:500]))

    try:
        door.gather(EVENTS, keep, fields=WARNINGS)
    except Forbidden:
        return {}
    return {key: words for key, (_at, words) in latest.items()}


def _known_nodes(cluster: Cluster) -> dict[Key, set[str]]:
    rows = cluster.services.values_list("namespace", "name", "endpoint_nodes")
    return {(namespace, name): set(nodes) for namespace, name, nodes in rows}


def _addresses_write(services: Sequence[Service]) -> None:
    """The addresses of these Services, which were just written, as rows of their own."""
    rows = []
    for service in services:
        for address in {one for word in service.addresses if (one := parse_address(word)) is not None}:
            place = {"service": service, "cluster": service.cluster, "pool": service.pool, "family": address.version}
            rows.append(ServiceAddress(**place, address=str(address), sort_key=sort_key(address)))
    ServiceAddress.objects.filter(service__in=[service.pk for service in services]).delete()
    ServiceAddress.objects.bulk_create(rows, ignore_conflicts=True)


ROOMS = Mirror(Namespace, key=("name",), fields=("labels",))
SERVICE_ROWS = Mirror(Service, key=("namespace", "name"), fields=_SERVICE_FIELDS, written=_addresses_write)
