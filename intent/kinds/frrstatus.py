"""FRRNodeState and BGPSessionState (frrk8s.metallb.io/v1beta1), which frr-k8s reports, and its own settings."""

from __future__ import annotations

from intent.kinds.field import Column, Field, Kind, Version

_GROUP = "frrk8s.metallb.io"


def _reported(name: str, label: str, description: str) -> Field:
    return Field(name=name, type="string", label=label, section="reported", description=description)


FRR_NODE_STATE = Kind(
    kind="FRRNodeState",
    plural="frrnodestates",
    group=_GROUP,
    scope="Cluster",
    description="What FRR runs on a node, and whether the last change was taken; named as the node.",
    versions=(
        Version(
            name="v1beta1",
            fields=(),
            status=(
                _reported("runningConfig", "Running configuration", "FRR's configuration, passwords taken out."),
                _reported("lastConversionResult", "Last conversion", "success, or why FRRConfigurations do not fit."),
                _reported("lastReloadResult", "Last reload", "success, or the end of the error of FRR's reload."),
            ),
        ),
    ),
)
BGP_SESSION_STATE = Kind(
    kind="BGPSessionState",
    plural="bgpsessionstates",
    group=_GROUP,
    description="The state of a BGP session, looked up every two minutes.",
    versions=(
        Version(
            name="v1beta1",
            fields=(),
            columns=(
                Column("Node", ".status.node"),
                Column("Peer", ".status.peer"),
                Column("VRF", ".status.vrf"),
                Column("BGP", ".status.bgpStatus"),
                Column("BFD", ".status.bfdStatus"),
            ),
            status=(
                _reported("node", "Node", "The node that runs the session."),
                _reported("peer", "Neighbor", "Address or interface; IPv6 in full, with - instead of :."),
                _reported("vrf", "VRF", "Empty: the default VRF."),
                _reported("bgpStatus", "BGP", "The state in FRR's words, such as Established."),
                _reported("bfdStatus", "BFD", "The state in FRR's words, such as Up; N/A without BFD."),
            ),
        ),
    ),
)
FRR_K8S_CONFIGURATION = Kind(
    kind="FRRK8sConfiguration",
    plural="frrk8sconfigurations",
    group=_GROUP,
    description="Settings of frr-k8s itself; only the object named config counts.",
    versions=(
        Version(
            name="v1beta1",
            fields=(
                Field(
                    name="logLevel",
                    type="string",
                    label="Log level",
                    section="advanced",
                    enum=("all", "debug", "info", "warn", "error", "none"),
                    description="How much frr-k8s and FRR log.",
                ),
            ),
        ),
    ),
)
