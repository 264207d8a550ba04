"""What was changed of objects, here and by others."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from clusters.models import Change
from clusters.words import bounded, counted, listed
from dashboard.timeline.asked import Asked
from dashboard.timeline.items import CONFIG, Item
from dashboard.timeline.rows import alike, newest, within

_VERBS = {"create": "created", "update": "changed", "delete": "deleted"}


def changes(asked: Asked, together: timedelta) -> tuple[list[Item], bool]:
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
    item = replace(item, lag=timedelta(seconds=settings.BGPUI_RELIST_INTERVAL))
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
