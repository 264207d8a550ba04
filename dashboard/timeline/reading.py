"""The rows that a timeline is made of, each sort read once, however much happened."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Case, Value, When
from django.urls import reverse

from clusters.models import Change, Cluster, NodeEvent
from clusters.words import bounded, counted, listed
from dashboard.timeline.asked import Asked
from dashboard.timeline.grouping import Turn, grouped
from dashboard.timeline.items import CONFIG, FRR, NODE, SESSIONS, UNSEEN, Item
from dashboard.timeline.rows import MOST, alike, newest, within
from dashboard.timeline.unseen import gaps
from speakers.history import LOST
from speakers.models import Session, Transition

SHOWN = 300  # lines
_NAMED = 20
_VERBS = {"create": "created", "update": "changed", "delete": "deleted"}
_Kind = NodeEvent.Kind
_BAD = frozenset((_Kind.REMOVED, _Kind.NOT_READY, _Kind.NETWORK_LOST, _Kind.FRR_GONE, _Kind.FRR_REFUSED))
_WARN = frozenset((_Kind.CORDONED, _Kind.FRR_REPLACED, _Kind.FRR_RESTARTED))
_OF_NODES = {
    _Kind.ADDED: "joined the cluster",
    _Kind.REMOVED: "left the cluster",
    _Kind.READY: "became ready",
    _Kind.NOT_READY: "are not ready",
    _Kind.CORDONED: "were cordoned",
    _Kind.UNCORDONED: "were uncordoned",
    _Kind.NETWORK_LOST: "have no network, say their conditions NetworkUnavailable",
    _Kind.NETWORK_BACK: "have their network back",
    _Kind.LABELS: "have other labels",
    _Kind.FRR_REPLACED: "run FRR in other pods",
    _Kind.FRR_GONE: "have no pod with FRR any more",
    _Kind.FRR_RESTARTED: "had containers of their FRR pods restarted",
    _Kind.FRR_RELOADED: "loaded another FRR configuration",
    _Kind.FRR_REFUSED: "could not load an FRR configuration",
}


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened, newest first. unread: there is more than was read, so that the oldest part is missing."""

    asked: Asked
    items: tuple[Item, ...]
    unread: bool = False

    @property
    def shown(self) -> tuple[Item, ...]:
        """As many as a list has."""
        return self.items[:SHOWN]

    @property
    def cut(self) -> bool:
        """Whether there is more than is shown."""
        return self.unread or len(self.items) > SHOWN

    @property
    def length(self) -> timedelta:
        """How long a time it is."""
        return self.asked.end - self.asked.begin


def timeline(asked: Asked, *, changes: bool) -> Timeline:
    """What happened in that time; six queries. changes: whether those of objects may be told."""
    clusters = dict(Cluster.objects.values_list("pk", "name"))
    together = timedelta(seconds=settings.BGPUI_SWEEP_INTERVAL)
    readers = {
        SESSIONS: lambda: _turns(asked, clusters, together),
        NODE: lambda: _events(asked, clusters, together),
        FRR: lambda: _events(asked, clusters, together),
        UNSEEN: lambda: gaps(asked, clusters, together),
        CONFIG: lambda: _changes(asked, together) if changes else ([], False),
    }
    wanted = [asked.lane] if asked.lane else [SESSIONS, NODE, UNSEEN, CONFIG]
    found, unread = list[Item](), False
    for lane in wanted:
        items, more = readers[lane]()
        found += [item for item in items if not asked.lane or item.lane == asked.lane]
        found += [_end_of_reading(lane, items)] if more else []
        unread |= more
    found.sort(key=lambda item: item.newest, reverse=True)
    return Timeline(asked, tuple(found), unread)


def _end_of_reading(lane: str, items: list[Item]) -> Item:
    """Where a lane ends that others go beyond: what is missing below must not look like calm."""
    oldest = min(item.at for item in items)
    title = f"More than {MOST:,} changes since then: what this lane has from before is not shown"
    return Item(lane, oldest, oldest, "", "unknown", title, "Choose a shorter time, one node or one peer.")


def _turns(asked: Asked, clusters: dict[int, str], together: timedelta) -> tuple[list[Item], bool]:
    rows = within(Transition.objects.order_by("-at", "-pk"), asked)
    rows = rows.filter(node=asked.node) if asked.node else rows
    rows = rows.filter(peer=asked.peer) if asked.peer else rows
    rows = rows.exclude(old_state="", new_state__in=(Session.State.ABSENT, Session.State.UNKNOWN))
    rows = rows.annotate(lost=Case(When(LOST, then=Value(1)), default=Value(0)))
    place = ("cluster_id", "node", "vrf", "neighbor", "peer")
    found, more = newest(rows, "at", *place, "old_state", "new_state", "cause", "lost", "session_id")
    return grouped((Turn(*row) for row in found), clusters, together), more


