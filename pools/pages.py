"""What the pages of pools, advertisements and communities say of them."""

from __future__ import annotations

from collections.abc import Sequence

from clusters.editing.surroundings import names_of
from clusters.kindpages import KindPage, Suggestion
from clusters.models import Cluster
from intent.communities import WELL_KNOWN
from intent.references import aliases
from pools.models import BGPAdvertisement, Community, IPAddressPool, L2Advertisement


def _communities(cluster: Cluster) -> Sequence[Suggestion]:
    """Aliases of the cluster, then the values that are known by a name everywhere."""
    rows = Community.objects.filter(cluster=cluster, namespace=cluster.namespace).order_by("name")[:200]
    known = [(alias, value) for row in rows for _path, alias, value in aliases(row.spec) if alias]
    return [*known, *WELL_KNOWN.items()]


POOL = KindPage(
    model=IPAddressPool,
    many="pools",
    noun="pool",
    nouns="pools",
    sections={"addresses": "Addresses", "allocation": "Which services get them"},
)
BGP_ADVERTISEMENT = KindPage(
    model=BGPAdvertisement,
    many="bgp-advertisements",
    noun="BGP advertisement",
    nouns="BGP advertisements",
    sections={
        "pools": "What is announced",
        "services": "Services",
        "placement": "From where to whom",
        "routes": "Routes",
    },
    offers={"ipAddressPools": names_of("IPAddressPool"), "peers": names_of("BGPPeer")},
    suggests={"communities": _communities},
)
L2_ADVERTISEMENT = KindPage(
    model=L2Advertisement,
    many="l2-advertisements",
    noun="L2 advertisement",
    nouns="L2 advertisements",
    article="an",
    sections={"pools": "What is announced", "services": "Services", "placement": "From where"},
    offers={"ipAddressPools": names_of("IPAddressPool")},
)
COMMUNITY = KindPage(
    model=Community,
    many="communities",
    noun="community",
    nouns="communities",
    sections={"communities": "Aliases"},
)
