"""Settings of a neighbor in FRR that are not those of its BGPPeer: what somebody changed on the node by hand.

All of it is in the answer to every sweep (`show bgp vrf all neighbors json`), so that nothing else is asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from intent.addresses import parse_address
from intent.policies import neighbor_id
from intent.sessions import IntendedSession
from intent.timers import FRR_HOLD, FRR_KEEPALIVE
from speakers.frr.neighbor import Family, Neighbor
from speakers.frr.text import clean

LENGTH = 500  # characters of all differences of a session
_RESTART_MODES = {"Helper", "Restart", "Disable"}
_UNICAST = {"ipv4": "ipv4Unicast", "ipv6": "ipv6Unicast"}


def differing(neighbor: Neighbor, intended: IntendedSession) -> str:
    """Every setting that differs, "" if none does; what FRR does not print is not compared."""
    found = [*_identity(neighbor, intended), *_session(neighbor, intended), *_families(neighbor, intended)]
    return "; ".join(found)[:LENGTH]


def _identity(neighbor: Neighbor, intended: IntendedSession) -> Iterator[str]:
    if neighbor.admin_shutdown:
        yield "the neighbor is shut down, which no BGPPeer asks for"
    if intended.peer_asn is not None and neighbor.remote_as not in {None, intended.peer_asn}:
        yield f"remote-as is {neighbor.remote_as}, peerASN {intended.peer_asn}"
    if intended.dynamic_asn and neighbor.link and neighbor.link != intended.dynamic_asn:
        yield f"remote-as is {neighbor.link}, dynamicASN {intended.dynamic_asn}"
    own = intended.local_asn or intended.my_asn
    if neighbor.local_as not in {None, own}:
        field = "localASN" if intended.local_asn else "myASN"
        yield f"the local AS is {neighbor.local_as}, {field} {own}"


def _session(neighbor: Neighbor, intended: IntendedSession) -> Iterator[str]:
    yield from _timers(neighbor, intended)
    if (neighbor.bfd is not None) != bool(intended.bfd_profile):
        off = f"BFD is off, bfdProfile {intended.bfd_profile}"
        yield off if intended.bfd_profile else "BFD runs, and the BGPPeer names no bfdProfile"
    if bool(neighbor.authentication) != intended.password:
        said, wished = ("a", "none") if neighbor.authentication else ("no", "one")
        yield f"{said} password is set, the BGPPeer has {wished}"
    if neighbor.update_source != intended.source_address:
        source, asked = (text or "not set" for text in (neighbor.update_source, intended.source_address))
        yield f"update-source is {source}, sourceAddress {asked}"
    yield from _restart_and_port(neighbor, intended)
    if neighbor.hops is not None and not intended.internal and (neighbor.hops > 1) != intended.multihop:
        yield f"the router may be {neighbor.hops} hops away, ebgpMultiHop {str(intended.multihop).lower()}"


def _restart_and_port(neighbor: Neighbor, intended: IntendedSession) -> Iterator[str]:
    mode = neighbor.graceful_restart.local_gr_mode.removesuffix("*") if neighbor.graceful_restart else ""
    wanted = "Restart" if intended.graceful_restart else "Helper"
    if mode in _RESTART_MODES and mode != wanted:
        asked = str(intended.graceful_restart).lower()
        yield f"the graceful restart mode is {mode}, enableGracefulRestart {asked} means {wanted}"
    port = neighbor.dialled_port
    if port not in {None, intended.port} and parse_address(intended.neighbor) is not None:
        yield f"the session runs to port {port}, peerPort {intended.port} (another one counts when it connects anew)"


def _timers(neighbor: Neighbor, intended: IntendedSession) -> Iterator[str]:
    for word, said, wanted, default in (
        ("hold time", neighbor.configured_hold_time, intended.hold, FRR_HOLD),
        ("keepalive time", neighbor.configured_keepalive_time, intended.keepalive, FRR_KEEPALIVE),
    ):
        seconds = default if wanted is None else round(wanted.total_seconds())
        if said is not None and said != seconds * 1000:
            yield f"the {word} is {said / 1000:g}s, the BGPPeer's {seconds}s"
    retry = neighbor.connect_retry_seconds
    if intended.connect is not None and retry is not None and retry != intended.connect.total_seconds():
        yield f"connect retries come after {retry}s, connectTime {intended.connect.total_seconds():g}s"


def _families(neighbor: Neighbor, intended: IntendedSession) -> Iterator[str]:
    wanted = [_UNICAST[family] for family in intended.families]
    for name in wanted:
        if name not in neighbor.families:
            yield f"{name} is not activated"
    for name in neighbor.families:
        if name not in wanted:
            yield f"{name} is activated, which the BGPPeer does not ask for"
    for name in wanted:
        if name in neighbor.families:
            yield from _filters(name, neighbor.families[name], neighbor_id(intended))


def _filters(name: str, family: Family, identity: str) -> Iterator[str]:
    told = clean(family.route_map_for_outgoing_advertisements, 120)
    if told != f"{identity}-out":
        yield f"the outbound route map of {name} is {told or 'not set'}, not MetalLB's {identity}-out"
    for word, value in (
        ("prefix list", family.outgoing_update_prefix_filter_list),
        ("distribute list", family.outgoing_update_network_filter_list),
        ("AS path list", family.outgoing_update_as_path_filter_list),
    ):
        if value:
            yield f"the {word} {clean(value, 120)} filters what {name} sends"
    if family.prefix_allowed_max is not None:
        yield f"maximum-prefix {family.prefix_allowed_max} is set for {name}"
