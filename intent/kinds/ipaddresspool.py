"""IPAddressPool (metallb.io/v1beta1): addresses that MetalLB's controller gives to services."""

from __future__ import annotations

from intent.kinds.field import Column, Field, Kind, Version
from intent.kinds.label_selectors import selectors

_ALLOCATION = (
    Field(
        name="priority",
        type="integer",
        label="Priority",
        section="allocation",
        description="Among pools that fit a service the lowest number is tried first; 0 or unset comes last.",
    ),
    Field(
        name="namespaces",
        type="array",
        label="Namespaces",
        section="allocation",
        description="Only services of these namespaces, and of those that the namespace selectors choose.",
        items=Field(type="string"),
    ),
    selectors(
        name="namespaceSelectors",
        label="Namespace selectors",
        section="allocation",
        description="Services of the namespaces with such labels, besides those that are named.",
    ),
    selectors(
        name="serviceSelectors",
        label="Service selectors",
        section="allocation",
        description="Only services that match any of the selectors, within the chosen namespaces.",
    ),
)
_FIELDS = (
    Field(
        name="addresses",
        type="array",
        label="Addresses",
        required=True,
        section="addresses",
        description="CIDRs such as 203.0.113.0/24 or ranges such as 203.0.113.10-203.0.113.20, IPv4 and IPv6.",
        items=Field(type="string"),
    ),
    Field(
        name="autoAssign",
        type="boolean",
        label="Assign automatically",
        section="allocation",
        default=True,
        description="Give addresses to services that ask for none in particular. Off: only on explicit request.",
    ),
    Field(
        name="avoidBuggyIPs",
        type="boolean",
        label="Avoid .0 and .255",
        section="allocation",
        default=False,
        since="0.13.4",
        description="Leave out IPv4 addresses that end in .0 or .255, which old equipment drops.",
    ),
    Field(
        name="serviceAllocation",
        type="object",
        label="Limited to services",
        section="allocation",
        since="0.13.9",
        description="Which services may get addresses of this pool. Present but empty, it matches every service.",
        properties=_ALLOCATION,
    ),
)


def _count(name: str, label: str, description: str) -> Field:
    return Field(
        name=name,
        type="integer",
        format="int64",
        label=label,
        required=True,
        section="reported",
        since="0.15.0",
        description=description,
    )


IP_ADDRESS_POOL = Kind(
    kind="IPAddressPool",
    plural="ipaddresspools",
    description="Addresses for services of type LoadBalancer.",
    versions=(
        Version(
            name="v1beta1",
            fields=_FIELDS,
            columns=(
                Column("Auto Assign", ".spec.autoAssign", "boolean"),
                Column("Avoid Buggy IPs", ".spec.avoidBuggyIPs", "boolean"),
                Column("Addresses", ".spec.addresses"),
            ),
            status=(
                _count("assignedIPv4", "IPv4 assigned", "IPv4 addresses that services have."),
                _count("assignedIPv6", "IPv6 assigned", "IPv6 addresses that services have."),
                _count("availableIPv4", "IPv4 left", "IPv4 addresses that are free."),
                _count("availableIPv6", "IPv6 left", "IPv6 addresses that are free."),
            ),
            spec_required=True,
        ),
    ),
)
