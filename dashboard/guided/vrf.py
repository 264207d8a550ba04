"""Expose a service through a VRF: a peer in the VRF, a pool, and the advertisement that joins them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clusters.changesets.wanted import Wanted
from clusters.workloads import workloads_refused
from dashboard.guided import workload
from dashboard.guided.guide import ROUTES, Guide, Setting, asks_peer, habits, joined, names, peers_of
from dashboard.guided.parts import Part, Piece


class ThroughVrf(Guide):
    """OpenShift, "Exposing a service through a network VRF"."""

    slug = "vrf"
    title = "Expose a service through a VRF"
    lead = "A peer in a VRF of the nodes, a pool of addresses, and the advertisement that announces one to the other."
    kinds = ("BGPPeer", "IPAddressPool", "BGPAdvertisement")
    template = "guided/ways/vrf.html"

    def parts(self, here: Setting) -> list[Part]:
        """Peer, pool, advertisement."""
        asked, more = asks_peer(here.cluster, "vrf")
        peers = peers_of(here.cluster).exclude(vrf=None).exclude(vrf="").order_by("name")
        return [
            Part(
                key="peer",
                kind="BGPPeer",
                title="The router, and the VRF",
                asks=asked,
                more=more,
                prefill={name: value for name, value in habits(here.cluster).items() if name != "myASN"},
                choices=list(peers.values_list("name", flat=True)[:200]),
            ),
            Part(
                key="pool",
                kind="IPAddressPool",
                title="The addresses",
                asks=("name", "addresses"),
                more=("autoAssign", "avoidBuggyIPs"),
                choices=names(here.cluster, "IPAddressPool"),
            ),
            Part(key="adv", kind="BGPAdvertisement", title="The advertisement", asks=("name",), more=ROUTES),
        ]

    def join(self, here: Setting, pieces: Mapping[str, Piece]) -> None:
        """The advertisement names the pool and the peer."""
        peer, pool, adv = pieces["peer"], pieces["pool"], pieces["adv"]
        if peer.made and not peer.draft.manifest["spec"].get("vrf"):
            message = "This way is for a peer in a VRF."
            hint = "Name the VRF as the nodes know it. For the default one add a peer, a pool and an advertisement."
            peer.draft.refuse("vrf-unset", "spec.vrf", message, hint)
        joined(adv, pool, peer)

    def beside(self, here: Setting) -> Sequence[Wanted]:
        """The workload for a test, if that is wanted and allowed."""
        wanted = here.post.get("workload") and not workloads_refused(here.user, here.cluster)
        return workload.wanted() if wanted else ()

    def context(self, here: Setting, pieces: Mapping[str, Piece]) -> dict[str, Any]:
        """Whether a workload for a test can be had."""
        return {
            "why_no_test": workloads_refused(here.user, here.cluster),
            "workload": bool(here.post.get("workload")),
            "test": workload,
        }
