"""What the two ends agreed on: neighborCapabilities and gracefulRestartInfo."""

from __future__ import annotations

from typing import Any

from lab.speakers.node import Speaker
from lab.speakers.obstacles import is_address
from lab.speakers.session import Session

FAMILY = {"ipv4": "ipv4Unicast", "ipv6": "ipv6Unicast"}
_BOTH = "advertisedAndReceived"


def when(speaker: Speaker, feature: str, part: dict[str, Any]) -> dict[str, Any]:
    """The part if this FRR release has the feature, else nothing."""
    return part if feature in speaker.flavour else {}


def capabilities(session: Session, speaker: Speaker) -> dict[str, Any]:
    """neighborCapabilities, of an Established session."""
    both = [FAMILY[family] for family in session.families]
    interface = not is_address(session.spec.neighbor)
    receive = {"rxAdvertisedAndReceived": True}
    limits = {"advertisedAndReceived": True, "advertisedPathsLimit": 0, "receivedPathsLimit": 0}
    if "paths-limit" in speaker.flavour:
        receive |= {"rxAdvertised": True, "rxReceived": True}
    single = "single-route-refresh" in speaker.flavour
    extended = {"extendedNexthop": _BOTH, "extendedNexthopFamililesByPeer": {"ipv4Unicast": "recieved"}}
    seconds = "graceful-restart-seconds" in speaker.flavour
    return {
        "4byteAs": _BOTH,
        "extendedMessage": _BOTH,
        "addPath": dict.fromkeys(both, receive),
        **when(speaker, "paths-limit", {"pathsLimit": dict.fromkeys(both, limits)}),
        **(extended if interface else {}),
        "longLivedGracefulRestart": _BOTH,
        "longLivedGracefulRestartByPeer": {"ipv4Unicast": "received"} if interface else {},
        "routeRefresh": _BOTH if single else f"{_BOTH}OldNew",
        "enhancedRouteRefresh": _BOTH,
        "multiprotocolExtensions": {
            FAMILY[family]: {_BOTH if family in session.families else "advertised": True}
            for family in session.spec.families
        },
        "hostName": {
            "advHostName": speaker.hostname,
            "advDomainName": "n/a",
            "rcvHostName": session.met.name if session.met else "n/a",
            "rcvDomainName": "n/a",
        },
        **when(speaker, "software-version", {"softwareVersion": {}}),
        "gracefulRestart": _BOTH,
        **({"gracefulRestartRemoteTimerSec": 120} if seconds else {"gracefulRestartRemoteTimerMsecs": 120_000}),
        "addressFamiliesByPeer": "none",
    }


def graceful_restart(session: Session, speaker: Speaker) -> dict[str, Any]:
    """gracefulRestartInfo."""
    families = [FAMILY[family] for family in session.families] if session.up else []
    restart = bool(session.spec.graceful_restart)
    long_lived = "llgr-timers" in speaker.flavour
    status = {"endOfRibSend": True, "endOfRibSentAfterUpdate": True, "endOfRibRecv": True}
    timers = {
        "stalePathTimer": 360,
        **({"llgrStaleTime": 0} if long_lived else {}),
        **({"selectionDeferralTimer": 360} if restart else {}),
    }
    return {
        "endOfRibSend": dict.fromkeys(families, True),
        "endOfRibRecv": dict.fromkeys(families, True),
        "localGrMode": "Restart" if restart else "Helper*",
        "remoteGrMode": "Helper" if session.up else "NotApplicable",
        "rBit": session.up,
        "nBit": session.up,
        "timers": {
            "configuredRestartTimer": 120,
            **({"configuredLlgrStaleTime": 0} if long_lived else {}),
            "receivedRestartTimer": 120 if session.counters.established else 0,
        },
        **{family: {"fBit": False, "endOfRibStatus": status, "timers": timers} for family in families},
    }
