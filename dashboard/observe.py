"""Observing clusters: the sweep and its shards, and what people ask FRR on demand. Run by workers; pages only ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from clusters import clock
from clusters.doors import door_of
from clusters.kube.discovery import FrrPod, find_metallb
from clusters.kube.errors import KubeError
from clusters.kube.exec import ExecError, ExecResult
from clusters.models import Cluster
from clusters.nudges import nudge
from clusters.observing import Way, asks, observing_write
from clusters.selectors import is_silent, snapshot_of
from dashboard.peers import peer_sessions_write
from dashboard.turns import instead, target_of, turns
from intent.announcements import announced_on
from intent.placement import Placement
from intent.sessions import IntendedSession, sessions, shared
from speakers import live
from speakers.frr import commands, parse, routes, text
from speakers.models import Session, Speaker
from speakers.pods import speakers_back, speakers_sync
from speakers.services import Written, observations_write
from speakers.sweep import Observation, Target, run, sweep_in_batches
from speakers.totals import sweep_fail

Expected = Mapping[str, Sequence[IntendedSession]]
QUESTIONS = {  # what can be asked, and the task and arguments that answer it
    "refresh": ("dashboard.tasks.refresh_session", ()),
    "neighbor": ("dashboard.tasks.show_neighbor", ()),
    "reach": ("dashboard.tasks.show_next_hop", ()),
    "log": ("dashboard.tasks.show_log", ()),
    "ipv4": ("dashboard.tasks.show_routes", ("ipv4",)),
    "ipv6": ("dashboard.tasks.show_routes", ("ipv6",)),
    **{
        f"{direction}-{family}": ("dashboard.tasks.show_exchanged", (family, direction))
        for direction in commands.EXCHANGED
        for family in commands.FAMILIES
    },
}
_BREATH = timedelta(seconds=1)  # between two looks at one node because of events
log = logging.getLogger(__name__)


def cluster_nodes(cluster: Cluster) -> list[str] | None:
    """Find the pods with FRR, bring the speakers' rows up to date, and name the nodes to ask.

    None if the cluster does not answer: its nodes are not either, then.
    """
    if is_silent(cluster):
        _unheard(cluster, cluster.error)
        return None
    if observing_write(cluster):
        nudge("resources", cluster.name)
    try:
        pods = find_metallb(door_of(cluster), [cluster.namespace]).pods
    except KubeError as error:
        _unheard(cluster, error.message)
        return None
    known = set(cluster.nodes.values_list("name", flat=True))
    intended = {node for node, some in sessions(snapshot_of(cluster)).items() if some}
    found = [_speaker(pod) for pod in pods if not known or pod.node in known]
    speakers_sync(cluster=cluster, pods=found, nodes=intended)
    speakers_back(cluster=cluster)
    return sorted({speaker.node for speaker in found} | intended)


def _unheard(cluster: Cluster, why: str) -> None:
    log.warning("cluster %s: no pods: %s", cluster.name, why)
    nodes = list(Speaker.objects.filter(cluster=cluster).order_by("node").values_list("node", flat=True))
    failed = [Observation(node, clock.now(), error=why, kept_out=True) for node in nodes]
    if shard_write(cluster, failed, _expected(cluster, nodes)).visible:
        peers_count(cluster)
    sweep_fail(cluster)


def _speaker(pod: FrrPod) -> Speaker:
    return Speaker(
        node=pod.node,
        namespace=pod.namespace,
        pod=pod.name,
        pod_uid=pod.uid,
        container=pod.container,
        image=pod.image,
        ready=pod.ready,
        phase=pod.phase,
        restarts=pod.restarts,
        started_at=pod.started_at,
    )


def shard_sweep(cluster: Cluster, nodes: Sequence[str]) -> Written:
    """Ask those of these nodes whose turn it is, and write what they say as it comes in."""
    expected, turn = _expected(cluster, nodes), turns(cluster, nodes)
    written = shard_write(cluster, turn.said, expected)
    written += _ask(cluster, turn.ask, expected)
    return written


def nodes_look(cluster: Cluster, nodes: Sequence[str]) -> Written:
    """The same for nodes that are looked at outside of a round: peers are counted at once."""
    written = shard_sweep(cluster, nodes)
    if written.visible:
        peers_count(cluster)
    return written


def told_sweep(cluster: Cluster, nodes: Sequence[str]) -> list[str]:
    """Look at nodes of which an event stream has brought news; those that were asked a moment ago are returned."""
    if is_silent(cluster):
        return []
    barely = clock.now() - _BREATH
    asked = Speaker.objects.filter(cluster=cluster, node__in=nodes, asked_at__gt=barely)
    early = set(asked.values_list("node", flat=True)) if cluster.observing == Way.SWEEP else set[str]()
    speakers_back(cluster=cluster, nodes=nodes)
    nodes_look(cluster, [node for node in nodes if node not in early])
    return sorted(early)


def _expected(cluster: Cluster, nodes: Sequence[str]) -> Expected:
    snapshot = snapshot_of(cluster, nodes=nodes)
    return shared(snapshot, Placement(snapshot.nodes))


def _ask(cluster: Cluster, targets: Sequence[Target], expected: Expected) -> Written:
    """Ask these targets, and write their answers in this thread while others are still awaited."""
    written = Written()

    def write(batch: Sequence[Observation]) -> None:
        nonlocal written
        written += shard_write(cluster, instead(cluster, batch), expected)
        if any(seen.forbidden for seen in batch):  # the right may have been taken away: it is looked for anew
            Cluster.objects.filter(pk=cluster.pk).update(permissions_at=None)

    if not targets:
        return written
    try:
        door = door_of(cluster).connection
        concurrency, seconds = settings.BGPUI_EXEC_CONCURRENCY, settings.BGPUI_EXEC_TIMEOUT
        sweep_in_batches(door, targets, write, concurrency=concurrency, seconds=seconds, now=clock.now)
    except KubeError as error:
        now = clock.now()
        write([Observation(target.node, now, error=error.message, kept_out=True) for target in targets])
    return written


def shard_write(cluster: Cluster, observations: Sequence[Observation], expected: Expected) -> Written:
    """Write rows, keep the details, and tell the open pages if they look different now."""
    if not observations:
        return Written()
    written = observations_write(cluster=cluster, observations=observations, expected=expected)
    written.unanswered = sum(not (seen.heard or seen.resting) for seen in observations)
    answers = ((seen, seen.answer) for seen in observations if seen.answer is not None)
    live.nodes_put(
        cluster.pk,
        [
            live.NodeAnswer(seen.node, seen.at.timestamp(), answer.document, answer.bfd_document)
            for seen, answer in answers
        ],
    )
    if written.visible:
        nudge("sessions", cluster.name)
    return written


def peers_count(cluster: Cluster) -> None:
    """Bring what the peers' lists say of their sessions up to date; it costs as much as the cluster is large."""
    if peer_sessions_write(cluster):
        nudge("sessions", cluster.name)


