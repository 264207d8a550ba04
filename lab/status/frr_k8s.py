"""What is written in FRR-K8s mode: FRRConfiguration by MetalLB, FRRNodeState and BGPSessionState by frr-k8s.

frr-k8s is slow on purpose: it looks at FRR's reload every 30 s and at the sessions every two minutes, and does not say
how old what it wrote is (K:internal/controller, K:cmd/status).
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Hashable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from intent.announcements import Announcements
from intent.kinds import STATUS_KINDS
from intent.rules import unmerged_on
from intent.sessions import DEFAULT_VRF, sessions
from intent.snapshot import Snapshot
from lab.apiserver import Manifest, Store
from lab.release import Release
from lab.speakers.protocol import Speakers
from lab.status.frr_configuration import frr_configuration, node_of
from lab.status.objects import Pods, StatusObjects, on_its_node

log = logging.getLogger(__name__)
_GROUP = "frrk8s.metallb.io"
_PASSWORD = re.compile(r"password.*")
_RUNNING = ("vtysh", "-c", "show running-config")
_NEIGHBORS = ("vtysh", "-c", "show bgp vrf all neighbors json")


class FrrK8sStatus:
    """node_poll and session_poll: seconds between two looks at FRR."""

    def __init__(
        self, store: Store, release: Release, speakers: Speakers, *, node_poll: float, session_poll: float
    ) -> None:
        self._speakers, self._polls = speakers, (node_poll, session_poll)
        daemon = release.daemons[-1]
        self._namespace = daemon.namespace
        self._pods = Pods(store, daemon.namespace, on_its_node(daemon.labels))
        self._configurations = StatusObjects(store, STATUS_KINDS["FRRConfiguration"], node_of)
        self._states = StatusObjects(store, STATUS_KINDS["FRRNodeState"], lambda each: (each["metadata"]["name"], ""))
        self._sessions = StatusObjects(store, STATUS_KINDS["BGPSessionState"], _session_of, self._pods)
        self._nodes: list[str] = []
        self._due: set[str] = set()
        self._bodies: dict[str, Manifest] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def objects(self) -> tuple[StatusObjects, ...]:
        """All writers."""
        return (self._configurations, self._states, self._sessions)

    def start(self) -> None:
        """Take in what is there and begin to look at FRR."""
        self._pods.start()
        for part in self.objects:
            part.start()
        self._pods.listeners.append(self._pod_changed)
        self._tasks = [asyncio.ensure_future(self._follow_reloads()), asyncio.ensure_future(self._follow_sessions())]

    def stop(self) -> None:
        """Stop looking and writing."""
        for task in self._tasks:
            task.cancel()
        self._pods.stop()
        for part in self.objects:
            part.stop()

    def take(self, snapshot: Snapshot, refusals: Mapping[str, str]) -> None:
        """Write the configuration of every node that takes the snapshot."""
        announcements, intended = Announcements(snapshot), sessions(snapshot)
        self._nodes = [node.name for node in snapshot.nodes]
        unmerged = unmerged_on(snapshot)
        for node in self._nodes:
            if refusals.get(node) or node in unmerged:
                continue
            body = frr_configuration(snapshot, node, intended[node], announcements.on(node), self._namespace)
            if self._bodies.get(node) != body:
                self._bodies[node] = body
                self._due.add(node)
                self._configurations.want(node, {"": body})
        self._bodies = {node: body for node, body in self._bodies.items() if node in set(self._nodes)}
        self._configurations.keep(self._nodes)
        self._states.keep(self._nodes)
        self._sessions.keep(self._nodes)

    def _pod_changed(self, node: str) -> None:
        """The state of a node goes with its pod (frr-k8s' statuscleaner), and a new pod writes a new one."""
        if self._pods.get(node) is None:
            self._states.want(node, {})
        else:
            self._due.add(node)

    async def _follow_reloads(self) -> None:
        while True:
            for node in sorted(self._due & set(self._nodes)):
                self._due.discard(node)
                config = await self._ask(node, _RUNNING)
                if config is not None and self._pods.get(node) is not None:
                    status = {
                        "runningConfig": _PASSWORD.sub("password <retracted>", config),
                        "lastConversionResult": "success",
                        "lastReloadResult": "success",
                    }
                    self._states.want(node, {"": {"metadata": {"name": node}, "status": status}})
                    await self._look(node)
            await asyncio.sleep(self._polls[0])

    async def _follow_sessions(self) -> None:
        while True:
            await asyncio.sleep(self._polls[1])
            for node in self._nodes:
                await self._look(node)

    async def _look(self, node: str) -> None:
        """Write the sessions of one node as FRR has them now."""
        text = await self._ask(node, _NEIGHBORS)
        try:
            found = json.loads(text or "{}")
        except ValueError:
            return
        wanted: dict[Hashable, Manifest] = dict(_states(node, found, self._namespace))
        self._sessions.want(node, wanted)
        await asyncio.sleep(0)

    async def _ask(self, node: str, argv: tuple[str, ...]) -> str | None:
        try:
            result = await self._speakers.exec(node, argv)
        except (KeyError, OSError) as error:
            log.debug("FRR on %s does not answer: %s", node, error)
            return None
        return result.stdout.decode(errors="replace") if result.code == 0 else None


def _states(node: str, found: Mapping[str, Any], namespace: str) -> Iterator[tuple[Hashable, Manifest]]:
    for vrf, neighbors in found.items():
        name = "" if vrf == DEFAULT_VRF else vrf
        for neighbor, state in neighbors.items():
            if isinstance(state, dict):
                peer = _label(neighbor)
                labels = {"node": node, "peer": peer, "vrf": name}
                bfd = (state.get("peerBfdInfo") or {}).get("status") or "N/A"
                status = labels | {"bgpStatus": state.get("bgpState", ""), "bfdStatus": bfd}
                metadata = {
                    "generateName": f"{node}-",
                    "namespace": namespace,
                    "labels": {f"{_GROUP}/{key}": value for key, value in labels.items()},
                }
                yield (name, peer), {"metadata": metadata, "status": status}


def _label(neighbor: str) -> str:
    """An IPv6 address in full and with dashes, since a label takes no colons; anything else as it is."""
    try:
        return ip_address(neighbor).exploded.replace(":", "-")
    except ValueError:
        return neighbor


def _session_of(manifest: Manifest) -> tuple[str, Hashable]:
    labels = manifest["metadata"].get("labels") or {}
    own = {key: labels.get(f"{_GROUP}/{key}", "") for key in ("node", "peer", "vrf")}
    return own["node"], (own["vrf"], own["peer"])
