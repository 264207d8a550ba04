"""Sessions of BGPPeers, counted by health at the moment of reading: what is old counts as unknown, not as up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clusters.words import bounded, listed
from peers.models import BGPPeer
from speakers.reach import DOWN, UNSEEN
from speakers.selectors import counts_by_peer, sessions

_CLASHES = ("duplicate-neighbor", "duplicate-neighbor-hidden")


@dataclass(frozen=True, slots=True)
class Tally:
    """The intended sessions of one peer. claimed: those that run as another peer's, one of `rivals` or of even more.

    awaited: how many of the unseen no poll has come to yet.
    """

    intended: int
    up: int
    degraded: int
    down: int
    unseen: int
    awaited: int = 0
    claimed: int = 0
    rivals: tuple[str, ...] = ()
    more_rivals: int = 0

    @classmethod
    def of(cls, peer: BGPPeer, healths: Mapping[str, int]) -> Tally:
        """From numbers by health; what is intended and has no row yet was not seen, or is a rival's."""
        down, unseen = (sum(healths.get(health, 0) for health in group) for group in (DOWN, UNSEEN))
        up, degraded, intended = healths.get("up", 0), healths.get("degraded", 0), peer.sessions_intended
        rivals, more = _rivals(peer)
        missing = max(0, intended - up - degraded - down - unseen)
        claimed = missing if rivals else 0
        awaited = missing - claimed
        return cls(intended, up, degraded, down, unseen + awaited, awaited, claimed, rivals, more)

    @property
    def health(self) -> str:
        """The worst of them."""
        worst = (("down", self.down), ("degraded", self.degraded), ("unknown", self.unseen + self.claimed))
        return next((health for health, number in worst if number), "up")

    @property
    def rest(self) -> str:
        """What is not up, in words."""
        unknown = (self.unseen - self.awaited, "unknown")
        parts = ((self.down, "down"), (self.degraded, "degraded"), unknown, (self.awaited, "not observed yet"))
        words = [f"{number} {word}" for number, word in parts if number]
        words += [f"{self.claimed} claimed by {self.rival_names} too"] if self.claimed else []
        return ", ".join(words)

    @property
    def rival_names(self) -> str:
        """The peers that want sessions to the same neighbor on the same nodes."""
        return listed([bounded(name, 80) for name in self.rivals], 3, self.more_rivals)


def _rivals(peer: BGPPeer) -> tuple[tuple[str, ...], int]:
    """The names that the findings give, and how many they leave out."""
    clashes = [found for found in peer.findings if found.get("code") in _CLASHES]
    names = {str(ref["name"]) for found in clashes for ref in found["objects"] if ref["name"] != peer.name}
    return tuple(sorted(names)), max((found.get("more", 0) for found in clashes), default=0)


def tallies(peers: Sequence[BGPPeer]) -> list[Tally]:
    """One for each peer, in their order; one query. Of a name in two namespaces MetalLB reads the one in its own."""
    names, clusters = {peer.name for peer in peers}, {peer.cluster_id for peer in peers}
    counts = counts_by_peer(sessions().filter(peer__in=names, cluster__in=clusters)) if peers else {}
    found = (
        counts.get((peer.cluster_id, peer.name), {}) if peer.namespace == peer.cluster.namespace else {}
        for peer in peers
    )
    return [Tally.of(peer, healths) for peer, healths in zip(peers, found, strict=True)]
