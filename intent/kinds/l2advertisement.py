"""L2Advertisement (metallb.io/v1beta1): how the addresses of pools are announced with ARP and NDP."""

from __future__ import annotations

from intent.kinds.advertised import NODES, POOLS, SERVICES
from intent.kinds.field import Column, Field, Kind, Version
from intent.kinds.label_selectors import selector

_INTERFACES = Field(
    name="interfaces",
    type="array",
    label="Interfaces",
    section="placement",
    description="Network interfaces of the nodes to announce on. Unset: all.",
    items=Field(type="string"),
)
_PREFERRED = Field(
    name="preferredNodeSelectors",
    type="array",
    label="Preferred nodes",
    section="placement",
    since="0.16.2",
    description="Of the nodes that may announce, prefer those with the highest sum of matching weights.",
    items=Field(
        type="object",
        description="A preference and what it weighs.",
        properties=(
            Field(
                name="weight",
                type="integer",
                format="int32",
                label="Weight",
                required=True,
                minimum=1,
                maximum=100,
                section="placement",
                description="What a match counts, 1 to 100.",
            ),
            selector(
                name="preference",
                label="Preference",
                required=True,
                section="placement",
                description="The nodes to prefer. An empty selector matches all nodes.",
            ),
        ),
    ),
)

L2_ADVERTISEMENT = Kind(
    kind="L2Advertisement",
    plural="l2advertisements",
    description="Announces the addresses of pools on the nodes' own network, with ARP and NDP.",
    versions=(
        Version(
            name="v1beta1",
            fields=(*POOLS, NODES, _PREFERRED, _INTERFACES, SERVICES),
            columns=(
                Column("IPAddressPools", ".spec.ipAddressPools"),
                Column("IPAddressPool Selectors", ".spec.ipAddressPoolSelectors"),
                Column("Interfaces", ".spec.interfaces"),
                Column("Node Selectors", ".spec.nodeSelectors", priority=10),
            ),
        ),
    ),
)
