"""The wires: a switch with one bridge per VRF, nodes and routers plugged into it, gateways to what is further away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from intent.snapshot import Node
from lab.frr import links
from lab.frr.addressing import Segment, segments
from lab.frr.netns import Machine, NamespaceError
from lab.routers import DEFAULT_VRF, Router


class Topology:
    """Machines for nodes and routers, and their links. A node's VRFs are network namespaces of its machine."""

    def __init__(self, nodes: Sequence[Node], routers: Iterable[Router]) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.switch = Machine("switch")
        self.machines: dict[str, Machine] = {}
        self._routers: list[Router] = list(routers)
        self._vrfs = [DEFAULT_VRF]
        self._places: dict[tuple[str, str, bool], None] = {}
        self._cabled: set[tuple[str, str]] = set()
        self.segments: Mapping[str, Segment] = {}
        self._plan(self._routers)

    @property
    def vrfs(self) -> list[str]:
        """The VRFs that exist on every node beside the default one."""
        return self._vrfs[1:]

    def source(self, router: Router, neighbor: str, node: str) -> str:
        """The address from which `node` talks to the router's address `neighbor`."""
        return self.segments[router.vrf].source(neighbor, self.nodes[node], self._position(node))

    def nic_towards(self, node: str) -> str:
        """The NIC towards `node` of a router that is reached over an interface without addresses."""
        return f"node{self._position(node)}"

    async def start(self) -> None:
        """Build everything; a few tenths of a second for ten machines."""
        await self.switch.start()
        await self._boot(*self.nodes, *(router.name for router in self._routers))
        await self._wire(self._routers)

    async def stop(self) -> None:
        """End all machines; links and namespaces go with them."""
        await asyncio.gather(*(machine.stop() for machine in self.machines.values()), self.switch.stop())

    async def plug(self, router: Router) -> None:
        """Add a router to the running lab; the nodes get addresses beside it."""
        self._plan([router])
        await self._boot(router.name)
        await self._wire([router])

    async def unplug(self, router: str) -> None:
        """Switch a router off: its machine is gone."""
        self._cabled = {(machine, nic) for machine, nic in self._cabled if machine != router}
        await self.machines.pop(router).stop()

    async def carrier(self, machine: str, vrf: str, *, up: bool) -> None:
        """Pull a node's or router's cable in this VRF out of the switch, or put it back: its NIC loses the carrier."""
        nic = self._nic(vrf) if machine in self.nodes else "eth0"
        await self.switch.run(f"ip link set {self._port(machine, nic)} {'up' if up else 'down'}")

    def _plan(self, routers: Iterable[Router]) -> None:
        """What was once on a link stays planned, so that no NIC or address of a running node changes."""
        for router in routers:
            if router.vrf not in self._vrfs:
                self._vrfs.append(router.vrf)
            self._places |= dict.fromkeys((router.vrf, address, router.hops <= 1) for address in router.addresses)
        self.segments = segments(list(self.nodes.values()), self._vrfs, self._places)

    async def _boot(self, *names: str) -> None:
        made = [Machine(name, self.switch) for name in names]
        self.machines |= {machine.name: machine for machine in made}
        await asyncio.gather(*(machine.start() for machine in made))

    async def _wire(self, routers: Sequence[Router]) -> None:
        gateways = {_gateway(vrf): segment for vrf, segment in self.segments.items() if segment.far}
        await self._boot(*(name for name in gateways if name not in self.machines))
        lines = [line for number in range(len(self._vrfs)) for line in self._bridges(number)]
        lines += [line for node in self.nodes for vrf in self._vrfs for line in self._cable(node, self._nic(vrf), vrf)]
        for name, segment in gateways.items():
            lines += self._cable(name, "eth0", segment.vrf) + self._cable(name, "eth1", segment.vrf, far=True)
        for router in routers:
            lines += self._cable(router.name, "eth0", router.vrf, far=router.hops > 1)
            lines += [line for node in self.nodes for line in self._direct(router, node)]
        await self._batch(lines)
        setups = {name: self._node_setup(name, routers) for name in self.nodes}
        setups |= {name: links.gateway(segment) for name, segment in gateways.items()}
        for router in routers:
            direct = [self.nic_towards(node) for node in self.nodes] if router.interface else []
            setups[router.name] = links.router(router, self.segments[router.vrf], direct)
        await asyncio.gather(*(self.machines[name].run(script) for name, script in setups.items()))

    def _node_setup(self, node: str, routers: Iterable[Router]) -> str:
        scripts = []
        for vrf in self._vrfs:
            addresses = self.segments[vrf].own(self.nodes[node], self._position(node))
            direct = [router.interface for router in routers if router.interface and router.vrf == vrf]
            scripts.append(links.node(self.segments[vrf], self._nic(vrf), addresses, direct))
        return "\n".join(scripts)

    def _bridges(self, number: int) -> list[str]:
        return [
            line
            for bridge in (f"br{number}", f"br{number}-far")
            if self._new("switch", bridge)
            for line in (f"link add {bridge} type bridge", f"link set {bridge} up")
        ]

    def _cable(self, machine: str, nic: str, vrf: str, *, far: bool = False) -> list[str]:
        """The lines that connect a NIC with the bridge of a VRF, once."""
        if not self._new(machine, nic):
            return []
        port, bridge = self._port(machine, nic), f"br{self._vrfs.index(vrf)}{'-far' if far else ''}"
        return [
            f"link add {port} type veth peer name {nic} netns {self.machines[machine].pid}",
            f"link set {port} master {bridge} up",
        ]

    def _direct(self, router: Router, node: str) -> list[str]:
        """The line that connects a node with a router that has no address, without a switch between them."""
        nic = self.nic_towards(node)
        if not router.interface or not self._new(router.name, nic):
            return []
        near, far = self.machines[node].pid, self.machines[router.name].pid
        return [f"link add name {router.interface} netns {near} type veth peer name {nic} netns {far}"]

    def _new(self, machine: str, nic: str) -> bool:
        known = (machine, nic) in self._cabled
        self._cabled.add((machine, nic))
        return not known

    def _port(self, machine: str, nic: str) -> str:
        """The switch's end of a cable, named after the machine's process, since interface names are short."""
        return f"p{self.machines[machine].pid}{nic.removeprefix('eth')}"[:15]

    def _nic(self, vrf: str) -> str:
        return f"eth{self._vrfs.index(vrf)}"

    def _position(self, node: str) -> int:
        return list(self.nodes).index(node)

    async def _batch(self, lines: Sequence[str]) -> None:
        stdout, stderr, code = await self.switch.exec(["ip", "-batch", "-"], "\n".join(lines).encode())
        if code:
            raise NamespaceError(f"switch: {(stderr or stdout).decode(errors='replace')}")


def _gateway(vrf: str) -> str:
    return f"gateway-{vrf}"
