"""Celery tasks that observe. They carry ids and node names only; what they find is in rows and Redis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from math import ceil

from celery import shared_task
from django.conf import settings

from alarms.retention import alarms_expire
from clusters import clock, told
from clusters.alone import alone
from clusters.changes import changes_expire
from clusters.connecting.clearing import removed_clear
from clusters.models import Cluster
from clusters.nudges import nudge
from clusters.selectors import clusters_active
from dashboard import compare, lookup, observe
from dashboard.guided import asking
from dashboard.logs import log_answer
from dashboard.rounds import round_begin, shard_over
from speakers import services, totals
from speakers.counters.keeping import counters_expire, fleet_write
from speakers.frr import commands
from speakers.live import command_end
from speakers.models import Session

_PARTS = 4  # shards at least of a fleet that is no small one


@shared_task
def sweep_clusters() -> None:
    """Let each cluster be swept; what is not begun within one interval is left to the next.

    In random order, so that none is always the one that is left: one that is away would be the one that waits longest.
    """
    for pk in clusters_active().order_by("?").values_list("pk", flat=True):
        sweep_cluster.apply_async((pk,), expires=settings.BGPUI_SWEEP_INTERVAL)


@shared_task
def sweep_cluster(pk: int) -> None:
    """Find the nodes of one cluster and hand them out in shards."""
    cluster = clusters_active().filter(pk=pk).first()
    if cluster is None:
        return
    with alone(f"sweep:{pk}") as free:
        nodes = observe.cluster_nodes(cluster) if free else None
        if free:
            fleet_write(cluster, clock.now())
    if nodes is not None:
        shards_send(cluster, nodes)


def shards_send(cluster: Cluster, nodes: Sequence[str]) -> int:
    """Let workers ask these nodes, which are all that the cluster has; how many tasks that makes."""
    shards = shards_of(nodes)
    totals.shards_keep(cluster, len(shards))
    if round_begin(cluster.pk, len(shards)):
        observe.peers_count(cluster)
    for number in totals.shards_waiting(cluster, len(shards)):
        sweep_shard.apply_async((cluster.pk, number, shards[number]), expires=settings.BGPUI_SWEEP_INTERVAL)
    return len(shards)


def shards_of(nodes: Sequence[str]) -> list[Sequence[str]]:
    """Shards of one size, of BGPUI_SHARD_SIZE nodes at most, since each costs what a dozen of its nodes do.

    Of fewer nodes, down to half of that, as long as there are less than _PARTS of them, so that workers share them.
    """
    most = settings.BGPUI_SHARD_SIZE
    number = max(ceil(len(nodes) / most), min(_PARTS, ceil(2 * len(nodes) / most)), 1)
    size = ceil(len(nodes) / number)
    return [nodes[start : start + size] for start in range(0, len(nodes), size or 1)] or [[]]


@shared_task
def sweep_shard(pk: int, number: int, nodes: list[str]) -> None:
    """Ask some nodes of a cluster, unless the last round of the same shard is still at it."""
    cluster = clusters_active().filter(pk=pk).first()
    if cluster is None:
        return
    with alone(f"sweep:{pk}:{number}") as free:
        if not free:
            return  # whoever is at it counts for this round, when it is through
        began_at = clock.now()
        written = observe.shard_sweep(cluster, nodes)
        totals.sweep_write(cluster, number, began_at, nodes=len(nodes), unanswered=written.unanswered)
        nudge("sweep", cluster.name)
    if shard_over(pk, changed=written.visible):
        observe.peers_count(cluster)


@shared_task
def sweep_told(pk: int) -> None:
    """Look at the nodes that an event stream has brought news of; one worker a cluster at a time."""
    cluster = clusters_active().filter(pk=pk).first()
    left: list[str] = []
    while cluster is not None and told.waiting(pk):  # asked again after the lock: what came meanwhile is not lost
        with alone(f"told:{pk}") as free:
            nodes = told.take(pk) if free else []
            if nodes:
                left += observe.told_sweep(cluster, nodes)
        if not nodes:
            break
    if left:
        told.put_back(pk, left)
        told.send(pk, countdown=1.0)


@shared_task
def compare_clusters() -> None:
    """Let each cluster's prefixes be compared; what is not begun within one interval is left to the next."""
    for pk in clusters_active().values_list("pk", flat=True):
        compare_cluster.apply_async((pk,), expires=settings.BGPUI_SWEEP_INTERVAL)


