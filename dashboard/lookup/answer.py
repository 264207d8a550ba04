"""What a look-up found: node by node, whom FRR tells and whom MetalLB's objects mean."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from speakers.frr import lookup


class Told(Struct):
    """A neighbor, and the BGPPeer that it is; "" = none is known.

    within: the prefix that MetalLB's objects announce there, where it is another than the one that FRR answered with.
    """

    peer: str
    neighbor: str
    within: str = ""


class Untold(Struct):
    """A neighbor that should be told of what the node originates, and is not. why: in words. href: of the session."""

    peer: str
    neighbor: str
    why: str
    href: str


class Row(Struct):
    """A node and VRF that has the prefix, or should. found None = FRR does not have it; known: the node answered.

    told: whom FRR tells. meant: whom MetalLB's objects announce it to from this node in this VRF. communities,
    local_preference: as they are set towards these. untold: those of them that are not told, though the node originates
    it. names: BGPPeers by neighbor.
    """

    node: str
    vrf: str
    session: int | None
    found: lookup.Found | None
    told: list[Told]
    meant: list[Told]
    communities: list[str]
    local_preference: int | None
    known: bool = True
    untold: list[Untold] = []
    names: dict[str, str] = {}

    @property
    def own(self) -> bool:
        """Whether this node originates it."""
        return self.found is not None and any(not path.peer for path in self.found.paths)

    @property
    def announced(self) -> bool:
        """Whether this node originates it, and tells somebody."""
        return self.own and bool(self.told)

    @property
    def sources(self) -> list[tuple[lookup.FoundPath, str]]:
        """The paths, and the BGPPeer that each is from; "" = this node itself, or nobody known."""
        return [(path, self.names.get(path.peer, "")) for path in self.found.paths] if self.found else []

    @property
    def order(self) -> tuple[bool, bool, str, str]:
        """What does not fit first, then who originates it."""
        fits = self.own == bool(self.meant) and not self.untold and self.own == self.announced
        return not self.known or fits, not self.own, self.node, self.vrf


class Aggregate(Struct):
    """A shorter prefix that MetalLB's objects announce and that holds the address. services: how many are behind it."""

    prefix: str
    services: int


class Lookup(Struct):
    """The answer of a cluster. asked: nodes; failed: those without an answer, and why.

    services: of an address the first that have it, of another prefix those that MetalLB's objects announce with it, by
    namespace and name. service_count: of all of them. aggregates: that cover an address, the longest first. unasked:
    VRFs that no node was asked for, since vtysh would not take their names.
    """

    at: datetime
    prefix: str
    asked: int
    failed: list[tuple[str, str]]
    rows: list[Row]
    services: list[tuple[str, str]] = []
    service_count: int = 0
    unasked: list[str] = []
    aggregates: list[Aggregate] = []

    @property
    def answered(self) -> int:
        """Nodes that answered."""
        return self.asked - len(self.failed)

    @property
    def announcing(self) -> int:
        """Nodes that originate it and tell somebody."""
        return len({row.node for row in self.rows if row.announced})

    @property
    def silent(self) -> int:
        """Nodes that originate it and tell nobody."""
        return len({row.node for row in self.rows if row.own} - {row.node for row in self.rows if row.announced})

    @property
    def untold(self) -> int:
        """Neighbors that should be told by nodes that originate it, and are not."""
        return sum(len(row.untold) for row in self.rows)

    @property
    def missing(self) -> int:
        """Nodes that should and do not, though they answered."""
        return len({row.node for row in self.rows if row.known and row.meant and not row.own})
