"""The times in which nodes were not heard, those that still go on included."""

from __future__ import annotations

from datetime import datetime, timedelta

from clusters import clock
from clusters.models import Cluster
from clusters.selectors import clusters_active
from clusters.words import age_words, bounded, counted, listed
from dashboard.timeline.asked import Asked
from dashboard.timeline.items import UNSEEN, Item
from dashboard.timeline.rows import alike, newest, of_cluster
from speakers.models import Gap, Speaker
from speakers.selectors import unheard

_NAMED = 20


def gaps(asked: Asked, clusters: dict[int, str], together: timedelta) -> tuple[list[Item], bool]:
    """All that have a part in the time asked for, as far as they have passed by its end; those alike are one."""
    over = of_cluster(Gap.objects.order_by("-ended_at", "-pk"), asked)
    over = over.filter(began_at__lte=asked.end, ended_at__gte=asked.begin)
    # A gap has a row only when the node has answered again.
    now = clock.now()
    asking = clusters_active().exclude(observing=Cluster.Observing.NOTHING)  # of others nobody expects an answer
    lasting = of_cluster(Speaker.objects.filter(cluster__in=asking).order_by("-observed_at", "-pk"), asked)
    lasting = lasting.filter(unheard(now), observed_at__lte=asked.end) if asked.begin <= now else lasting.none()
    if asked.node:
        over, lasting = over.filter(node=asked.node), lasting.filter(node=asked.node)
    ended, more = newest(over, "began_at", "cluster_id", "node", "ended_at")
    running, others = newest(lasting, "observed_at", "cluster_id", "node")
    ends = {(cluster, node, began): end for began, cluster, node, end in ended}
    ends |= {(cluster, node, began): min(now, asked.end) for began, cluster, node in running}
    rows = [(began, cluster, False, node) for began, cluster, node, _ in ended]
    rows += [(began, cluster, True, node) for began, cluster, node in running]
    items = []
    for (cluster, lasts), run in alike(rows, together):
        until = max(ends[cluster, node, at] for at, node in run)
        items.append(_item(run, clusters.get(cluster, ""), until, lasts=lasts))
    return items, more or others


def _item(run: list[tuple[datetime, str]], cluster: str, until: datetime, *, lasts: bool) -> Item:
    nodes, began = tuple(dict.fromkeys(node for _, node in run)), run[0][0]
    who = bounded(nodes[0], 63) if len(nodes) == 1 else f"{counted(len(nodes), 'node')} ({listed(nodes, 3)})"
    verb = ("has" if len(nodes) == 1 else "have") + " not answered" if lasts else "did not answer"
    title = f"{bounded(who, 300)} {verb} for {age_words(until - began)}"
    detail = f"What sessions {'do' if lasts else 'did meanwhile'} is not known."
    return Item(UNSEEN, began, until, cluster, "unknown", title, detail, len(run), nodes[:_NAMED], lasts=lasts)
