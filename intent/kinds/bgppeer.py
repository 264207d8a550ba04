"""BGPPeer (metallb.io/v1beta2, and the deprecated v1beta1): a router that nodes open BGP sessions to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from intent.kinds import cel
from intent.kinds.field import FRR_MODES, Column, Field, Kind, Version
from intent.kinds.label_selectors import LEGACY_SELECTOR, selectors
from intent.modes import Mode

_ASN_MAX = 4294967295
_COLUMNS = (
    Column("Address", ".spec.peerAddress"),
    Column("ASN", ".spec.peerASN"),
    Column("BFD Profile", ".spec.bfdProfile"),
    Column("Multi Hops", ".spec.ebgpMultiHop"),
)


def _asn(minimum: int = 0, **rest: Any) -> Field:
    """MetalLB refuses 0."""
    taken = 1, _ASN_MAX
    return Field(
        type="integer", format="int64", minimum=minimum, maximum=_ASN_MAX, taken=taken, section="identity", **rest
    )


_IDENTITY = (
    _asn(
        name="myASN",
        label="My ASN",
        required=True,
        description="The AS number of the nodes. The same for all peers of a node in one VRF; 0 is refused.",
    ),
    _asn(
        name="peerASN",
        label="Peer ASN",
        description="The AS number of the router. Either this or a dynamic ASN.",
    ),
    Field(
        name="dynamicASN",
        type="string",
        label="Dynamic ASN",
        section="identity",
        enum=("internal", "external"),
        since="0.14.9",
        modes=FRR_MODES,
        description="Accept any AS number of the router: internal = only mine, external = any other than mine.",
    ),
    Field(
        name="peerAddress",
        type="string",
        label="Peer address",
        section="identity",
        description="IPv4 or IPv6 address of the router. Either this or an interface.",
    ),
    Field(
        name="interface",
        type="string",
        label="Interface",
        section="identity",
        since="0.15.0",
        modes=FRR_MODES,
        description="Network interface of the nodes to peer over without addresses (unnumbered BGP).",
    ),
    _asn(
        1,
        name="localASN",
        label="Local ASN",
        since="0.16.0",
        modes=(Mode.FRR,),
        description="An AS number shown to this router instead of My ASN.",
    ),
    Field(
        name="routerID",
        type="string",
        label="Router ID",
        section="identity",
        description="BGP identifier of the nodes, an IPv4 address, equal for all peers of a node. Unset: FRR chooses.",
    ),
)
_SESSION = (
    Field(
        name="peerPort",
        type="integer",
        label="Peer port",
        minimum=1,
        maximum=16384,
        default=179,
        documented="0 to 16384",
        description="TCP port of the router.",
    ),
    Field(
        name="sourceAddress",
        type="string",
        label="Source address",
        modes=(Mode.FRR, Mode.NATIVE),
        description="Address of the node to open the session from; only sensible for a peer of a single node.",
    ),
    Field(
        name="vrf",
        type="string",
        label="VRF",
        since="0.13.9",
        modes=FRR_MODES,
        description="VRF of the nodes in which the session runs and announcements are made. Unset: the default VRF.",
    ),
    Field(
        name="ebgpMultiHop",
        type="boolean",
        label="eBGP multihop",
        description="The router of another AS is more than one hop away from the nodes.",
    ),
    Field(
        name="dualStackAddressFamily",
        type="boolean",
        label="Both address families",
        default=False,
        since="0.15.0",
        modes=FRR_MODES,
        description="Exchange IPv4 and IPv6 prefixes over this one session.",
    ),
)
_TIMERS = (
    Field(
        name="holdTime",
        type="duration",
        label="Hold time",
        section="timers",
        description="The session ends after this time without a message from the router: at least 3s. Unset: 180s, in "
        "native mode 90s.",
    ),
    Field(
        name="keepaliveTime",
        type="duration",
        label="Keepalive time",
        section="timers",
        modes=FRR_MODES,
        description="Interval of keepalive messages, below the hold time. Unset: a third of the hold time, or 60s.",
    ),
    Field(
        name="connectTime",
        type="duration",
        label="Connect retry time",
        section="timers",
        since="0.14.4",
        modes=FRR_MODES,
        cel=(cel.CONNECT_TIME_RANGE, cel.CONNECT_TIME_WHOLE),
        description="Pause between two attempts to connect, in whole seconds from 1s to 65535s.",
    ),
)
_SECURITY = (
    Field(
        name="password",
        type="string",
        label="Password",
        section="security",
        secret=True,
        description="TCP MD5 password, readable by everybody who may read BGPPeers; a Secret is the better place.",
    ),
    Field(
        name="passwordSecret",
        type="object",
        label="Password Secret",
        section="security",
        map_type="atomic",
        description="A kubernetes.io/basic-auth Secret in MetalLB's namespace, the password under its key `password`.",
        properties=(
            Field(name="name", type="string", label="Name", section="security", description="Name of the Secret."),
            Field(
                name="namespace",
                type="string",
                label="Namespace",
                section="security",
                description="Has no effect: MetalLB looks in its own namespace.",
            ),
        ),
    ),
)
_REST = (
    Field(
        name="bfdProfile",
        type="string",
        label="BFD profile",
        section="bfd",
        modes=FRR_MODES,
        description="Name of the BFDProfile that watches over the session. Unset: no BFD.",
    ),
    selectors(
        name="nodeSelectors",
        label="Nodes",
        section="placement",
        description="The nodes that open this session: those that match any of the selectors. Unset: all nodes.",
    ),
    Field(
        name="enableGracefulRestart",
        type="boolean",
        label="Graceful restart",
        section="advanced",
        since="0.14.6",
        modes=FRR_MODES,
        cel=(cel.GRACEFUL_RESTART_IMMUTABLE,),
        description="Keep forwarding on known routes while BGP restarts. Cannot be changed once it is set.",
    ),
    Field(
        name="disableMP",
        type="boolean",
        label="Disable multiprotocol",
        section="advanced",
        default=False,
        since="0.14.4",
        modes=FRR_MODES,
        description="Deprecated, without effect since 0.15: one address family a session is the rule.",
    ),
)
_FIELDS = (*_IDENTITY, *_SESSION, *_TIMERS, *_SECURITY, *_REST)


def _legacy() -> tuple[Field, ...]:
    """The fields of v1beta1: fewer, stricter about what must be there, laxer about the port."""
    changed: dict[str, dict[str, Any]] = {name: {} for name in ("myASN", "routerID", "sourceAddress", "ebgpMultiHop")}
    changed |= {name: {} for name in ("holdTime", "keepaliveTime", "password", "bfdProfile")}
    changed |= {"peerASN": {"required": True}, "peerAddress": {"required": True}}
    changed |= {"peerPort": {"minimum": 0, "default": None}, "nodeSelectors": {"items": LEGACY_SELECTOR}}
    return tuple(replace(field, **changed[field.name]) for field in _FIELDS if field.name in changed)


BGP_PEER = Kind(
    kind="BGPPeer",
    plural="bgppeers",
    description="A router that the nodes of the cluster open BGP sessions to.",
    versions=(
        Version(
            name="v1beta1",
            fields=_legacy(),
            columns=_COLUMNS,
            storage=False,
            deprecation="v1beta1 is deprecated, please use v1beta2",
        ),
        Version(name="v1beta2", fields=_FIELDS, columns=_COLUMNS),
    ),
)
