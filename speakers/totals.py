"""What only ever grows, for Prometheus: transitions and sweeps, counted where they are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models import F

from clusters import clock
from clusters.models import Cluster
from speakers.models import Sweep, Transition, TransitionTotal

_NEVER = datetime.min.replace(tzinfo=UTC)


def transitions_count(lines: Iterable[Transition]) -> None:
    """Count these, in the transaction that writes them; another cause of the same state is no change of it."""
    moved = [line for line in lines if line.old_state != line.new_state or line.lost_between]
    counted = Counter((line.cluster_id, line.vrf, line.new_state) for line in moved)
    for (cluster_id, vrf, state), number in sorted(counted.items()):  # all in one order, so that none waits in a circle
        row, _made = TransitionTotal.objects.get_or_create(cluster_id=cluster_id, vrf=vrf, state=state)
        TransitionTotal.objects.filter(pk=row.pk).update(total=F("total") + number)


def sweep_write(cluster: Cluster, shard: int, began_at: datetime, *, nodes: int, unanswered: int) -> None:
    """A shard was swept."""
    values = {"began_at": began_at, "ended_at": clock.now(), "nodes": nodes, "unanswered": unanswered}
    added = {"runs": F("runs") + 1, "unanswered_total": F("unanswered_total") + unanswered}
    row = Sweep.objects.filter(cluster=cluster, shard=shard)
    if not row.update(**values, **added):
        Sweep.objects.get_or_create(cluster=cluster, shard=shard, defaults=values)
        row.update(**values, **added)


def sweep_fail(cluster: Cluster) -> None:
    """A sweep did not come about, since the cluster did not answer: the last one stays the last."""
    row, _made = Sweep.objects.get_or_create(cluster=cluster, shard=0, defaults={"began_at": clock.now()})
    Sweep.objects.filter(pk=row.pk).update(failures=F("failures") + 1)


def shards_keep(cluster: Cluster, number: int) -> None:
    """Forget the shards that there are no more: the cluster has fewer nodes."""
    Sweep.objects.filter(cluster=cluster, shard__gte=max(1, number)).delete()


def shards_waiting(cluster: Cluster, number: int) -> list[int]:
    """The cluster's shards, in the order in which they wait: those first that were not looked at for longest.

    So that each has its turn where the workers cannot do all of them within an interval.
    """
    began = dict(Sweep.objects.filter(cluster=cluster, runs__gt=0).values_list("shard", "began_at"))
    return sorted(range(number), key=lambda shard: began.get(shard, _NEVER))
