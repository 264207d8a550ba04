"""A peer for some nodes only: nodes that are picked, or those with certain labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.editing.surroundings import selected
from dashboard.guided.guide import Guide, Setting, asks_peer, habits
from dashboard.guided.parts import Part, Piece
from intent.selectors import any_matches

HOSTNAME = "kubernetes.io/hostname"
_BOXES = 200


class PeerOfNodes(Guide):
    """OpenShift, "Example: Limit which nodes connect to a BGP peer"."""

    slug = "nodes"
    title = "Limit a peer to some nodes"
    lead = "Only the nodes that you pick, or that have the labels you name, open a session to the router."
    kinds = ("BGPPeer",)
    template = "guided/ways/nodes.html"

    def parts(self, here: Setting) -> list[Part]:
        """The peer with its selectors."""
        asked, more = asks_peer(here.cluster)
        return [
            Part(
                key="peer",
                kind="BGPPeer",
                title="The router",
                asks=(*asked, "nodeSelectors"),
                more=("vrf", *more),
                prefill=habits(here.cluster),
            )
        ]

    def join(self, here: Setting, pieces: Mapping[str, Piece]) -> None:
        """Nodes that are picked become a selector by host name, as the documentation writes it."""
        peer = pieces["peer"]
        spec, labelled = peer.draft.manifest["spec"], _labelled(here)
        if here.post and here.post.get("by") != "labels":
            known = [labels[HOSTNAME] for _name, labels in labelled if labels.get(HOSTNAME)]
            picked = [name for name in known if name in set(here.post.getlist("nodes"))]
            by_name = {"key": HOSTNAME, "operator": "In", "values": picked}
            spec.pop("nodeSelectors", None)
            peer.draft.texts.pop("nodeSelectors", None)
            peer.draft.findings = [one for one in peer.draft.findings if one.field != "spec.nodeSelectors"]
            if picked:
                spec["nodeSelectors"] = [{"matchExpressions": [by_name]}]
        selectors = spec.get("nodeSelectors")
        if selectors:
            peer.remarks = [selected(selectors, labelled, "node")]
        elif here.post and "nodeSelectors" not in peer.draft.texts:
            field = "spec.nodeSelectors" if here.post.get("by") == "labels" else ""
            message = "No node is chosen, so that all nodes would open a session."
            peer.draft.refuse("nodes-unset", field, message, "Pick nodes, or name their labels.")

    def context(self, here: Setting, pieces: Mapping[str, Piece]) -> dict[str, Any]:
        """The nodes to pick from, and the input for labels, which stands beside them."""
        peer, labelled = pieces["peer"], _labelled(here)
        selectors = peer.draft.manifest["spec"].get("nodeSelectors")
        boxes = [
            (labels[HOSTNAME], name, bool(selectors) and any_matches(selectors, labels))
            for name, labels in labelled
            if labels.get(HOSTNAME)
        ]
        peer.apart = [one for one in peer.asked if one.name == "peer.nodeSelectors"]
        peer.asked = [one for one in peer.asked if one not in peer.apart]
        return {
            "by": "labels" if here.post.get("by") == "labels" or len(boxes) > _BOXES else "names",
            "boxes": boxes if len(boxes) <= _BOXES else [],
        }


def _labelled(here: Setting) -> list[tuple[str, Mapping[str, str]]]:
    return list(here.cluster.nodes.order_by("name").values_list("name", "labels"))
