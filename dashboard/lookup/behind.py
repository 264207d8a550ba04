"""The services behind a prefix: those that have the address themselves, apart from what an aggregate covers."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable

from clusters.models import Cluster, ServiceAddress
from dashboard.lookup.answer import Aggregate
from intent.announcements import Announcement, ServiceRef


def services_of(cluster: Cluster, prefix: str, covering: Iterable[Announcement]) -> list[tuple[str, str]]:
    """Those that have the address, or that are announced with this very prefix, by namespace and name."""
    network = ipaddress.ip_network(prefix)
    if network.prefixlen == network.max_prefixlen:
        rows = ServiceAddress.objects.filter(cluster=cluster, address=str(network.network_address))
        return sorted(set(rows.values_list("service__namespace", "service__name")))
    return sorted({(ref.namespace, ref.name) for each in covering for ref in each.services})


def aggregates_of(prefix: str, covering: Iterable[Announcement]) -> list[Aggregate]:
    """The shorter prefixes that hold it, the longest first."""
    network, behind = ipaddress.ip_network(prefix), defaultdict[str, set[ServiceRef]](set)
    for each in covering:
        if ipaddress.ip_network(each.prefix) != network:
            behind[each.prefix].update(each.services)
    several = sorted(behind, key=lambda one: (-ipaddress.ip_network(one).prefixlen, one))
    return [Aggregate(one, len(behind[one])) for one in several]
