"""Whether a BGPAdvertisement can announce anything to anybody, as far as peers and nodes tell."""

from __future__ import annotations

from intent.placement import Placement
from intent.snapshot import Resource, Snapshot


def reaches_nobody(advertisement: Resource, snapshot: Snapshot) -> str:
    """Why no peer gets anything of it, "" if one may; of the snapshot only nodes and BGPPeers count."""
    placement = Placement(snapshot.nodes)
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
