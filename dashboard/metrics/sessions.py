"""Metrics of sessions: what runs, what should, what changed, and how current that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, Min, Q, Sum

from clusters import clock
from dashboard.metrics.families import Family, counter, gauge, put
from speakers.comparison.selectors import known
from speakers.history import LOST
from speakers.models import Sweep, Transition, TransitionTotal
from speakers.selectors import HEALTH, Limits, sessions, speakers

_UP = ("up", "degraded")
_KEY = ("cluster_id", "vrf", "peer", "intended", "state", "health")


def sessions_told(names: dict[int, str]) -> Iterator[Family]:
    """Counted by the database; one query. names: of clusters, by id."""
    states = gauge("session_states", "Sessions by the state that FRR last said.", "cluster", "vrf", "state")
    health = gauge("sessions", "Sessions by health: what counts now, age included.", "cluster", "vrf", "health")
    intended = gauge("sessions_intended", "Sessions that a BGPPeer intends.", "cluster", "vrf", "peer")
    up = gauge("sessions_up", "Of those, Established, and seen so by the last sweep.", "cluster", "vrf", "peer")
    sent = gauge("prefixes_sent", "Prefixes sent, over all sessions.", "cluster", "vrf")
    received = gauge("prefixes_received", "Prefixes accepted, over all sessions.", "cluster", "vrf")
    by = [Counter[tuple[str, ...]]() for _ in range(6)]
    in_state, in_health, wanted, run, out, came = by
    rows = sessions().filter(cluster_id__in=names).order_by().values(*_KEY)
    for row in rows.annotate(number=Count("pk"), out=Sum("prefixes_sent"), came=Sum("prefixes_received")):
        where, number = (names[row["cluster_id"]], row["vrf"]), row["number"]
        in_state[*where, row["state"]] += number
        in_health.update({(*where, word): 0 for word in HEALTH})
        in_health[*where, row["health"]] += number
        out[where] += row["out"] or 0
        came[where] += row["came"] or 0
        if row["intended"]:
            wanted[*where, row["peer"]] += number
            run[*where, row["peer"]] += number if row["health"] in _UP else 0
    families = (states, health, intended, up, sent, received)
    for family, found in zip(families, by, strict=True):
        for labels, value in sorted(found.items()):
            put(family, labels, value)
    return iter(families)


def comparisons_told(names: dict[int, str], now: datetime) -> Iterator[Family]:
    """Prefixes of sessions that are up, held against those that are meant; one query. What is too old is unknown."""
    labels = ("cluster", "vrf", "peer")
    families = (
        gauge("prefixes_meant", "Prefixes that sessions which are up are meant to tell.", *labels),
        gauge("prefixes_missing", "Of those, not told.", *labels),
        gauge("prefixes_attributes_differ", "Of those, told with other attributes.", *labels),
        gauge("prefixes_unintended", "Prefixes that are told and not meant.", *labels),
        gauge("sessions_uncompared", "Sessions that are up, and of which nobody knows what they tell.", *labels),
        gauge("sessions_settings_differ", "Sessions set otherwise than their BGPPeer says.", *labels),
    )
    told = known(now)
    columns = ("meant", "missing", "attributes", "extra")
    sums = {f"sum_{name}": Sum(f"comparison__{name}", filter=told, default=0) for name in columns}
    rows = sessions(now=now).filter(cluster_id__in=names, intended=True, health__in=_UP).order_by()
    found = rows.values_list("cluster_id", "vrf", "peer").annotate(
        **sums, sum_unknown=Count("pk") - Count("pk", filter=told), sum_settings=Count("pk", filter=~Q(differs=""))
    )
    for cluster, vrf, peer, *values in found.order_by("cluster_id", "vrf", "peer"):
        for family, value in zip(families, values, strict=True):
            put(family, [names[cluster], vrf, peer], value)
    return iter(families)


def each_session_told(names: dict[int, str]) -> Iterator[Family]:
    """Every session by itself, for installations that want it so; one query."""
    labels = ("cluster", "node", "vrf", "neighbor", "peer")
    up = gauge("session_up", "Whether it is Established, and was seen so by the last sweep.", *labels)
    since = gauge("session_since_timestamp_seconds", "Since when it is in its state, at the latest.", *labels)
    sent = gauge("session_prefixes_sent", "Prefixes sent.", *labels)
    received = gauge("session_prefixes_received", "Prefixes accepted.", *labels)
    columns = ("cluster_id", "node", "vrf", "neighbor", "peer")
    values = ("health", "since", "prefixes_sent", "prefixes_received")
    for row in sessions().filter(cluster_id__in=names).order_by().values_list(*columns, *values).iterator():
        who = (names[row[0]], *row[1:5])
        put(up, who, row[5] in _UP)
        for family, value in zip((since, sent, received), row[6:], strict=True):
            put(family, who, value)
    return iter((up, since, sent, received))


def transitions_told(names: dict[int, str]) -> Iterator[Family]:
    """All there ever were; one query."""
    total = counter("session_transitions", "Changes of state, by the new one.", "cluster", "vrf", "state")
    for row in TransitionTotal.objects.filter(cluster_id__in=names).order_by("cluster_id", "vrf", "state"):
        put(total, [names[row.cluster_id], row.vrf, row.state or "gone"], row.total)
    return iter((total,))


def flapping_told(names: dict[int, str], now: datetime) -> Iterator[Family]:
    """Sessions that were lost too often within the window of the settings; one query, as long as there are such."""
    flapping = gauge("sessions_flapping", "Sessions that were lost again and again, as the settings say.", "cluster")
    since = now - timedelta(seconds=settings.BGPUI_FLAP_WINDOW)
    lost = Transition.objects.filter(LOST, cluster_id__in=names, at__gte=since).order_by()
    often = lost.values_list("cluster_id", "node", "vrf", "neighbor").annotate(Count("pk"))
    found = Counter(row[0] for row in often.filter(pk__count__gte=settings.BGPUI_FLAP_COUNT))
    for pk, name in names.items():
        put(flapping, [name], found[pk])
    return iter((flapping,))


def speakers_told(names: dict[int, str], now: datetime) -> Iterator[Family]:
    """How many answer, and how old the oldest answer is; one query."""
    number = gauge("speakers", "Nodes with FRR by what was heard: live, late, unknown, absent.", "cluster", "freshness")
    lag = gauge("sweep_lag_seconds", "Age of the oldest answer of a speaker that is not given up.", "cluster")
    rows = speakers(now=now).filter(cluster_id__in=names).order_by().values("cluster_id", "freshness")
    found = {(row["cluster_id"], row["freshness"]): row for row in rows.annotate(n=Count("pk"), old=Min("observed_at"))}
    for pk, name in names.items():
        for word in ("live", "late", "unknown", "absent"):
            put(number, [name, word], found[pk, word]["n"] if (pk, word) in found else 0)
        heard = [found[pk, word]["old"] for word in ("live", "late") if (pk, word) in found]
        put(lag, [name], (now - min(heard)).total_seconds() if heard else None)
    return iter((number, lag))


def sweeps_told(names: dict[int, str]) -> Iterator[Family]:
    """The last sweep of each cluster, whole when its last shard was, and when one is too old; one query."""
    last = gauge("sweep_last_timestamp_seconds", "When the last sweep of all nodes came to its end.", "cluster")
    took = gauge("sweep_duration_seconds", "How long it took, from its first shard to its last.", "cluster")
    nodes = gauge("sweep_nodes", "Nodes in it.", "cluster")
    unanswered = gauge("sweep_nodes_unanswered", "Of these, those that did not answer.", "cluster")
    runs = counter("sweeps", "Sweeps that came to their end.", "cluster")
    failures = counter("sweep_failures", "Sweeps for which the cluster did not answer.", "cluster")
    missed = counter("sweep_unanswered", "Nodes that did not answer, over all sweeps.", "cluster")
    stopped = gauge("sweep_stopped_seconds", "Age of a last sweep from which on sweeps have stopped, by the settings.")
    now = clock.now()
    put(stopped, [], (now - Limits.at(now).unknown).total_seconds())
    rows = Sweep.objects.filter(cluster_id__in=names).order_by("cluster_id").values("cluster_id")
    found = rows.annotate(
        oldest=Min("ended_at"), ended=Max("ended_at"), began=Min("began_at"), nodes=Sum("nodes"),
        unanswered=Sum("unanswered"), runs=Min("runs"), failures=Sum("failures"), missed=Sum("unanswered_total"),
    )  # fmt: skip
    for row in found:
        who = [names[row["cluster_id"]]]
        put(last, who, row["oldest"])
        put(took, who, max(0.0, (row["ended"] - row["began"]).total_seconds()) if row["oldest"] else None)
        put(nodes, who, row["nodes"])
        put(unanswered, who, row["unanswered"])
        put(runs, who, row["runs"])
        put(failures, who, row["failures"])
        put(missed, who, row["missed"])
    return iter((last, took, nodes, unanswered, runs, failures, missed, stopped))
