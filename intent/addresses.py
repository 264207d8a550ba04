"""IP addresses as Go's net.ParseIP and FRR understand them."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_LONGEST = 45  # characters of an IPv6 address with an IPv4 one at its end


@lru_cache(maxsize=100_000)
def parse_address(text: str) -> Address | None:
    """An address without zone or mask; None for anything else. IPv4 mapped into IPv6 counts as IPv4."""
    return _parsed(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=1 << 16)
def _parsed(text: str) -> Address | None:
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


class NetworkIndex:
    """Who is connected where: masks by network, found for an address without going through all networks."""

    def __init__(self) -> None:
        self._networks: dict[tuple[int, int], dict[int, int]] = {}
        self.connected = {4: 0, 6: 0}  # by IP version: who has any known network

    def add(self, subnet: str, mask: int) -> None:
        """A CIDR, host bits allowed; a text that is none adds nothing."""
        try:
            network = ipaddress.ip_network(subnet, strict=False)
        except ValueError:
            return
        known = self._networks.setdefault((network.version, network.prefixlen), {})
        key = int(network.network_address)
        known[key] = known.get(key, 0) | mask
        self.connected[network.version] |= mask

    def containing(self, address: Address) -> int:
        """The masks of all networks that contain the address, joined."""
        mask = 0
        for (version, length), known in self._networks.items():
            if version == address.version:
                bits = address.max_prefixlen - length
                mask |= known.get(int(address) >> bits << bits, 0)
        return mask
