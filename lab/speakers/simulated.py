"""Simulated speakers: one per node, acting on the applied BGPPeers as MetalLB and FRR would."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Any

from intent.render import frr_config
from intent.sessions import IntendedSession
from intent.snapshot import Mode, Node, Snapshot
from lab.apiserver import ExecResult
from lab.routers import DEFAULT_VRF, Router, Routers, canonical
from lab.speakers import fsm, journal, reload
from lab.speakers.clock import Clock, WallClock
from lab.speakers.flavour import flavour
from lab.speakers.node import Speaker
from lab.speakers.plans import Place, Plan, plans
from lab.speakers.reload import Changes
from lab.speakers.session import BfdTimers, Session
from lab.speakers.vtysh.shell import is_vtysh, run


@dataclass(frozen=True, slots=True)
class Fittings:
    """What the simulated machines have. version: the FRR of a node; vrfs: a node's VRFs, by name with their ids."""

    version: Callable[[str], str]
    vrfs: Callable[[str], Mapping[str, int]] = lambda _node: {}


class SimulatedSpeakers:
    """All speakers of a cluster; see lab.speakers.protocol."""

    def __init__(self, routers: Routers, fittings: Fittings, clock: Clock | None = None) -> None:
        self.routers, self.clock = routers, clock or WallClock()
        self.refusals: dict[str, str] = {}
        self.speakers: dict[str, Speaker] = {}
        self._fittings = fittings
        self._plans: dict[str, Plan] = {}
        self._newest: tuple[Snapshot, Mapping[str, str]] = (Snapshot(), {})
        self._made = 0
        routers.subscribe(self._router_changed)

    async def start(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        """Start a speaker on every node."""
        await self.apply(snapshot, passwords)

    async def apply(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        """Bring every node's sessions to the snapshot; a node that refuses it keeps what it has."""
        self._newest = snapshot, passwords
        nodes = {node.name: node for node in snapshot.nodes}
        for gone in self.speakers.keys() - nodes.keys():
            for kept in (self.speakers, self._plans, self.refusals):
                kept.pop(gone, None)
        changes = Changes()
        for name, plan, refusal in plans(snapshot, passwords):
            if name not in self.speakers:
                self.speakers[name] = self._boot(nodes[name])
            self.refusals[name] = refusal
            if plan is not None:
                self._reload(self.speakers[name], plan, changes)
                self._plans[name] = plan

    async def restart(self, node: str) -> None:
        """A new container: no counters, no history. In FRR-K8s mode its configuration was kept in the cluster."""
        snapshot, _ = self._newest
        found = next((item for item in snapshot.nodes if item.name == node), None)
        if found is None:
            return
        speaker = self.speakers[node] = self._boot(found)
        plan = self._plans.get(node)
        if plan and (not self.refusals.get(node) or snapshot.mode is Mode.FRR_K8S):
            self._reload(speaker, plan, Changes())

    async def exec(self, node: str, argv: Sequence[str]) -> ExecResult:
        """Run vtysh; FRR's container has little else."""
        speaker = self.speakers[node]
        if not is_vtysh(argv[0]):
            return ExecResult(stderr=f"sh: {argv[0]}: not found\n".encode(), code=127)
        return ExecResult(*run(speaker, argv, self.clock.now()))

    async def log(self, node: str) -> bytes:
        """Lines as FRR's bgpd writes them, the latest of every session."""
        speaker, now = self.speakers[node], self.clock.now()
        for session in speaker.sessions.values():
            fsm.advance(session, now)
        return journal.written(speaker.sessions.values())

    async def settled(self) -> None:
        """Everything is done when it is asked for."""

    async def stop(self) -> None:
        """Nothing runs, nothing ends."""

    def session(self, node: str, neighbor: str, vrf: str = DEFAULT_VRF) -> Session:
        """One session as it is now. KeyError if the node does not have it."""
        session = self.speakers[node].sessions[vrf, canonical(neighbor)]
        fsm.advance(session, self.clock.now())
        return session

    def _boot(self, node: Node) -> Speaker:
        address = next((a for a in node.addresses if "." in a), "192.0.2.1")
        vrfs = dict(self._fittings.vrfs(node.name))
        version = flavour(self._fittings.version(node.name))
        return Speaker(
            node=node.name,
            hostname=node.name,
            flavour=version,
            address=address,
            started=self.clock.now(),
            vrfs=vrfs,
        )

    def _reload(self, speaker: Speaker, plan: Plan, changes: Changes) -> None:
        """What frr-reload does: remove, change and add neighbours; an instance with another AS number starts anew."""
        now, before = self.clock.now(), speaker.instances
        speaker.instances = plan.instances
        speaker.router_ids = {s.vrf or DEFAULT_VRF: s.router_id for s in plan.sessions.values() if s.router_id}
        speaker.templates.clear()
        speaker.config = partial(frr_config, plan.snapshot, speaker.node, plan.passwords, plan.announced)
        kept = {vrf for vrf, asn in speaker.instances.items() if before.get(vrf) == asn}
        for place in list(speaker.sessions):
            if place not in plan.sessions or place[0] not in kept:
                del speaker.sessions[place]
        moved: set[Place] = set()
        for place, spec in plan.sessions.items():
            password = plan.passwords.get(spec.peer, "")
            session = speaker.sessions.get(place)
            if session is None:
                session = speaker.sessions[place] = self._open(speaker, place, spec, password)
            elif session.spec != spec or session.password != password:
                reload.reconfigure(session, spec, password, now)
            session.identifier = speaker.router_id(place[0])
            session.bfd_timers = _bfd_timers(plan.snapshot, spec.bfd_profile)
            announced = plan.announced.get(spec.peer, ())
            change = changes.between(session.announced, announced)
            reload.announce(session, announced, change, now)
            moved.update((place[0], family) for family in change.families)
        for table in moved:
            speaker.count_change(*table)

    def _open(self, speaker: Speaker, place: Place, spec: IntendedSession, password: str) -> Session:
        self._made += 1
        session = Session(
            spec=spec,
            created=self.clock.now(),
            connect_default=speaker.flavour.connect_retry,
            router=self.routers.at(*place),
            password=password,
            vrf_present=speaker.vrf_id(place[0]) >= 0,
            local_address=spec.source_address or _local_address(speaker, place[1]),
            seed=self._made,
        )
        fsm.start(session, self.clock.now())
        return session

    def _router_changed(self, old: Router | None, new: Router | None) -> None:
        now = self.clock.now()
        vrfs = {router.vrf for router in (old, new) if router}
        names = {name for router in (old, new) if router for name in (*router.addresses, router.interface) if name}
        places = [(vrf, canonical(name)) for vrf in vrfs for name in names]
        for speaker in self.speakers.values():
            for place in places:
                session = speaker.sessions.get(place)
                if session is not None and session.router is not self.routers.at(*place):
                    fsm.meet(session, self.routers.at(*place), now)


def _local_address(speaker: Speaker, neighbor: str) -> str:
    """The node's address on the neighbour's link, with the node's own host part; "" = link-local."""
    try:
        far, near = ip_address(neighbor), ip_address(speaker.address)
    except ValueError:
        return ""
    bits = 16 if far.version == 4 else 64
    return str(type(far)((int(far) >> bits << bits) + (int(near) & 0xFFFF)))


def _bfd_timers(snapshot: Snapshot, profile: str | None) -> BfdTimers:
    found = next((p for p in snapshot.in_force("BFDProfile") if p.name == profile), None)
    spec: Mapping[str, Any] = found.spec if found else {}
    return BfdTimers(
        receive=spec.get("receiveInterval", 300),
        transmit=spec.get("transmitInterval", 300),
        multiplier=spec.get("detectMultiplier", 3),
        echo=spec.get("echoInterval", 0),
        echo_mode=bool(spec.get("echoMode")),
        passive=bool(spec.get("passiveMode")),
        minimum_ttl=spec.get("minimumTtl", 254),
    )
