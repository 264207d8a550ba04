"""Problems grouped by shared cause: a dead router is one row, a speaker that does not answer is one row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.urls import reverse

from clusters.models import Cluster
from clusters.stale import Freeze
from clusters.words import HEALTH_WORDS, counted, utc_words
from dashboard.differing import differing
from dashboard.facts import side_words
from dashboard.filters import Filters
from dashboard.problem import OLD, Problem, peer_href
from dashboard.ribbon import drops
from dashboard.silent import of_speakers
from speakers.causes import Cause, causes
from speakers.counts import Counts, Group
from speakers.frr.reasons import REASONS
from speakers.history import DAY, LOST
from speakers.models import Transition
from speakers.redundancy import Redundancy, members

SHOWN = 12
SHOWN_ALL = 200
_TRANSITIONS = 2000


def problems(
    counts: Counts,
    clusters: Mapping[int, Cluster],
    filters: Filters,
    names: Mapping[tuple[str, str], str],
    why: Iterable[Freeze],
    left: Redundancy,
) -> list[Problem]:
    """All of them, worst first; at most six more queries, however much is down.

    names: of the BGPPeers by VRF and neighbor, for sessions that no BGPPeer intends. why: nodes keep their old
    configuration. left: what nodes have beside what is down.
    """
    keys = {cluster.name: pk for pk, cluster in clusters.items()}
    refusing = {(keys[freeze.cluster], node) for freeze in why if freeze.cluster in keys for node in freeze.nodes}
    wrong = causes(counts, refusing)
    found = [
        replace(_of_cause(cause, names, counts, clusters.get(cause.main.cluster), filters), places=left.of(lost))
        for cause, lost in zip(wrong, members(wrong, counts), strict=True)
    ]
    unseen = [node for node in counts.problem_nodes if not node.seen]
    found += of_speakers(unseen, clusters, filters)
    found += differing(filters, clusters)
    return sorted(found, key=lambda problem: problem.order)


def _of_cause(
    cause: Cause,
    names: Mapping[tuple[str, str], str],
    counts: Counts,
    cluster: Cluster | None,
    filters: Filters,
) -> Problem:
    problem, group = _in_common(cause, counts, cluster, filters), cause.main
    routers = len({one.router for one in cause.groups})
    if cause.kind == "node":
        own = "its" if cause.nodes == 1 else "their"
        touches = f"all of {own} {counted(routers, 'peer')}"
        return replace(problem, cause=_of_nodes(cause, own), touches=touches)
    if routers > 1:
        return replace(problem, touches=counted(routers, "peer"))
    peer = group.peer or names.get((group.vrf, group.neighbor), "")
    return replace(
        problem, peer=peer, peer_href=peer_href(cluster, peer), neighbor=group.neighbor, remote_as=group.remote_as
    )


def _of_nodes(cause: Cause, own: str) -> str:
    """How nodes are without peers that others have."""
    these = "this node" if cause.nodes == 1 else "these nodes"
    others = ", and other nodes reach them" if cause.reached else ""
    if cause.health == "absent":
        return f"FRR on {these} has none of {own} peers{others}: the configuration is not taken over"
    have = "has" if cause.nodes == 1 else "have"
    words = _lower(_cause(cause.main))
    return f"{these.capitalize()} {have} lost all of {own} peers{others}: {words}"


def _in_common(cause: Cause, counts: Counts, cluster: Cluster | None, filters: Filters) -> Problem:
    """What is the same of all sessions that the cause has taken."""
    group, number = cause.main, cause.number
    nodes = sorted({each for one in cause.groups for each in (one.first_node, one.last_node)})[:2]
    word = HEALTH_WORDS[cause.health]
    routers = {one.router for one in cause.groups}
    return Problem(
        health=cause.health,
        number=number,
        title=word.capitalize() if number == 1 else f"{number:,} {word}",
        cluster=cluster.name if cluster else "",
        of=sum(counts.totals[router].number for router in routers),
        peer="",
        peer_href="",
        neighbor="",
        remote_as=None,
        vrf=group.vrf if len({one.vrf for one in cause.groups}) == 1 else "",
        nodes=nodes,
        more_nodes=max(0, cause.nodes - len(nodes)),
        since=min(one.since for one in cause.groups),
        cause=_cause(group),
        detail=_beside(cause),
        href=_drill_down(cause, filters),
        kind=cause.kind,
        reason=group.reason,
        group=group if len(routers) == 1 else None,
        began_before=bool(cause.unseen),
    )


def _drill_down(cause: Cause, filters: Filters) -> str:
    """Where all of its sessions are: one has a page of its own."""
    group, home = cause.main, reverse("home")
    if cause.number == 1:
        return reverse("session", args=[group.session])
    if cause.kind == "node":
        return home + (filters.query(node=group.first_node) if cause.nodes == 1 else filters.query(health=group.health))
    if len({one.router for one in cause.groups}) > 1:
        return home + filters.query(vrf=group.vrf, health=group.health)
    return home + filters.query(vrf=group.vrf, q=group.neighbor, health=group.health)


def _lower(words: str) -> str:
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def _beside(cause: Cause) -> str:
    """What else is said by some of the nodes, and how close together it came."""
    rest = cause.number - sum(one.number for one in cause.groups if one.cause == cause.main.cause)
    also = f"{rest:,} of them: {_lower(cause.others[0])}" if rest and cause.others else ""
    return " · ".join(filter(None, (_side(cause.main), also, _together(cause))))


def _side(group: Group) -> str:
    reason = REASONS.get(group.reason)
    return f"looks to be {side_words(reason.side)}" if reason and reason.side != "unknown" else ""


def _cause(group: Group) -> str:
    if group.health == "degraded":
        return group.degraded
    if group.health == "orphan":
        return "FRR runs it, but no BGPPeer intends it on " + ("this node" if group.number == 1 else "these nodes")
    return group.cause or "No reason given by FRR"


def _together(cause: Cause) -> str:
    number, last = cause.number, max(group.last for group in cause.groups)
    if cause.health == "degraded":
        return "since when it is Established" if number == 1 else "since when the first of them is Established"
    if cause.unseen:
        few = "" if number == 1 else "both " if cause.unseen == number == 2 else f"all {number:,} "
        return f"{few if cause.unseen == number else f'{cause.unseen:,} of them '}began before bgpui looked"
    if number == 1:
        return ""
    seconds = int((last - min(group.since for group in cause.groups)).total_seconds())
    if seconds < 2:
        return f"all {number:,} in the same second" if number > 2 else "both in the same second"
    return f"the latest {utc_words(last)}"


def with_ribbons(rows: Iterable[Problem], now: datetime) -> list[Problem]:
    """The same rows with the drops of their last day; one query."""
    shown = list(rows)
    groups = [row.group for row in shown if row.group]
    times = _drops(groups, now) if groups else {}
    result = []
    for row in shown:
        if row.group is None:
            lasting = None if row.health == OLD else row.since
            marks = drops((), now, down_since=lasting, kind="unknown" if row.kind == "speaker" else "down")
        else:
            lasting = row.since if row.health in {"down", "absent"} else None
            marks = drops(times.get(row.group.router, ()), now, down_since=lasting)
        result.append(replace(row, marks=tuple(marks)))
    return result


def _drops(groups: list[Group], now: datetime) -> dict[tuple[int, str, str], list[datetime]]:
    where = reduce(or_, (Q(vrf=group.vrf, neighbor=group.neighbor) for group in groups))
    rows: QuerySet[Transition] = Transition.objects.filter(
        where, LOST, cluster_id__in={group.cluster for group in groups}, at__gte=now - DAY
    )
    times: dict[tuple[int, str, str], list[datetime]] = defaultdict(list)
    for cluster, vrf, neighbor, at in rows.values_list("cluster_id", "vrf", "neighbor", "at")[:_TRANSITIONS]:
        times[cluster, vrf, neighbor].append(at)
    return times
