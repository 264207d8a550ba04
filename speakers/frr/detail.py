"""A neighbor in full, for its own page: timers, counters, capabilities; nothing of it is kept in the database."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import field

from speakers.frr.neighbor import NOTHING, GracefulRestart, Neighbor
from speakers.frr.text import clean


class MessageCount(NamedTuple):
    """Messages of one type since the neighbor was configured."""

    name: str
    sent: int | None
    received: int | None


class Capability(NamedTuple):
    """A capability (RFC 5492) and who offered it, in FRR's words."""

    name: str
    value: str


class FamilyFacts(NamedTuple):
    """An address family of the session. negotiated: in use now; accepted, sent: prefixes."""

    name: str
    negotiated: bool
    accepted: int | None
    sent: int | None
    route_map_in: str
    route_map_out: str


_MESSAGES = (
    ("OPEN", "opens"),
    ("NOTIFICATION", "notifications"),
    ("UPDATE", "updates"),
    ("KEEPALIVE", "keepalives"),
    ("ROUTE-REFRESH", "routeRefresh"),
    ("CAPABILITY", "capability"),
    ("total", "total"),
)
_CAPABILITIES = {
    "4byteAs": "4-octet AS number",
    "extendedMessage": "extended message",
    "extendedNexthop": "extended next hop",
    "longLivedGracefulRestart": "long-lived graceful restart",
    "routeRefresh": "route refresh",
    "enhancedRouteRefresh": "enhanced route refresh",
    "gracefulRestart": "graceful restart",
    "dynamic": "dynamic capability",
    "role": "role",
}
_OFFERED = (("advertisedAndReceived", "both sides"), ("advertised", "this side only"), ("received", "the router only"))


class NeighborDetail(Neighbor):
    """Adds what moves with every poll to a Neighbor. Milliseconds unless the name says seconds."""

    next_start_due: int | None = field(default=None, name="nextStartTimerDueInMsecs")
    rtt: int | None = field(default=None, name="estimatedRttInMsecs")
    local_host: str = field(default="", name="hostLocal")
    next_hop: str = field(default="", name="nexthop")
    connection: str = field(default="", name="bgpConnection")
    statistics: dict[str, int] = field(default_factory=dict, name="<statistics>")
    offered: dict[str, Any] = field(default_factory=dict, name="<capabilities>")

    @property
    def md5(self) -> bool:
        """Whether this side protects the session with a password (TCP-MD5, RFC 2385)."""
        return self.authentication == 1

    @property
    def message_list(self) -> list[MessageCount]:
        """Counters by type; empty if FRR gave none."""
        counts = self.statistics
        return [MessageCount(n, counts.get(f"{k}Sent"), counts.get(f"{k}Recv")) for n, k in _MESSAGES if counts]

    @property
    def capability_list(self) -> list[Capability]:
        """What either side offered when the session was opened; empty while it is down."""
        found = [(name, clean(self.offered.get(key), 60)) for key, name in _CAPABILITIES.items()]
        extensions = self.capabilities.families if self.capabilities else NOTHING
        found += [
            (f"multiprotocol {clean(family, 40)}", next((key for key, _ in _OFFERED if sides.get(key)), ""))
            for family, sides in extensions.items()
        ]
        return [Capability(name, _offered(value)) for name, value in found if value]

    @property
    def family_list(self) -> list[FamilyFacts]:
        """Every family that is activated on this side."""
        return [
            FamilyFacts(
                name=clean(name, 40),
                negotiated=self.established and self.negotiated(name),
                accepted=family.accepted_prefix_counter,
                sent=family.sent_prefix_counter,
                route_map_in=clean(family.route_map_for_incoming_advertisements, 100),
                route_map_out=clean(family.route_map_for_outgoing_advertisements, 100),
            )
            for name, family in self.families.items()
        ]

    @property
    def graceful_restart_modes(self) -> tuple[str, str]:
        """Mode of this side and of the router, "" = not said."""
        modes = self.graceful_restart or GracefulRestart()
        return clean(modes.local_gr_mode, 40), clean(modes.remote_gr_mode, 40)


def _offered(value: str) -> str:
    """FRR 8.4 adds OldNew, Old or New to some values."""
    return next((words for key, words in _OFFERED if value.startswith(key)), value)
