"""IP addresses as Go's net.ParseIP and FRR understand them."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_address(text: str) -> Address | None:
    """An address without zone or mask; None for anything else. IPv4 mapped into IPv6 counts as IPv4."""
    if "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def family(address: Address) -> str:
    """ "ipv4" or "ipv6"."""
    return f"ipv{address.version}"


def within(address: Address, subnets: tuple[str, ...]) -> bool:
    """Whether any of the CIDRs contains the address; texts that are none contain nothing."""
    for subnet in subnets:
        try:
            network = ipaddress.ip_network(subnet, strict=False)
        except ValueError:
            continue
        if address.version == network.version and address in network:
            return True
    return False
