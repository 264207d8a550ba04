"""What differs between the FRR releases that MetalLB ships, as far as vtysh shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_SINCE = {
    "rpki-column": (8, 5),  # in tables, a column more for RPKI
    "no-path-words": (9, 0),  # "No path to specified Neighbor" instead of "Waiting for NHT"
    "software-version": (9, 0),  # softwareVersion in capabilities and in the block of the last reset
    "tcp-mss": (9, 1),
    "llgr-timers": (9, 1),
    "single-route-refresh": (9, 1),  # the old, Cisco's own route refresh is no longer told apart
    "json-flags": (10, 0),  # advertised-routes: valid and best instead of status symbols
    "bgp-router": (10, 0),
    "compact-empty": (10, 0),  # {} instead of {\n}; depends on json-c, which goes with the distribution
    "unknown-hostname": (10, 0),  # hostname and next hops are there as "Unknown" before the first OPEN
    "short-connect-retry": (10, 0),  # 30 s, doubled after each failure up to 120 s
    "paths-limit": (10, 1),
    "local-as-dual": (10, 2),
    "summary-software-version": (10, 2),
    "prefix-statistics": (10, 3),
    "route-totals": (10, 3),
    "graceful-restart-seconds": (10, 5),
    "neighbor-address": (10, 5),
}
_NUMBERS = re.compile(r"(\d+)\.(\d+)")
# MetalLB release -> FRR in the speaker pod, FRR in the frr-k8s pod
_SHIPPED: tuple[tuple[tuple[int, int, int], str, str], ...] = (
    ((0, 16, 0), "10.5.3", "10.4.3"),
    ((0, 15, 3), "10.4.1", "10.4.1"),
    ((0, 14, 6), "9.1_git", "9.1_git"),
    ((0, 14, 4), "9.0.2", "9.0.2"),
    ((0, 13, 11), "8.5.2", "8.4.2"),
    ((0, 0, 0), "8.4.2", "8.4.2"),
)


@dataclass(frozen=True, slots=True)
class Flavour:
    """One FRR release. version: as `show version` prints it, "8.4.4", "9.1_git", "10.5.3"."""

    version: str
    features: frozenset[str]

    def __contains__(self, feature: str) -> bool:
        return feature in self.features

    @property
    def connect_retry(self) -> int:
        """FRR's default for `timers connect`, seconds."""
        return 30 if "short-connect-retry" in self.features else 120


@cache
def flavour(version: str) -> Flavour:
    """The flavour of an FRR version. ValueError for a text that names none."""
    found = _NUMBERS.match(version)
    if found is None:
        raise ValueError(f"{version!r} is not an FRR version")
    release = int(found[1]), int(found[2])
    return Flavour(version, frozenset(feature for feature, since in _SINCE.items() if release >= since))


def shipped_with(metallb: tuple[int, int, int], *, frr_k8s: bool) -> str:
    """The FRR version that this MetalLB release ships in this mode."""
    row = next(row for row in _SHIPPED if metallb >= row[0])
    return row[2] if frr_k8s else row[1]
