"""Rows of speakers as the pods of a cluster have them: they come, are replaced, and go with their nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Least

from clusters import clock
from clusters.models import Cluster, NodeEvent
from clusters.words import bounded, counted
from speakers.models import Session, Speaker, Transition
from speakers.selectors import MISSES_UNKNOWN, Limits
from speakers.services import BATCH, RETRY_LIMIT
from speakers.totals import transitions_count

_POD_FIELDS = ("namespace", "pod", "pod_uid", "container", "image", "ready", "phase", "restarts", "started_at")
_HOPEFUL = ("pod_uid", "container", "ready", "phase", "restarts")  # a pod in which these moved may answer now
_BACK = (NodeEvent.Kind.READY, NodeEvent.Kind.NETWORK_BACK)


def speakers_sync(*, cluster: Cluster, pods: Iterable[Speaker], nodes: Iterable[str]) -> int:
    """Make the Speaker rows of a cluster those of `nodes`; returns how many rows changed.

    pods: unsaved rows that hold the facts of a pod. nodes: which nodes have a speaker, or should have one. The rows and
    sessions of all other nodes go; of a node that has lost its pod they stay, for the sweep to age.
    """
    known = {row.node: row for row in Speaker.objects.filter(cluster=cluster)}
    _clock_believe(known.values())
    found = {pod.node: pod for pod in pods}
    wanted = {*nodes, *found}
    altered, happened, hopeful = list[Speaker](), list[NodeEvent](), list[str]()
    for node in sorted(wanted):
        facts = found.get(node) or Speaker(node=node)
        row = known.get(node) or Speaker(cluster=cluster, node=node)
        if row.pk is not None and all(getattr(row, name) == getattr(facts, name) for name in _POD_FIELDS):
            continue
        happened += _happened(cluster, row, facts)
        if any(getattr(row, name) != getattr(facts, name) for name in _HOPEFUL):
            hopeful.append(node)
        for name in _POD_FIELDS:
            setattr(row, name, getattr(facts, name))
        altered.append(row)
    Speaker.objects.bulk_create(
        altered,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["cluster", "node"],
        update_fields=_POD_FIELDS,
    )
    if hopeful:
        _ask_again(Speaker.objects.filter(cluster=cluster, node__in=hopeful))
    NodeEvent.objects.bulk_create(happened, batch_size=BATCH)
    gone = [row for node, row in known.items() if node not in wanted]
    _forget(gone)
    return len(altered) + len(gone)


def _clock_believe(speakers: Iterable[Speaker]) -> None:
    """Forget when speakers were tried if that is still to come: the database's clock was set back.

    Else whatever they answer would be older than what is known of them until the clock is there again.
    """
    ahead = Limits.at(None).ahead
    pause = timedelta(seconds=2 * RETRY_LIMIT)
    wrong = [
        row.pk
        for row in speakers
        if any(at is not None and at > ahead for at in (row.attempted_at, row.asked_at))
        or (row.retry_at is not None and row.retry_at > ahead + pause)
    ]
    if wrong:
        Speaker.objects.filter(pk__in=wrong).update(attempted_at=None, asked_at=None, retry_at=None)


def speakers_back(*, cluster: Cluster, nodes: Iterable[str] | None = None) -> None:
    """End the back-off of nodes that were seen to come back since they were last asked; None = of all nodes.

    A reboot keeps a pod's uid, and a partition all of its facts. Each such event allows one question, so that a node
    that hangs while news of it come in a stream stays backed off.
    """
    here = {"cluster_id": OuterRef("cluster_id"), "node": OuterRef("node")}
    events = NodeEvent.objects.order_by().filter(**here, kind__in=_BACK, at__gt=OuterRef("attempted_at"))
    rows = Speaker.objects.filter(Exists(events), cluster=cluster, retry_at__isnull=False)
    _ask_again(rows if nodes is None else rows.filter(node__in=nodes))


def _ask_again(speakers: QuerySet[Speaker]) -> None:
    """Should they not answer yet, their back-off begins anew; they stay as unknown as they were."""
    speakers.filter(retry_at__isnull=False).update(retry_at=None, misses=Least(F("misses"), MISSES_UNKNOWN))


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
