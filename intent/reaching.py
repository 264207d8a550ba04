"""Whether a BGPAdvertisement can announce anything to anybody, and over which sessions, as peers and nodes tell."""

from __future__ import annotations

from intent.announcements.advertisements import advertisements
from intent.announcements.cluster import blocked
from intent.placement import placement_of
from intent.pools import pool_index_of
from intent.reach import SessionKey
from intent.sessions import placed
from intent.snapshot import Resource, Snapshot


def reaches_nobody(advertisement: Resource, snapshot: Snapshot) -> str:
    """Why no peer gets anything of it, "" if one may; of the snapshot only nodes and BGPPeers count."""
    placement = placement_of(snapshot)
    nodes = placement.mask(advertisement.spec)
    if not nodes:
        return "its node selectors match no node"
    named = advertisement.spec.get("peers")
    peers = snapshot.in_force("BGPPeer")
    if isinstance(named, list) and named:
        peers = tuple(peer for peer in peers if peer.name in named)
        if not peers:
            return "none of the peers that it names exists"
    if not peers:
        return "there is no BGPPeer"
    if not any(placement.mask(peer.spec) & nodes for peer in peers):
        return "its nodes and the nodes of its peers never meet"
    return ""


def sessions_of_pools(snapshot: Snapshot, *, pool: str = "", advertisement: str = "") -> list[tuple[str, SessionKey]]:
    """The sessions over which services of a pool, or of an advertisement's pools, may go out: BGPPeer, and key; sorted.

    Whether there are services, and what they ask for, plays no role.
    """
    placement, peers = placement_of(snapshot), placed(snapshot)
    versions = pool_index_of(snapshot).families
    free = {node.name for node in snapshot.nodes if blocked(node, ignores_exclude=snapshot.ignores_exclude) is None}
    found = set[tuple[str, SessionKey]]()
    for each in advertisements(snapshot, placement):
        names = each.pools & {pool} if pool else each.pools
        if not names or (advertisement and each.name != advertisement):
            continue
        families = {f"ipv{version}" for name in names for version in versions[name]}
        here = free.intersection(placement.names(each.nodes))
        for peer, (session, nodes) in peers.items():
            if each.reaches(peer) and families & set(session.families):
                found.update((peer, (node, session.vrf, session.neighbor)) for node in here.intersection(nodes))
    return sorted(found)
