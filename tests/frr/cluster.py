"""A small cluster of real FRR for tests: three nodes, routers in three VRFs, driven without an API server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from intent.announcements import Announcements
from intent.sessions import sessions_on
from intent.snapshot import Mode, Node, SecretFact, Service, Snapshot
from lab.frr import RealSpeakers
from lab.routers import Listening, Router, Routers, documented_routers
from speakers.frr import parse
from speakers.frr.conditions import Condition, condition
from speakers.frr.dialling import FIRST, Before
from tests.waiting import eventually

T = TypeVar("T")
_TELLING = ("lastResetDueTo", "lastNotificationReason", "connectionsDropped", "hostLocal")
NAMESPACE = "metallb-system"
COMPUTE_1, COMPUTE_2, CONTROL = "compute-1.example.com", "compute-2.example.com", "control-1.example.com"
NODES = tuple(
    Node(name, {"kubernetes.io/hostname": name, "role": role}, (f"172.18.0.{n}", f"fd00:18::{n}"))
    for n, (name, role) in enumerate([(COMPUTE_1, "compute"), (COMPUTE_2, "compute"), (CONTROL, "control")], start=11)
)


def routers() -> Routers:
    """Those of the documentation, and one for each way in which a session can fail."""
    return Routers(
        [
            *documented_routers(),
            Router("plain", ("10.1.0.1", "fd00:1::1"), (64601,), networks=("198.51.100.0/24",)),
            Router("md5", ("10.1.0.2",), (64602,), password="let me in".replace(" ", "-")),
            Router("refusing", ("10.1.0.3",), (64603,), listening=Listening.REFUSED),
            Router("dropping", ("10.1.0.4",), (64604,), listening=Listening.DROPPED),
            Router("mute", ("10.1.0.5",), (64605,), listening=Listening.MUTE),
            Router("strict", ("10.1.0.6",), (64606,), expects=65000),
            Router("distant", ("10.2.0.1", "fd00:2::1"), (64607,), hops=3),
            Router("direct", (), (64608,), interface="ens9", router_id="10.3.0.1"),
            Router("twin", ("10.1.0.7",), (64500,), router_id="172.18.0.11"),  # the first node's own identifier
            Router("v4-only", ("10.1.0.8",), (64609,), families=("ipv4",)),
            Router("v6-only", ("10.1.0.9",), (64610,), families=("ipv6",)),
            Router("aloof", ("10.1.0.11",), (64614,), listening=Listening.STRANGER),
            Router("jealous", ("10.1.0.10",), (64613,)),
            *(Router(f"tried-{n}", (f"10.1.0.{20 + n}",), (64620 + n,)) for n in range(8)),
            Router("store", ("10.1.0.1",), (64611,), vrf="storage"),
            Router("core", ("10.4.0.1", "fd00:4::1"), (64510,), vrf="storage"),
            Router("store-distant", ("10.2.0.1",), (64612,), vrf="storage", hops=2, password="storage"),
        ]
    )


def peer(name: str, address: str = "", **spec: object) -> dict[str, Any]:
    """A BGPPeer manifest; an interface name instead of an address goes in as `interface`."""
    spec = {"myASN": 64500} | ({"peerAddress": address} if address else {}) | spec
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "metallb.io/v1beta2", "kind": "BGPPeer", "metadata": metadata, "spec": spec}


class RealCluster:
    """A fleet in a loop of its own thread, so that tests stay plain functions. VRFs: default, ens4vrf, storage."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.snapshot = Snapshot()
        self.fleet = RealSpeakers(routers(), lambda _node: ("ens4vrf", "storage"))

    def start(self) -> None:
        self._thread.start()
        self.wait(self.fleet.start(_snapshot((), {}), {}))

    def stop(self) -> None:
        self.wait(self.fleet.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the fleet's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(300)

    def apply(
        self,
        *manifests: Mapping[str, Any],
        passwords: Mapping[str, str] | None = None,
        without: str = "",
        services: Iterable[Service] = (),
    ) -> None:
        """Make these the cluster's objects. passwords: by BGPPeer, as their Secrets of the same name hold them.

        without: a node that is not there.
        """
        self.take(replace(_snapshot(manifests, passwords or {}, without), services=tuple(services)), passwords or {})

    def take(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        """Make the cluster this one."""
        self.snapshot = snapshot
        self.wait(self.fleet.apply(snapshot, passwords))

    def sizes(self) -> tuple[int, int]:
        """How many sessions are meant, and how many prefixes over all of them."""
        announcements = Announcements(self.snapshot)
        every = [announcements.on(node.name) for node in self.snapshot.nodes]
        return sum(map(len, every)), sum(len(some) for one in every for some in one.values())

    def begin(self, *manifests: Mapping[str, Any], passwords: Mapping[str, str] | None = None) -> None:
        """The same on nodes whose FRR has just started."""
        self.restart()
        self.apply(*manifests, passwords=passwords)

    def restart(self) -> None:
        """Start every node's FRR anew with nothing: much quicker than to take back what was there, line by line."""

        async def restart() -> None:
            await asyncio.gather(*(self.fleet.node(node.name).restart(keep=False) for node in NODES))

        self.wait(restart())

    def change(self, address: str, vrf: str = "default", **fields: object) -> None:
        """Change a router while it runs."""

        async def change() -> None:
            self.fleet.routers.change(address, vrf, **fields)
            await self.fleet.settled()

        self.wait(change())

    def vtysh(self, node: str, *commands: str) -> str:
        return self.wait(self.fleet.node(node).vtysh(*commands))

    def received(self, address: str, vrf: str, family: str) -> dict[str, list[dict[str, Any]]]:
        """The paths in the table of the router at this address, by prefix, in full."""
        router = self.fleet.router(address, vrf).daemons
        routes = json.loads(self.wait(router.vtysh(f"show bgp {family} unicast json")))["routes"]
        asked = {prefix: router.vtysh(f"show bgp {family} unicast {prefix} json") for prefix in routes}
        return {prefix: json.loads(self.wait(answer)).get("paths", []) for prefix, answer in asked.items()}

    def neighbors(self, node: str) -> dict[tuple[str, str], dict[str, Any]]:
        """FRR's own words about every neighbour of a node, by VRF and neighbour."""
        answer = json.loads(self.vtysh(node, "show bgp vrf all neighbors json"))
        return {
            (vrf, name): facts
            for vrf, neighbors in answer.items()
            for name, facts in neighbors.items()
            if isinstance(facts, dict)
        }

    def judged(self, neighbor: str, vrf: str = "default", node: str = COMPUTE_1, before: Before = FIRST) -> Condition:
        """What the product makes of what FRR says about a neighbour, and of what is intended."""
        read = parse.neighbors(self.vtysh(node, "show bgp vrf all neighbors json").encode())
        assert isinstance(read, list)
        (said,) = (one for one in read if (one.vrf, one.key) == (vrf, neighbor))
        wanted = [one for one in sessions_on(self.snapshot, node) if (one.vrf, one.neighbor) == (vrf, neighbor)]
        return condition(said, wanted[0] if wanted else None, before)

    def settles(self, neighbor: str, reason: str, vrf: str = "default") -> Condition:
        """What the product makes of a neighbour once that is this."""

        def probe() -> Condition:
            found = self.judged(neighbor, vrf)
            assert found.reason == reason, found
            return found

        return eventually(probe, timeout=30, interval=0.3)

    def reaches(
        self, neighbor: str, state: str, *, vrf: str = "default", node: str = COMPUTE_1, bfd: str = "", **facts: object
    ) -> dict[str, Any]:
        """Wait until a neighbour is in this state with these facts; what FRR says about it then."""
        wanted = {"bgpState": state, **facts} | ({"bfd": bfd} if bfd else {})

        def probe() -> dict[str, Any]:
            found = self.neighbors(node).get((vrf, neighbor), {})
            found["bfd"] = found.get("peerBfdInfo", {}).get("status")
            seen = {key: found.get(key) for key in (*wanted, *_TELLING)}
            assert wanted.items() <= seen.items(), seen
            return found

        return eventually(probe, timeout=60, interval=0.3)


def _snapshot(manifests: Iterable[Mapping[str, Any]], secrets: Iterable[str], without: str = "") -> Snapshot:
    facts = [SecretFact(NAMESPACE, name) for name in secrets]
    nodes = [node for node in NODES if node.name != without]
    return Snapshot.from_manifests(manifests, mode=Mode.FRR, version="0.16.1", nodes=nodes, secrets=facts)
