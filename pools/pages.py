"""What the pages of pools, advertisements and communities say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from clusters.editing.selector_text import write_selectors
from clusters.editing.surroundings import names_of
from clusters.edits.inforce import as_in_force
from clusters.kindpages import KindPage, ListColumn, Suggestion
from clusters.models import Cluster, Resource
from clusters.words import counted
from intent.references import aliases
from intent.well_known import WELL_KNOWN, community_name
from pools.models import BGPAdvertisement, Community, IPAddressPool, L2Advertisement
from pools.over import announced_over
from pools.selectors import Announced, announced, announced_by, nobody, pools_matching
from pools.use import PoolUse, uses_of

_NAMES = {one.value: one.name for one in WELL_KNOWN}


def _namespaces(cluster: Cluster) -> Sequence[str]:
    return list(cluster.namespaces.order_by("name").values_list("name", flat=True)[:201])


def _communities(cluster: Cluster) -> Sequence[Suggestion]:
    """Aliases of the cluster, then the values that are known by a name everywhere."""
    rows = list(Community.objects.filter(cluster=cluster, namespace=cluster.namespace).order_by("name")[:200])
    known = [(alias, value) for row in as_in_force(rows) for _path, alias, value in aliases(row.spec) if alias]
    return [*known, *_NAMES.items()]


def _meanings(cluster: Cluster) -> Mapping[str, str]:
    return {value: meaning for value, meaning in reversed(_communities(cluster)) if meaning}


def _texts(column: str) -> Callable[[Resource, Any], Iterable[str]]:
    """The entries of a list of texts."""
    return lambda row, _beside: [str(item) for item in getattr(row, column) or () if isinstance(item, str)]


def _selectors(column: str) -> Callable[[Resource, Any], Iterable[str]]:
    return lambda row, _beside: (write_selectors(getattr(row, column)) or "").splitlines()


@dataclass(frozen=True, slots=True)
class _Beside:
    """What the list of pools says of one besides its own fields."""

    use: PoolUse
    announcers: Sequence[Resource]


def _pools_beside(rows: Sequence[Resource]) -> Mapping[int, _Beside]:
    """One query for their use, two a cluster for the advertisements."""
    pools = cast("Sequence[IPAddressPool]", rows)
    used, announcing = uses_of(pools), announced_by(pools)
    return {pool.pk: _Beside(used[pool.pk], announcing[pool.pk]) for pool in pools}


def _announcers(_row: Resource, beside: Any) -> Iterable[Resource]:
    return cast("_Beside", beside).announcers


def _auto_assign(row: Resource, _beside: Any) -> Iterable[str]:
    return ["only on request" if cast("IPAddressPool", row).auto_assign is False else "by itself"]


def _pools(_row: Resource, beside: Any) -> Iterable[str]:
    found = cast("Announced", beside)
    if found.everything and len(found.pools) > 1:
        return [f"all {counted(len(found.pools), 'pool')}"]
    return found.pools


def _aliases(row: Resource, _beside: Any) -> Iterable[str]:
    return [f"{alias} = {_known(value)}" for _path, alias, value in aliases(row.spec)]


def _values(row: Resource, _beside: Any) -> Iterable[str]:
    return [_known(text) for text in cast("BGPAdvertisement", row).communities or () if isinstance(text, str)]


def _known(value: str) -> str:
    name = community_name(value)
    return f"{value} {name}" if name else value


def _pool_context(row: Resource) -> Mapping[str, Any]:
    pool = cast("IPAddressPool", row)
    used, announcers = uses_of([pool])[pool.pk], announced_by([pool])[pool.pk]
    return {"use": used, "announcers": announcers, "over": announced_over(row)}


def _advertisement_context(row: Resource) -> Mapping[str, Any]:
    return {"announced": announced([row])[row.pk], "nobody": nobody(row), "over": announced_over(row)}


def _closes_pool(row: Resource) -> str:
    number = len(announced_by([cast("IPAddressPool", row)])[row.pk])
    told = f"{counted(number, 'advertisement')} covers it. " if number == 1 else ""
    told = f"{counted(number, 'advertisement')} cover it. " if number > 1 else told
    return f"{told}Services that have addresses of it lose them."


def _withdraws(row: Resource) -> str:
    names = announced([row])[row.pk].pools
    if not names:
        return "It announces no pool."
    return f"What it announces is withdrawn, unless another advertisement covers it: {counted(len(names), 'pool')}."


def _unnames(row: Resource) -> str:
    number = len(list(aliases(row.spec)))
    lost = counted(number, "alias", "aliases")
    return f"{lost} will be unknown; the speakers keep their old configuration as long as an advertisement uses one."


_POOLS = ListColumn("pools", "Pools", _pools, none="no pool")
_NODES = ListColumn("nodes", "Nodes", _selectors("node_selectors"), none="all")
POOL = KindPage(
    model=IPAddressPool,
    many="pools",
    noun="pool",
    nouns="pools",
    sections={"addresses": "Addresses", "allocation": "Which services get them"},
    offers={"serviceAllocation.namespaces": _namespaces},
    bare=("serviceAllocation",),
    closes=_closes_pool,
    search=pools_matching,
    search_label="Name, address",
    columns=(
        ListColumn("addresses", "Addresses", _texts("addresses"), none="none"),
        ListColumn("use", "In use", template="pools/use.html", wide=True),
        ListColumn("assigned", "Assigned", _auto_assign, ("auto_assign", "name"), mono=False),
        ListColumn("announced", "Announced by", _announcers, none="nothing"),
    ),
    beside=_pools_beside,
    empty="A pool holds the addresses that services of type LoadBalancer get.",
    more=_pool_context,
    more_template="pools/pool.html",
)
BGP_ADVERTISEMENT = KindPage(
    model=BGPAdvertisement,
    many="bgp-advertisements",
    noun="BGP advertisement",
    nouns="BGP advertisements",
    sections={
        "pools": "What is announced",
        "services": "Services",
        "placement": "From where to whom",
        "routes": "Routes",
    },
    offers={"ipAddressPools": names_of("IPAddressPool"), "peers": names_of("BGPPeer")},
    suggests={"communities": _communities},
    closes=_withdraws,
    meanings=_meanings,
    searched=("ipAddressPools", "peers", "communities"),
    search_label="Name, pool, peer, community",
    columns=(
        _POOLS,
        ListColumn("peers", "Peers", _texts("peers"), none="all"),
        _NODES,
        ListColumn("communities", "Communities", _values),
        ListColumn(
            "preference",
            "Local preference",
            lambda row, _: [str(row.local_pref)] if row.local_pref else [],
            ("local_pref", "name"),
        ),
    ),
    beside=announced,
    empty="Without one, no address of any pool is announced to a BGP peer.",
    more=_advertisement_context,
    more_template="pools/advertisement.html",
)
L2_ADVERTISEMENT = KindPage(
    model=L2Advertisement,
    many="l2-advertisements",
    noun="L2 advertisement",
    nouns="L2 advertisements",
    article="an",
    sections={"pools": "What is announced", "services": "Services", "placement": "From where"},
    offers={"ipAddressPools": names_of("IPAddressPool")},
    closes=_withdraws,
    searched=("ipAddressPools", "interfaces"),
    search_label="Name, pool, interface",
    columns=(_POOLS, _NODES, ListColumn("interfaces", "Interfaces", _texts("interfaces"), none="all")),
    beside=announced,
    empty="It announces addresses on the nodes' own network, with ARP and NDP, without any router's help.",
    more=_advertisement_context,
    more_template="pools/advertisement.html",
)
COMMUNITY = KindPage(
    model=Community,
    many="communities",
    noun="community",
    nouns="communities",
    sections={"communities": "Aliases"},
    closes=_unnames,
    meanings=lambda _cluster: _NAMES,
    searched=("communities",),
    search_label="Name, alias, value",
    columns=(ListColumn("aliases", "Aliases", _aliases, none="none"),),
    empty="It gives names to BGP communities, for use in advertisements.",
)
