"""Rows of speakers as the pods of a cluster have them: they come, are replaced, and go with their nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.db import transaction

from clusters import clock
from clusters.models import Cluster, NodeEvent
from clusters.words import bounded, counted
from speakers.models import Session, Speaker, Transition
from speakers.services import BATCH
from speakers.totals import transitions_count

_POD_FIELDS = ("namespace", "pod", "pod_uid", "container", "image", "ready", "phase", "restarts", "started_at")


def speakers_sync(*, cluster: Cluster, pods: Iterable[Speaker], nodes: Iterable[str]) -> int:
    """Make the Speaker rows of a cluster those of `nodes`; returns how many rows changed.

    pods: unsaved rows that hold the facts of a pod. nodes: which nodes have a speaker, or should have one. The rows and
    sessions of all other nodes go; of a node that has lost its pod they stay, for the sweep to age.
    """
    known = {row.node: row for row in Speaker.objects.filter(cluster=cluster)}
    found = {pod.node: pod for pod in pods}
    wanted = {*nodes, *found}
    altered, happened = list[Speaker](), list[NodeEvent]()
    for node in sorted(wanted):
        facts = found.get(node) or Speaker(node=node)
        row = known.get(node) or Speaker(cluster=cluster, node=node)
        if row.pk is not None and all(getattr(row, name) == getattr(facts, name) for name in _POD_FIELDS):
            continue
        happened += _happened(cluster, row, facts)
        if facts.pod_uid != row.pod_uid:
            row.retry_at = None  # a new pod deserves to be asked at once
        for name in _POD_FIELDS:
            setattr(row, name, getattr(facts, name))
        altered.append(row)
    Speaker.objects.bulk_create(
        altered,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["cluster", "node"],
        update_fields=(*_POD_FIELDS, "retry_at"),
    )
    NodeEvent.objects.bulk_create(happened, batch_size=BATCH)
    gone = [row for node, row in known.items() if node not in wanted]
    _forget(gone)
    return len(altered) + len(gone)


def _happened(cluster: Cluster, row: Speaker, facts: Speaker) -> Iterator[NodeEvent]:
    """What other facts about the pod of a node say; nothing of a node that had none yet."""
    if not row.pod_uid:
        return
    kind, text = None, ""
    if facts.pod_uid != row.pod_uid:
        kind = NodeEvent.Kind.FRR_REPLACED if facts.pod_uid else NodeEvent.Kind.FRR_GONE
        text = f"{row.pod} → {facts.pod}" if facts.pod_uid else row.pod
    elif facts.restarts > row.restarts:
        kind, text = NodeEvent.Kind.FRR_RESTARTED, f"{facts.pod}: {counted(facts.restarts, 'restart')} in all"
    if kind is not None:
        yield NodeEvent(cluster=cluster, node=row.node, at=clock.now(), kind=kind, text=bounded(text))


def _forget(speakers: Sequence[Speaker]) -> None:
    """The nodes are gone: so are their sessions, which the history keeps."""
    if not speakers:
        return
    with transaction.atomic():
        rows = Session.objects.filter(speaker__in=speakers).exclude(state=Session.State.UNKNOWN)
        lines = [
            Transition(
                cluster_id=row.cluster_id,
                node=row.node,
                vrf=row.vrf,
                neighbor=row.neighbor,
                peer=row.peer,
                at=clock.now(),
                old_state=row.state,
                cause="The node has no speaker any more",
            )
            for row in rows
        ]
        Transition.objects.bulk_create(lines, batch_size=BATCH)
        transitions_count(lines)
        Speaker.objects.filter(pk__in=[row.pk for row in speakers]).delete()