def ask(session: Session, question: str) -> bool:
    """Let a worker ask FRR about one session (QUESTIONS); False if that is under way, or nobody can be told."""
    task, arguments = QUESTIONS[question]
    try:
        if not live.command_start(session.pk, question):
            return False
        expires = live.PENDING_TTL
        current_app.send_task(task, args=(session.pk, *arguments), expires=expires, retry=False)
    except (redis.RedisError, OperationalError, OSError) as error:
        log.warning("nobody can be asked for %s: %s", question, error)
        live.command_end(session.pk, question)
        return False
    return True


def session_refresh(session: Session) -> None:
    """Ask the session's node now, as the sweep does, whatever its back-off says."""
    cluster, node = session.cluster, session.node
    if not is_silent(cluster):
        asked = [target_of(session.speaker)] if session.speaker.pod and asks(cluster) else []
        said = [] if asked else turns(cluster, [node]).said
        expected = _expected(cluster, [node])
        written = shard_write(cluster, said, expected)
        written += _ask(cluster, asked, expected)
        if written.visible:
            peers_count(cluster)
    live.command_end(session.pk, "refresh")


def command_answer(session: Session, name: str, argv: commands.Argv) -> None:
    """Run a command on the session's node and keep its answer for the pages."""
    speaker = session.speaker
    line = commands.oc_line(speaker.namespace, speaker.pod, speaker.container, argv)
    cluster = session.cluster
    if is_silent(cluster) or not asks(cluster):
        why = cluster.observing_why if not asks(cluster) else cluster.error
        live.command_put(session.pk, name, live.CommandResult(clock.now(), line, ok=False, error=why))
        return
    try:
        door = door_of(cluster).connection
        result = asyncio.run(run(door, target_of(speaker), argv, seconds=settings.BGPUI_EXEC_TIMEOUT))
    except (ExecError, KubeError) as error:
        answer = live.CommandResult(clock.now(), line, ok=False, error=str(error))
    else:
        answer = _command_result(name, line, result)
        if answer.table is not None:
            answer = msgspec.structs.replace(answer, meant=_meant(session, name))
    live.command_put(session.pk, name, answer)


def _meant(session: Session, family: str) -> list[str] | None:
    """The prefixes that MetalLB's objects announce on a session, at most as many as a table has."""
    direction, _, told = family.rpartition("-")
    if not session.peer or direction == "received":
        return None
    announced = announced_on(snapshot_of(session.cluster), session.node).get(session.peer, ())
    return [each.prefix for each in announced if each.family == told][: routes.LIMIT]


def _command_result(name: str, line: str, result: ExecResult) -> live.CommandResult:
    read = routes.table if name in commands.FAMILIES else routes.exchanged if name.partition("-")[1] else None
    table = read(result.stdout) if read else None
    failure = table.reason if isinstance(table, parse.Unparsed) else ""
    if result.code != 0:
        failure = failure or text.first_line(result.stderr, result.stdout) or f"exit code {result.code}"
    return live.CommandResult(
        at=clock.now(),
        command=line,
        ok=not failure,
        text=text.redact(result.stdout),
        error=failure,
        table=table if isinstance(table, routes.Table) else None,
    )