@shared_task
def compare_cluster(pk: int) -> None:
    """Look at what is due, unless the last look is still at it."""
    cluster = clusters_active().filter(pk=pk).first()
    if cluster is None:
        return
    with alone(f"compare:{pk}") as free:
        if free:
            compare.cluster_compare(cluster)


@shared_task
def refresh_session(pk: int) -> None:
    """Ask the node of one session now; its answer about this neighbor is kept as text, too."""
    session = _session(pk)
    if session is not None:
        observe.session_refresh(session)
        _answer(session, "neighbor", lambda: commands.neighbor(session.vrf, session.neighbor))


@shared_task
def show_neighbor(pk: int) -> None:
    """Keep what vtysh prints about the neighbor of one session."""
    session = _session(pk)
    if session is not None:
        _answer(session, "neighbor", lambda: commands.neighbor(session.vrf, session.neighbor))


@shared_task
def show_next_hop(pk: int) -> None:
    """Keep how FRR tracks the way to the neighbor of one session."""
    session = _session(pk)
    if session is not None:
        _answer(session, "reach", lambda: commands.next_hop(session.vrf, session.neighbor))


@shared_task
def show_log(pk: int) -> None:
    """Keep what the pods of the session's node logged about it."""
    session = _session(pk)
    if session is not None:
        log_answer(session)
        nudge(f"session-{session.pk}", session.cluster.name)


@shared_task
def show_routes(pk: int, family: str) -> None:
    """Keep the BGP table of the session's VRF on its node, family "ipv4" or "ipv6"."""
    session = _session(pk)
    if session is not None:
        _answer(session, family, lambda: commands.routes(session.vrf, family))


@shared_task
def show_exchanged(pk: int, family: str, direction: str) -> None:
    """Keep what is "advertised" to or "received" from the neighbor of one session in a family."""
    session = _session(pk)
    if session is not None:
        build = partial(commands.exchanged, session.vrf, session.neighbor, family, direction)
        _answer(session, f"{direction}-{family}", build)


@shared_task
def look_up(pk: int, prefix: str) -> None:
    """Ask every node of a cluster for a prefix, and keep the answer."""
    cluster = clusters_active().filter(pk=pk).first()
    if cluster is not None:
        lookup.look_up(cluster, prefix)


@shared_task
def ask_of_changeset(pk: int, turn: int) -> None:
    """Ask FRR what it advertises to the peers of a change set that is in force."""
    asking.ask_standing(pk, turn)


@shared_task
def history_expire() -> None:
    """Delete what was observed, alarms and changes that are too old for the settings, and rows of removed clusters."""
    now = clock.now()
    before = now - timedelta(days=settings.BGPUI_TRANSITION_DAYS)
    services.observed_expire(before=before)
    counters_expire(before=now - timedelta(days=settings.BGPUI_COUNTER_DAYS))
    alarms_expire(before=before)
    changes_expire(before=now - timedelta(days=settings.BGPUI_CHANGE_DAYS))
    removed_clear()


def _session(pk: int) -> Session | None:
    return Session.objects.select_related("speaker", "cluster").filter(pk=pk).first()


def _answer(session: Session, name: str, build: Callable[[], commands.Argv]) -> None:
    """Run the command if its arguments are fit for one, and tell the session's page."""
    try:
        observe.command_answer(session, name, build())
    except commands.ArgumentError:
        command_end(session.pk, name)
    nudge(f"session-{session.pk}", session.cluster.name)
