"""The well-known BGP communities: what people call 65535:65282 (IANA, BGP Well-known Communities)."""

from __future__ import annotations

from dataclasses import dataclass

from intent.communities import parse_community


@dataclass(frozen=True, slots=True)
class WellKnown:
    """value: as MetalLB takes it. name: as FRR and the RFCs write it. meaning: what a router does with the route."""

    value: str
    name: str
    source: str
    meaning: str


WELL_KNOWN: tuple[WellKnown, ...] = tuple(
    WellKnown(f"65535:{low}", name, source, meaning)
    for low, name, source, meaning in (
        (0, "graceful-shutdown", "RFC 8326", "The route is about to go: prefer any other."),
        (1, "accept-own", "RFC 7611", "A VPN route that its sender may import again."),
        (2, "route-filter-translated-v4", "draft-ietf-l3vpn-legacy-rtc", "A route target filter, translated."),
        (3, "route-filter-v4", "draft-ietf-l3vpn-legacy-rtc", "A route target filter."),
        (4, "route-filter-translated-v6", "draft-ietf-l3vpn-legacy-rtc", "A route target filter, translated."),
        (5, "route-filter-v6", "draft-ietf-l3vpn-legacy-rtc", "A route target filter."),
        (6, "llgr-stale", "RFC 9494", "The route outlived its session: least preferred."),
        (7, "no-llgr", "RFC 9494", "Do not keep the route after its session ended."),
        (8, "accept-own-nexthop", "draft-agrewal-idr-accept-own-nexthop", "Accept the route with one's own next hop."),
        (9, "standby-pe", "RFC 9026", "Comes from the standby router of a multicast VPN."),
        (666, "blackhole", "RFC 7999", "Drop all traffic to these addresses."),
        (65281, "no-export", "RFC 1997", "Do not pass the route on to another AS."),
        (65282, "no-advertise", "RFC 1997", "Do not pass the route on to anybody."),
        (
            65283,
            "no-export-subconfed",
            "RFC 1997",
            "Do not pass the route on to another AS, nor within a confederation.",
        ),
        (65284, "no-peer", "RFC 3765", "Do not pass the route on to bilateral peers."),
    )
)
_BY_VALUE = {one.value: one for one in WELL_KNOWN}
_BY_NAME = {one.name: one for one in WELL_KNOWN} | {
    other: _BY_VALUE[value]
    for other, value in (("gshut", "65535:0"), ("local-as", "65535:65283"), ("nopeer", "65535:65284"))
}


def by_value(community: str) -> WellKnown | None:
    """The well-known community that a value is, however it is padded; None for others."""
    parsed = parse_community(community)
    return _BY_VALUE.get(parsed.value) if parsed and not parsed.large else None


def by_name(name: str) -> WellKnown | None:
    """The well-known community of a name, in whatever case and with - or _; None for other texts."""
    return _BY_NAME.get(name.lower().replace("_", "-"))


def community_name(community: str) -> str:
    """What to call a community: "no-advertise" for 65535:65282, "" for those without a name."""
    found = by_value(community)
    return found.name if found else ""
