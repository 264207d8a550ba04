"""How large pools are, by IP version."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.words import counted
from intent.pools import address_range
from pools.models import IPAddressPool

_MANY = 1 << 20  # from here on a power of two says more


@dataclass(frozen=True, slots=True)
class Size:
    """How many addresses of a version a pool holds, with those that `avoidBuggyIPs` leaves out."""

    version: int
    number: int

    @property
    def words(self) -> str:
        """ "256 IPv4 addresses"; large numbers as a power of two."""
        if self.number < _MANY:
            return counted(self.number, f"IPv{self.version} address", f"IPv{self.version} addresses")
        exponent = self.number.bit_length() - 1
        about = "" if self.number == 1 << exponent else "about "
        return f"{about}2^{exponent} IPv{self.version} addresses"


def sizes(pool: IPAddressPool) -> list[Size]:
    """One for each version that the pool has addresses of; entries that overlap count once for each."""
    totals: dict[int, int] = {}
    for entry in pool.addresses if isinstance(pool.addresses, list) else ():
        found = address_range(entry)
        if found is not None:
            totals[found.version] = totals.get(found.version, 0) + found.last - found.first + 1
    return [Size(version, totals[version]) for version in sorted(totals)]
