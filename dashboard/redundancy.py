"""What nodes have left where sessions are down, as numbers and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from clusters.words import bounded, counted, listed
from speakers.redundancy import Left, Place

FAMILY_WORDS = {"": "", "ipv4": "IPv4 ", "ipv6": "IPv6 "}
_CLAUSES = 4
_VRFS = 3
Node = tuple[int, str]  # cluster, name


@dataclass(frozen=True, slots=True)
class Share:
    """Nodes that have as much left in a VRF as each other. family: "" = whatever the sessions there carry."""

    vrf: str
    family: str
    nodes: int
    left: Left

    @property
    def order(self) -> tuple[bool, bool, int, int, str, str]:
        """The least first, and what is not known before what is."""
        left = self.left
        return not left.nothing, not left.unknown, left.up, -left.intended, self.vrf, self.family

    def words(self, *, vrf: bool) -> str:
        """Such as "24 nodes have 1 of 2 sessions left". vrf: whether to say in which."""
        left, where = self.left, f" in VRF {bounded(self.vrf, 63)}" if vrf and self.vrf else ""
        family = FAMILY_WORDS[self.family]
        if left.unknown:
            return f"not known of {counted(self.nodes, 'node')}{where}"
        if left.nothing:
            return have(self.nodes, f"no {family}session left{where}" if family else f"none left{where}")
        unsure = f", {left.unseen:,} not known" if left.unseen else ""
        return have(self.nodes, f"{left.up:,} of {counted(left.intended, f'{family}session')} left{where}{unsure}")


def shares(places: Mapping[Place, Left]) -> list[Share]:
    """All of them, the least left first."""
    found = Counter((vrf, family, left) for (_cluster, _node, vrf, family), left in places.items())
    every = [Share(vrf, family, number, left) for (vrf, family, left), number in found.items()]
    return sorted(every, key=lambda share: share.order)


def words(places: Mapping[Place, Left]) -> str:
    """In one sentence; "" if nothing is down."""
    nodes, vrfs = {place[:2] for place in places}, sorted({place[2] for place in places})
    everywhere = len(places) == len(nodes) * len(vrfs) and all(left.nothing for left in places.values())
    if len(vrfs) > 1 and everywhere and not any(place[3] for place in places):
        return f"{have(len(nodes), 'none left')} in VRFs {_named(vrfs)}"
    found = shares(places)
    told = [share.words(vrf=len(vrfs) > 1) for share in found[:_CLAUSES]]
    if rest := sum(share.nodes for share in found[_CLAUSES:]):
        told.append(f"other numbers on {counted(rest, 'node')}")
    return "; ".join(told)


class Thin(NamedTuple):
    """Nodes with too little left: the words, and the VRF if it is one."""

    words: str
    vrf: str


def thin(left: Mapping[Place, Left], word: str, *, beside: Collection[Node] = (), named: bool) -> Thin | None:
    """word: no or one, session that is left. beside: nodes that are left out. named: whether to say in which VRF."""
    found = [
        place for place, one in left.items() if (one.nothing if word == "no" else one.last) and place[:2] not in beside
    ]
    if not found:
        return None
    vrfs, families = sorted({place[2] for place in found}), {place[3] for place in found}
    what = f"{word} {FAMILY_WORDS[found[0][3]]}session left"
    if len(families) > 1:
        what = f"{word} session left for an address family"
    where = f" in VRF {bounded(vrfs[0], 63)}" if len(vrfs) == 1 else f" in one of the VRFs {_named(vrfs)}"
    number = len({place[:2] for place in found})
    return Thin(have(number, what) + (where if named else ""), vrfs[0] if len(vrfs) == 1 else "")


def have(number: int, what: str) -> str:
    """ "1 node has …", "2 nodes have …"."""
    return f"{counted(number, 'node')} {'has' if number == 1 else 'have'} {what}"


def _named(vrfs: list[str]) -> str:
    return listed([bounded(vrf, 63) for vrf in vrfs], _VRFS)
