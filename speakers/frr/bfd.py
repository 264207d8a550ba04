"""Which session of bfdd belongs to a BGP neighbor."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from speakers.frr.neighbor import BFDPeer, Neighbor
from speakers.frr.parse import canonical

Placed = Mapping[tuple[str, str], list[BFDPeer]]  # by VRF and address


def placed(peers: Iterable[BFDPeer]) -> Placed:
    """Several may have one address: fe80::1 on two links, or with and without hops between."""
    found: dict[tuple[str, str], list[BFDPeer]] = {}
    for peer in peers:
        found.setdefault((peer.vrf, canonical(peer.peer)), []).append(peer)
    return found


def bfd_of(neighbor: Neighbor, peers: Placed, local: str = "") -> BFDPeer | None:
    """bfdd tells sessions apart by VRF, address, interface, hops and own address (FRR bfdd/bfd.h, struct bfd_key).

    local: this side's address of the BGP session, if it is known. Of an unnumbered neighbor none of another interface
    is taken; bfdd names no interface where there are hops between.
    """
    addresses = dict.fromkeys((neighbor.key, neighbor.address, neighbor.unnumbered_address))
    found = [peer for address in addresses for peer in peers.get((neighbor.vrf, address), ())]
    if found and not _is_address(neighbor.key):
        found = [peer for peer in found if canonical(peer.interface) in {neighbor.key, ""}]
    hops = (neighbor.bfd.type if neighbor.bfd else "") == "multi hop"
    own = {local, neighbor.update_source} - {""}

    def fit(peer: BFDPeer) -> tuple[bool, bool, bool]:
        return peer.interface == neighbor.key, peer.multihop == hops, peer.local in own

    return max(found, key=fit, default=None)


def _is_address(key: str) -> bool:
    try:
        ipaddress.ip_address(key)
    except ValueError:
        return False
    return True
