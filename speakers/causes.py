"""Which sessions share one cause: a dead router, a node that lost every peer, a VRF that nodes do not have.

Decided on counts, with at most three more queries however many sessions are down.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from operator import or_

from django.db.models import Count, Max, Min, Q

from speakers.counts import Counts, Group, grouped, not_up, worst
from speakers.extent import Router
from speakers.frr.reasons import VRF_MISSING, alike
from speakers.reach import DOWN, FEWEST, UNSEEN, Loss, Reach

Node = tuple[int, str]  # cluster, name
_DOWN = frozenset({"down"})
_NODES = 200  # that have lost everything and are looked at one by one; with more it is the routers


@dataclass(frozen=True, slots=True)
class Cause:
    """Sessions that are not up for one cause. kind: router, node, or vrf.

    groups: by router and reason, the largest first, of at least one. nodes: how many there are. names: of lost nodes.
    reached: whether other nodes are known to reach all of its routers.
    """

    kind: str
    groups: tuple[Group, ...]
    nodes: int
    names: tuple[str, ...] = ()
    reached: bool = False

    @property
    def main(self) -> Group:
        """The largest group."""
        return self.groups[0]

    @property
    def health(self) -> str:
        """The worst of its sessions."""
        return worst(Counter(group.health for group in self.groups))

    @property
    def number(self) -> int:
        """Sessions."""
        return sum(group.number for group in self.groups)

    @property
    def unseen(self) -> int:
        """Of how many of its sessions nobody saw when they came to be so."""
        return sum(group.unseen for group in self.groups)

    @property
    def others(self) -> list[str]:
        """The causes beside that of the largest group."""
        return list(dict.fromkeys(group.cause for group in self.groups if group.cause != self.main.cause))


def causes(counts: Counts, refusing: Collection[Node] = ()) -> list[Cause]:
    """What is wrong, but for speakers that do not answer.

    refusing: nodes of which it is known why their FRR lacks neighbors, so that these are no lost peers.
    """
    groups = [group for group in counts.groups if group.health not in UNSEEN]
    losses = (Loss(group.router, group.health, group.reason, group.up, group.number) for group in counts.groups)
    reach = Reach.of(losses, {router: total.number for router, total in counts.totals.items()})
    lost = [] if counts.filters.partial else _lost(counts, reach, refusing)
    if lost:
        nodes = {(one.cluster, one.first_node) for cause in lost for one in cause.groups}
        groups = _without(counts, groups, reach, {node: _losses(node, refusing) for node in nodes})
    missing = [group for group in groups if group.reason == VRF_MISSING and group.health == "down"]
    rest = [group for group in groups if group not in missing]
    return [*lost, *_of_vrfs(counts, missing), *_of_routers(rest)]


def _losses(node: Node, refusing: Collection[Node]) -> frozenset[str]:
    """In which health the sessions of a node count as lost peers."""
    return _DOWN if node in refusing else DOWN


def _lost(counts: Counts, reach: Reach[Router], refusing: Collection[Node]) -> list[Cause]:
    """The nodes that answer and have lost every peer, though these are not dead, by reason; one query."""
    wanted: dict[Node, int] = {}
    for node in counts.cut_off:
        key = node.cluster, node.node
        number = sum(node.healths[health] for health in _losses(key, refusing))
        if number >= FEWEST:
            wanted[key] = number
    if not wanted or len(wanted) > _NODES:
        return []
    rows = not_up(counts.filters).filter(health__in=DOWN).exclude(reason=VRF_MISSING)
    several: dict[Node, list[Group]] = defaultdict(list)
    for group in grouped(rows.filter(node__in=[name for _cluster, name in wanted]), "node"):
        key = group.cluster, group.first_node
        known = key in wanted and group.router in counts.totals and reach.blames_node(group.router, group.health)
        if known and group.health in _losses(key, refusing):
            several[key].append(group)
    alike: dict[tuple[int, str], dict[str, list[Group]]] = defaultdict(dict)
    for key, found in several.items():
        routers = {group.router for group in found} - reach.dead
        if len(routers) >= FEWEST and 2 * len(found) > wanted[key]:
            alike[key[0], _largest(found)[0].reason][key[1]] = found
    return [_of_nodes(nodes, reach) for nodes in alike.values()]


def _of_nodes(nodes: Mapping[str, list[Group]], reach: Reach[Router]) -> Cause:
    groups = _largest(chain.from_iterable(nodes.values()))
    reached = reach.unreached.isdisjoint(group.router for group in groups)
    return Cause("node", groups, len(nodes), tuple(sorted(nodes)), reached)


def _without(
    counts: Counts, groups: Sequence[Group], reach: Reach[Router], nodes: Mapping[Node, frozenset[str]]
) -> list[Group]:
    """The groups without what has gone into rows of nodes, which is not what lacks its VRF; one query.

    nodes: with the health of what has.
    """
    own = reduce(or_, (Q(cluster_id=at[0], node=at[1], health__in=healths) for at, healths in nodes.items()))
    known = {group.router for group in groups if group.health in DOWN}
    left = [group for group in groups if group.health not in DOWN or not reach.blames_node(group.router, group.health)]
    again = grouped(not_up(counts.filters).filter(health__in=DOWN).exclude(own & ~Q(reason=VRF_MISSING)))
    return [
        *left,
        *(group for group in again if group.router in known and reach.blames_node(group.router, group.health)),
    ]


def _of_vrfs(counts: Counts, groups: Sequence[Group]) -> list[Cause]:
    """One for each VRF that nodes do not have, whatever its neighbors are; one query if it has several."""
    several: dict[tuple[int, str], list[Group]] = defaultdict(list)
    for group in groups:
        several[group.cluster, group.vrf].append(group)
    spread = {key: found for key, found in several.items() if len(found) > 1}
    nodes: dict[tuple[int, str], tuple[int, str, str]] = {}
    if spread:
        rows = not_up(counts.filters).filter(reason=VRF_MISSING, health="down").values_list("cluster_id", "vrf")
        found = rows.annotate(Count("node", distinct=True), Min("node"), Max("node"))
        nodes = {(cluster, vrf): (number, first, last) for cluster, vrf, number, first, last in found}
    result = []
    for key, members in several.items():
        largest = _largest(members)
        number, first, last = nodes.get(key, (largest[0].number, largest[0].first_node, largest[0].last_node))
        result.append(Cause("vrf", (replace(largest[0], first_node=first, last_node=last), *largest[1:]), number))
    return result


def _of_routers(groups: Iterable[Group]) -> list[Cause]:
    """One for each router and reason; whatever a router that is gone looks like is one."""
    several: dict[tuple[Router, str, str], list[Group]] = defaultdict(list)
    for group in groups:
        several[group.router, group.health, alike(group.health, group.reason)].append(group)
    return [Cause("router", _largest(found), sum(group.number for group in found)) for found in several.values()]


def _largest(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Those with the commonest reason first, the largest of them before the others."""
    found, common = list(groups), Counter[str]()
    for group in found:
        common[group.reason] += group.number
    return tuple(sorted(found, key=lambda one: (-common[one.reason], -one.number, one.reason, one.vrf, one.neighbor)))
