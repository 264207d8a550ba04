"""What goes out on one session: a prefix with its attributes, and the services behind it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple, TypeVar

from intent.communities import Community

T = TypeVar("T", int, Community, "ServiceRef")
Key = tuple[int, int, int]  # IP version, network address, prefix length: sorts as routers do
MOST_COMMUNITIES = 63  # of one advertisement; MetalLB (internal/bgp/frr) announces nothing with more


class ServiceRef(NamedTuple):
    """A Service by namespace and name; compared and hashed very often."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One prefix to one peer. local_prefs: every LOCAL_PREF that an advertisement asks for, () = FRR's own.

    communities and services are sorted.
    """

    prefix: str
    local_prefs: tuple[int, ...]
    communities: tuple[Community, ...]
    services: tuple[ServiceRef, ...]

    @property
    def family(self) -> str:
        """ "ipv4" or "ipv6"."""
        return "ipv6" if ":" in self.prefix else "ipv4"

    @property
    def local_pref(self) -> int | None:
        """What FRR sets if several are asked for: the last of its route map wins, which is sorted as text."""
        return max(self.local_prefs, key=lambda pref: f"{pref}-") if self.local_prefs else None

    def merged(self, other: Announcement) -> Announcement:
        """The same prefix for services or advertisements of both: FRR adds up what each of them asks for."""
        if self is other:
            return self
        return Announcement(
            self.prefix,
            _joined(self.local_prefs, other.local_prefs),
            _joined(self.communities, other.communities),
            _joined(self.services, other.services),
        )


def prefix_key(version: int, address: int, length: int) -> Key:
    """The prefix of this length that an address is in."""
    bits = (32 if version == 4 else 128) - length
    return version, address >> bits << bits, length


@lru_cache(maxsize=100_000)
def prefix_text(key: Key) -> str:
    """The usual text of a prefix."""
    version, address, length = key
    packed = address.to_bytes(4 if version == 4 else 16, "big")
    return f"{ip_address(packed)}/{length}"


def _joined(one: tuple[T, ...], other: tuple[T, ...]) -> tuple[T, ...]:
    return one if one == other else tuple(sorted(set(one + other)))
