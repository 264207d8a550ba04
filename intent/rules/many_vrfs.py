"""FRR-K8s mode: MetalLB writes one FRRConfiguration a node, with a router for each VRF, and its schema takes 50."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from intent.findings import Finding, ObjectRef, Severity, shown
from intent.labels import numbers
from intent.modes import Mode
from intent.rules.view import View
from intent.snapshot import Resource, text

_MOST = 50
_SOURCE = "CRD schema of FRRConfiguration"
_HINT = "Place peers of some VRFs on other nodes with nodeSelectors, or use fewer VRFs."


def comparisons(view: View) -> Iterator[ManyVrfs]:
    """Once for all nodes that have too many."""
    if view.snapshot.mode is not Mode.FRR_K8S:
        return
    by_vrf: dict[str, int] = defaultdict(int)
    for peer in view.peers:
        by_vrf[text(peer.spec.get("vrf"))] |= view.masks[peer.ref]
    if len(by_vrf) <= _MOST:
        return
    counts: dict[int, int] = defaultdict(int)
    for mask in by_vrf.values():
        for number in numbers(mask):
            counts[number] += 1
    full = sum(1 << number for number, count in counts.items() if count > _MOST)
    if full:
        peers = tuple(peer for peer in view.peers if view.masks[peer.ref] & full)
        yield ManyVrfs(max(counts.values()), full, peers)


@dataclass(frozen=True, slots=True)
class ManyVrfs:
    """count: the most VRFs of a node. nodes: those with too many, as a mask. peers: on any of them."""

    count: int
    nodes: int
    peers: tuple[Resource, ...]

    @property
    def speaker(self) -> bool:
        """MetalLB's speaker accepts it, and fails to write the object."""
        return False

    def findings(self, view: View, refs: Collection[ObjectRef] | None) -> Iterator[Finding]:
        """See Clash."""
        message = f"FRR-K8s takes at most {_MOST} VRFs a node, the default one included, and would get {self.count};"
        message += " it refuses that, and FRR keeps its old configuration"
        nodes, everyone = view.placement.names(self.nodes), tuple(peer.ref for peer in self.peers)
        for peer in self.peers[:1] if refs is None else [peer for peer in self.peers if peer.ref in refs]:
            objects = (peer.ref, *(ref for ref in everyone if ref != peer.ref))
            value = shown(text(peer.spec.get("vrf")))
            code, field = "too-many-vrfs", "spec.vrf"
            yield Finding(code, Severity.ERROR, field, value, message, _SOURCE, _HINT, objects, nodes)
