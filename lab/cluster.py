"""A whole lab: an API server, the cluster in it, its routers and the speakers that act on what is applied.

async with Lab(nodes=6, mode="frr", folder=tmp_path) as lab:
    lab.kubeconfig, lab.url, lab.token, lab.routers, lab.world, lab.store, lab.faults
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast

from intent.modes import Mode
from intent.snapshot import Snapshot
from lab.apiserver import ApiServer, Store, User, write_kubeconfig
from lab.applied import Applied
from lab.containers import Containers, PodFault
from lab.control_plane import ControlPlane
from lab.controllers import Controllers
from lab.frr.fleet import RealSpeakers
from lab.release import SYSTEM, Release
from lab.routers import DEFAULT_VRF, Router, Routers, documented_routers
from lab.seed import INCIDENT_AFTER, seed, seed_incident, seed_routers
from lab.speakers.clock import Clock
from lab.speakers.protocol import Speakers
from lab.speakers.simulated import Fittings, SimulatedSpeakers
from lab.status import Reports
from lab.webhooks import Webhooks
from lab.world import World

_VRFS = {"ens4vrf": 5, "storage": 6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What kind of lab. vrfs: by name with their kernel ids, the same on every node; missing_vrfs: (node, VRF) pairs.

    frr_versions: nodes with another FRR than the release ships. seed_peers: begin with the demo's own objects.
    webhooks: MetalLB's admission webhooks judge what comes over HTTP. debounce: seconds of calm before speakers act.
    pod_start: seconds from a pod's creation until it is ready. node_poll, session_poll: seconds between two looks of
    frr-k8s at FRR's configuration and at its sessions. keep: objects stay on disk between runs. folder: where state and
    kubeconfig are kept, None = a temporary one. real: the API server is a real one, which keeps nothing.
    """

    nodes: int = 6
    mode: str = "frr"
    version: str = "0.16.1"
    namespace: str = SYSTEM
    frr_namespace: str = ""
    secret_passthrough: bool = False
    ignores_exclude: bool = False
    speakers: Literal["simulated", "frr"] = "simulated"
    seed_peers: bool = False
    folder: Path | None = None
    keep: bool = False
    port: int = 0
    tls: bool = True
    real: bool = False
    webhooks: bool = False
    debounce: float = 0.3
    pod_start: float = 0.3
    node_poll: float = 30.0
    session_poll: float = 120.0
    vrfs: Mapping[str, int] = field(default_factory=lambda: dict(_VRFS))
    missing_vrfs: frozenset[tuple[str, str]] = frozenset()
    frr_versions: Mapping[str, str] = field(default_factory=dict)
    routers: Iterable[Router] = ()
    users: Mapping[str, User] = field(default_factory=dict)
    clock: Clock | None = None


