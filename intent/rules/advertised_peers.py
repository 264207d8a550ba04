"""BGPAdvertisements against peers and nodes: who gets the routes, from where, and what with."""

from __future__ import annotations

from collections.abc import Iterator

from intent.announcements.cluster import EXCLUDED
from intent.findings import Finding
from intent.rules.subject import CONFIG, FRR, VALIDATION, Subject
from intent.rules.view import View
from intent.selectors import readable
from intent.snapshot import text


def nodes_are_selected(view: View, subject: Subject) -> Iterator[Finding]:
    """An advertisement (BGP or L2) without nodes announces nothing."""
    mask, count = view.placement.mask(subject.spec), len(view.placement.nodes)
    if count and not mask and not readable(subject.spec.get("nodeSelectors")):
        return
    if count and not mask:
        message = f"The selectors match none of the {count} nodes, so nothing is announced"
        hint = "Check the selectors against the labels of the nodes."
        yield subject.warning("no-node-selected", "nodeSelectors", message, source=CONFIG, hint=hint)
    elif count and not view.snapshot.ignores_exclude and all(EXCLUDED in n.labels for n in view.placement.of(mask)):
        message = f"Every selected node has the label {EXCLUDED}, so nothing is announced"
        hint = "Remove the label from nodes that are to announce, or select others."
        yield subject.warning("no-node-announces", "nodeSelectors", message, source="MetalLB speaker", hint=hint)


def peers_are_met(view: View, subject: Subject) -> Iterator[Finding]:
    """A peer gets routes only from nodes that are in both selections."""
    advertisement = view.advertisement_of[subject.resource.ref]
    named = view.named_peers(advertisement)
    if not advertisement.nodes or (advertisement.peers is not None and not named):
        return
    hint = "Compare the nodeSelectors of the advertisement with those of the peers."
    if advertisement.peers is None:
        if not view.meeting(advertisement.nodes):
            what = "No peer is on any of the advertisement's nodes" if named else "There is no peer yet"
            message = f"{what}, so nobody gets the routes"
            hint = hint if named else "Create a peer."
            yield subject.warning("no-peer-met", "peers", message, value="", source=CONFIG, hint=hint)
        return
    missed = view.some_peers(named & ~view.meeting(advertisement.nodes))
    if missed.count:
        message = f"{missed}: on none of the advertisement's nodes, so no routes go there"
        yield subject.warning("peer-not-met", "peers", message, source=CONFIG, hint=hint, others=missed.refs)


def local_pref_is_carried(view: View, subject: Subject) -> Iterator[Finding]:
    """LOCAL_PREF stays within an AS (RFC 4271 section 5.1.5)."""
    advertisement = view.advertisement_of[subject.resource.ref]
    if advertisement.local_pref <= 0:
        return
    reached = view.named_peers(advertisement) & view.meeting(advertisement.nodes)
    external = view.some_peers(reached & ~view.internal)
    if external.count:
        message = f"localPref has no effect towards {external}: eBGP does not carry it"
        hint = "Leave localPref out, or use communities or AS path prepending on the router."
        others = external.refs
        yield subject.warning("local-pref-on-ebgp", "localPref", message, source=FRR, hint=hint, others=others)


def echo_without_ipv6(view: View, subject: Subject) -> Iterator[Finding]:
    """MetalLB refuses IPv6 pools towards peers with BFD echo, on each node that reads both."""
    advertisement = view.advertisement_of[subject.resource.ref]
    pools = view.pools.holding[6] & advertisement.pools
    if not pools or not view.echoing:
        return
    candidates = view.named_peers(advertisement) & view.echoing
    if view.node_aware:
        candidates &= view.meeting(advertisement.nodes)
    if not candidates:
        return
    peers, held, nodes = view.some_peers(candidates), view.pools.some(pools), 0
    for peer in view.peers_of(candidates):
        nodes |= advertisement.nodes & view.masks[peer.ref] if view.node_aware else view.placement.everywhere
    message = f"IPv6 addresses, which {held} holds, cannot go to {peers}: BFD has echoMode there"
    profiles = {view.profiles[text(peer.spec.get("bfdProfile"))].ref for peer in peers.first}
    yield subject.error(
        "bfd-echo-with-ipv6-pool",
        "peers",
        message,
        source=VALIDATION,
        hint="Use a BFD profile without echoMode, other peers, or pools of IPv4 addresses.",
        others=(*peers.refs, *sorted(profiles), *held.refs),
        nodes=view.placement.names(nodes),
    )
