"""Lists of Services, their numbers, and who shares an address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Min, Q, QuerySet

from clusters.models import Cluster, Service, ServiceAddress, StatusObject
from clusters.reported.selectors import said
from clusters.selectors import clusters_known
from intent.addresses import parse_address
from pools.models import IPAddressPool

STATES = {
    "no-address": Q(address_count=0),
    "no-endpoint": Q(endpoint_count=0),
    "shared": ~Q(sharing_key=""),
    "asked": ~Q(requested_pool="") | ~Q(requested_addresses=[]),
}
_WORDS = 5
_REPORTS = 10_000  # of one Service: one of each kind a node
_POOLS = 200


def services_matching(words: str) -> QuerySet[Service]:
    """Services whose name, namespace, pool or address is meant by all of the words."""
    rows = Service.objects.select_related("cluster")
    for word in words.split()[:_WORDS]:
        address = parse_address(word)
        start = str(address) if address else word.lower()
        # A part of an address is looked for from its beginning: the index has it, and 10.0 is not in 192.110.0.1.
        its = ServiceAddress.objects.filter(**{"address" if address else "address__startswith": start})
        found = Q(name__icontains=word) | Q(namespace__icontains=word) | Q(pool__icontains=word)
        rows = rows.filter(
            found | Q(pk__in=its.values("service")) if set(start) <= set("0123456789abcdef.:") else found
        )
    return rows


def by_address(rows: QuerySet[Service]) -> QuerySet[Service]:
    """The rows with `first_address`, by which they can be put in order."""
    return rows.annotate(first_address=Min("address_rows__sort_key"))


def service_numbers(cluster: Cluster | None) -> dict[str, int]:
    """All Services, and those that lack something; one query."""
    rows = Service.objects.filter(cluster=cluster) if cluster else Service.objects.all()
    return rows.aggregate(
        total=Count("pk"),
        no_address=Count("pk", filter=STATES["no-address"]),
        no_endpoint=Count("pk", filter=STATES["no-endpoint"]),
    )


def pool_names(cluster: Cluster | None) -> list[str]:
    """The pools that Services have addresses of, the first 200 by name."""
    rows = Service.objects.filter(cluster=cluster) if cluster else Service.objects.all()
    return list(rows.exclude(pool="").order_by("pool").values_list("pool", flat=True).distinct()[:_POOLS])


def addresses_of(pool: IPAddressPool, words: str = "") -> QuerySet[ServiceAddress]:
    """The addresses of a pool that Services have, in their order; words: in the address or the Service's name."""
    rows = ServiceAddress.objects.filter(cluster=pool.cluster, pool=pool.name)
    if pool.namespace != pool.cluster.namespace:
        rows = rows.none()
    for word in words.split()[:_WORDS]:
        start = str(parse_address(word) or word.lower())
        named = Q(service__name__icontains=word) | Q(service__namespace__icontains=word)
        rows = rows.filter(named | Q(address__startswith=start))
    return rows.select_related("service", "service__cluster").order_by("sort_key", "service__name", "pk")


def sharing(service: Service, most: int = 20) -> list[ServiceAddress]:
    """Addresses of other Services that this one has, too, the first few."""
    own: Collection[str] = service.addresses
    rows = ServiceAddress.objects.filter(cluster=service.cluster_id, address__in=own).exclude(service=service)
    return list(rows.select_related("service", "service__cluster").order_by("sort_key", "service__name")[:most])


class Told(NamedTuple):
    """What MetalLB reports in the same words of one or many nodes. since: none of them says it for less long."""

    kind: str
    words: str
    since: datetime
    rows: list[StatusObject]


def reports(service: Service) -> list[Told]:
    """What MetalLB reports of a Service, by kind and node."""
    kinds = ("ServiceBGPStatus", "ServiceL2Status")
    rows = StatusObject.objects.filter(cluster=service.cluster_id, kind__in=kinds)
    rows = rows.filter(service_namespace=service.namespace, service_name=service.name).select_related("cluster")
    alike = defaultdict[tuple[str, str], list[StatusObject]](list)
    for row in rows.order_by("kind", "node", "name")[:_REPORTS]:
        alike[row.kind, said(row)].append(row)
    return [Told(*about, max(row.seen_at for row in some), some) for about, some in alike.items()]


def not_listed() -> list[str]:
    """Clusters whose Services bgpui may not list, so that what is shown of them is old, or nothing."""
    return [
        cluster.name
        for cluster in clusters_known().only("name", "permissions")
        if any(one["resource"] == "services" and not one["allowed"] for one in cluster.permissions)
    ]
