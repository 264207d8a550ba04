"""What keeps a session from Established, from the settings of both ends."""

from __future__ import annotations

from enum import StrEnum

from lab.routers import Listening, Router
from lab.speakers.session import Session


class Obstacle(StrEnum):
    """What keeps a session from Established; NONE if nothing does."""

    NONE = "none"
    NO_VRF = "the node has no such VRF"
    NO_LINK_LOCAL = "nobody on the interface"
    NO_PATH = "not directly connected, no multihop"
    ABSENT = "no such host"
    SILENT = "packets are dropped"
    REFUSED = "nothing listens"
    MUTE = "no OPEN comes"
    STRANGER = "the router has no such neighbor"
    SHUTDOWN = "shut down by the router"
    BAD_PEER_AS = "the router has another AS number"
    BAD_MY_AS = "the router expects another AS number"
    SAME_IDENTIFIER = "an internal router with the node's own BGP identifier"
    NO_COMMON_FAMILY = "no common address family"


def obstacle(session: Session) -> Obstacle:
    """What the next attempt to connect will meet."""
    spec, router = session.spec, session.router
    if not session.vrf_present:
        return Obstacle.NO_VRF
    if router is None:
        return Obstacle.ABSENT if is_address(spec.neighbor) else Obstacle.NO_LINK_LOCAL
    if router.hops > 1 and not spec.multihop and not session.internal:
        # MetalLB switches the check for direct connection off with IPv6; there the packets die on their way.
        return Obstacle.SILENT if ":" in spec.neighbor else Obstacle.NO_PATH
    return _on_the_wire(session, router)


def _on_the_wire(session: Session, router: Router) -> Obstacle:
    """The first that the packets meet, in the order of the protocols."""
    tests = (
        (Obstacle.SILENT, router.listening is Listening.DROPPED or session.password != router.password),
        (Obstacle.REFUSED, router.listening is Listening.REFUSED or session.spec.port != router.port),
        (Obstacle.MUTE, router.listening is Listening.MUTE),
        (Obstacle.STRANGER, router.listening is Listening.STRANGER),
        (Obstacle.SHUTDOWN, router.shutdown is not None),
        (Obstacle.BAD_PEER_AS, not _accepts(session)),
        (Obstacle.BAD_MY_AS, router.expects not in {0, session.shown_asn}),
        (Obstacle.SAME_IDENTIFIER, session.internal and router.identifier == session.identifier),
        (Obstacle.NO_COMMON_FAMILY, not set(session.spec.families) & set(router.families)),
    )
    return next((met for met, true in tests if true), Obstacle.NONE)


def _accepts(session: Session) -> bool:
    asn = session.router_asn
    if session.spec.dynamic_asn:
        return (asn == session.spec.my_asn) == (session.spec.dynamic_asn == "internal")
    return asn == session.spec.peer_asn


def bfd_answered(session: Session) -> bool:
    """True if BFD is wanted for the session and the router's BFD packets arrive."""
    router = session.router
    if not session.spec.bfd_profile or router is None or not session.vrf_present:
        return False
    return router.listening is not Listening.DROPPED and not router.mute_bfd


def watch_bfd(session: Session, now: float) -> None:
    """Note whether BFD came up or went down."""
    bfd, up = session.bfd, bfd_answered(session)
    if up != bfd.up:
        bfd.up, bfd.since = up, now
        bfd.ups, bfd.downs = bfd.ups + up, bfd.downs + (not up)
        session.revision += 1


def is_address(neighbor: str) -> bool:
    """False for an interface name."""
    return ":" in neighbor or neighbor.replace(".", "").isdigit()
