"""The state of a cluster's sessions straight from the cluster: no database, no Redis, no Celery, no Django."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from clusters.kube import permissions
from clusters.kube.client import Door
from clusters.kube.discovery import NAMESPACES, MetalLB, Problem, find_metallb
from clusters.kube.errors import Forbidden, KubeError, NotServed
from clusters.kube.redact import INLINE_PASSWORD
from intent.kinds import KINDS
from intent.sessions import DEFAULT_VRF, IntendedSession, sessions
from intent.snapshot import Node, Resource, Snapshot, text
from speakers.frr.conditions import ABSENT, UNKNOWN, Condition, absent, condition
from speakers.frr.neighbor import ESTABLISHED, Neighbor
from speakers.sweep import Observation, Target, sweep

PROBLEMS = ("down", "absent", "degraded", "orphan")  # worst first; then what nobody knows, then what is up
HEALTH = (*PROBLEMS, "unknown", "up")
_LONGEST = 2**42  # milliseconds; what is beyond is no time
_APPLY = "Let an administrator apply this:"
_KINDS = (KINDS["BGPPeer"], KINDS["BFDProfile"])  # what sessions are made of
Intended = dict[str, tuple[IntendedSession, ...]]


class CannotTell(Exception):
    """There is nothing to show. way_out: what to do about it; manifests: YAML that does it, if YAML does."""

    def __init__(self, text: str, way_out: str, manifests: str = "") -> None:
        super().__init__(text)
        self.way_out, self.manifests = way_out, manifests


@dataclass(frozen=True, slots=True)
class Row:
    """One session. health: a word of HEALTH; cause: why it is not up, in plain words.

    since: when it came into its state, as FRR counts it, None = not told. at_least: it may be for longer.
    """

    node: str
    vrf: str
    neighbor: str
    peer: str
    state: str
    health: str
    reason: str
    cause: str
    remote_as: int | None
    since: datetime | None = None
    at_least: bool = False


@dataclass(slots=True)
class Status:
    """What was found. notes: what could not be found out, with the way out. vrfs: those of sessions and of BGPPeers."""

    mode: str
    version: str
    namespace: str
    asked: int = 0
    answered: int = 0
    rows: list[Row] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    vrfs: set[str] = field(default_factory=set)

    def keep_vrf(self, vrf: str) -> None:
        """Leave out sessions of other VRFs; what could not be asked stays. Raises CannotTell for a VRF that is none."""
        if vrf not in self.vrfs:
            silent = "" if self.answered == self.asked else f" {self.asked - self.answered:,} nodes did not answer."
            known = ", ".join(sorted(self.vrfs, key=lambda name: (name != DEFAULT_VRF, name))[:50])
            raise CannotTell(f"No BGPPeer and no session has VRF {vrf}.{silent}", f"Known VRFs: {known}.")
        self.rows = [row for row in self.rows if row.vrf in {vrf, ""}]

    @property
    def exit_code(self) -> int:
        """0 = all is up, 1 = there are problems, 2 = that cannot be told."""
        words = {row.health for row in self.rows}
        if words & set(PROBLEMS):
            return 1
        return 2 if self.notes or "unknown" in words or not self.asked else 0


def look(kubeconfig: Path | None, context: str | None, *, seconds: float = 5.0, concurrency: int = 32) -> Status:
    """Ask a cluster's FRR, once. Raises CannotTell."""
    try:
        door = Door(kubeconfig, context)
    except KubeError as error:
        raise CannotTell(error.message, "Name a kubeconfig with --kubeconfig, and a context of it.") from error
    try:
        metallb = find_metallb(door)
        if not metallb.pods:
            problem = next(iter(metallb.problems), Problem("No pod with FRR was found.", "Is MetalLB installed?"))
            raise CannotTell(problem.text, problem.way_out)
        status = Status(metallb.mode.value, metallb.version, metallb.namespace, notes=list(metallb.problems))
        snapshot = _snapshot(door, metallb, status.notes)
        targets = [Target(pod.node, pod.namespace, pod.name, pod.container) for pod in metallb.pods]
        seen = asyncio.run(sweep(door.connection, targets, concurrency=concurrency, seconds=seconds))
        if all(one.answer is None for one in seen) and (missing := _missing(door, metallb)):
            raise CannotTell(seen[0].error, _APPLY, missing)
    except Forbidden as error:
        raise CannotTell(error.message, _APPLY, _missing(door)) from error
    except KubeError as error:
        raise CannotTell(error.message, "Is the API server reachable from here, and the credential valid?") from error
    finally:
        door.close()
    status.asked, status.answered = len(seen), sum(one.answer is not None for one in seen)
    intended = sessions(snapshot) if snapshot is not None else None
    status.rows = sorted(_rows(seen, intended), key=lambda r: (HEALTH.index(r.health), r.node, r.vrf, r.neighbor))
    peers = snapshot.in_force("BGPPeer") if snapshot is not None else ()
    status.vrfs = {DEFAULT_VRF, *(row.vrf for row in status.rows), *(text(peer.spec.get("vrf")) for peer in peers)} - {
        ""
    }
    return status


