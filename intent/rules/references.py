"""Objects against what they refer to: BFD profiles, nodes, pools, peers, aliases."""

from __future__ import annotations

from collections.abc import Iterator

from intent.addresses import parse_address
from intent.findings import Finding, ObjectRef, shown
from intent.modes import Mode
from intent.references import references_of
from intent.rules.subject import CONFIG, FRR, Subject
from intent.rules.view import View, is_internal
from intent.selectors import readable
from intent.well_known import by_name

FRR_MINIMUM_TTL = 254  # FRR's own value
_MISSING = {"IPAddressPool": "pool-missing", "BGPPeer": "peer-missing"}


def bfd_profile_exists(view: View, subject: Subject) -> Iterator[Finding]:
    """Admission does not look; the speakers do."""
    name = subject.string("bfdProfile")
    if not name or name in view.profiles or subject.mode is Mode.NATIVE:
        return
    profile = ObjectRef("BFDProfile", subject.namespace, name)
    message = f"BFDProfile {name[:100]} does not exist; until it does, the speakers keep their old configuration"
    hint = "Create the profile first, or leave bfdProfile out."
    yield subject.error("bfd-profile-missing", "bfdProfile", message, source=CONFIG, hint=hint, others=(profile,))


def bfd_fits_the_hops(view: View, subject: Subject) -> Iterator[Finding]:
    """Echo packets do not travel over routers; a minimum TTL says nothing about direct neighbors."""
    profile = view.profiles.get(subject.string("bfdProfile"))
    if profile is None:
        return
    others = (profile.ref,)
    multihop = subject.flag("ebgpMultiHop")
    ttl = profile.spec.get("minimumTtl")
    if not multihop and isinstance(ttl, int) and ttl != FRR_MINIMUM_TTL and not is_internal(subject.resource):
        message = f"BFDProfile {profile.name} has minimumTtl {ttl}, which means nothing to a direct neighbor"
        hint = "Use a profile without minimumTtl, or set ebgpMultiHop if the router is more than one hop away."
        code = "bfd-minimum-ttl-single-hop"
        yield subject.warning(code, "bfdProfile", message, source=FRR, hint=hint, others=others)
    if multihop and profile.spec.get("echoMode") is True:
        message = f"BFDProfile {profile.name} has echoMode, which does not work over several hops"
        hint = "Use a profile without echoMode."
        yield subject.warning("bfd-echo-multihop", "bfdProfile", message, source=FRR, hint=hint, others=others)
    peer = parse_address(subject.string("peerAddress"))
    if peer is not None and peer.version == 6 and profile.spec.get("echoMode") is True:
        message = f"BFDProfile {profile.name} has echoMode, which does not work with IPv6"
        hint = "Use a profile without echoMode."
        yield subject.warning("bfd-echo-ipv6", "bfdProfile", message, source=FRR, hint=hint, others=others)


def pools_and_peers_exist(view: View, subject: Subject) -> Iterator[Finding]:
    """Names of pools and peers that MetalLB passes over in silence."""
    known = {"IPAddressPool": view.pools.number, "BGPPeer": view.peer_number}
    for reference in references_of(subject.resource):
        if reference.kind in known and reference.name not in known[reference.kind]:
            code, field = _MISSING[reference.kind], reference.field.removeprefix("spec.")
            other = ObjectRef(reference.kind, subject.namespace, reference.name)
            message = f"{reference.kind} {shown(reference.name)} does not exist; MetalLB passes over it in silence"
            hint, value = "Create it, or check its spelling.", reference.name
            yield subject.warning(code, field, message, value=value, source=CONFIG, hint=hint, others=(other,))


def aliases_exist(view: View, subject: Subject) -> Iterator[Finding]:
    """Admission does not know the aliases; the speakers do."""
    for reference in references_of(subject.resource):
        if reference.kind == "Community" and reference.name not in view.aliases.known:
            known = by_name(reference.name)
            message = f"No Community defines the alias {shown(reference.name)}; until one does, the speakers keep their"
            message += " old configuration"
            hint = f"Write {known.value} for {known.name}." if known else "Define it in a Community, or write a value."
            field, value = reference.field.removeprefix("spec."), reference.name
            lost = view.aliases.lost.get(value, ())
            yield subject.error("alias-missing", field, message, value=value, source=CONFIG, hint=hint, others=lost)


def nodes_are_selected(view: View, subject: Subject) -> Iterator[Finding]:
    """A peer without nodes has no sessions; a source address belongs to one node."""
    mask = view.masks[subject.resource.ref]
    count = mask.bit_count()
    if view.placement.nodes and not count and readable(subject.spec.get("nodeSelectors")):
        message = f"The selectors match none of the {len(view.placement.nodes)} nodes, so there will be no session"
        hint = "Check the selectors against the labels of the nodes."
        yield subject.warning("no-node-selected", "nodeSelectors", message, source=CONFIG, hint=hint)
    if (
        view.placement.nodes
        and count > 1
        and parse_address(subject.string("sourceAddress"))
        and subject.mode is not Mode.FRR_K8S
    ):
        message = f"sourceAddress belongs to one node, but {count} nodes are to use it"
        hint = "Make a peer for each node, with nodeSelectors, or leave sourceAddress out."
        nodes = view.placement.names(mask)
        yield subject.warning("source-address-shared", "sourceAddress", message, source=FRR, hint=hint, nodes=nodes)


def router_is_reachable(view: View, subject: Subject) -> Iterator[Finding]:
    """Where subnets are known: a router of another AS must be a neighbor, unless multihop; and not the node itself."""
    peer = parse_address(subject.string("peerAddress"))
    if peer is None or subject.string("vrf"):
        return
    selected = view.masks[subject.resource.ref]
    same = selected & view.placement.hosts.get(peer, 0)
    if same and subject.mode is not Mode.NATIVE:
        nodes = view.placement.names(same)
        message = f"{peer} is an address of the node itself, and FRR cannot peer with a router on its own host"
        hint = "Choose another router, or keep the peer off this node with nodeSelectors."
        yield subject.warning("peer-is-the-node", "peerAddress", message, source=FRR, hint=hint, nodes=nodes)
    ibgp = subject.string("dynamicASN") == "internal" or subject.number("peerASN") == subject.number("myASN")
    if ibgp or subject.flag("ebgpMultiHop"):
        return
    far = selected & view.placement.subnets.connected[peer.version] & ~view.placement.subnets.containing(peer)
    if far:
        nodes = view.placement.names(far)
        message = f"{peer} lies outside every known subnet of {len(nodes)} nodes, and ebgpMultiHop is not set"
        hint = "Set ebgpMultiHop (on the router too), or check the address."
        yield subject.warning("peer-not-connected", "peerAddress", message, source=FRR, hint=hint, nodes=nodes)
