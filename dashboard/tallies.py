"""Sessions of BGPPeers, counted by health at the moment of reading: what is old counts as unknown, not as up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.counts import DOWN, UNSEEN
from peers.models import BGPPeer
from speakers.selectors import counts_by_peer, sessions


@dataclass(frozen=True, slots=True)
class Tally:
    """The intended sessions of one peer."""

    intended: int
    up: int
    degraded: int
    down: int
    unseen: int

    @classmethod
    def of(cls, peer: BGPPeer, healths: Mapping[str, int]) -> Tally:
        """From numbers by health; what is intended and has no row yet was not seen."""
        down, unseen = (sum(healths.get(health, 0) for health in group) for group in (DOWN, UNSEEN))
        up, degraded, intended = healths.get("up", 0), healths.get("degraded", 0), peer.sessions_intended
        return cls(intended, up, degraded, down, max(unseen, intended - up - degraded - down))

    @property
    def health(self) -> str:
        """The worst of them."""
        worst = (("down", self.down), ("degraded", self.degraded), ("unknown", self.unseen))
        return next((health for health, number in worst if number), "up")

    @property
    def rest(self) -> str:
        """What is not up, in words."""
        parts = ((self.down, "down"), (self.degraded, "degraded"), (self.unseen, "unknown"))
        return ", ".join(f"{number} {word}" for number, word in parts if number)


def tallies(peers: Sequence[BGPPeer]) -> list[Tally]:
    """One for each peer, in their order; one query. Of a name in two namespaces MetalLB reads the one in its own."""
    names, clusters = {peer.name for peer in peers}, {peer.cluster_id for peer in peers}
    counts = counts_by_peer(sessions().filter(peer__in=names, cluster__in=clusters)) if peers else {}
    found = (
        counts.get((peer.cluster_id, peer.name), {}) if peer.namespace == peer.cluster.namespace else {}
        for peer in peers
    )
    return [Tally.of(peer, healths) for peer, healths in zip(peers, found, strict=True)]