def _missing(door: Door, metallb: MetalLB | None = None) -> str:
    """The Roles that grant what reading the state of sessions needs, "" if nothing is missing or nobody says."""
    namespace = (metallb.namespace if metallb else "") or NAMESPACES[0]
    rooms = sorted({pod.namespace for pod in metallb.pods}) if metallb else [namespace]
    try:
        needed = permissions.needs(_KINDS, namespace, rooms, namespace)
        reading = [
            one for one in needed if one.subresource == "exec" or (one.verb in {"get", "list"} and not one.subresource)
        ]
        return permissions.missing_as_yaml(permissions.review(door, reading), door.identity())
    except KubeError:
        return ""


def _snapshot(door: Door, metallb: MetalLB, notes: list[Problem]) -> Snapshot | None:
    """What sessions are made of; None if that cannot be found out, which `notes` then explain."""
    resources: list[Resource] = []
    try:
        for kind in _KINDS:
            resources += [_resource(item) for item in door.list(kind, metallb.namespace or None)[0]]
        nodes = tuple(_node(item) for item in door.nodes())
    except NotServed as error:
        notes.append(Problem(error.message, "Install MetalLB with its CustomResourceDefinitions."))
        return None
    except Forbidden as error:
        notes.append(Problem(error.message, "Without that right only what FRR has is shown, not what it should have."))
        return None
    namespace = metallb.namespace or NAMESPACES[0]
    return Snapshot(metallb.mode, metallb.version, namespace, tuple(resources), nodes)


def _resource(item: dict[str, Any]) -> Resource:
    return Resource.from_manifest(item, inline_password=bool(item.get(INLINE_PASSWORD)))


def _node(item: dict[str, Any]) -> Node:
    metadata = item.get("metadata") or {}
    return Node(name=str(metadata.get("name", "")), labels=metadata.get("labels") or {})


def _rows(seen: Sequence[Observation], intended: Intended | None) -> Iterator[Row]:
    by_node = {one.node: one for one in seen}
    for node in sorted({*by_node, *(intended or {})}):
        wanted = {(one.vrf, one.neighbor): one for one in (intended or {}).get(node, ())}
        one = by_node.get(node)
        if one is None or one.answer is None:
            unknown = Condition(UNKNOWN, cause=one.error if one else "this node has no pod with FRR")
            yield from (_row(node, key, None, session, unknown) for key, session in wanted.items())
            if not wanted:
                yield _row(node, ("", ""), None, None, unknown)
            continue
        neighbors = {(neighbor.vrf, neighbor.key): neighbor for neighbor in one.answer.neighbors}
        for key in {**neighbors, **wanted}:
            neighbor, session = neighbors.get(key), wanted.get(key)
            judged = condition(neighbor, session) if neighbor else absent()
            yield _row(node, key, neighbor, session, judged, at=one.at, known=intended is not None)


def _row(
    node: str,
    key: tuple[str, str],
    neighbor: Neighbor | None,
    session: IntendedSession | None,
    judged: Condition,
    *,
    at: datetime | None = None,
    known: bool = True,
) -> Row:
    orphan = known and session is None and judged.state != UNKNOWN
    return Row(
        node=node,
        vrf=key[0],
        neighbor=key[1],
        peer=session.peer if session else "",
        state=judged.state,
        health="orphan" if orphan else _health(judged),
        reason=judged.reason,
        cause=judged.cause or ("No BGPPeer intends this session" if orphan else ""),
        remote_as=neighbor.remote_as if neighbor and isinstance(neighbor.remote_as, int) else None,
        since=_since(neighbor, at) if neighbor and at else None,
        at_least=bool(neighbor and not neighbor.established),
    )


def _since(neighbor: Neighbor, at: datetime) -> datetime | None:
    """When it came up; of another one when it was last reset, since when it is not up (FRR bgpd/bgp_fsm.c)."""
    ago = neighbor.uptime if neighbor.established else neighbor.last_reset_ago
    return at - timedelta(milliseconds=ago) if ago is not None and 0 <= ago < _LONGEST else None


def _health(judged: Condition) -> str:
    words = {ABSENT: "absent", UNKNOWN: "unknown", ESTABLISHED: "degraded" if judged.degraded else "up"}
    return words.get(judged.state, "down")
