"""Which BGP sessions several edits open, close or change, as far as the objects tell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from intent.findings import ObjectRef
from intent.sessions import IntendedSession, sessions
from intent.snapshot import Snapshot

_PEER = "BGPPeer"


@dataclass(frozen=True, slots=True)
class SessionChange:
    """One peer's sessions, by the number of nodes. changed: other parameters; most of them reset a session."""

    peer: str
    vrf: str
    neighbor: str
    opened: int
    closed: int
    changed: int


def session_changes(
    before: Snapshot, after: Snapshot, refs: Collection[ObjectRef], recreated: Collection[ObjectRef] = ()
) -> tuple[SessionChange, ...]:
    """What happens to the sessions of the peers among these objects; those that are recreated close first."""
    peers = {ref for ref in refs if ref.kind == _PEER}
    if not peers:
        return ()
    old, new = _of(before, peers), _of(after, peers)
    anew = {ref.name for ref in recreated}
    counts: dict[tuple[str, str, str], list[int]] = {}
    for key in sorted({*old, *new}):
        peer, vrf, neighbor, _node = key
        count = counts.setdefault((peer, vrf, neighbor), [0, 0, 0])
        stays = key in old and key in new and peer not in anew
        count[0] += key in new and not stays
        count[1] += key in old and not stays
        count[2] += stays and old[key] != new[key]
    return tuple(SessionChange(*key, *count) for key, count in counts.items() if any(count))


def _of(snapshot: Snapshot, peers: Collection[ObjectRef]) -> dict[tuple[str, str, str, str], IntendedSession]:
    some = replace(snapshot, resources=tuple(one for one in snapshot.resources if one.ref in peers))
    return {(one.peer, one.vrf, one.neighbor, one.node): one for found in sessions(some).values() for one in found}
