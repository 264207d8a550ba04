"""FRR-K8s mode: people's FRRConfigurations against what MetalLB makes of BGPPeers and BFDProfiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from intent.findings import Severity, shown
from intent.frr_configurations import TERMS, Neighbor, Router, peer_terms, profiles, routers
from intent.rules.frr_disagreement import Disagreement, Other, placed, settings, where
from intent.rules.view import View
from intent.snapshot import Resource, text

_NODES = 64  # looked at for prefixes, of those where both are
_TOLD = 3  # differences in one message


def with_peers(view: View) -> Iterator[Disagreement]:
    """Against the BGPPeers, of which MetalLB makes routers and neighbors."""
    by_vrf: dict[str, list[Resource]] = {}
    for peer in view.peers if view.frr_configurations else ():
        by_vrf.setdefault(text(peer.spec.get("vrf")), []).append(peer)
    for one, mask in placed(view):
        for router in routers(one):
            peers = [peer for peer in by_vrf.get(router.vrf, ()) if view.masks[peer.ref] & mask]
            yield from _routers(view, one, router, peers, mask)
            named: dict[str, list[Resource]] = {}
            for peer in peers if router.neighbors else ():
                named.setdefault(_name(peer), []).append(peer)
            for neighbor in router.neighbors:
                for peer in named.get(neighbor.name, ()) if neighbor.name else ():
                    nodes = view.masks[peer.ref] & mask
                    yield from _neighbor(view, one, neighbor, router.vrf, peer, nodes)


def with_profiles(view: View) -> Iterator[Disagreement]:
    """Against the BFDProfiles, all of which MetalLB writes on every node."""
    for one, mask in placed(view):
        for path, profile in profiles(one):
            own = view.profiles.get(text(profile.get("name")))
            if own is not None and settings(own.spec) != settings(profile):
                words = f"BFDProfile {own.name} and {one.name} have other values for the profile {own.name}"
                other = Other(own, "", "", words, mask)
                hint = "Give the profile another name in one of them, or the same values."
                yield Disagreement("frr-bfd-profile-differs", one, path, (other,), hint)


def _name(peer: Resource) -> str:
    return text(peer.spec.get("peerAddress")) or text(peer.spec.get("interface"))


def _routers(view: View, one: Resource, router: Router, peers: Sequence[Resource], mask: int) -> Iterator[Disagreement]:
    """One AS and one router ID a VRF; an ID that only one of them sets is taken."""
    place = where(router.vrf)

    def others(field: str, mine: object, name: str) -> tuple[Other, ...]:
        found = [peer for peer in peers if peer.spec.get(field) not in (None, "", mine)]
        words = "BGPPeer {} has {} {}, {} has {} in {}"
        return tuple(
            Other(
                peer,
                field,
                peer.spec.get(field),
                words.format(peer.name, name, shown(peer.spec.get(field)), one.name, shown(mine), place),
                view.masks[peer.ref] & mask,
            )
            for peer in found
        )

    hint = "Write the same in both, place them on different nodes, or use another VRF."
    if router.asn is not None and (found := others("myASN", router.asn, "myASN")):
        yield Disagreement("frr-asn-differs", one, f"{router.path}.asn", found, hint)
    if router.router_id and (found := others("routerID", router.router_id, "routerID")):
        yield Disagreement("frr-router-id-differs", one, f"{router.path}.id", found, hint)


def _neighbor(
    view: View, one: Resource, neighbor: Neighbor, vrf: str, peer: Resource, nodes: int
) -> Iterator[Disagreement]:
    """The same neighbor from MetalLB."""
    named = f"BGPPeer {peer.name} and {one.name} name {shown(neighbor.name)} in {where(vrf)}"
    hint = f"Write the same in both, or leave the neighbor out of {one.name}."
    mine, theirs = peer_terms(peer), neighbor.terms
    differ = [name for name in TERMS if mine[name] != theirs[name]]
    told = [f"{name} {shown(mine[name])} and {shown(theirs[name])}" for name in differ]
    profiles_of = text(peer.spec.get("bfdProfile")), text(neighbor.spec.get("bfdProfile"))
    if all(profiles_of) and profiles_of[0] != profiles_of[1]:
        differ.append("bfdProfile")
        told.append(f"bfdProfile {shown(profiles_of[0])} and {shown(profiles_of[1])}")
    if told:
        field = TERMS.get(differ[0], differ[0])
        more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
        words = f"{named} with other values: {', '.join(told[:_TOLD])}{more}"
        other = Other(peer, field, peer.spec.get(field), words, nodes)
        yield Disagreement("frr-neighbor-differs", one, neighbor.path, (other,), hint)
    elif neighbor.local_prefs and (clash := _local_prefs(view, peer, neighbor, nodes)):
        other = Other(peer, "", "", f"{named} with other values: {clash}", nodes)
        yield Disagreement("frr-local-pref-differs", one, f"{neighbor.path}.toAdvertise", (other,), hint)
    field = "enableGracefulRestart"
    if (peer.spec.get(field) is True) != (neighbor.spec.get(field) is True):
        words = f"{named} with another {field}, and frr-k8s takes that of whichever it reads first"
        other = Other(peer, field, peer.spec.get(field), words, nodes)
        yield Disagreement("frr-graceful-restart-differs", one, neighbor.path, (other,), hint, Severity.WARNING)


def _local_prefs(view: View, peer: Resource, neighbor: Neighbor, nodes: int) -> str:
    """The first prefix with another LOCAL_PREF from an advertisement than from the FRRConfiguration, in words."""
    wanted = neighbor.local_prefs
    for _, node in zip(range(_NODES), view.placement.of(nodes), strict=False):
        for each in view.announcements.on(node.name).get(peer.name, ()):
            other = wanted.get(each.prefix)
            if other is not None and set(each.local_prefs) - {other}:
                return f"localPref {each.local_pref} and {other} for {each.prefix}"
    return ""