def _events(asked: Asked, clusters: dict[int, str], together: timedelta) -> tuple[list[Item], bool]:
    rows = within(NodeEvent.objects.order_by("-at", "-pk"), asked)
    rows = rows.filter(node=asked.node) if asked.node else rows
    found, more = newest(rows, "at", "cluster_id", "kind", "text", "node")
    items = []
    for (cluster, kind, text), run in alike(found, together):
        nodes = tuple(dict.fromkeys(node for _, node in run))
        known = NodeEvent.Kind(kind)
        title = f"{bounded(nodes[0], 63)} {known.label}"
        if len(nodes) > 1:
            title = f"{counted(len(nodes), 'node')} ({bounded(listed(nodes, 3), 200)}) {_OF_NODES[known]}"
        health = "down" if known in _BAD else "degraded" if known in _WARN else "unknown"
        lane = FRR if kind.startswith("frr-") else NODE
        times = run[0][0], run[-1][0]
        place = clusters.get(cluster, "")
        items.append(Item(lane, *times, place, health, title, bounded(text), len(run), nodes[:_NAMED]))
    return items, more


def _changes(asked: Asked, together: timedelta) -> tuple[list[Item], bool]:
    """Changes of objects; those that a change set makes are one, its way back another, and what others do at a time."""
    rows = within(Change.objects.order_by("-at", "-pk"), asked)
    rows = rows.filter(kind="BGPPeer", name=asked.peer) if asked.peer else rows
    fields = ("pk", "at", "cluster__name", "kind", "name", "action", "source", "actor__username", "manager", "message")
    found, more = newest(rows, "change_set_id", *fields)
    sets: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    others: list[tuple[Any, ...]] = []
    for number, *row in found:
        pk, at, cluster, kind, name, action, source, _actor, manager, _message = row
        if source == Change.Source.CLUSTER and not number:
            others.append((at, cluster, kind, action, manager, (tuple(row), name)))
        else:
            sets[(number,) if number else (None, pk)].append(tuple(row))
    items = [_change(key[0], run) for key, some in sets.items() for run in _rounds(some)]
    runs = alike(others, together)
    items += [_by_other(cluster, kind, action, who, run) for (cluster, kind, action, who), run in runs]
    return items, more


def _rounds(rows: list[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The changes of a set, newest first, as often as it went through its objects: there, and perhaps back."""
    rounds: list[list[tuple[Any, ...]]] = [[]]
    seen = set[tuple[str, str]]()
    for row in rows:
        of = row[3], row[4]
        if of in seen:
            rounds.append([])
            seen.clear()
        rounds[-1].append(row)
        seen.add(of)
    return rounds


def _by_other(cluster: str, kind: str, action: str, manager: str, run: list[tuple[datetime, Any]]) -> Item:
    """What a field manager did to objects of a kind, one soon after the other."""
    names = list(dict.fromkeys(name for _, (_, name) in run))
    item = _change(None, [row for _, (row, _) in reversed(run)])
    if len(names) == 1:
        return item
    who = manager or "somebody else in the cluster"
    several = f"{counted(len(names), f'{kind} object')} ({bounded(listed(names, 3), 200)})"
    href = f"{reverse('changes')}?{urlencode({'cluster': cluster, 'kind': kind, 'manager': manager})}"
    return replace(item, title=f"{several} {_VERBS[action]} by {bounded(who, 80)}", href=href)


def _change(number: int | None, rows: list[tuple[Any, ...]]) -> Item:
    pk, at, cluster, kind, name, action, source, actor, manager, message = rows[-1]
    who = actor or manager or ("somebody" if source != Change.Source.CLUSTER else "somebody else in the cluster")
    title = f"{kind} {bounded(name, 80)} {_VERBS[action]} by {bounded(who, 80)}"
    href = reverse("change", args=[pk])
    if number and len(rows) > 1:
        title = (
            f"{counted(len(rows), 'object')} changed at once by {bounded(who, 80)}, {kind} {bounded(name, 80)} first"
        )
        href = reverse("changeset", args=[number])
    return Item(CONFIG, at, rows[0][1], cluster, "unknown", title, bounded(message), len(rows), href=href)
