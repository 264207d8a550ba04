"""A neighbor in an FRRConfiguration: a session, what goes out over it, and what is let in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from intent.kinds.bgppeer import BGP_PEER
from intent.kinds.field import Field

_SAME_AS_PEER = (
    "dynamicASN", "localASN", "interface", "password", "passwordSecret", "holdTime", "keepaliveTime", "connectTime",
    "ebgpMultiHop", "bfdProfile", "disableMP", "dualStackAddressFamily",
)  # fmt: skip


def plain(name: str, label: str, description: str, **rest: Any) -> Field:
    """A text."""
    return Field(name=name, type="string", label=label, description=description, **rest)


def listed(name: str, label: str, description: str, items: Field, **rest: Any) -> Field:
    """A list."""
    return Field(name=name, type="array", label=label, description=description, items=items, **rest)


def asn(**rest: Any) -> Field:
    """An AS number; 0 counts as unset."""
    return Field(
        name="asn",
        type="integer",
        format="int64",
        label="ASN",
        minimum=0,
        maximum=4294967295,
        section="identity",
        **rest,
    )


def _object(name: str, label: str, description: str, *properties: Field) -> Field:
    return Field(name=name, type="object", label=label, description=description, properties=properties)


def _length(name: str, label: str, description: str) -> Field:
    return Field(
        name=name,
        type="integer",
        format="int32",
        label=label,
        minimum=1,
        maximum=128,
        description=description,
    )


def _allowed(prefix: Field, description: str) -> Field:
    mode = plain(
        "mode", "Mode", "all, or filtered: only those that are listed.", enum=("all", "filtered"), default="filtered"
    )
    return _object("allowed", "Allowed", description, listed("prefixes", "Prefixes", "CIDRs.", prefix), mode)


_MARKED = listed(
    "prefixes", "Prefixes", "CIDRs, which must be allowed, too.", Field(type="string"), format="cidr", min_items=1
)
_OUT = _object(
    "toAdvertise",
    "Announced",
    "What goes out to the neighbor.",
    _allowed(Field(type="string"), "The prefixes of the router that the neighbor gets."),
    _object(
        "nextHop",
        "Next hop",
        "The next hop that is told instead of the node's address.",
        plain("ipv4", "IPv4", "For IPv4 prefixes.", format="ipv4"),
        plain("ipv6", "IPv6", "For IPv6 prefixes.", format="ipv6"),
    ),
    listed(
        "withCommunity",
        "Communities",
        "Prefixes that carry a community.",
        Field(
            type="object",
            description="A community and its prefixes.",
            properties=(plain("community", "Community", "As A:B or large:A:B:C."), _MARKED),
        ),
    ),
    listed(
        "withLocalPref",
        "Local preferences",
        "Prefixes that carry a LOCAL_PREF.",
        Field(
            type="object",
            description="A local preference and its prefixes.",
            properties=(
                Field(
                    name="localPref",
                    type="integer",
                    format="int32",
                    label="Local preference",
                    description="LOCAL_PREF; only iBGP carries it.",
                ),
                _MARKED,
            ),
        ),
    ),
)
_IN = _object(
    "toReceive",
    "Received",
    "What is taken from the neighbor; nothing unless allowed.",
    _allowed(
        Field(
            type="object",
            description="A prefix with a range of lengths.",
            properties=(
                plain("prefix", "Prefix", "A CIDR.", format="cidr"),
                _length("le", "At most", "Prefixes inside it up to this length."),
                _length("ge", "At least", "Prefixes inside it from this length on."),
            ),
        ),
        "The prefixes that are let in.",
    ),
)
_FAMILIES = listed(
    "addressFamilies",
    "Address families",
    "unicast, evpn or both; newer than frr-k8s 0.0.25.",
    Field(type="string", enum=("unicast", "evpn")),
    default=["unicast"],
    max_items=2,
)

NEIGHBOR = Field(
    type="object",
    description="One session.",
    properties=(
        asn(description="The AS number of the neighbor. Either this or a dynamic ASN."),
        plain("address", "Address", "IPv4 or IPv6 address of the neighbor. Either this or an interface."),
        Field(
            name="port",
            type="integer",
            label="Port",
            minimum=0,
            maximum=16384,
            description="TCP port of the neighbor. Unset: 179.",
        ),
        plain("sourceaddress", "Source address", "Address or interface of the node to open the session from."),
        *(BGP_PEER.field(name) for name in _SAME_AS_PEER),
        replace(BGP_PEER.field("enableGracefulRestart"), cel=()),
        _FAMILIES,
        _OUT,
        _IN,
    ),
)
