"""`show bgp [vrf V] neighbors [ADDRESS] json`: one object per neighbour, key for key like bgpd."""

from __future__ import annotations

from typing import Any

from lab.speakers.node import Speaker
from lab.speakers.obstacles import is_address
from lab.speakers.resets import DUE_TO, NOTIFICATIONS, Cause, Reset
from lab.speakers.session import Session
from lab.speakers.vtysh.capabilities import FAMILY, capabilities, graceful_restart, when
from lab.speakers.vtysh.connection import bfd, connection, far_address, hops
from lab.speakers.vtysh.document import Live
from lab.speakers.vtysh.routes import route_map
from lab.speakers.vtysh.timers import days_clock, uptime, wrapped_ms

_BOOTED_BEFORE = 4000.0  # seconds between the machine's boot and FRR's start; shows where FRR prints "never" as a time


def live(session: Session, speaker: Speaker, now: float) -> dict[str, Any]:
    """The values of this neighbour that the clock moves; the names are those of the Live parts."""
    up_for, booted = now - session.established_at, speaker.started - _BOOTED_BEFORE
    sent, received = session.keepalives(now)
    counters = session.counters
    others_sent = counters.opens_sent + counters.notifications_sent + counters.updates_sent
    others_received = counters.opens_received + counters.notifications_received + counters.updates_received
    return {
        "up_ms": max(0, int(up_for)) * 1000,
        "up": uptime(up_for),
        "read_ms": wrapped_ms(now - (session.heard_at(now) or session.created)),
        "write_ms": wrapped_ms(now - (session.wrote_at(now) or booted)),
        "update_ms": wrapped_ms(now - (session.established_at or booted)),
        "keepalives_sent": sent,
        "keepalives_received": received,
        "total_sent": others_sent + sent,
        "total_received": others_received + received,
        "reset_ms": wrapped_ms(now - session.reset_at),
        "start_ms": max(0, int(session.next_at - now)) * 1000 if session.next_at < now + 1e9 else 0,
        "connect_ms": max(0, int(session.since + session.connect_retry - now)) * 1000,
        "bfd_update": days_clock(now - session.bfd.since),
    }


def neighbor(session: Session, speaker: Speaker) -> dict[str, Any]:
    """One neighbour as bgpd describes it."""
    return {
        **_identity(session, speaker),
        **_state(session, speaker),
        **({"neighborCapabilities": capabilities(session, speaker)} if session.up else {}),
        "gracefulRestartInfo": graceful_restart(session, speaker),
        "messageStats": _messages(session),
        **when(speaker, "prefix-statistics", {"prefixStats": dict.fromkeys(_PREFIX_STATISTICS, 0)}),
        "minBtwnAdvertisementRunsTimerMsecs": 0,
        **({"updateSource": session.spec.source_address} if session.spec.source_address else {}),
        "addressFamilyInfo": {FAMILY[family]: _family(session, family) for family in session.spec.families},
        "connectionsEstablished": session.counters.established,
        "connectionsDropped": session.counters.dropped,
        **_reset(session.reset, speaker),
        **hops(session),
        **connection(session, speaker),
        **bfd(session),
    }


_PREFIX_STATISTICS = (
    "inboundFiltered", "aspathLoop", "originatorLoop", "clusterLoop", "invalidNextHop", "withdrawn",
    "attributesDiscarded",
)  # fmt: skip


def _identity(session: Session, speaker: Speaker) -> dict[str, Any]:
    spec = session.spec
    interface = not is_address(spec.neighbor)
    hostname = {"hostname": session.met.name} if session.met else {"hostname": "Unknown"}
    return {
        **({"bgpNeighborAddr": far_address(session) or "none"} if interface else {}),
        **when(speaker, "neighbor-address", {"neighborAddr": far_address(session) or "none"}),
        "remoteAs": session.remote_asn,
        "localAs": session.shown_asn,
        **({"localAsNoPrepend": True, "localAsReplaceAs": True} if spec.local_asn else {}),
        **when(speaker, "local-as-dual", {"localAsReplaceAsDualAs": False}),
        ("nbrInternalLink" if session.internal else "nbrExternalLink"): True,
        "localRole": "undefined",
        "remoteRole": "undefined",
        **(hostname if session.met or "unknown-hostname" in speaker.flavour else {}),
        "bgpVersion": 4,
        "remoteRouterId": session.met.identifier if session.met and session.up else "0.0.0.0",  # noqa: S104  # not known
        "localRouterId": speaker.router_id(spec.vrf),
    }


