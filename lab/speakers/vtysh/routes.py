"""The BGP table of an instance, and what goes out to and comes in from one neighbour."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import msgspec

from intent.announcements import Announcement
from lab.speakers.node import Speaker
from lab.speakers.session import Session
from lab.speakers.vtysh.document import Style, document

_UNSPECIFIED = {"ipv4": "0.0.0.0", "ipv6": "::"}  # noqa: S104  # what FRR prints
_LOCAL_PREF = 100  # bgpd's default, which an internal peer is sent
_SYMBOLS = {
    "bgpStatusCodes": {
        "suppressed": "s", "damped": "d", "history": "h", "valid": "*", "best": ">", "multipath": "=",
        "internal": "i", "ribFailure": "r", "stale": "S", "removed": "R",
    },
    "bgpOriginCodes": {"igp": "i", "egp": "e", "incomplete": "?"},
}  # fmt: skip


def route_map(session: Session, direction: str) -> str:
    """The route map that MetalLB installs for a neighbour: `10.0.0.1-in`, `10.0.0.1-red-out`."""
    vrf = "" if session.spec.vrf == "default" else f"-{session.spec.vrf}"
    return f"{session.spec.neighbor}{vrf}-{direction}"


def table(speaker: Speaker, vrf: str, family: str, *, learned_from: Session | None = None) -> str:
    """`show bgp vrf V ipv4 unicast json`, or with learned_from `... neighbors A routes json`, without the VRF level.

    MetalLB denies all inbound, so the table holds the node's own prefixes only.
    """
    own = speaker.networks(vrf, family) if learned_from is None else []
    rows = [f'"{prefix}": [{_path(prefix, version, speaker, family)}]' for version, prefix in enumerate(own, 1)]
    header = {
        "vrfId": speaker.vrf_id(vrf),
        "vrfName": vrf,
        "tableVersion": speaker.table_version(vrf, family),
        "routerId": speaker.router_id(vrf),
        "defaultLocPrf": 100,
        "localAS": speaker.instances[vrf],
    }
    lines = "".join(f' "{key}": {msgspec.json.encode(value).decode()},\n' for key, value in header.items())
    routes = "\n,".join(rows) + "\n" if rows else ""
    totals = f', "totalRoutes": {len(own)}, "totalPaths": {len(own)}' if "route-totals" in speaker.flavour else ""
    return f'{{\n{lines} "routes": {{ {routes} }} {totals} }} \n'


def _path(prefix: str, version: int, speaker: Speaker, family: str) -> str:
    network = ip_network(prefix)
    nexthop = {"ip": _UNSPECIFIED[family], "hostname": speaker.hostname, "afi": family}
    scope = {"scope": "global"} if family == "ipv6" else {}
    return msgspec.json.encode(
        {
            "valid": True,
            "bestpath": True,
            "selectionReason": "First path received",
            "pathFrom": "external",
            "prefix": str(network.network_address),
            "prefixLen": network.prefixlen,
            "network": prefix,
            "version": version,
            "metric": 0,
            "weight": 32768,
            "peerId": "(unspec)",
            "path": "",
            "origin": "IGP",
            "nexthops": [{**nexthop, **scope, "used": True}],
        }
    ).decode()


def advertised(speaker: Speaker, session: Session, family: str) -> str:
    """`show bgp vrf V ipv4 unicast neighbors A advertised-routes json`."""
    flags = "json-flags" in speaker.flavour
    routes = {each.prefix: _advertised(each, session, flags=flags) for each in session.sent(family)}
    header = {
        "bgpTableVersion": speaker.table_version(session.spec.vrf, family),
        "bgpLocalRouterId": speaker.router_id(session.spec.vrf),
        "defaultLocPrf": 100,
        "localAS": speaker.instances[session.spec.vrf],
    }
    totals = {"totalPrefixCounter": len(routes), "filteredPrefixCounter": 0}
    if not flags:
        shown = {**header, **_SYMBOLS} if routes else {}
        return document({**shown, "advertisedRoutes": routes, **totals}, Style(compact_empty=False))
    head = msgspec.json.encode(header).decode()[1:-1]
    rows = msgspec.json.encode(routes).decode() + "\n" if routes else " {}\n"
    return f'{{\n{head},"advertisedRoutes": {rows.lstrip()},{msgspec.json.encode(totals).decode()[1:]}\n'


def _local_pref(announced: Announcement, session: Session) -> int | None:
    """As it stands in adj-rib-out: what the route map set, even towards an external peer, which is never sent it."""
    return announced.local_pref or (_LOCAL_PREF if session.internal else None)


def _advertised(announced: Announcement, session: Session, *, flags: bool) -> dict[str, Any]:
    network = ip_network(announced.prefix)
    pref = _local_pref(announced, session)
    state = (
        {"origin": "IGP", "valid": True, "best": True}
        if flags
        else {"bgpOriginCode": "i", "appliedStatusSymbols": {"*": True, ">": True}}
    )
    return {
        "addrPrefix": str(network.network_address),
        "prefixLen": network.prefixlen,
        "network": announced.prefix,
        ("nextHop" if announced.family == "ipv4" else "nextHopGlobal"): _UNSPECIFIED[announced.family],
        "metric": 0,
        **({} if pref is None else {"locPrf": pref}),
        "weight": 32768,
        "path": "",
        **state,
    }


def advertised_text(speaker: Speaker, session: Session, family: str) -> str:
    """`show bgp vrf V ipv4 unicast neighbors A advertised-routes`."""
    sent = session.sent(family)
    if not sent:
        return ""
    rows = [_row(speaker, family, each.prefix, _local_pref(each, session)) for each in sent]
    heading = _heading(speaker, session.spec.vrf, family)
    return "\n".join([*heading, *rows, "", f"Total number of prefixes {len(rows)}", ""])


def table_text(speaker: Speaker, vrf: str, family: str) -> str:
    """`show bgp vrf V ipv4 unicast`."""
    own = speaker.networks(vrf, family)
    if not own:
        return "No BGP prefixes displayed, 0 exist\n"
    rows = [_row(speaker, family, prefix, None) for prefix in own]
    gap = "" if "json-flags" in speaker.flavour else " "
    total = f"Displayed {gap}{len(own)} routes and {len(own)} total paths"
    return "\n".join([*_heading(speaker, vrf, family), *rows, "", total, ""])


def _heading(speaker: Speaker, vrf: str, family: str) -> list[str]:
    version, router_id, number = speaker.table_version(vrf, family), speaker.router_id(vrf), speaker.vrf_id(vrf)
    return [
        f"BGP table version is {version}, local router ID is {router_id}, vrf id {number}",
        f"Default local pref 100, local AS {speaker.instances[vrf]}",
        "Status codes:  s suppressed, d damped, h history, * valid, > best, = multipath,",
        "               i internal, r RIB-failure, S Stale, R Removed",
        "Nexthop codes: @NNN nexthop's vrf id, < announce-nh-self",
        "Origin codes:  i - IGP, e - EGP, ? - incomplete",
        "RPKI validation codes: V valid, I invalid, N Not found",
        "",
        f"{_margin(speaker)}   Network          Next Hop            Metric LocPrf Weight Path",
    ]


def _margin(speaker: Speaker) -> str:
    return " " if "rpki-column" in speaker.flavour else ""


def _row(speaker: Speaker, family: str, prefix: str, local_pref: int | None) -> str:
    """One route of its own; a prefix that is too long for its column stands on a line of its own."""
    column = f"{prefix:<17}" if len(prefix) < 17 else f"{prefix}\n{'':20}"
    pref = "" if local_pref is None else local_pref
    return f"{_margin(speaker)}*> {column}{_UNSPECIFIED[family]:<16}{0:>10}{pref:>7}{32768:>7} i"


def prefix(speaker: Speaker, vrf: str, family: str, wanted: str) -> str:
    """`show bgp vrf V ipv4 unicast P json`: the prefix, or the longest match of an address; {} if there is none."""
    network = ip_network(wanted)
    tables = map(ip_network, speaker.networks(vrf, family))
    own = [each for each in tables if (each == network if "/" in wanted else network.network_address in each)]
    if not own:
        return document({}, Style(compact_empty="compact-empty" in speaker.flavour))
    found = str(max(own, key=lambda each: each.prefixlen))
    told = [s for s in speaker.of_vrf(vrf) if any(each.prefix == found for each in s.sent(family))]
    unspecified = _UNSPECIFIED[family]
    path = {
        "aspath": {"string": "Local", "segments": [], "length": 0},
        "origin": "IGP",
        "metric": 0,
        "weight": 32768,
        "valid": True,
        "sourced": True,
        "local": True,
        "bestpath": {"overall": True, "selectionReason": "First path received"},
        "nexthops": [
            {"ip": unspecified, "hostname": speaker.hostname, "afi": family, "accessible": True, "used": True}
        ],
        "peer": {"peerId": unspecified, "routerId": speaker.router_id(vrf)},
    }
    to = {s.spec.neighbor: {"hostname": s.met.name} if s.met else {} for s in told}
    answer = {"prefix": found, "version": speaker.table_version(vrf, family), **({"advertisedTo": to} if to else {})}
    return document({**answer, "paths": [path]}, Style(compact_empty=True))
