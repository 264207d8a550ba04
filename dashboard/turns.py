"""Whom a sweep asks, by the way in which a cluster is observed, and what is said of the nodes that it does not ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from clusters import clock
from clusters.models import Cluster
from clusters.observing import QUIET_INTERVAL, Way
from dashboard.native import observations
from intent.snapshot import Mode
from speakers.models import Speaker
from speakers.reports import reported_as_of, reports_of
from speakers.sweep import Observation, Target

_REST = timedelta(seconds=QUIET_INTERVAL)
_NEEDED = (
    "node", "namespace", "pod", "container", "misses", "retry_at", "attempted_at", "asked_at", "source", "error",
    "every", "ready", "phase",
)  # fmt: skip
_NO_POD = "this node has no pod with FRR"
_POD_NOT_READY = "its pod with FRR is not ready: what FRR-K8s last reported of it may be of long ago"
_NOT_READY = "the node is not ready: what FRR-K8s last reported of it may be of long ago"
_NOT_BELIEVED = {_NO_POD, _POD_NOT_READY, _NOT_READY}
_NEVER_READ = "what FRR-K8s reports was not read yet"


@dataclass(slots=True)
class Turns:
    """ask: in this order; said: observations that need no question."""

    ask: list[Target] = field(default_factory=list)
    said: list[Observation] = field(default_factory=list)


def turns(cluster: Cluster, nodes: Sequence[str]) -> Turns:
    """Who is asked now. Who did not answer last time is asked last."""
    speakers = list(Speaker.objects.filter(cluster=cluster, node__in=nodes).only(*_NEEDED).order_by("node"))
    if cluster.observing == Way.NO_EXEC:
        return Turns(said=list(_reported(cluster, speakers)))
    if cluster.observing == Way.METRICS:
        return Turns(said=observations(cluster, [speaker.node for speaker in speakers]))
    if cluster.observing == Way.NOTHING:
        now = clock.now()
        return Turns(said=[Observation(one.node, now, error=cluster.observing_why, resting=True) for one in speakers])
    return _asked(cluster, speakers)


def _asked(cluster: Cluster, speakers: Sequence[Speaker]) -> Turns:
    found, suspect, resting, barred = Turns(), list[Target](), list[Speaker](), list[Speaker]()
    now, quiet = clock.now(), cluster.observing == Way.QUIET
    for speaker in speakers:
        recent = speaker.asked_at is not None and speaker.asked_at > now - _REST
        # Who was heard before quiet mode began is asked once more, so that his age is judged by it.
        if not speaker.pod:
            found.said.append(Observation(speaker.node, now, error=_NO_POD))
        elif recent and speaker.source == Speaker.Source.STATUS and speaker.error:
            barred.append(speaker)
        elif quiet and recent and (speaker.quiet or speaker.misses):
            resting.append(speaker)
        elif speaker.retry_at is not None and speaker.retry_at > now:
            found.said.append(Observation(speaker.node, now, skipped=True))
        else:
            (suspect if speaker.misses else found.ask).append(target_of(speaker))
    found.ask += suspect
    found.said += _meanwhile(cluster, resting, now) if resting else []
    found.said += _barred(cluster, barred) if barred else []
    return found


def _barred(cluster: Cluster, speakers: Sequence[Speaker]) -> Iterable[Observation]:
    """What is reported of nodes that refused a command within the last minute."""
    for each, speaker in zip(_reported(cluster, speakers), speakers, strict=True):
        # Without an error a node that came back is asked with the next sweep.
        refusal = "" if speaker.error in _NOT_BELIEVED else speaker.error
        yield replace(each, error=each.error or refusal, kept_out=True)


def target_of(speaker: Speaker) -> Target:
    """Where its FRR is asked."""
    return Target(speaker.node, speaker.namespace, speaker.pod, speaker.container)


def _meanwhile(cluster: Cluster, speakers: Sequence[Speaker], now: datetime) -> Iterable[Observation]:
    """Of nodes that are not asked again yet: what was reported since, and what is intended."""
    told = reports_of(cluster, [speaker.node for speaker in speakers])
    for speaker in speakers:
        asked = speaker.asked_at or now
        news = tuple(report for report in told.get(speaker.node, ()) if report.seen_at > asked)
        told_now = Observation(speaker.node, now, reports=news, some=True, resting=True)
        yield told_now if news else Observation(speaker.node, now, skipped=True, resting=True)


def _reported(cluster: Cluster, speakers: Sequence[Speaker]) -> Iterable[Observation]:
    """What is reported, as if it had been answered, one each in their order."""
    nodes = [speaker.node for speaker in speakers]
    as_of, now, told = reported_as_of(cluster), clock.now(), reports_of(cluster, nodes)
    ready = dict(cluster.nodes.filter(name__in=nodes).values_list("name", "ready"))
    for speaker in speakers:
        if as_of is None:
            yield Observation(speaker.node, now, error=_NEVER_READ, resting=True)
        elif not speaker.pod:
            yield Observation(speaker.node, now, error=_NO_POD)
        elif not _pod_is_ready(speaker):
            yield Observation(speaker.node, now, error=_POD_NOT_READY)
        elif not ready.get(speaker.node, True):
            yield Observation(speaker.node, now, error=_NOT_READY)
        elif speaker.attempted_at is not None and as_of <= speaker.attempted_at:
            yield Observation(speaker.node, now, skipped=True, resting=True)
        else:
            reports = tuple(told.get(speaker.node, ()))
            yield Observation(speaker.node, as_of, reports=reports, source=Speaker.Source.STATUS.value)


def _pod_is_ready(speaker: Speaker) -> bool:
    ready, _, containers = speaker.ready.partition("/")
    return speaker.phase == "Running" and ready == containers


def instead(cluster: Cluster, batch: Sequence[Observation]) -> list[Observation]:
    """The same, with what is reported for nodes where no command may be run."""
    barred = [seen.node for seen in batch if seen.forbidden]
    if not barred or cluster.mode != Mode.FRR_K8S.value:
        return list(batch)
    if reported_as_of(cluster) is None or not reports_of(cluster, barred):
        return list(batch)
    speakers = list(Speaker.objects.filter(cluster=cluster, node__in=barred).only(*_NEEDED))
    told = {each.node: each for each in _reported(cluster, speakers)}
    return [_in_place(seen, told[seen.node]) if seen.node in told else seen for seen in batch]


def _in_place(seen: Observation, told: Observation) -> Observation:
    """What is reported, as the answer of a node that refused: the API server does so before it asks the kubelet."""
    if told.skipped:
        return replace(seen, resting=True)  # nothing was read since: its sessions keep their age
    return replace(
        told, error=told.error or seen.error, duration_ms=seen.duration_ms, asked_at=seen.at, kept_out=True,
        forbidden=True,
    )  # fmt: skip
