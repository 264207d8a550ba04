"""ServiceBGPStatus and ServiceL2Status (metallb.io/v1beta1): what a speaker says it announces, per node and service."""

from __future__ import annotations

from dataclasses import replace

from intent.kinds import cel
from intent.kinds.field import Column, Field, Kind, Version

_WHICH = tuple(
    Field(
        name=name,
        type="string",
        label=label,
        section="reported",
        cel=(cel.IMMUTABLE,),
        description=description,
    )
    for name, label, description in (
        ("node", "Node", "The node whose speaker announces."),
        ("serviceName", "Service", "Name of the service."),
        ("serviceNamespace", "Namespace", "Namespace of the service."),
    )
)
_COLUMNS = (
    Column("Node", ".status.node"),
    Column("Service Name", ".status.serviceName"),
    Column("Service Namespace", ".status.serviceNamespace"),
)
_PEERS = Field(
    name="peers",
    type="array",
    label="Peers",
    section="reported",
    description="Names of the BGPPeers that the service is meant for, whether their sessions are up or not.",
    items=Field(type="string"),
)
_INTERFACES = Field(
    name="interfaces",
    type="array",
    label="Interfaces",
    section="reported",
    description="The interfaces that announce; none listed means all.",
    items=Field(
        type="object",
        description="One interface.",
        properties=(
            Field(name="name", type="string", label="Name", section="reported", description="Name of the interface."),
        ),
    ),
)

SERVICE_BGP_STATUS = Kind(
    kind="ServiceBGPStatus",
    plural="servicebgpstatuses",
    description="A service that a node is meant to announce over BGP, and to which peers.",
    versions=(Version(name="v1beta1", fields=(), columns=_COLUMNS, status=(*_WHICH, _PEERS)),),
)
SERVICE_L2_STATUS = Kind(
    kind="ServiceL2Status",
    plural="servicel2statuses",
    description="A service that a node announces with ARP and NDP.",
    versions=(
        Version(
            name="v1beta1",
            fields=(),
            columns=(replace(_COLUMNS[0], name="Allocated Node"), *_COLUMNS[1:]),
            status=(*_WHICH, _INTERFACES),
        ),
    ),
)
