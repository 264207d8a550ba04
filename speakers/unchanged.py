"""Nodes that are as they were when they were last compared: their rows need not be made, nor their sessions judged.

What was compared is kept in this process as a digest of the rows as they stand and of what FRR said, without what the
clock moves. Whoever changes one of both changes the digest; a process that does not know it compares anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from intent.sessions import IntendedSession
from speakers.frr.conditions import silent
from speakers.frr.dialling import moving, stage
from speakers.frr.neighbor import Neighbor
from speakers.selectors import session_values
from speakers.sweep import Observation

_MOST = 20_000  # nodes that are kept
_JITTER = 1  # seconds; FRR computes the time of establishment anew for each answer


class Look(NamedTuple):
    """What a comparison of a node rests on. epochs: times of establishment, in the order of its neighbors."""

    digest: bytes
    epochs: tuple[int | None, ...]

    def same(self, before: Look | None) -> bool:
        """Whether a comparison would find what it found before."""
        return before is not None and self.digest == before.digest and all(map(_close, self.epochs, before.epochs))


_compared: dict[tuple[int, str], Look] = {}


def looks(
    cluster_id: int, seen: Mapping[str, Observation], expected: Mapping[str, Sequence[IntendedSession]]
) -> dict[str, Look]:
    """The looks at those nodes that answered and that a comparison may find as they were, by node; one query."""
    answers = {node: one.answer.neighbors for node, one in seen.items() if one.answer is not None}
    meant: dict[int, bytes] = {}  # nodes that want the same sessions share them
    found = {}
    for node, rows in session_values(cluster_id, answers).items():
        if any(moving(n) for n in answers[node] if not n.established):
            continue
        sessions = expected.get(node, ())
        if id(sessions) not in meant:
            meant[id(sessions)] = msgspec.msgpack.encode(sessions)
        try:
            digest = _digest(rows, answers[node], meant[id(sessions)])
        except OverflowError:  # a number beyond 64 bits, which a router made up: always compared
            continue
        found[node] = Look(digest, tuple(n.established_epoch for n in answers[node]))
    return found


def different(cluster_id: int, nodes: Iterable[str], found: Mapping[str, Look]) -> list[str]:
    """The nodes that have to be compared."""
    return [node for node in nodes if node not in found or not found[node].same(_compared.get((cluster_id, node)))]


def keep(cluster_id: int, found: Mapping[str, Look], nodes: Collection[str]) -> None:
    """Nothing had to be written for these nodes, and nobody else has written them meanwhile."""
    if len(_compared) > _MOST:
        _compared.clear()
    _compared.update({(cluster_id, node): found[node] for node in nodes if node in found})


def _digest(rows: list[tuple[Any, ...]], neighbors: list[Neighbor], sessions: bytes) -> bytes:
    stages = [0 if n.established else stage(n) for n in neighbors]
    still = [
        msgspec.structs.replace(
            n,
            established_epoch=None,
            uptime=None,
            last_read=1 if silent(n) else None,
            last_write=None,
            messages=None,
            next_connect_due=None,
            last_reset_ago=None,
            local_port=None if n.dialled_port is None else 0,  # another one with each attempt
        )
        for n in neighbors
    ]
    return blake2b(msgspec.msgpack.encode((rows, still, stages, sessions)), digest_size=16).digest()


def _close(one: int | None, other: int | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other) <= _JITTER)
