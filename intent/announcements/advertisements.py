"""BGPAdvertisements as a speaker reads them: which pools, nodes, peers and services, and with what attributes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from intent.communities import Community, aliases, resolve
from intent.modes import release
from intent.placement import Placement
from intent.pool_choice import pool_choice_of
from intent.selectors import Selection
from intent.snapshot import Resource, Snapshot, texts

Attributes = tuple[tuple[int, int], int, frozenset[Community]]  # lengths, LOCAL_PREF, communities
WHOLE = {4: 32, 6: 128}  # the prefix length of one address by IP version
SERVICE_SELECTORS_SINCE = (0, 16, 0)


@dataclass(frozen=True, slots=True)
class Advertisement:
    """One BGPAdvertisement. bit: its place in masks of advertisements. nodes: a mask of the placement.

    peers: names of BGPPeers, None = all. lengths: of the announced prefix, by IP version. local_pref: 0 = not set.
    """

    name: str
    bit: int
    pools: frozenset[str]
    nodes: int
    peers: frozenset[str] | None
    services: Selection
    lengths: tuple[int, int]
    local_pref: int
    communities: frozenset[Community]

    @property
    def attributes(self) -> Attributes:
        """All that it says about a prefix: what else it holds is about who announces what to whom."""
        return self.lengths, self.local_pref, self.communities

    def length(self, version: int) -> int:
        """The aggregation length for IPv4 or IPv6."""
        return self.lengths[version == 6]

    def reaches(self, peer: str) -> bool:
        """Whether it is for this BGPPeer."""
        return self.peers is None or peer in self.peers

    def conflicts(self, other: Advertisement, families: Iterable[int]) -> bool:
        """Another LOCAL_PREF for what may be the same prefix to the same peer; both are on one node and for one pool.

        families: the IP versions of the pool; with two of them both lengths must differ to be no conflict.
        """
        if self.local_pref == other.local_pref:
            return False
        if self.peers is not None and other.peers is not None and not self.peers & other.peers:
            return False
        return any(self.length(version) == other.length(version) for version in families)


def advertisements(snapshot: Snapshot, placement: Placement) -> tuple[Advertisement, ...]:
    """All BGPAdvertisements that MetalLB reads, sorted by name; snapshots with the same of all they say share them."""
    read = (snapshot.in_force(kind) for kind in ("BGPAdvertisement", "IPAddressPool", "Community"))
    return snapshot.once(lambda: _read(snapshot, placement), (Advertisement, snapshot.version), placement, *read)


def _read(snapshot: Snapshot, placement: Placement) -> tuple[Advertisement, ...]:
    known = aliases(snapshot.in_force("Community"))
    pools = pool_choice_of(snapshot)
    by_service = release(snapshot.version) >= SERVICE_SELECTORS_SINCE
    return tuple(
        Advertisement(
            name=resource.name,
            bit=1 << number,
            pools=pools.names(resource.spec),
            nodes=placement.mask(resource.spec),
            peers=frozenset(texts(resource.spec.get("peers"))) or None,
            services=Selection(resource.spec.get("serviceSelectors") if by_service else None),
            lengths=(
                _number(resource, "aggregationLength", 1, WHOLE[4]) or WHOLE[4],
                _length_v6(resource),
            ),
            local_pref=_number(resource, "localPref", 0, 2**32 - 1) or 0,
            communities=resolve(resource.spec.get("communities"), known),
        )
        for number, resource in enumerate(snapshot.in_force("BGPAdvertisement"))
    )


def feeds(peers: Collection[str], some: Iterable[Advertisement]) -> dict[str, int]:
    """The advertisements that reach each peer, as a mask."""
    everywhere, named = 0, dict.fromkeys(peers, 0)
    for each in some:
        if each.peers is None:
            everywhere |= each.bit
        else:
            for peer in each.peers & named.keys():
                named[peer] |= each.bit
    return {peer: bits | everywhere for peer, bits in named.items()}


def _length_v6(resource: Resource) -> int:
    length = _number(resource, "aggregationLengthV6", 0, WHOLE[6])
    return WHOLE[6] if length is None else length


def _number(resource: Resource, field: str, low: int, high: int) -> int | None:
    value = resource.spec.get(field)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if low <= value <= high else None
