"""Why a service is not announced, in words, and the way out."""

from __future__ import annotations

from collections.abc import Mapping

from intent.announcements import Reason

WORDS: Mapping[Reason, tuple[str, str]] = {
    Reason.SERVICE_DELETED: ("it is gone", ""),
    Reason.NO_IP_ALLOCATED: ("it has no address", "MetalLB's controller says why, in the events of the service."),
    Reason.INVALID_IP: ("one of its addresses cannot be read", "Let MetalLB assign its addresses."),
    Reason.IP_NOT_ALLOWED: (
        "no pool holds its addresses",
        "Give back the range to an IPAddressPool, or let the service have another address.",
    ),
    Reason.NOT_OWNER: (
        "no BGPAdvertisement of its pool selects these nodes",
        "Add a BGPAdvertisement for the pool, or widen the node selectors of one.",
    ),
    Reason.NO_MATCHING_ADVERTISEMENT: (
        "the BGPAdvertisements of its pool on these nodes are for other services",
        "Compare their service selectors with the labels of the service.",
    ),
    Reason.CONFLICTING_ADVERTISEMENTS: (
        "BGPAdvertisements for it ask for different local preferences",
        "Let them agree on localPref, or reach different peers.",
    ),
    Reason.NODE_NETWORK_UNAVAILABLE: ("the network of these nodes is unavailable", "Kubernetes says so of the nodes."),
    Reason.NODE_LABELED_EXCLUDE_BALANCERS: (
        "these nodes are excluded from load balancing",
        "Take the label node.kubernetes.io/exclude-from-external-load-balancers off, which control planes often have.",
    ),
    Reason.NO_LOCAL_ENDPOINTS: (
        "externalTrafficPolicy is Local and no endpoint is ready on these nodes",
        "Nodes without an endpoint must not announce it; policy Cluster announces it from all.",
    ),
    Reason.NO_ENDPOINTS: ("no endpoint of it is ready anywhere", "Look at the pods behind the service."),
    Reason.TOO_MANY_COMMUNITIES: (
        "a BGPAdvertisement for it has more than 63 communities",
        "MetalLB announces nothing with more.",
    ),
}
NO_PEER = (
    "no BGP session of these nodes takes it",
    "No BGPPeer selects them, the BGPAdvertisements name other peers, or none has the address family.",
)

DARK = (
    "it is meant to be announced, but no session that would carry it is up",
    "FRR at most originates it, and tells nobody. Look at the sessions that are not up.",
)
UNSURE = (
    "it is meant to be announced, and nobody knows whether it is: its sessions were not heard of lately",
    "Look at the speakers that do not answer.",
)
SILENT = (
    "sessions that would carry it are up, but FRR does not announce it there",
    "A route map filters it, or the nodes keep another configuration. Ask FRR of all nodes for the prefix.",
)
