"""Why a session is not whole: the causes that we tell apart, each with the side it points to and what to check next."""

from __future__ import annotations

from typing import NamedTuple

from speakers.frr.notifications import NOTIFICATIONS

RECEIVED, SENT = 13, 14  # lastResetCode of a NOTIFICATION
VRF_MISSING = "vrf-missing"


class Reason(NamedTuple):
    """A cause. side: ours, theirs, path, unknown. source: where FRR says so."""

    title: str
    side: str
    check: tuple[str, ...]
    source: str


_RESET = "FRR lastResetCode"
_STATE = "FRR bgpState"
_SPEAKER_LOG = "Look at the log of the speaker pod on this node for a refused configuration."
_REACH = (
    "Does the router listen on that address and port, and does a firewall let TCP port 179 (peerPort) through?",
    "Is this node's source address the neighbor that the router expects?",
    "A router that is more than one hop away needs ebgpMultiHop.",
)
_AGAIN = "FRR dials again after connectTime, two minutes if it is not set: the session's page says when."
_ROUTE = "Ask FRR for its way to the router in this VRF: at the end of the session's page."

REASONS: dict[str, Reason] = {
    "admin-shutdown": Reason(
        "The neighbor is shut down in FRR's configuration", "ours", (_SPEAKER_LOG,), "FRR adminShutDown"
    ),
    "prefix-limit-exceeded": Reason(
        "The router sent more prefixes than FRR accepts; FRR keeps the session closed",
        "theirs",
        ("Filter on the router what it announces.",),
        "FRR prefixesConfigExceedMax",
    ),
    "peer-closed": Reason(
        "The router closed the connection without saying why",
        "theirs",
        ("Is this node's source address a neighbor of the router?", "Look at the router's BGP log."),
        f"{_RESET} 15, 22, FRR bgpTimerLastWrite",
    ),
    "bfd-down": Reason(
        "BFD says that the path is down",
        "path",
        (
            "Is BFD on at the router, for this address?",
            "Compare the BFDProfile with the router's timers and TTL.",
            "A router that ends the session, or takes another password, ends BFD as well: look at its BGP log.",
        ),
        f"{_RESET} 24, FRR peerBfdInfo",
    ),
    "interface-down": Reason(
        "The interface towards the router is down", "ours", ("Look at the node's link.",), f"{_RESET} 25"
    ),
    "address-lost": Reason(
        "The unnumbered neighbor's address is gone",
        "path",
        ("Does the router send IPv6 router advertisements?",),
        f"{_RESET} 26",
    ),
    "no-route": Reason(
        "This node has no usable route to the router",
        "ours",
        (_ROUTE, "Is the interface towards the router up, with its address and routes?"),
        f"{_RESET} 27",
    ),
    "not-connected": Reason(
        "The router is on no network of this node, and ebgpMultiHop is off",
        "ours",
        ("A router beyond the subnet needs ebgpMultiHop.", "Is the interface towards the router up?", _ROUTE),
        f"{_RESET} 27, externalBgpNbrMaxHopsAway",
    ),
    "no-link-local": Reason(
        "The unnumbered neighbor has not been discovered",
        "path",
        ("Is the interface up, with IPv6, and does the router send router advertisements?",),
        f"{_RESET} 28",
    ),
    "vrf-missing": Reason(
        "The VRF does not exist on this node",
        "ours",
        (
            "Create the VRF device on the node (NMState), or exclude the node in nodeSelectors.",
            "Set the router up first: FRR dials as soon as the VRF has a route, and then again after connectTime only.",
        ),
        f"{_RESET} 29",
    ),
    "no-address-family": Reason(
        "No address family is active for this neighbor",
        "ours",
        ("Look at disableMP and dualStackAddressFamily.",),
        f"{_RESET} 30",
    ),
    "socket-error": Reason(
        "FRR could not use its socket", "ours", ("Look at FRR's log on this node.",), f"{_RESET} 34"
    ),
    "no-router-id": Reason(
        "FRR has no router ID", "ours", ("Give the node an IPv4 address, or set routerID.",), f"{_RESET} 38"
    ),
    "restarting": Reason(
        "FRR starts the session anew after a change of its configuration", "ours", (_SPEAKER_LOG,), _RESET
    ),
    "no-answer": Reason(
        "The connection is not answered: packets are dropped on the way to the router, or by it",
        "path",
        (
            "Does a firewall drop TCP port 179 (peerPort) between this node and the router?",
            "Has the router a password for this session? It then drops what comes without.",
            *_REACH[1:],
        ),
        _STATE,
    ),
    "no-connection": Reason(
        "Connecting fails: it is refused, or no host has that address",
        "theirs",
        (
            "Does BGP run on the router, on that address and port (peerPort)?",
            "Is peerAddress the router's?",
            "Does a firewall reject TCP port 179 (peerPort)?",
            _ROUTE,
            _AGAIN,
        ),
        _STATE,
    ),
    "no-answer-or-password": Reason(
        "Nothing answers at the router's address, or the passwords differ (which leaves no other trace)",
        "unknown",
        ("Compare the password on both sides, with a look for a newline at its end.", *_REACH),
        f"{_STATE}, authenticationEnabled",
    ),
    "dialling": Reason(
        "FRR is connecting: whether the router answers shows in a few seconds",
        "unknown",
        ("Look again in a few seconds.",),
        _STATE,
    ),
    "no-open": Reason(
        "The router takes the connection but sends no OPEN",
        "theirs",
        ("Is this node configured as a neighbor on the router?", "Look at the router's BGP log."),
        _STATE,
    ),
    "no-keepalive": Reason(
        "The router does not confirm the OPEN", "theirs", ("Look at the router's BGP log.",), _STATE
    ),
    "graceful-restart": Reason(
        "The router restarts gracefully: FRR keeps its routes and waits for it",
        "theirs",
        ("Is the router's restart planned?", "After the restart time FRR drops the routes."),
        "FRR bgpStateIs passiveNSF",
    ),
    "passive": Reason(
        "FRR does not dial: it waits for the router to connect (neighbor passive)",
        "ours",
        ("Look for `passive` in a raw FRR configuration.", "MetalLB's FRR does not listen on TCP port 179."),
        "FRR bgpStateIs passive",
    ),
    "idle": Reason("FRR waits before it tries again", "unknown", (*_REACH, _AGAIN), _STATE),
    "not-configured": Reason(
        "FRR has no such neighbor: this node has not taken the configuration over",
        "ours",
        (_SPEAKER_LOG, "Look at the findings of the BGPPeers that share this node."),
        "FRR show bgp vrf all neighbors",
    ),
    "only-reported": Reason(
        "FRR-K8s reports that it is not Established; why, only FRR knows, which bgpui may not ask here",
        "unknown",
        ("Grant get and create on pods/exec to have FRR's own reason.", *_REACH),
        "BGPSessionState bgpStatus",
    ),
    "only-metrics": Reason(
        "The speaker's metrics say that it is not Established; in native mode nothing says why",
        "unknown",
        _REACH,
        "metallb_bgp_session_up",
    ),
    "not-reported": Reason(
        "Nothing reports this session, so nobody knows whether it is up",
        "unknown",
        (
            "FRR-K8s writes a BGPSessionState at its next look, within two minutes.",
            "Is the pod of FRR-K8s on this node ready?",
            "Grant get and create on pods/exec to have FRR asked itself.",
        ),
        "BGPSessionState",
    ),
    "silent": Reason(
        "Established, but nothing was heard for more than two thirds of the hold time",
        "path",
        (
            "Look for packet loss and for load on the router.",
            "A router has to send at least every third of the negotiated hold time: is its keepalive interval longer?",
        ),
        "FRR bgpTimerLastRead, bgpTimerHoldTimeMsecs",
    ),
    "family-missing": Reason(
        "An intended address family is not in use",
        "unknown",
        ("Activate the family for this neighbor on the router.", "Look at disableMP and dualStackAddressFamily."),
        "FRR multiprotocolExtensions, addressFamilyInfo",
    ),
    **{
        f"{row.slug}-{direction}": Reason(
            meaning.title,
            meaning.side,
            meaning.check,
            f"{_RESET} {number}, NOTIFICATION {row.code}{f'/{row.subcode}' if row.subcode is not None else ''}",
        )
        for row in NOTIFICATIONS
        for direction, meaning, number in (("sent", row.sent, SENT), ("received", row.received, RECEIVED))
    },
}

