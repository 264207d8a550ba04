"""The BGP table of an instance, and what goes out to and comes in from one neighbour."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import msgspec

from lab.speakers.node import Speaker
from lab.speakers.session import Session
from lab.speakers.vtysh.document import Style, document

_UNSPECIFIED = {"ipv4": "0.0.0.0", "ipv6": "::"}  # noqa: S104  # what FRR prints
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


def announced(session: Session, family: str) -> tuple[str, ...]:
    """The prefixes of a family that go out to this neighbour."""
    return tuple(p for p in session.networks if (":" in p) == (family == "ipv6"))


def table(speaker: Speaker, vrf: str, family: str, *, learned_from: Session | None = None) -> str:
    """`show bgp vrf V ipv4 unicast json`, or with learned_from `... neighbors A routes json`, without the VRF level.

    MetalLB denies all inbound, so the table holds the node's own prefixes only.
    """
    own = _own(speaker, vrf, family) if learned_from is None else []
    rows = [f'"{prefix}": [{_path(prefix, version, speaker, family)}]' for version, prefix in enumerate(own, 1)]
    header = {
        "vrfId": speaker.vrf_id(vrf),
        "vrfName": vrf,
        "tableVersion": len(_own(speaker, vrf, family)),
        "routerId": speaker.router_id(vrf),
        "defaultLocPrf": 100,
        "localAS": speaker.instances[vrf],
    }
    lines = "".join(f' "{key}": {msgspec.json.encode(value).decode()},\n' for key, value in header.items())
    routes = "\n,".join(rows) + "\n" if rows else ""
    totals = f', "totalRoutes": {len(own)}, "totalPaths": {len(own)}' if "route-totals" in speaker.flavour else ""
    return f'{{\n{lines} "routes": {{ {routes} }} {totals} }} \n'


def _own(speaker: Speaker, vrf: str, family: str) -> list[str]:
    return [prefix for prefix in speaker.networks.get(vrf, ()) if (":" in prefix) == (family == "ipv6")]


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
    prefixes = announced(session, family) if session.up and family in session.families else ()
    flags = "json-flags" in speaker.flavour
    routes = {prefix: _advertised(prefix, family, flags=flags) for prefix in prefixes}
    header = {
        "bgpTableVersion": len(_own(speaker, session.spec.vrf, family)),
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


def _advertised(prefix: str, family: str, *, flags: bool) -> dict[str, Any]:
    network = ip_network(prefix)
    state = (
        {"origin": "IGP", "valid": True, "best": True}
        if flags
        else {"bgpOriginCode": "i", "appliedStatusSymbols": {"*": True, ">": True}}
    )
    return {
        "addrPrefix": str(network.network_address),
        "prefixLen": network.prefixlen,
        "network": prefix,
        ("nextHop" if family == "ipv4" else "nextHopGlobal"): _UNSPECIFIED[family],
        "metric": 0,
        "weight": 32768,
        "path": "",
        **state,
    }


def table_text(speaker: Speaker, vrf: str, family: str) -> str:
    """`show bgp vrf V ipv4 unicast`."""
    own = _own(speaker, vrf, family)
    if not own:
        return "No BGP prefixes displayed, 0 exist\n"
    rows = [f" *> {prefix:<16} {_UNSPECIFIED[family]:<20}     0         32768 i" for prefix in own]
    return (
        f"BGP table version is {len(own)}, local router ID is {speaker.router_id(vrf)}, "
        f"vrf id {speaker.vrf_id(vrf)}\n"
        f"Default local pref 100, local AS {speaker.instances[vrf]}\n"
        "Status codes:  s suppressed, d damped, h history, * valid, > best, = multipath,\n"
        "               i internal, r RIB-failure, S Stale, R Removed\n"
        "Nexthop codes: @NNN nexthop's vrf id, < announce-nh-self\n"
        "Origin codes:  i - IGP, e - EGP, ? - incomplete\n"
        "RPKI validation codes: V valid, I invalid, N Not found\n\n"
        "    Network          Next Hop            Metric LocPrf Weight Path\n"
        + "\n".join(rows)
        + f"\n\nDisplayed {len(own)} routes and {len(own)} total paths\n"
    )
