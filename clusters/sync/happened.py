"""What the difference between two looks at a node says has happened to it, and to FRR on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clusters import clock
from clusters.models import Cluster, Node, NodeEvent, StatusObject
from clusters.words import bounded

_Kind = NodeEvent.Kind
_TURNS = (
    ("ready", _Kind.READY, _Kind.NOT_READY),
    ("unschedulable", _Kind.CORDONED, _Kind.UNCORDONED),
    ("network_unavailable", _Kind.NETWORK_LOST, _Kind.NETWORK_BACK),
)
_FRR_STATE = "FRRNodeState"


def nodes_happened(cluster: Cluster, rows: Sequence[Node], gone: Sequence[str]) -> None:
    """Keep what is about to change in the rows of nodes; called before they are written. gone: names."""
    names = [row.name for row in rows]
    before = {row.name: row for row in Node.objects.filter(cluster=cluster, name__in=names)} if names else {}
    now, found = clock.now(), list[NodeEvent]()
    for row in rows:
        found += [NodeEvent(kind=kind, text=text, node=row.name) for kind, text in _of(before.get(row.name), row)]
    found += [NodeEvent(kind=_Kind.REMOVED, node=name) for name in gone]
    for event in found:
        event.cluster, event.at = cluster, now
    NodeEvent.objects.bulk_create(found)


def _of(before: Node | None, row: Node) -> Iterator[tuple[NodeEvent.Kind, str]]:
    if before is None:
        yield _Kind.ADDED, ""
        return
    if before.uid != row.uid:
        yield _Kind.ADDED, "A node of the same name was there before."
    for name, turned_on, turned_off in _TURNS:
        if getattr(before, name) != getattr(row, name):
            yield (turned_on if getattr(row, name) else turned_off), ""
    if before.labels != row.labels:
        yield _Kind.LABELS, bounded(", ".join(_labels(before.labels, row.labels)))


def _labels(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if old is None:
            yield f"{name}={new} added"
        else:
            yield f"{name}={old} removed" if new is None else f"{name}: {old} → {new}"


def reports_happened(cluster: Cluster, rows: Sequence[StatusObject], _gone: Sequence[str]) -> None:
    """Keep which nodes have loaded another configuration since: frr-k8s writes FRRNodeState after each reload."""
    states = {row.name: row for row in rows if row.kind == _FRR_STATE}
    if not states:
        return
    stored = StatusObject.objects.filter(cluster=cluster, kind=_FRR_STATE, name__in=states)
    now, found = clock.now(), list[NodeEvent]()
    for old in stored:
        row = states[old.name]
        if _status(old) == _status(row):
            continue
        failed = row.result == "failed"
        kind, text = (_Kind.FRR_REFUSED, bounded(row.message)) if failed else (_Kind.FRR_RELOADED, "")
        found.append(NodeEvent(cluster=cluster, at=now, node=row.node or row.name, kind=kind, text=text))
    NodeEvent.objects.bulk_create(found)


def _status(row: StatusObject) -> object:
    return row.body.get("status")
