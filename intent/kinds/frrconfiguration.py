"""FRRConfiguration (frrk8s.metallb.io/v1beta1): what FRR is to run on nodes; MetalLB writes one for each node."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from intent.kinds.bfdprofile import BFD_PROFILE
from intent.kinds.field import Field, Kind, Version
from intent.kinds.frrneighbor import NEIGHBOR, asn, listed, plain
from intent.kinds.label_selectors import selector
from intent.kinds.route_targets import rules

_GROUP = "frrk8s.metallb.io"


def _vni(**rest: Any) -> Field:
    return Field(
        name="vni",
        type="integer",
        format="int32",
        label="VNI",
        minimum=1,
        maximum=16777215,
        required=True,
        description="VXLAN network identifier.",
        **rest,
    )


def _targets(name: str, label: str, description: str, *, wildcard: bool = False) -> Field:
    target = Field(type="string", max_length=21, cel=rules("RT", wildcard=wildcard))
    return listed(name, label, description, target, max_items=100)


_VNI = (
    _vni(),
    plain("rd", "RD", "Route distinguisher.", max_length=21, cel=rules("RD")),
    _targets("importRTs", "Import route targets", "Routes with one of these are taken in.", wildcard=True),
    _targets("exportRTs", "Export route targets", "Routes are sent with these."),
)
_UNICAST = listed(
    "advertisePrefixes",
    "Prefixes",
    "What is sent as EVPN type 5 routes.",
    Field(type="string", enum=("unicast",)),
    required=True,
    min_items=1,
    max_items=1,
)
_EVPN = (
    plain("advertiseVNIs", "Advertise VNIs", "Whether VNIs go to EVPN neighbors.", enum=("Disabled", "All")),
    Field(
        name="advertiseSVI",
        type="boolean",
        label="Advertise SVI",
        description="Send address and MAC of the SVI as type 2 routes.",
    ),
    listed(
        "l2vnis",
        "Layer 2 VNIs",
        "Layer 2 networks.",
        Field(type="object", description="One layer 2 network.", properties=_VNI),
        max_items=10,
    ),
    Field(
        name="l3vni",
        type="object",
        label="Layer 3 VNI",
        description="The VRF's own network.",
        properties=(*_VNI, _UNICAST),
    ),
)
_ROUTER = (
    asn(required=True, description="The AS number of the node in this VRF."),
    plain("id", "Router ID", "BGP identifier, an IPv4 address. Unset: FRR chooses."),
    plain("vrf", "VRF", "VRF of the node. Unset: the default VRF."),
    listed("neighbors", "Neighbors", "The routers to open sessions to.", NEIGHBOR),
    listed("prefixes", "Prefixes", "What this router announces.", Field(type="string")),
    listed(
        "imports",
        "Imports",
        "VRFs whose routes are taken over.",
        Field(
            type="object",
            description="One VRF.",
            properties=(plain("vrf", "VRF", "Its name; `default` is the default VRF."),),
        ),
    ),
    Field(
        name="evpn",
        type="object",
        label="EVPN",
        description="Ethernet VPN (RFC 7432), newer than frr-k8s 0.0.25.",
        properties=_EVPN,
    ),
)
_PROFILE = (
    plain("name", "Name", "The name that neighbors use.", required=True),
    *(replace(field, format="int32") if field.type == "integer" else field for field in BFD_PROFILE.fields),
)

FRR_CONFIGURATION = Kind(
    kind="FRRConfiguration",
    plural="frrconfigurations",
    group=_GROUP,
    description="Configuration of FRR on nodes; MetalLB writes metallb-<node>.",
    versions=(
        Version(
            name="v1beta1",
            fields=(
                selector(
                    name="nodeSelector",
                    label="Nodes",
                    section="placement",
                    description="The nodes that run this. Unset: all nodes.",
                ),
                Field(
                    name="bgp",
                    type="object",
                    label="BGP",
                    description="Routers, their neighbors and BFD profiles.",
                    properties=(
                        listed(
                            "routers",
                            "Routers",
                            "One for each VRF.",
                            Field(type="object", description="BGP in one VRF.", properties=_ROUTER),
                            max_items=50,
                        ),
                        listed(
                            "bfdProfiles",
                            "BFD profiles",
                            "Known within this object only.",
                            Field(type="object", description="Settings of BFD sessions.", properties=_PROFILE),
                        ),
                    ),
                ),
                Field(
                    name="raw",
                    type="object",
                    label="Raw configuration",
                    section="advanced",
                    description="Text appended to what frr-k8s writes; unsupported.",
                    properties=(
                        Field(
                            name="priority",
                            type="integer",
                            label="Priority",
                            section="advanced",
                            description="The higher, the later in the file.",
                        ),
                        plain("rawConfig", "Text", "Lines of FRR configuration."),
                    ),
                ),
            ),
        ),
    ),
)
