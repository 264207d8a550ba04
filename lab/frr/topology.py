"""The wires: a switch with one bridge per VRF, nodes and routers plugged into it, gateways to what is further away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import count

from intent.snapshot import Node
from lab.frr import links
from lab.frr.addressing import Segment, segments
from lab.frr.netns import Machine, NamespaceError
from lab.routers import DEFAULT_VRF, Router


class Topology:
    """Machines for nodes and routers, and their links. A node's VRFs are network namespaces of its machine.

    vrfs: the VRFs of a node beside the default one, by its name.
    """

    def __init__(self, vrfs: Callable[[str], Collection[str]]) -> None:
        self.nodes: dict[str, Node] = {}
        self.routers: dict[str, Router] = {}
        self.machines: dict[str, Machine] = {}
        self.switch = Machine("switch")
        self._vrfs_of = vrfs
        self._vrfs = [DEFAULT_VRF]
        self._positions: dict[str, int] = {}
        self._places: dict[tuple[str, str, bool], None] = {}
        self._cabled: set[tuple[str, str]] = set()
        self.segments: Mapping[str, Segment] = {}

    async def start(self) -> None:
        """Switch on the switch."""
        await self.switch.start()

    async def stop(self) -> None:
        """End all machines; links and namespaces go with them."""
        await asyncio.gather(*(machine.stop() for machine in self.machines.values()), self.switch.stop())

    async def grow(self, nodes: Iterable[Node] = (), routers: Iterable[Router] = ()) -> None:
        """Add nodes and routers; a few tenths of a second for ten. What was once on a link keeps its addresses."""
        for node in nodes:
            self.nodes[node.name] = node
            self._positions[node.name] = next(n for n in count() if n not in self._positions.values())
            self._vrfs += [vrf for vrf in self._vrfs_of(node.name) if vrf not in self._vrfs]
        for router in routers:
            self.routers[router.name] = router
            self._vrfs += [vrf for vrf in (router.vrf,) if vrf not in self._vrfs]
            self._places |= dict.fromkeys((router.vrf, address, router.hops <= 1) for address in router.addresses)
        self.segments = segments(list(self.nodes.values()), self._vrfs, self._places)
        gateways = [_gateway(segment) for segment in self.segments.values() if segment.far]
        await self._boot(*self.nodes, *self.routers, *gateways)
        await self._wire()

    async def remove(self, name: str) -> None:
        """Switch a node or router off: its machine is gone."""
        gone = {(name, nic) for machine, nic in self._cabled if machine == name}
        if self.nodes.pop(name, None):
            gone |= {(router, self._towards(name)) for router in self.routers}
            del self._positions[name]
        self.routers.pop(name, None)
        self._cabled -= gone
        await self.machines.pop(name).stop()

    def vrfs_on(self, node: str) -> list[str]:
        """All VRFs of a node, the default one first."""
        return [vrf for vrf in self._vrfs if vrf == DEFAULT_VRF or vrf in self._vrfs_of(node)]

    def source(self, router: Router, neighbor: str, node: str) -> str:
        """Where `node` is seen by the router that is its `neighbor`: an address, or the router's NIC towards it."""
        if neighbor == router.interface:
            return self._towards(node)
        return self.segments[router.vrf].source(neighbor, self.nodes[node], self._positions[node])

    async def carrier(self, machine: str, vrf: str, *, up: bool) -> None:
        """Pull a node's or router's cable in this VRF out of the switch, or put it back: its NIC loses the carrier."""
        nic = self._nic(vrf) if machine in self.nodes else "eth0"
        await self.switch.run(f"ip link set {self._port(machine, nic)} {'up' if up else 'down'}")

    async def _boot(self, *names: str) -> None:
        made = [Machine(name, self.switch) for name in names if name not in self.machines]
        self.machines |= {machine.name: machine for machine in made}
        await asyncio.gather(*(machine.start() for machine in made))

    async def _wire(self) -> None:
        """Connect and set up whatever is not yet; all of it may be done again."""
        lines = [line for number in range(len(self._vrfs)) for line in self._bridges(number)]
        scripts: dict[str, str] = {}
        for name in self.nodes:
            lines += [line for vrf in self.vrfs_on(name) for line in self._cable(name, self._nic(vrf), vrf)]
            scripts[name] = "\n".join(self._node_setup(name, vrf) for vrf in self.vrfs_on(name))
        for segment in (segment for segment in self.segments.values() if segment.far):
            name = _gateway(segment)
            lines += self._cable(name, "eth0", segment.vrf) + self._cable(name, "eth1", segment.vrf, far=True)
            scripts[name] = links.gateway(segment)
        for name, router in self.routers.items():
            peers = [node for node in self.nodes if router.interface and router.vrf in self.vrfs_on(node)]
            lines += self._cable(name, "eth0", router.vrf, far=router.hops > 1)
            lines += [line for node in peers for line in self._direct(router, node)]
            scripts[name] = links.router(router, self.segments[router.vrf], [self._towards(node) for node in peers])
        stdout, stderr, code = await self.switch.exec(["ip", "-batch", "-"], "\n".join(lines).encode())
        if code:
            raise NamespaceError(f"switch: {(stderr or stdout).decode(errors='replace')}")
        await asyncio.gather(*(self.machines[name].run(script) for name, script in scripts.items()))

    def _node_setup(self, node: str, vrf: str) -> str:
        segment = self.segments[vrf]
        direct = [r.interface for r in self.routers.values() if r.interface and r.vrf == vrf]
        return links.node(segment, self._nic(vrf), segment.own(self.nodes[node], self._positions[node]), direct)

    def _bridges(self, number: int) -> list[str]:
        names = [name for name in (f"br{number}", f"br{number}-far") if self._is_new("switch", name)]
        return [line for name in names for line in (f"link add {name} type bridge", f"link set {name} up")]

    def _cable(self, machine: str, nic: str, vrf: str, *, far: bool = False) -> list[str]:
        """The lines that connect a NIC with the bridge of a VRF."""
        if not self._is_new(machine, nic):
            return []
        port, bridge = self._port(machine, nic), f"br{self._vrfs.index(vrf)}{'-far' if far else ''}"
        return [
            f"link add {port} type veth peer name {nic} netns {self.machines[machine].pid}",
            f"link set {port} master {bridge} up",
        ]

    def _direct(self, router: Router, node: str) -> list[str]:
        """The line that connects a node with a router that has no address, without a switch between them."""
        if not self._is_new(router.name, self._towards(node)):
            return []
        near, far = self.machines[node].pid, self.machines[router.name].pid
        return [f"link add {router.interface} netns {near} type veth peer name {self._towards(node)} netns {far}"]

    def _is_new(self, machine: str, nic: str) -> bool:
        known = (machine, nic) in self._cabled
        self._cabled.add((machine, nic))
        return not known

    def _port(self, machine: str, nic: str) -> str:
        """The switch's end of a cable, named after the machine's process, since interface names are short."""
        return f"p{self.machines[machine].pid}-{nic.removeprefix('eth')}"

    def _nic(self, vrf: str) -> str:
        return f"eth{self._vrfs.index(vrf)}"

    def _towards(self, node: str) -> str:
        """The NIC towards `node` of a router that is reached over an interface without addresses."""
        return f"node{self._positions[node]}"


def _gateway(segment: Segment) -> str:
    return f"gateway-{segment.vrf}"
