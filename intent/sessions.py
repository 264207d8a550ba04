"""The BGP sessions that MetalLB should run on each node: what FRR's answers are held against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from intent import labels
from intent.addresses import family, parse_address
from intent.modes import Mode
from intent.placement import Placement, placement_of
from intent.snapshot import Resource, Snapshot, mapping, text
from intent.timers import rendered

DEFAULT_VRF = "default"
DEFAULT_PORT = 179
FAMILIES = ("ipv4", "ipv6")
_DYNAMIC = ("", "internal", "external")
_AS_NUMBERS = range(1, 2**32)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntendedSession:
    """One session of one node, as FRR is told to run it.

    vrf: "default" for the default VRF. neighbor: canonical address, or the interface's name if unnumbered.
    peer: the BGPPeer's name. peer_asn: None with dynamic_asn ("internal", "external"). hold, keepalive, connect: None
    where FRR's defaults hold, never for the first two in native mode. families: "ipv4", "ipv6". Texts are "" where
    nothing is set.
    """

    node: str
    vrf: str
    neighbor: str
    peer: str
    my_asn: int
    peer_asn: int | None
    dynamic_asn: str
    local_asn: int | None
    families: tuple[str, ...]
    port: int
    hold: timedelta | None
    keepalive: timedelta | None
    connect: timedelta | None
    multihop: bool
    bfd_profile: str
    password: bool
    graceful_restart: bool
    source_address: str
    router_id: str

    @property
    def internal(self) -> bool:
        """iBGP: the router is of my own AS."""
        return self.dynamic_asn == "internal" or self.peer_asn == self.my_asn


def sessions_on(snapshot: Snapshot, node_name: str) -> tuple[IntendedSession, ...]:
    """The sessions of one node, sorted by VRF and neighbor; () for a node that is not known."""
    nodes = tuple(node for node in snapshot.nodes if node.name == node_name)
    return _by_node(snapshot, Placement(nodes)).get(node_name, ())


def sessions(snapshot: Snapshot) -> dict[str, tuple[IntendedSession, ...]]:
    """The sessions of every known node, by its name."""
    return _by_node(snapshot, placement_of(snapshot))


def numbers(snapshot: Snapshot) -> dict[str, int]:
    """On how many nodes each BGPPeer wants a session, by its name.

    Several peers with one address in one VRF all want theirs, though a node can run only one of them.
    """
    if not snapshot.nodes:
        return {}
    placement = placement_of(snapshot)
    return {peer.name: placement.mask(peer.spec).bit_count() for peer, _ in _wanted(snapshot)}


def placed(snapshot: Snapshot) -> dict[str, tuple[IntendedSession, tuple[str, ...]]]:
    """Of each BGPPeer, by its name: its session, on a node yet to be named, and the nodes that shall run it."""
    placement = placement_of(snapshot)
    return {peer.name: (session, placement.names(placement.mask(peer.spec))) for peer, session in _wanted(snapshot)}


def shared(snapshot: Snapshot, placement: Placement) -> dict[str, tuple[IntendedSession, ...]]:
    """The sessions of every node, each on a node yet to be named; nodes that want the same ones share a tuple."""
    wanted = sorted(_wanted(snapshot), key=lambda pair: _order(pair[1]))
    sets: dict[int, tuple[IntendedSession, ...]] = {}
    found = {}
    chosen = placement.memberships(placement.mask(peer.spec) for peer, _ in wanted)
    for node, places in zip(placement.nodes, chosen, strict=True):
        if places not in sets:
            sets[places] = tuple(wanted[place][1] for place in labels.numbers(places))
        found[node.name] = sets[places]
    return found


def _order(session: IntendedSession) -> tuple[str, str, str]:
    return session.vrf, session.neighbor, session.peer


def _wanted(snapshot: Snapshot) -> Iterator[tuple[Resource, IntendedSession]]:
    for peer in snapshot.in_force("BGPPeer"):
        key = _session, snapshot.mode
        if key not in peer.memo:
            peer.memo[key] = _session(peer, snapshot.mode)
        session: IntendedSession | None = peer.memo[key]
        if session is not None:
            yield peer, session


def _by_node(snapshot: Snapshot, placement: Placement) -> dict[str, tuple[IntendedSession, ...]]:
    found: dict[str, list[IntendedSession]] = {node.name: [] for node in placement.nodes}
    for peer, session in _wanted(snapshot):
        for name in placement.names(placement.mask(peer.spec)):
            found[name].append(replace(session, node=name))
    return {name: tuple(sorted(some, key=_order)) for name, some in found.items()}


def _session(peer: Resource, mode: Mode) -> IntendedSession | None:
    """A peer's session on a node yet to be named; None if MetalLB cannot make one of the object."""
    spec = peer.spec
    neighbor, families = neighbor_and_families(peer, mode)
    my_asn, peer_asn = as_number(spec.get("myASN")), as_number(spec.get("peerASN"))
    dynamic, vrf = text(spec.get("dynamicASN")), text(spec.get("vrf"))
    profile = text(spec.get("bfdProfile"))
    readable = neighbor and (not vrf or is_word(vrf))
    if not readable or my_asn is None or (peer_asn is None) == (not dynamic) or dynamic not in _DYNAMIC:
        return None
    source = parse_address(text(spec.get("sourceAddress")))
    timers = rendered(spec, mode)
    frr_k8s = mode is Mode.FRR_K8S
    return IntendedSession(
        node="",
        vrf=vrf or DEFAULT_VRF,
        neighbor=neighbor,
        peer=peer.name,
        my_asn=my_asn,
        peer_asn=peer_asn,
        dynamic_asn=dynamic,
        local_asn=None if frr_k8s else as_number(spec.get("localASN")),
        families=families,
        port=_port(spec.get("peerPort")),
        hold=_seconds(timers.hold),
        keepalive=_seconds(timers.keepalive),
        connect=_seconds(timers.connect),
        multihop=spec.get("ebgpMultiHop") is True,
        bfd_profile=profile if is_word(profile) else "",
        password=peer.inline_password or bool(mapping(spec.get("passwordSecret")).get("name")),
        graceful_restart=spec.get("enableGracefulRestart") is True,
        source_address="" if frr_k8s or source is None else str(source),
        router_id=_router_id(spec.get("routerID")),
    )


def neighbor_and_families(peer: Resource, mode: Mode) -> tuple[str, tuple[str, ...]]:
    """Address and its family, or interface; both families if asked for, and always if unnumbered."""
    address, interface = text(peer.spec.get("peerAddress")), text(peer.spec.get("interface"))
    if interface and not address and is_word(interface):
        return interface, FAMILIES
    parsed = parse_address(address)
    if parsed is None or interface:
        return "", ()
    if mode is Mode.NATIVE:
        return str(parsed), FAMILIES[:1]
    both = peer.spec.get("dualStackAddressFamily") is True
    return str(parsed), FAMILIES if both else (family(parsed),)


def as_number(value: object) -> int | None:
    """An AS number (RFC 6793), None for anything else, 0 included."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value in _AS_NUMBERS else None


def _port(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536 else DEFAULT_PORT


def _seconds(value: int | None) -> timedelta | None:
    return timedelta(seconds=value) if value is not None and 0 <= value <= 65535 else None


def _router_id(value: object) -> str:
    address = parse_address(text(value))
    return "" if address is None else str(address)


def is_word(name: str) -> bool:
    """Whether FRR takes the text as one word: ASCII without spaces, and not empty."""
    return bool(name) and all("!" <= character <= "~" for character in name)
