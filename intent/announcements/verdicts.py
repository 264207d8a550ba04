"""Why a node does not announce a service, in the words and the order of MetalLB's speaker."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """What the speaker logs (speaker/main.go, speaker/bgp_controller.go), the first that is true; then our own ones.

    TOO_MANY_COMMUNITIES: an advertisement has more than 63; MetalLB fails to announce and only logs an error.
    """

    SERVICE_DELETED = "serviceDeleted"
    NO_IP_ALLOCATED = "noIPAllocated"
    INVALID_IP = "invalidIP"
    IP_NOT_ALLOWED = "ipNotAllowed"
    NOT_OWNER = "notOwner"
    NO_MATCHING_ADVERTISEMENT = "noMatchingAdvertisement"
    CONFLICTING_ADVERTISEMENTS = "conflictingAdvertisements"
    NODE_NETWORK_UNAVAILABLE = "nodeNetworkUnavailable"
    NODE_LABELED_EXCLUDE_BALANCERS = "nodeLabeledExcludeBalancers"
    NO_LOCAL_ENDPOINTS = "noLocalEndpoints"
    NO_ENDPOINTS = "noEndpoints"
    TOO_MANY_COMMUNITIES = "tooManyCommunities"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a node does with one address of a service.

    reason: why it announces nothing, None = it does. prefixes: those that the address goes out in, sorted. peers: names
    of the BGPPeers on this node that get one of them, sorted; () = it would, but no session takes it. partly: those of
    the peers that do not get all prefixes, with those that they get.
    """

    reason: Reason | None
    prefixes: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    partly: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def to(self, peer: str) -> tuple[str, ...]:
        """The prefixes that one of the peers gets."""
        return dict(self.partly).get(peer, self.prefixes)
