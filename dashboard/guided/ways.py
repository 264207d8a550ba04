"""All guided ways, in the order of the entry page."""

from __future__ import annotations

from dashboard.guided.bfd import PeerWithBfd
from dashboard.guided.dual import DualStack
from dashboard.guided.guide import Guide
from dashboard.guided.nodes import PeerOfNodes
from dashboard.guided.sets import PeersForPools
from dashboard.guided.vrf import ThroughVrf

GUIDES: tuple[Guide, ...] = (ThroughVrf(), PeersForPools(), DualStack(), PeerOfNodes(), PeerWithBfd())


def guide_of(slug: str) -> Guide | None:
    """The way of that address."""
    return next((guide for guide in GUIDES if guide.slug == slug), None)
