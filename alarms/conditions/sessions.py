"""Sessions that are down, one alarm a shared cause, and sessions that nobody can see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Count, Max, Min

from alarms.conditions.facts import Facts
from alarms.conditions.finding import NODES, Found, Judged
from alarms.models import Alarm, Rule
from clusters.models import Cluster
from clusters.words import bounded, counted, listed
from speakers.causes import Cause
from speakers.counts import Counts, NodeCount
from speakers.frr.reasons import REASONS, VRF_MISSING
from speakers.reach import DOWN, UNPOLLED, UNSEEN
from speakers.selectors import sessions

_LOST = "node"  # key of the nodes of a cluster that lost all peers
_REASONS = 5  # that are kept as evidence
_UNSAID = "No reason given by FRR"
Key = tuple[int, str]  # cluster, key of an alarm


def down(rule: Rule, facts: Facts) -> Judged:
    """A router that nodes do not reach, a node that lost every peer, a VRF that nodes do not have: one each.

    Nodes that lost every peer and are silent since then are found as long as they are.
    """
    counts, causes = facts.causes(facts.scope(rule))
    several: dict[Key, list[Cause]] = defaultdict(list)
    for cause in causes:
        if cause.main.health in DOWN:
            several[cause.main.cluster, _key(cause)].append(cause)
    nodes = _nodes(several, counts)
    found = {cause: _found(*cause, alike, nodes[cause]) for cause, alike in several.items()}
    for cluster, silent in _silent_since(rule, facts, counts).items():
        known = found.get((cluster, _LOST))
        found[cluster, _LOST] = _with(silent, known or _as_it_was(facts.lost[rule.pk, cluster]))
    return Judged(tuple(found.values()), lambda alarm: _unseen(alarm, counts))


def _silent_since(rule: Rule, facts: Facts, counts: Counts) -> dict[int, list[NodeCount]]:
    """The nodes that had lost every peer when they were last seen, by cluster; at most one query."""
    silent: dict[int, list[NodeCount]] = defaultdict(list)
    for node in counts.problem_nodes:
        if not node.seen:
            alarm = facts.lost.get((rule.pk, node.cluster))
            if alarm is not None and node.node in alarm.nodes:
                silent[node.cluster].append(node)
    return silent


def _as_it_was(alarm: Alarm) -> Found:
    """What was lost, without nodes."""
    return Found(
        alarm.cluster_id,
        _LOST,
        "node",
        "",
        alarm.cause,
        alarm.reason,
        began_at=alarm.began_at,
        began_before=alarm.began_before,
    )


def _with(silent: Sequence[NodeCount], found: Found) -> Found:
    """The nodes that lost all peers, and those that are silent since they had."""
    names = sorted(node.node for node in silent)
    number = sum(node.intended for node in silent)
    named, sessions = sorted({*found.nodes, *names}), found.sessions + number
    return replace(
        found,
        title=_lost(named, sessions),
        nodes=tuple(named[:NODES]),
        number_of_nodes=found.number_of_nodes + len(names),
        sessions=sessions,
        evidence=(*found.evidence, (counted(number, "session"), f"Not seen any more, on {listed(names, 3)}")),
        blind=True,
    )


def _key(cause: Cause) -> str:
    if cause.kind == "node":
        return _LOST
    group = cause.main
    return _vrf(group.vrf) if cause.kind == "vrf" else _router(group.vrf, group.neighbor)


def _vrf(name: str) -> str:
    return f"vrf {name}"


def _router(vrf: str, neighbor: str) -> str:
    return f"router {vrf} {neighbor}"


def _nodes(several: Mapping[Key, Sequence[Cause]], counts: Counts) -> dict[Key, list[str]]:
    """The names of the nodes of each; no query.

    What nodes that lost everything have lost counts for a router only if no node reaches that: its number says so.
    """
    down: dict[Key, set[str]] = defaultdict(set)
    for cluster, node, vrf, neighbor, health, reason in counts.wrong:
        if health in DOWN:
            missing = reason == VRF_MISSING and health == "down"
            down[cluster, _vrf(vrf) if missing else _router(vrf, neighbor)].add(node)
    lost = {key: {name for cause in alike for name in cause.names} for key, alike in several.items()}
    found = {}
    for key, alike in several.items():
        names = lost[key] or down[key]
        if len(names) > sum(cause.nodes for cause in alike):
            names = names - lost.get((key[0], _LOST), set())
        found[key] = sorted(names)
    return found


def _found(cluster: int, key: str, causes: list[Cause], named: list[str]) -> Found:
    main = max(causes, key=lambda cause: cause.number)
    group, number = main.main, sum(cause.number for cause in causes)
    nodes = len(named) if main.kind == "node" else sum(cause.nodes for cause in causes)
    one = main.kind == "router"
    return Found(
        cluster=cluster,
        key=key,
        cause_kind=main.kind,
        title=_title(main, number, nodes, named),
        cause=group.cause or _UNSAID,
        reason=group.reason,
        vrf=group.vrf if main.kind != "node" else "",
        neighbor=group.neighbor if one else "",
        peer=group.peer if one else "",
        nodes=tuple(named[:NODES]),
        number_of_nodes=nodes,
        sessions=number,
        began_at=min(each.since for cause in causes for each in cause.groups),
        began_before=any(cause.unseen for cause in causes),
        evidence=_evidence(causes),
    )


def _title(main: Cause, number: int, nodes: int, named: list[str]) -> str:
    group, where = main.main, counted(nodes, "node")
    if main.kind == "node":
        return _lost(named, number)
    if main.kind == "vrf":
        return f"VRF {bounded(group.vrf, 63)} is missing on {where}: {counted(number, 'session')} down"
    who = bounded(f"{group.peer} {group.neighbor}".strip(), 120)
    on = group.first_node if nodes == 1 else where
    return f"{counted(number, 'session')} to {who} down on {on}"


def _lost(named: Sequence[str], number: int) -> str:
    return f"{listed(named, 2)} lost all peers: {counted(number, 'session')} down"


def _evidence(causes: Iterable[Cause]) -> tuple[tuple[str, str], ...]:
    numbers: dict[tuple[str, str], int] = defaultdict(int)
    for cause in causes:
        for group in cause.groups:
            numbers[group.reason, group.cause] += group.number
    most = sorted(numbers.items(), key=lambda item: -item[1])[:_REASONS]
    lines = [(counted(number, "session"), bounded(cause or _UNSAID, 300)) for (_, cause), number in most]
    first = REASONS.get(most[0][0][0])
    checks = [("Check", step) for step in first.check[:3]] if first else []
    return (*lines, *checks)


def _unseen(alarm: Alarm, counts: Counts) -> int:
    """How many sessions like its own are not seen now, so that nobody knows whether they are up again."""
    groups = (one for one in counts.groups if one.health in UNSEEN and one.cluster == alarm.cluster_id)
    return sum(one.number for one in groups if one.vrf == alarm.vrf and alarm.neighbor in {"", one.neighbor})


def unknown(rule: Rule, facts: Facts) -> Judged:
    """Sessions whose speakers have not been heard for three polls, one for each cluster; one query."""
    rows = facts.scope(rule).apply(sessions(now=facts.now)).filter(health="unknown", intended=True)
    rows = rows.exclude(cluster__observing=Cluster.Observing.NOTHING).order_by()  # nobody could ever know
    said = rows.values_list("cluster_id", "node").annotate(
        Count("pk"), Min("speaker__observed_at"), Min("since"), Max("speaker__error")
    )
    by_cluster: dict[int, list[tuple[str, int, str]]] = defaultdict(list)
    began: dict[int, datetime] = {}
    for cluster, node, number, seen, since, error in said:
        words = error or (UNPOLLED.lower() if seen else "never observed")
        by_cluster[cluster].append((node, number, words))
        began[cluster] = min(began.get(cluster, seen or since), seen or since)
    return Judged(tuple(_silent(cluster, sorted(nodes), began[cluster]) for cluster, nodes in by_cluster.items()))


def _silent(cluster: int, nodes: list[tuple[str, int, str]], began: datetime) -> Found:
    number, names = sum(one[1] for one in nodes), [one[0] for one in nodes]
    words: dict[str, list[str]] = defaultdict(list)
    for name, _number, why in nodes:
        words[bounded(why, 200)].append(name)
    most = sorted(words.items(), key=lambda item: -len(item[1]))[:_REASONS]
    return Found(
        cluster=cluster,
        key="speakers",
        cause_kind="speaker",
        title=f"{counted(number, 'session')} unknown: {listed(names, 2)} not heard",
        cause=f"The speaker's last word: {most[0][0]}" if len(most) == 1 else f"Most: {most[0][0]}",
        nodes=tuple(names[:NODES]),
        number_of_nodes=len(names),
        sessions=number,
        began_at=began,
        evidence=tuple((listed(some, 3), why) for why, some in most),
    )
