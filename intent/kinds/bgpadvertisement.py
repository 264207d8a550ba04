"""BGPAdvertisement (metallb.io/v1beta1): how the addresses of pools are announced to BGP peers."""

from __future__ import annotations

from intent.kinds import cel
from intent.kinds.advertised import NODES, POOLS, SERVICES
from intent.kinds.field import Column, Field, Kind, Version

_ROUTES = (
    Field(
        name="aggregationLength",
        type="integer",
        format="int32",
        label="IPv4 prefix length",
        section="routes",
        minimum=1,
        taken=(1, 32),
        default=32,
        description="Roll IPv4 addresses up into prefixes of this length, not wider than the pool's entry.",
    ),
    Field(
        name="aggregationLengthV6",
        type="integer",
        format="int32",
        label="IPv6 prefix length",
        section="routes",
        taken=(1, 128),
        default=128,
        description="Roll IPv6 addresses up into prefixes of this length, not wider than the pool's entry.",
    ),
    Field(
        name="localPref",
        type="integer",
        format="int32",
        label="Local preference",
        section="routes",
        taken=(0, 2147483647),
        description="LOCAL_PREF of the routes, higher wins; only iBGP carries it. 0 or unset: the router's own, mostly "
        "100.",
    ),
    Field(
        name="communities",
        type="array",
        label="Communities",
        section="routes",
        description="65535:65282, large:64500:1:2, or the name of an alias that a Community defines.",
        items=Field(type="string"),
    ),
)
_PEERS = Field(
    name="peers",
    type="array",
    label="Peers",
    section="placement",
    description="Names of the BGPPeers to announce to. Unset: all.",
    items=Field(type="string"),
)

BGP_ADVERTISEMENT = Kind(
    kind="BGPAdvertisement",
    plural="bgpadvertisements",
    description="Announces the addresses of pools to BGP peers.",
    versions=(
        Version(
            name="v1beta1",
            fields=(*POOLS, _PEERS, NODES, SERVICES, *_ROUTES),
            columns=(
                Column("IPAddressPools", ".spec.ipAddressPools"),
                Column("IPAddressPool Selectors", ".spec.ipAddressPoolSelectors"),
                Column("Peers", ".spec.peers"),
                Column("Node Selectors", ".spec.nodeSelectors", priority=10),
            ),
            cel=(cel.AGGREGATION_WITHOUT_SERVICES,),
        ),
    ),
)
