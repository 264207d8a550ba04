"""What nodes that have lost sessions have left: of those that carry an address family in a VRF, how many are up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address

from speakers.causes import Cause
from speakers.counts import Counts, of_nodes
from speakers.reach import DOWN, UNSEEN, UP
from speakers.selectors import sessions

Place = tuple[int, str, str, str]  # cluster, node, VRF, address family; "" = the one that all its sessions there carry
Key = tuple[int, str, str, str]  # cluster, node, VRF, neighbor
FAMILIES = {"ipv4Unicast": "ipv4", "ipv6Unicast": "ipv6"}
_BOTH = frozenset(FAMILIES.values())


@dataclass(frozen=True, slots=True)
class Left:
    """Of a node's intended sessions. unseen: those of which nobody knows whether they are up."""

    up: int
    intended: int
    unseen: int = 0

    @property
    def nothing(self) -> bool:
        """Whether none is up for sure."""
        return not self.up and not self.unseen

    @property
    def unknown(self) -> bool:
        """Whether it is not known that any is up."""
        return not self.up and self.unseen > 0

    @property
    def last(self) -> bool:
        """Whether one of several is up, and no more."""
        return self.up == 1 < self.intended and not self.unseen


@dataclass(frozen=True, slots=True)
class Redundancy:
    """left: of nodes with a session down. touched: which places a session of them carries something for."""

    left: dict[Place, Left] = field(default_factory=dict)
    touched: dict[Key, tuple[Place, ...]] = field(default_factory=dict)

    def of(self, lost: Collection[Key]) -> dict[Place, Left]:
        """What is left where these sessions are down."""
        return {place: self.left[place] for key in lost for place in self.touched.get(key, ())}


def redundancy(counts: Counts) -> Redundancy:
    """Whatever of these nodes the filters leave; one query, if a session is down at all."""
    nodes = {(one.cluster, one.node) for one in counts.problem_nodes if any(one.healths[health] for health in DOWN)}
    found = Redundancy()
    if not nodes:
        return found
    rows = of_nodes(sessions().filter(intended=True).order_by(), nodes)
    vrfs: dict[tuple[int, str, str], list[tuple[str, str, frozenset[str]]]] = defaultdict(list)
    columns = ("cluster_id", "node", "vrf", "neighbor", "health", "families")
    for cluster, node, vrf, neighbor, health, told in rows.values_list(*columns):
        if (cluster, node) in nodes:
            vrfs[cluster, node, vrf].append((neighbor, health, _carried(neighbor, told)))
    for vrf, several in vrfs.items():
        everywhere = frozenset.intersection(*(carried for _, _, carried in several))
        for family in sorted(_BOTH):
            members = [one for one in several if family in one[2]]
            place = (*vrf, "" if family in everywhere else family)
            if members and place not in found.left:
                found.left[place] = _left([health for _, health, _ in members])
                for neighbor, _, _ in members:
                    key = (*vrf, neighbor)
                    found.touched[key] = (*found.touched.get(key, ()), place)
    return found


def _left(healths: Sequence[str]) -> Left:
    up, unseen = (sum(health in some for health in healths) for some in (UP, UNSEEN))
    return Left(up, len(healths), unseen)


def _carried(neighbor: str, told: Sequence[str]) -> frozenset[str]:
    """The address families of a session; those that its address stands for if FRR does not say."""
    return frozenset(FAMILIES[name] for name in told if name in FAMILIES) or _of_address(neighbor)


@lru_cache(maxsize=10_000)
def _of_address(neighbor: str) -> frozenset[str]:
    """MetalLB activates the family of the address, and both where there is none (intent.sessions)."""
    try:
        return frozenset({f"ipv{ip_address(neighbor).version}"})
    except ValueError:
        return _BOTH


def members(found: Sequence[Cause], counts: Counts) -> Iterator[list[Key]]:
    """The sessions that are down of each of these causes, in their order."""
    taken = {
        (group.cluster, group.first_node, group.vrf, group.neighbor)
        for cause in found
        if cause.kind == "node"
        for group in cause.groups
    }
    alike: dict[tuple[int, str, str, str, str], list[Key]] = defaultdict(list)
    for cluster, node, vrf, neighbor, health, reason in counts.wrong:
        key = (cluster, node, vrf, neighbor)
        if health in DOWN and key not in taken:
            alike[cluster, vrf, neighbor, health, reason].append(key)
    for cause in found:
        if cause.kind == "node":
            yield [(group.cluster, group.first_node, group.vrf, group.neighbor) for group in cause.groups]
        else:
            groups = ((one.cluster, one.vrf, one.neighbor, one.health, one.reason) for one in cause.groups)
            yield [key for group in groups for key in alike.get(group, ())]
