"""What happened to nodes, and to FRR on them."""

from __future__ import annotations

from datetime import timedelta

from clusters.models import NodeEvent
from clusters.words import bounded, counted, listed
from dashboard.timeline.asked import Asked
from dashboard.timeline.items import FRR, NODE, Item
from dashboard.timeline.rows import alike, newest, within

_NAMED = 20
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


def events(asked: Asked, clusters: dict[int, str], together: timedelta) -> tuple[list[Item], bool]:
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
