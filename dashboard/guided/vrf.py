"""Expose a service through a VRF: a peer in the VRF, a pool, and the advertisement that joins them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clusters.changesets.wanted import Wanted
from clusters.workloads import workloads_refused
from dashboard.guided import workload
from dashboard.guided.guide import ROUTES, Guide, Setting, asks_peer, habits, joined, names, peers_of
from dashboard.guided.parts import Part, Piece
from pools.models import IPAddressPool


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

    def beside(self, here: Setting, pieces: Mapping[str, Piece]) -> Sequence[Wanted]:
        """The workload for a test, if that is wanted and allowed; it asks for the pool where others would serve it."""
        if not here.post.get("workload") or workloads_refused(here.user, here.cluster):
            return ()
        pool = pieces["pool"]
        rows = IPAddressPool.objects.filter(cluster=here.cluster, namespace=here.cluster.namespace, deleting=False)
        others = rows.exclude(name=pool.name).exclude(auto_assign=False).exists()
        closed = rows.filter(name=pool.chosen, auto_assign=False).exists() if pool.chosen else _is_closed(pool)
        return workload.wanted(pool.name if others or closed else "", here.cluster.metallb_version)

    def context(self, here: Setting, pieces: Mapping[str, Piece]) -> dict[str, Any]:
        """Whether a workload for a test can be had."""
        return {
            "why_no_test": workloads_refused(here.user, here.cluster),
            "workload": bool(here.post.get("workload")),
            "test": workload,
        }


def _is_closed(pool: Piece) -> bool:
    """Whether a new pool serves only who asks for it."""
    return pool.draft.manifest["spec"].get("autoAssign") is False
