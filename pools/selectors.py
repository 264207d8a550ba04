"""Which advertisements announce which pools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from clusters.edits.inforce import REFUSED, as_in_force
from clusters.models import Cluster, Resource
from clusters.registry import rows_of
from clusters.resources.uses import intended
from clusters.selectors import nodes_of
from intent.addresses import parse_address
from intent.findings import ObjectRef
from intent.placement import Placement
from intent.pool_choice import PoolChoice
from intent.pools import AddressRange, address_range
from intent.reaching import reaches_nobody
from intent.snapshot import Resource as Intended
from intent.snapshot import Snapshot
from pools.models import IPAddressPool

_WORDS = 5
_HOLDING = 500  # pools


def advertisements(cluster: Cluster) -> list[Resource]:
    """Those that MetalLB reads, as they are in force; two queries, and one more a kind that has refused edits."""
    found: list[Resource] = []
    for kind in ("BGPAdvertisement", "L2Advertisement"):
        found += _in_force(cluster, kind)
    return found


def _in_force(cluster: Cluster, kind: str) -> list[Resource]:
    rows = rows_of(kind).filter(cluster=cluster, namespace=cluster.namespace)
    return as_in_force(list(rows.select_related("cluster").defer("base", "live", "findings")))


def announced_by(pools: Sequence[IPAddressPool]) -> dict[int, list[Resource]]:
    """The advertisements of each pool, by its primary key; two queries a cluster."""
    found: dict[int, list[Resource]] = {pool.pk: [] for pool in pools}
    for cluster in {pool.cluster_id: pool.cluster for pool in pools}.values():
        own = [pool for pool in pools if pool.cluster_id == cluster.pk and pool.namespace == cluster.namespace]
        read = PoolChoice(map(intended, as_in_force(own)))
        for advertisement in advertisements(cluster):
            names = read.names(intended(advertisement).spec)
            for pool in own:
                if pool.name in names:
                    found[pool.pk].append(advertisement)
    return found


@dataclass(frozen=True, slots=True)
class Announced:
    """The names of the pools that an advertisement announces, and whether these are all that there are."""

    pools: tuple[str, ...]
    everything: bool


def announced(rows: Sequence[Resource]) -> dict[int, Announced]:
    """What each advertisement announces, by its primary key; two queries a cluster."""
    found: dict[int, Announced] = {}
    for cluster in {row.cluster_id: row.cluster for row in rows}.values():
        pools = rows_of("IPAddressPool").filter(cluster=cluster, namespace=cluster.namespace)
        known = {
            name: Intended(ref=ObjectRef("IPAddressPool", cluster.namespace, name), labels=labels)
            for name, labels in pools.values_list("name", "labels")
        }
        known |= {pool.name: intended(pool) for pool in as_in_force(list(pools.filter(REFUSED)))}
        read = PoolChoice(known.values())
        for row in as_in_force([row for row in rows if row.cluster_id == cluster.pk]):
            names = sorted(read.names(intended(row).spec))
            found[row.pk] = Announced(tuple(names), everything=0 < len(names) == len(known))
    return found


def nobody(row: Resource) -> str:
    """Why an advertisement reaches nobody, "" if it may; two queries, for L2 one."""
    nodes = nodes_of(row.cluster)
    (row,) = as_in_force([row])
    if row.KIND.kind != "BGPAdvertisement":
        return "" if Placement(nodes).mask(intended(row).spec) else "its node selectors match no node"
    read = tuple(intended(peer) for peer in _in_force(row.cluster, "BGPPeer"))
    return reaches_nobody(intended(row), Snapshot(namespace=row.cluster.namespace, resources=read, nodes=nodes))


def pools_matching(rows: QuerySet[Resource], words: str) -> QuerySet[Resource]:
    """The rows of which every word is in the name or the ranges, or, being an address or a prefix, lies within; one

    query more if one is.
    """
    rows = rows.annotate(addresses_text=Cast("addresses", TextField()))
    several = words.split()[:_WORDS]
    ranges = {word: held for word in several if (held := _meant(word)) is not None}
    holding = _holding(ranges) if ranges else {}
    for word in several:
        within = Q(pk__in=holding[word]) if word in holding else Q(addresses_text__icontains=word)
        rows = rows.filter(Q(name__icontains=word) | within)
    return rows


def _meant(word: str) -> AddressRange | None:
    """The address, or the prefix or range of them, that a word is; None for any other word."""
    address = parse_address(word)
    return address_range(f"{address}-{address}" if address is not None else word)


def _holding(wanted: Mapping[str, AddressRange]) -> dict[str, list[int]]:
    """The pools that hold an address of each of these ranges, the first of them: primary keys."""
    found: dict[str, list[int]] = {word: [] for word in wanted}
    for pk, entries in IPAddressPool.objects.order_by("pk").values_list("pk", "addresses").iterator():
        held = [one for entry in entries or () if (one := address_range(entry)) is not None]
        for word, meant in wanted.items():
            if len(found[word]) < _HOLDING and any(one.overlaps(meant) for one in held):
                found[word].append(pk)
    return found
