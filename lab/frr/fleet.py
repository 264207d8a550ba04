"""Real FRR on every node and router of a lab, kept as a snapshot of the cluster wants it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from intent.render import frr_config
from intent.sessions import IntendedSession, sessions_on

from intent.rules import refused_on
from intent.snapshot import Node, Snapshot
from lab.frr.daemons import ConfigRefusedError, Daemons
from lab.frr.router import Neighbor, RealRouter, neighbor
from lab.frr.topology import Topology
from lab.routers import DEFAULT_VRF, Router, Routers, canonical

log = logging.getLogger(__name__)


class Fleet:
    """Nodes and routers. `refusals`: by node, why its newest configuration is not in force ("" = it is)."""

    def __init__(self, nodes: Sequence[Node], routers: Routers) -> None:
        self.routers = routers
        self.topology = Topology(nodes, routers)
        self.refusals: dict[str, str] = {node.name: "" for node in nodes}
        self._nodes: dict[str, Daemons] = {}
        self._real: dict[str, RealRouter] = {}
        self._sessions: dict[str, tuple[IntendedSession, ...]] = {}
        self._turn = asyncio.Lock()

    async def start(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        """Build and start everything; the routers first, since a node that finds nobody waits long to dial again."""
        async with self._turn:
            await self.topology.start()
            configs = {node: self._wanted(snapshot, node, passwords) for node in self.topology.nodes}
            self._real = {router.name: self._make(router) for router in self.routers}
            await asyncio.gather(*(router.start() for router in self._real.values()))
            self._nodes = {
                node: Daemons(self.topology.machines[node], listen=0, vrfs=self.topology.vrfs) for node in configs
            }
            await asyncio.gather(*(daemons.start() for daemons in self._nodes.values()))
            await asyncio.gather(*(self._configure(node, config) for node, config in configs.items()))

    async def apply(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        """Bring nodes to what the cluster wants now, and routers to what their descriptions say."""
        async with self._turn:
            configs = {node: self._wanted(snapshot, node, passwords) for node in self.topology.nodes}
            await self._apply_routers()
            await asyncio.gather(*(self._configure(node, config) for node, config in configs.items()))

    async def stop(self) -> None:
        """End everything; nothing is left."""
        await asyncio.gather(*(router.stop() for router in self._real.values()))
        await self.topology.stop()

    async def restart(self, node: str) -> None:
        """What happens when the pod is replaced: FRR ends without a word and starts again with its configuration."""
        async with self._turn:
            await self._nodes[node].restart()

    def node(self, name: str) -> Daemons:
        """The daemons of a node. KeyError if there is no such node."""
        return self._nodes[name]

    def router(self, address: str, vrf: str = DEFAULT_VRF) -> RealRouter:
        """The router at an address. KeyError if there is none."""
        router = self.routers.at(vrf, address)
        if router is None:
            raise KeyError(f"no router at {address} in VRF {vrf}")
        return self._real[router.name]

    def _wanted(self, snapshot: Snapshot, node: str, passwords: Mapping[str, str]) -> str | None:
        """The node's configuration, or None if MetalLB's speaker would keep the one that it has."""
        refused = refused_on(snapshot, node)
        self.refusals[node] = "; ".join(finding.message for finding in refused)
        if refused:
            return None
        self._sessions[node] = sessions_on(snapshot, node)
        return frr_config(snapshot, node, passwords)

    async def _configure(self, node: str, config: str | None) -> None:
        if config is None:
            return
        try:
            await self._nodes[node].reload(config)
        except ConfigRefusedError as error:
            self.refusals[node] = str(error)
            log.warning("FRR on %s refuses its configuration: %s", node, error)

    async def _apply_routers(self) -> None:
        wanted = {router.name: router for router in self.routers}
        for name in self._real.keys() - wanted.keys():
            await self._real.pop(name).stop()
            await self.topology.unplug(name)
        for name in wanted.keys() - self._real.keys():
            await self.topology.plug(wanted[name])
            self._real[name] = self._make(wanted[name])
            await self._real[name].start()
        await asyncio.gather(*(self._real[name].apply(router) for name, router in wanted.items()))

    def _make(self, router: Router) -> RealRouter:
        return RealRouter(router, self.topology.machines[router.name], self._neighbors)

    def _neighbors(self, router: Router) -> list[Neighbor]:
        """Every node as this router's neighbor, once per address of the router."""
        places = [*router.addresses, *([router.interface] if router.interface else [])]
        return [self._neighbor(router, place, node) for place in places for node in self.topology.nodes]

    def _neighbor(self, router: Router, place: str, node: str) -> Neighbor:
        sessions = self._sessions.get(node, ())
        session = next((s for s in sessions if (s.vrf, canonical(s.neighbor)) == (router.vrf, canonical(place))), None)
        if place == router.interface:
            return neighbor(router, self.topology.nic_towards(node), session)
        source = session.source_address if session is not None else ""
        return neighbor(router, source or self.topology.source(router, place, node), session)
