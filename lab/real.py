"""Real FRR as the speakers of a lab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from intent.snapshot import Snapshot
from lab.apiserver import ExecResult
from lab.frr.fleet import Fleet
from lab.routers import Routers


class RealSpeakers:
    """See lab.speakers.protocol. routers_changed: called when a router changes, so that `apply` follows."""

    def __init__(self, routers: Routers, routers_changed: Callable[[], None]) -> None:
        self.routers = routers
        self.refusals: dict[str, str] = {}
        self._routers_changed = routers_changed
        self._fleet: Fleet | None = None

    @property
    def fleet(self) -> Fleet:
        """Nodes and routers. RuntimeError before the start."""
        if self._fleet is None:
            raise RuntimeError("the speakers are not started")
        return self._fleet

    async def start(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        """Build the machines and wait until FRR runs on all of them."""
        self._fleet = Fleet(snapshot.nodes, self.routers)
        self.refusals = self._fleet.refusals
        await self._fleet.start(snapshot, passwords)
        self.routers.subscribe(lambda _old, _new: self._routers_changed())

    async def apply(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        """Reload what changed. Nodes are fixed when the lab starts."""
        await self.fleet.apply(snapshot, passwords)

    async def restart(self, node: str) -> None:
        """FRR ends and starts again."""
        await self.fleet.restart(node)

    async def exec(self, node: str, argv: Sequence[str]) -> ExecResult:
        """Run a program beside FRR. KeyError if there is no such node."""
        return ExecResult(*await self.fleet.node(node).machine.exec(argv))

    async def stop(self) -> None:
        """End everything."""
        if self._fleet is not None:
            await self._fleet.stop()
