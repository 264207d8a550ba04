"""What both kinds of advertisement say in the same fields: which pools, which nodes, which services."""

from __future__ import annotations

from intent.kinds.field import Field
from intent.kinds.label_selectors import selectors

POOLS = (
    Field(
        name="ipAddressPools",
        type="array",
        label="Pools",
        section="pools",
        description="Pools by name. Neither names nor selectors: all pools.",
        items=Field(type="string"),
    ),
    selectors(
        name="ipAddressPoolSelectors",
        label="Pool selectors",
        section="pools",
        description="Pools by label, besides those that are named.",
    ),
)
NODES = selectors(
    name="nodeSelectors",
    label="Nodes",
    section="placement",
    description="The nodes that announce: those that match any of the selectors. Unset: all nodes.",
)
SERVICES = selectors(
    name="serviceSelectors",
    label="Service selectors",
    section="services",
    since="0.16.0",
    description="Announce only services that match any of the selectors. Unset: all services of the pools.",
)