def _state(session: Session, speaker: Speaker) -> dict[str, Any]:
    established = {
        "bgpTimerUpMsec": Live("up_ms"),
        "bgpTimerUpString": Live("up", quoted=True),
        "bgpTimerUpEstablishedEpoch": int(session.established_at),
    }
    synced = (1428 if ":" in session.spec.neighbor else 1460) if session.up else 0
    return {
        "bgpState": session.state.value,
        **(established if session.up else {}),
        "bgpTimerLastRead": Live("read_ms"),
        "bgpTimerLastWrite": Live("write_ms"),
        "bgpInUpdateElapsedTimeMsecs": Live("update_ms"),
        "bgpTimerConfiguredHoldTimeMsecs": session.configured_hold * 1000,
        "bgpTimerConfiguredKeepAliveIntervalMsecs": session.configured_keepalive * 1000,
        "bgpTimerHoldTimeMsecs": session.hold * 1000,
        "bgpTimerKeepAliveIntervalMsecs": session.keepalive * 1000,
        **when(speaker, "tcp-mss", {"bgpTcpMssConfigured": 0, "bgpTcpMssSynced": synced}),
        "extendedOptionalParametersLength": False,
        "bgpTimerConfiguredConditionalAdvertisementsSec": 60,
    }


def _messages(session: Session) -> dict[str, Any]:
    counters = session.counters
    return {
        "depthInq": 0,
        "depthOutq": 0,
        "opensSent": counters.opens_sent,
        "opensRecv": counters.opens_received,
        "notificationsSent": counters.notifications_sent,
        "notificationsRecv": counters.notifications_received,
        "updatesSent": counters.updates_sent,
        "updatesRecv": counters.updates_received,
        "keepalivesSent": Live("keepalives_sent"),
        "keepalivesRecv": Live("keepalives_received"),
        "routeRefreshSent": 0,
        "routeRefreshRecv": 0,
        "capabilitySent": 0,
        "capabilityRecv": 0,
        "totalSent": Live("total_sent"),
        "totalRecv": Live("total_received"),
    }


def _family(session: Session, family: str) -> dict[str, Any]:
    group = 2 * (session.seed % 400) + (family == "ipv6") + 1
    up = session.up and family in session.families
    return {
        **({"updateGroupId": group, "subGroupId": group, "packetQueueLength": 0} if up else {}),
        "commAttriSentToNbr": "extendedAndStandard",
        "inboundPathPolicyConfig": True,
        "outboundPathPolicyConfig": True,
        "routeMapForIncomingAdvertisements": route_map(session, "in"),
        "routeMapForOutgoingAdvertisements": route_map(session, "out"),
        "acceptedPrefixCounter": 0,  # MetalLB denies all inbound
        **({"sentPrefixCounter": len(session.sent(family))} if up else {}),
    }


def reset_words(reset: Reset, speaker: Speaker) -> dict[str, Any]:
    """The last NOTIFICATION and cause."""
    older = "no-path-words" not in speaker.flavour
    return {
        **(
            {
                "lastErrorCodeSubcode": "{:02X}{:02X}".format(*reset.notification),
                "lastNotificationReason": NOTIFICATIONS[reset.notification],
                "lastNotificationHardReset": reset.hard,
            }
            if reset.notification
            else {}
        ),
        **({"lastShutdownDescription": reset.message} if reset.message else {}),
        "lastResetDueTo": "Waiting for NHT" if older and reset.cause is Cause.NO_PATH else DUE_TO[reset.cause],
        "lastResetCode": int(reset.cause),
    }


def _reset(reset: Reset, speaker: Speaker) -> dict[str, Any]:
    version = when(speaker, "software-version", {"softwareVersion": "n/a"})
    return {"lastResetTimerMsecs": Live("reset_ms"), **reset_words(reset, speaker), **version}
