"""What FRR prints about a BGP neighbor and a BFD peer, typed. Every key is optional; None or "" = not said.

Sources: `show bgp vrf all neighbors json` (FRR bgpd/bgp_vty.c), `show bfd peers json` (bfdd/bfdd_vty.c), 8.4 to 10.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

ESTABLISHED = "Established"
NOTHING: Mapping[str, Any] = {}  # never written to
_EPHEMERAL = 32_768  # Linux takes the ports of those who connect from here on; peerPort is 16384 at most


class Family(Struct, rename="camel"):
    """Counters of an address family that is activated on this side."""

    accepted_prefix_counter: int | None = None
    sent_prefix_counter: int | None = None  # only while the family is in use with this neighbor
    route_map_for_incoming_advertisements: str = ""
    route_map_for_outgoing_advertisements: str = ""
    inbound_ebgp_requires_policy: str = ""
    outbound_ebgp_requires_policy: str = ""
    outgoing_update_prefix_filter_list: str = ""
    outgoing_update_network_filter_list: str = ""
    outgoing_update_as_path_filter_list: str = ""
    prefix_allowed_max: int | None = None


class Capabilities(Struct):
    """The part of `neighborCapabilities` that sessions are judged by."""

    families: dict[str, dict[str, bool]] = field(default_factory=dict, name="multiprotocolExtensions")


class Messages(Struct, rename="camel"):
    """The part of `messageStats` that sessions are judged by: messages since the neighbor was configured."""

    opens_sent: int = 0


class GracefulRestart(Struct, rename="camel"):
    """Modes of this side and of the router: Helper, Restart, Disable, NotApplicable; * = from the instance."""

    local_gr_mode: str = ""
    remote_gr_mode: str = ""


class BFDInfo(Struct, rename="camel"):
    """BFD of a neighbor as bgpd sees it. Intervals in milliseconds; not `lastUpdate`, which moves with every answer."""

    status: str = ""  # Up, Down, Admin Down, Unknown
    type: str = ""
    detect_multiplier: int | None = None
    rx_min_interval: int | None = None
    tx_min_interval: int | None = None


class Neighbor(Struct):
    """One neighbor of one VRF. Times in milliseconds, epochs in Unix seconds, as FRR gives them."""

    vrf: str = field(default="", name="<vrf>")
    key: str = field(default="", name="<key>")  # address in canonical text, or the interface of an unnumbered neighbor

    state: str = field(default="", name="bgpState")
    waits_for: str = field(default="", name="bgpStateIs")  # of an Active one: passive, passiveNSF
    remote_as: int | str | None = field(default=None, name="remoteAs")
    local_as: int | str | None = field(default=None, name="localAs")
    internal: bool = field(default=False, name="nbrInternalLink")
    external: bool = field(default=False, name="nbrExternalLink")
    confed_internal: bool = field(default=False, name="nbrConfedInternalLink")
    confed_external: bool = field(default=False, name="nbrConfedExternalLink")
    description: str = field(default="", name="nbrDesc")
    hostname: str = ""
    peer_group: str = field(default="", name="peerGroup")
    range_group: str = field(default="", name="peerSubnetRangeGroup")
    admin_shutdown: bool = field(default=False, name="adminShutDown")
    version: int | None = field(default=None, name="bgpVersion")
    remote_router_id: str = field(default="", name="remoteRouterId")
    local_router_id: str = field(default="", name="localRouterId")
    unnumbered_address: str = field(default="", name="bgpNeighborAddr")
    address: str = field(default="", name="neighborAddr")
    established_epoch: int | None = field(default=None, name="bgpTimerUpEstablishedEpoch")
    uptime: int | None = field(default=None, name="bgpTimerUpMsec")  # in whole seconds
    last_read: int | None = field(default=None, name="bgpTimerLastRead")
    hold_time: int | None = field(default=None, name="bgpTimerHoldTimeMsecs")
    keepalive_time: int | None = field(default=None, name="bgpTimerKeepAliveIntervalMsecs")
    configured_hold_time: int | None = field(default=None, name="bgpTimerConfiguredHoldTimeMsecs")
    configured_keepalive_time: int | None = field(default=None, name="bgpTimerConfiguredKeepAliveIntervalMsecs")
    last_write: int | None = field(default=None, name="bgpTimerLastWrite")  # the machine's uptime if it never did
    connect_retry_seconds: int | None = field(default=None, name="connectRetryTimer")
    next_connect_due: int | None = field(default=None, name="nextConnectTimerDueInMsecs")
    update_source: str = field(default="", name="updateSource")
    foreign_host: str = field(default="", name="hostForeign")
    foreign_port: int | None = field(default=None, name="portForeign")
    local_port: int | None = field(default=None, name="portLocal")
    authentication: int | None = field(default=None, name="authenticationEnabled")
    hops: int | None = field(default=None, name="externalBgpNbrMaxHopsAway")
    last_reset: str = field(default="", name="lastResetDueTo")
    last_reset_code: int | None = field(default=None, name="lastResetCode")
    last_reset_ago: int | None = field(default=None, name="lastResetTimerMsecs")  # wraps at 24 hours before FRR 10.7
    last_error: str = field(default="", name="lastErrorCodeSubcode")
    last_notification: str = field(default="", name="lastNotificationReason")
    shutdown_message: str = field(default="", name="lastShutdownDescription")
    prefix_limit_exceeded: bool = field(default=False, name="prefixesConfigExceedMax")
    connections_established: int | None = field(default=None, name="connectionsEstablished")
    connections_dropped: int | None = field(default=None, name="connectionsDropped")
    messages: Messages | None = field(default=None, name="messageStats")
    families: dict[str, Family] = field(default_factory=dict, name="addressFamilyInfo")
    capabilities: Capabilities | None = field(default=None, name="neighborCapabilities")
    bfd: BFDInfo | None = field(default=None, name="peerBfdInfo")
    graceful_restart: GracefulRestart | None = field(default=None, name="gracefulRestartInfo")

    @property
    def established(self) -> bool:
        """Whether the session is up."""
        return self.state == ESTABLISHED

    @property
    def link(self) -> str:
        """internal, external, confed-internal, confed-external; "" = not said."""
        kinds = ("internal", "external", "confed_internal", "confed_external")
        return next((kind.replace("_", "-") for kind in kinds if getattr(self, kind)), "")

    @property
    def dialled_port(self) -> int | None:
        """The router's port of a session that this side opened; None if the router did, or that cannot be told.

        FRR has no key for the port that is configured. Who opens a session takes its own port from Linux's range.
        """
        local, foreign = self.local_port or 0, self.foreign_port or 0
        return foreign if self.established and 0 < foreign < _EPHEMERAL <= local else None

    @property
    def notification(self) -> tuple[int, int] | None:
        """Code and subcode of the NOTIFICATION that ended the last session ("0602"), None if none did."""
        try:
            number = int(self.last_error, 16)
        except ValueError:
            return None
        return divmod(number, 256) if len(self.last_error) == 4 else None

    def negotiated(self, family: str) -> bool:
        """Whether a family ("ipv4Unicast") is in use: both sides offered it, or it has an update group.

        IPv4 unicast needs no capability on the other side (RFC 4760, section 1), so the counter decides as well.
        """
        offered = (self.capabilities.families if self.capabilities else NOTHING).get(family, NOTHING)
        mine = self.families.get(family)
        return bool(offered.get("advertisedAndReceived")) or (mine is not None and mine.sent_prefix_counter is not None)


class BFDPeer(Struct, rename="kebab"):
    """One BFD session as bfdd sees it. Intervals in ms, up and down time in seconds, round trip in microseconds."""

    peer: str = ""
    local: str = ""
    vrf: str = ""
    interface: str = ""
    multihop: bool = False
    status: str = ""  # up, down, init, shutdown
    uptime: int | None = None
    downtime: int | None = None
    diagnostic: str = ""
    remote_diagnostic: str = ""
    passive_mode: bool = False
    detect_multiplier: int | None = None
    receive_interval: int | None = None
    transmit_interval: int | None = None
    echo_receive_interval: int | None = None
    echo_transmit_interval: int | None = None
    remote_detect_multiplier: int | None = None
    remote_receive_interval: int | None = None
    remote_transmit_interval: int | None = None
    remote_echo_receive_interval: int | None = None
    minimum_ttl: int | None = None
    rtt_min: int | None = None
    rtt_avg: int | None = None
    rtt_max: int | None = None
