"""One speaker: the FRR of one node's pod, with its BGP instances and sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from lab.routers import DEFAULT_VRF
from lab.speakers.flavour import Flavour
from lab.speakers.session import Session

DAEMONS = ("zebra", "bgpd", "staticd", "bfdd")


@dataclass(slots=True)
class Speaker:
    """The state of one FRR container.

    vrfs: VRFs that the node has (network devices), by name with their kernel ids. instances: my AS number by VRF, as
    configured in bgpd. router_ids: by VRF. networks: prefixes that it announces, by VRF. config: makes what
    `show running-config` prints. down: daemons that do not run. started: when the container started.
    """

    node: str
    hostname: str
    flavour: Flavour
    address: str
    started: float
    vrfs: dict[str, int] = field(default_factory=dict)
    instances: dict[str, int] = field(default_factory=dict)
    router_ids: dict[str, str] = field(default_factory=dict)
    networks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
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


def _order(session: Session) -> tuple[int, int, str]:
    neighbor = session.spec.neighbor
    try:
        address = ip_address(neighbor)
    except ValueError:
        return 0, 0, neighbor
    return address.version, int(address), ""