# bgpStateIs of an Active neighbor (FRR bgpd/bgp_vty.c).
WAITING = {"passiveNSF": "graceful-restart", "passive": "passive"}
# lastResetCode (FRR bgpd/bgp_fsm.c, peer_down_str) to the cause; the others are changes of FRR's own configuration.
BY_RESET = {
    11: "admin-shutdown", 15: "peer-closed", 22: "peer-closed", 24: "bfd-down", 25: "interface-down",
    26: "address-lost", 27: "no-route", 28: "no-link-local", 29: "vrf-missing", 30: "no-address-family",
    33: "prefix-limit-exceeded",
    34: "socket-error", 35: "admin-shutdown", 38: "no-router-id",
}  # fmt: skip
# Older FRR gives the text alone.
RESET_TEXTS = {
    "BGP Notification received": RECEIVED, "BGP Notification send": SENT, "Peer closed the session": 15,
    "BFD down received": 24, "Interface down": 25, "Neighbor address lost": 26, "No path to specified Neighbor": 27,
    "Waiting for NHT": 27, "Waiting for Peer IPv6 LLA": 28, "Waiting for VRF to be initialized": 29,
    "No AFI/SAFI activated for peer": 30, "Waiting for peer OPEN": 32, "Reached received prefix count": 33,
    "Socket Error": 34, "Admin. shutdown": 11,
}  # fmt: skip
# They come and go with the state machine's turns, or with the right to ask.
WEAK = frozenset(
    (
        "dialling", "no-answer", "no-connection", "no-answer-or-password", "no-open", "no-keepalive", "idle",
        "restarting", "only-reported", "only-metrics",
    )
)  # fmt: skip
# How a router that is gone looks to its nodes, each at another moment of its state machine.
GONE = WEAK | {
    *BY_RESET.values(),
    "hold-timer-expired-sent",
    "bfd-down-sent",
    "bfd-down-received",
    "send-hold-timer-expired-sent",
} - {VRF_MISSING, "admin-shutdown", "prefix-limit-exceeded", "no-router-id", "no-address-family"}


def alike(health: str, reason: str) -> str:
    """The reason, as far as it tells causes at a router apart: whatever a router that is gone looks like is one."""
    return "" if health == "down" and reason in GONE else reason
