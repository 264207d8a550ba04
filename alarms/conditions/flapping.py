"""Sessions that are lost again and again, one alarm a router."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from django.db.models import Count, Max

from alarms.conditions.facts import Facts
from alarms.conditions.finding import NODES, Found, Judged
from alarms.models import Rule
from clusters.words import age_words, bounded, counted, listed
from speakers.history import LOST
from speakers.models import Transition


def flapping(rule: Rule, facts: Facts) -> Judged:
    """Sessions that were lost `number` times within `window`; one query, as long as there are such."""
    since = facts.now - timedelta(seconds=rule.window)
    rows = facts.scope(rule).apply(Transition.objects.filter(LOST, at__gte=since)).order_by()
    lost = rows.values_list("cluster_id", "vrf", "neighbor", "node").annotate(Count("pk"), Max("peer"), Max("cause"))
    several: dict[tuple[int, str, str], list[tuple[str, int, str, str]]] = defaultdict(list)
    for cluster, vrf, neighbor, node, number, peer, cause in lost.filter(pk__count__gte=rule.number):
        several[cluster, vrf, neighbor].append((node, number, peer, cause))
    return Judged(tuple(_found(*router, sorted(nodes), rule) for router, nodes in several.items()))


def _found(cluster: int, vrf: str, neighbor: str, nodes: list[tuple[str, int, str, str]], rule: Rule) -> Found:
    names, drops = [one[0] for one in nodes], sum(one[1] for one in nodes)
    peer, cause = max(one[2] for one in nodes), max(one[3] for one in nodes)
    within = age_words(timedelta(seconds=rule.window))
    who = bounded(f"{peer} {neighbor}".strip(), 120)
    worst = sorted(nodes, key=lambda one: -one[1])[:5]
    return Found(
        cluster=cluster,
        key=f"router {vrf} {neighbor}",
        cause_kind="router",
        title=f"{counted(len(nodes), 'session')} to {who} flapping on {listed(names, 2)}",
        cause=bounded(cause, 400) or "No reason given by FRR",
        vrf=vrf,
        neighbor=neighbor,
        peer=peer,
        nodes=tuple(names[:NODES]),
        number_of_nodes=len(names),
        sessions=len(nodes),
        evidence=((counted(drops, "drop"), f"within {within}"), *((one[0], counted(one[1], "drop")) for one in worst)),
    )
