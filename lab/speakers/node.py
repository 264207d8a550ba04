"""One speaker: the FRR of one node's pod, with its BGP instances and sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address, ip_network

from lab.routers import DEFAULT_VRF
from lab.speakers.flavour import Flavour
from lab.speakers.session import Session

DAEMONS = ("zebra", "bgpd", "staticd", "bfdd")


@dataclass(slots=True)
class Speaker:
    """The state of one FRR container.

    vrfs: VRFs that the node has (network devices), by name with their kernel ids. instances: my AS number by VRF, as
    configured in bgpd. router_ids: by VRF. table_versions: by VRF and family. config: makes what `show running-config`
    prints. down: daemons that do not run. started: when the container started.
    """

    node: str
    hostname: str
    flavour: Flavour
    address: str
    started: float
    vrfs: dict[str, int] = field(default_factory=dict)
    instances: dict[str, int] = field(default_factory=dict)
    router_ids: dict[str, str] = field(default_factory=dict)
    table_versions: dict[tuple[str, str], int] = field(default_factory=dict)
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)
    config: Callable[[], str] = str
    down: set[str] = field(default_factory=set)
    templates: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)  # vtysh's, by session

    @property
    def daemons(self) -> tuple[str, ...]:
        """The daemons that run, in the order of `show daemons`."""
        first = ("mgmtd",) if "bgp-router" in self.flavour else ()
        return tuple(name for name in (*first, *DAEMONS) if name not in self.down)

    def vrf_id(self, vrf: str) -> int:
        """The kernel's id; 0 for the default VRF, -1 if the node has no such VRF."""
        return 0 if vrf == DEFAULT_VRF else self.vrfs.get(vrf, -1)

    def router_id(self, vrf: str) -> str:
        """The BGP identifier of an instance: the configured one or the node's address."""
        return self.router_ids.get(vrf) or self.address

    def of_vrf(self, vrf: str) -> list[Session]:
        """The sessions of one instance in bgpd's order: interfaces first, then IPv4, then IPv6 by address."""
        return sorted((s for (name, _), s in self.sessions.items() if name == vrf), key=_order)

    def networks(self, vrf: str, family: str) -> list[str]:
        """The prefixes of its own in an instance, in the order of addresses: what any of its neighbours is sent."""
        tables = {id(s.announced): s.announced for (name, _), s in self.sessions.items() if name == vrf}
        prefixes = dict.fromkeys(a.prefix for table in tables.values() for a in table if a.family == family)
        return sorted(prefixes, key=ip_network) if len(tables) > 1 else list(prefixes)

    def table_version(self, vrf: str, family: str) -> int:
        """bgpTableVersion: it grows with every change of the table."""
        return max(self.table_versions.get((vrf, family), 0), len(self.networks(vrf, family)))

    def count_change(self, vrf: str, family: str) -> None:
        """The table is another one now."""
        self.table_versions[vrf, family] = self.table_versions.get((vrf, family), 0) + 1
        self.table_versions[vrf, family] = self.table_version(vrf, family)


def _order(session: Session) -> tuple[int, int, str]:
    return _place(session.spec.neighbor)


@lru_cache(4096)
def _place(neighbor: str) -> tuple[int, int, str]:
    try:
        address = ip_address(neighbor)
    except ValueError:
        return 0, 0, neighbor
    return address.version, int(address), ""
