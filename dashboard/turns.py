"""Whom a sweep asks, by the way in which a cluster is observed, and what is said of the nodes that it does not ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from clusters import clock
from clusters.models import Cluster
from clusters.observing import QUIET_INTERVAL, Way
from dashboard.native import observations
from intent.snapshot import Mode
from speakers.models import Speaker
from speakers.reports import Report, reported_as_of, reports_of
from speakers.sweep import Observation, Target

_REST = timedelta(seconds=QUIET_INTERVAL)
_NEEDED = (
    "node", "namespace", "pod", "container", "misses", "retry_at", "attempted_at", "asked_at", "source", "error",
    "quiet",
)  # fmt: skip
_NO_POD = "this node has no pod with FRR"
_NOT_READY = "the node is not ready: what FRR-K8s last reported of it may be of long ago"
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
        elif quiet and recent and (speaker.quiet or speaker.misses):
            resting.append(speaker)
        elif recent and speaker.source == Speaker.Source.STATUS and speaker.error:
            barred.append(speaker)
        elif speaker.retry_at is not None and speaker.retry_at > now:
            found.said.append(Observation(speaker.node, now, skipped=True))
        else:
            (suspect if speaker.misses else found.ask).append(target_of(speaker))
    found.ask += suspect
    found.said += _meanwhile(cluster, resting, now) if resting else []
    found.said += [replace(each, error=one.error) for each, one in _paired(cluster, barred)] if barred else []
    return found


def _paired(cluster: Cluster, speakers: Sequence[Speaker]) -> Iterable[tuple[Observation, Speaker]]:
    return zip(_reported(cluster, speakers), speakers, strict=True)


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
        elif not ready.get(speaker.node, True):
            yield Observation(speaker.node, now, error=_NOT_READY)
        elif speaker.attempted_at is not None and as_of <= speaker.attempted_at:
            yield Observation(speaker.node, now, skipped=True, resting=True)
        else:
            yield said(speaker.node, as_of, told)


def said(node: str, at: datetime, told: Mapping[str, Sequence[Report]], error: str = "") -> Observation:
    """All that is reported of a node."""
    reports = tuple(told.get(node, ()))
    return Observation(node, at, error=error, reports=reports, source=Speaker.Source.STATUS.value)


def instead(cluster: Cluster, batch: Sequence[Observation]) -> list[Observation]:
    """The same, with what is reported for nodes where no command may be run."""
    barred = [seen.node for seen in batch if seen.forbidden]
    if not barred or cluster.mode != Mode.FRR_K8S.value:
        return list(batch)
    told, as_of = reports_of(cluster, barred), reported_as_of(cluster)
    if as_of is None or not told:
        return list(batch)
    return [
        replace(said(seen.node, seen.at, told, seen.error), duration_ms=seen.duration_ms) if seen.forbidden else seen
        for seen in batch
    ]