class Lab:
    """A running lab; keyword arguments are those of Plan. To be used on the event loop that started it."""

    def __init__(self, **plan: Any) -> None:
        self.plan = Plan(**plan)
        self._temporary = None if self.plan.folder else tempfile.TemporaryDirectory(prefix="bgpui-lab-")
        self.folder = self.plan.folder or Path(self._temporary.name if self._temporary else "")
        settled = self.plan
        self.release = Release(
            Mode(settled.mode),
            settled.version,
            settled.namespace,
            settled.frr_namespace,
            settled.secret_passthrough,
            settled.ignores_exclude,
        )
        self.token = self._token()
        state = self.folder / "state.json" if self.plan.keep else None
        tokens: dict[str, str | User] = {self.token: "admin", **self.plan.users}
        self.server = (
            cast("ApiServer", ControlPlane(tokens, tls=self.plan.tls))
            if self.plan.real
            else ApiServer(state, tokens, tls=self.plan.tls)
        )
        if self.plan.webhooks:
            self.server.use_webhooks(Webhooks(self.store, self.release))
        own = seed_routers() if self.plan.seed_peers else ()
        self.routers = Routers((*documented_routers(), *own, *self.plan.routers))
        self.world = World(self.store, self.release, self.plan.frr_versions, started=self._pod_started)
        self.controllers = Controllers(self.store, self.release, pod_start=self.plan.pod_start)
        self.speakers: Speakers = self._make_speakers()
        self.reports = Reports(
            self.store,
            self.release,
            self.controllers.metallb,
            self.speakers,
            node_poll=self.plan.node_poll,
            session_poll=self.plan.session_poll,
        )
        self.applied = Applied(self.store, self.release, self._apply, self.plan.debounce)
        self.containers = Containers(self.store, self.speakers)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_new = False

    @property
    def store(self) -> Store:
        """The objects of the cluster, without HTTP."""
        return self.server.store

    @property
    def url(self) -> str:
        """Where the API server answers."""
        return self.server.url

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig for kubectl and the product."""
        return self.folder / "kubeconfig"

    @property
    def faults(self) -> dict[str, PodFault]:
        """What goes wrong in the FRR containers, by node."""
        return self.containers.faults

    def router(self, address: str, vrf: str = DEFAULT_VRF) -> Router:
        """The router at an address. KeyError if there is none."""
        found = self.routers.at(vrf, address)
        if found is None:
            raise KeyError(f"no router at {address} in VRF {vrf}")
        return found

    async def start(self) -> Self:
        """Build the cluster, start the speakers, then let everybody in."""
        self.server.load()
        self._is_new = not self.store.list("nodes")
        self.world.build(self.plan.nodes)
        if self.plan.seed_peers and self._is_new:
            seed(self.store, self.release)
        self.controllers.start()
        self.reports.start()
        snapshot = self.applied.snapshot()
        await self.speakers.start(snapshot, self.applied.passwords())
        self.reports.take(snapshot, self.speakers.refusals)
        self.server.exec, self.server.logs = self.containers, self.containers.log
        self.world.start()
        self.applied.start()
        if self.plan.seed_peers:
            self._background(self._incident())
        await self.server.start(port=self.plan.port)
        write_kubeconfig(self.kubeconfig, self.url, self.token, self.server.ca_pem)
        return self

    async def stop(self) -> None:
        """End everything; what is kept on disk stays."""
        self.world.stop()
        self.controllers.stop()
        self.reports.stop()
        await self.applied.stop()
        for task in self._tasks:
            task.cancel()
        await self.server.stop()
        self.server.close()
        await self.speakers.stop()
        if self._temporary:
            self._temporary.cleanup()

    async def settled(self) -> None:
        """Wait until the controllers and the speakers have taken in everything that is applied."""
        await self.store.caught_up()
        while not (self.controllers.is_idle and self.applied.is_calm):
            await self.controllers.settled()
            await self.applied.settled()
            await self.store.caught_up()
        await self.speakers.settled()
        await self.reports.written()

    async def __aenter__(self) -> Self:
        try:
            return await self.start()
        except BaseException:
            await self.stop()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _token(self) -> str:
        """The administrator's token, the same in every run of a kept lab."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "api-token"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32))
        return path.read_text()

    def _make_speakers(self) -> Speakers:
        if self.plan.speakers == "frr":
            return RealSpeakers(self.routers, self._vrfs)
        return SimulatedSpeakers(self.routers, Fittings(self.world.frr_version, self._vrfs), self.plan.clock)

    def _vrfs(self, node: str) -> Mapping[str, int]:
        return {vrf: number for vrf, number in self.plan.vrfs.items() if (node, vrf) not in self.plan.missing_vrfs}

    async def _apply(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        await self.speakers.apply(snapshot, passwords)
        self.reports.take(snapshot, self.speakers.refusals)

    async def _incident(self) -> None:
        await asyncio.sleep(INCIDENT_AFTER)
        seed_incident(self.routers)

    def _pod_started(self, node: str) -> None:
        self._background(self.speakers.restart(node))

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
