"""Real FRR on every node and router of a lab, kept as a snapshot of the cluster wants it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from intent.announcements import Announcements
from intent.render import Announced, frr_config
from intent.rules import refused_on
from intent.sessions import IntendedSession, sessions_on
from intent.snapshot import Mode, Snapshot
from lab.apiserver import ExecResult
from lab.frr.daemons import ConfigRefusedError, Daemons
from lab.frr.router import Neighbor, RealRouter, neighbor
from lab.frr.topology import Topology
from lab.routers import DEFAULT_VRF, Router, Routers, canonical
from lab.speakers.plans import frr_k8s_refuses

log = logging.getLogger(__name__)


class RealSpeakers:
    """Nodes and routers on real FRR; see lab.speakers.protocol. vrfs: what a node has beside the default VRF, by name.

    The speakers follow `routers` by themselves and the nodes of each snapshot.
    """

    def __init__(self, routers: Routers, vrfs: Callable[[str], Collection[str]] = lambda _node: ()) -> None:
        self.routers = routers
        self.topology = Topology(vrfs)
        self.refusals: dict[str, str] = {}
        self._mode = Mode.UNKNOWN
        self._nodes: dict[str, Daemons] = {}
        self._real: dict[str, RealRouter] = {}
        self._sessions: dict[str, tuple[IntendedSession, ...]] = {}
        self._turn = asyncio.Lock()
        self._changes: set[asyncio.Task[None]] = set()

    async def start(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        """Build and start everything. Routers come first: a node that finds nobody waits long before it dials again."""
        await self.topology.start()
        await self.apply(snapshot, passwords)
        self.routers.subscribe(self._router_changed)

    async def apply(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        """Bring nodes to what the cluster wants now, and routers to what their descriptions say."""
        async with self._turn:
            self._mode = snapshot.mode
            await self._follow_nodes(snapshot)
            announcements = Announcements(snapshot)
            configs = {node: self._wanted(snapshot, node, passwords, announcements.on(node)) for node in self._nodes}
            await self._apply_routers()
            await asyncio.gather(*(self._configure(node, config) for node, config in configs.items()))

    async def restart(self, node: str) -> None:
        """The pod was replaced: FRR ends without a word and starts anew.

        In FRR mode a speaker that refuses what is applied then has nothing; FRR-K8s keeps the last good configuration
        in the cluster.
        """
        async with self._turn:
            if node in self._nodes:
                await self._nodes[node].restart(keep=self._mode is Mode.FRR_K8S or not self.refusals.get(node))

    async def rewire(self) -> None:
        """Give the nodes the VRFs that they should have by now.

        Routers learn of their new neighbors first: FRR dials as soon as it has a route, and what is refused then is
        tried again after connectTime only, two minutes by default.
        """
        async with self._turn:
            await self._apply_routers()
            await self.topology.grow()
            for name, node in self._nodes.items():
                node.vrfs = self.topology.vrfs_on(name)[1:]

    async def exec(self, node: str, argv: Sequence[str]) -> ExecResult:
        """Run vtysh in the node's namespaces. KeyError if the node has no speaker."""
        machine = self._nodes[node].machine
        refused = _refused(argv)
        if refused is not None:
            return refused
        return ExecResult(*await machine.exec(["vtysh", *argv[1:]]))

    async def log(self, node: str) -> bytes:
        """What all daemons have logged. KeyError if the node has no speaker."""
        written, _, _ = await self._nodes[node].machine.exec(["sh", "-c", "cat /run/frr/*.log | sort -s -k1,2"])
        return written

    async def stop(self) -> None:
        """End everything; nothing is left."""
        for task in self._changes:
            task.cancel()
        await asyncio.gather(*(router.stop() for router in self._real.values()))
        await self.topology.stop()

    async def settled(self) -> None:
        """Wait until the routers are as their descriptions say."""
        while self._changes:
            await asyncio.gather(*self._changes)

    def node(self, name: str) -> Daemons:
        """The daemons of a node. KeyError if there is no such node."""
        return self._nodes[name]

    def router(self, address: str, vrf: str = DEFAULT_VRF) -> RealRouter:
        """The router at an address. KeyError if there is none."""
        router = self.routers.at(vrf, address)
        if router is None:
            raise KeyError(f"no router at {address} in VRF {vrf}")
        return self._real[router.name]

    def _router_changed(self, _old: Router | None, _new: Router | None) -> None:
        task = asyncio.ensure_future(self._follow_routers())
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

    async def _follow_routers(self) -> None:
        async with self._turn:
            await self._apply_routers()

    async def _follow_nodes(self, snapshot: Snapshot) -> None:
        """Machines for new nodes and routers, and the nodes' daemons; nodes that left are switched off."""
        wanted = {node.name: node for node in snapshot.nodes}
        for name in self._nodes.keys() - wanted.keys():
            for kept in (self._nodes, self._sessions, self.refusals):
                kept.pop(name, None)
            await self.topology.remove(name)
        added = [node for name, node in wanted.items() if name not in self._nodes]
        if added:
            await self.topology.grow(added, [router for router in self.routers if router.name not in self._real])
        for node in added:
            vrfs = self.topology.vrfs_on(node.name)[1:]
            self._nodes[node.name] = Daemons(self.topology.machines[node.name], listen=0, vrfs=vrfs)
        await asyncio.gather(*(self._nodes[node.name].start() for node in added))

    def _wanted(self, snapshot: Snapshot, node: str, passwords: Mapping[str, str], announced: Announced) -> str | None:
        """The node's configuration, or None if MetalLB's speaker would keep the one that it has."""
        refused = refused_on(snapshot, node)
        self.refusals[node] = "; ".join(finding.message for finding in refused)
        intended = sessions_on(snapshot, node)
        if refused or frr_k8s_refuses(snapshot, intended, announced):
            return None
        self._sessions[node] = intended
        return frr_config(snapshot, node, passwords, announced)

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
            await self.topology.remove(name)
        added = [router for name, router in wanted.items() if name not in self._real]
        if any(router.name not in self.topology.machines for router in added):
            await self.topology.grow(routers=added)
        for router in added:
            self._real[router.name] = RealRouter(router, self.topology.machines[router.name], self._neighbors)
        starts = [self._real[router.name].start() for router in added]
        changes = [real.apply(wanted[name]) for name, real in self._real.items() if wanted[name] not in added]
        await asyncio.gather(*starts, *changes)

    def _neighbors(self, router: Router) -> list[Neighbor]:
        """Every node that has the VRF as this router's neighbor, once per address of the router."""
        places = [*router.addresses, *([router.interface] if router.interface else [])]
        nodes = [node for node in self._nodes if router.vrf in self.topology.vrfs_on(node)]
        return [self._neighbor(router, place, node) for place in places for node in nodes]

    def _neighbor(self, router: Router, place: str, node: str) -> Neighbor:
        sessions = self._sessions.get(node, ())
        session = next((s for s in sessions if (s.vrf, canonical(s.neighbor)) == (router.vrf, canonical(place))), None)
        source = session.source_address if session is not None else ""
        return neighbor(router, source or self.topology.source(router, place, node), session)


_SAFE = ("show", "clear")


def _refused(argv: Sequence[str]) -> ExecResult | None:
    """What a container without other programs answers; of vtysh the lab runs what shows and clears, never a shell."""
    if argv[0] not in {"vtysh", "/usr/bin/vtysh"}:
        return ExecResult(stderr=f"sh: {argv[0]}: not found\n".encode(), code=127)
    options, commands = argv[1::2], argv[2::2]
    first = [(command.split() or [""])[0] for command in commands]
    if len(options) != len(commands) or any(option not in {"-c", "--command"} for option in options):
        return ExecResult(stderr=b"vtysh: the lab knows the option -c only\n", code=1)
    if not all(word and any(safe.startswith(word) for safe in _SAFE) for word in first):
        return ExecResult(stderr=b"vtysh: the lab runs show and clear only\n", code=1)
    return None
