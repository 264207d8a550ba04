"""Addresses that nothing of ours connects with, whoever asks for it: those where no server can be."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

# Where clouds' metadata services answer beside the link-local ones: the documents of Amazon EC2 and Google Cloud.
_METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "fd20:ce::254")))


def stands_for_none(host: str, *, resolve: bool) -> bool:
    """Whether a host is such an address, or with `resolve` a name of one, which asks the resolver."""
    return any(map(is_none, _addresses(host, 0 if resolve else socket.AI_NUMERICHOST)))


def _addresses(host: str, flags: int) -> Iterator[IPv4Address | IPv6Address]:
    """What a connection would go to, also for 2852039166 and 0xA9FEA9FE (inet_aton); none if nothing is found."""
    try:
        found = socket.getaddrinfo(host.partition("%")[0], None, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        return
    for *_, address in found:
        yield ip_address(str(address[0]).partition("%")[0])


def is_none(address: IPv4Address | IPv6Address) -> bool:
    """Link-local addresses are those of clouds' metadata services, which hand out credentials."""
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified or mapped in _METADATA)
