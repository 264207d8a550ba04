"""The times in which nodes were not heard, those that still go on included."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clusters import clock
from clusters.models import Cluster
from clusters.selectors import clusters_active
from clusters.words import age_words, bounded, counted, listed
from dashboard.timeline.asked import Asked
from dashboard.timeline.folding import Silent
from dashboard.timeline.items import UNSEEN, Item
from dashboard.timeline.rows import alike, end_of_reading, newest, of_cluster
from speakers.models import Gap, Speaker
from speakers.selectors import unheard

_NAMED = 20


@dataclass(frozen=True, slots=True)
class Silences:
    """All that have a part in the time asked for: began, cluster, node, and of those that are over the end.

    until: how far those that go on have come. unread: what ended before then was not all read, None = it was.
    """

    over: list[tuple[datetime, int, str, datetime]]
    lasting: list[tuple[datetime, int, str]]
    until: datetime
    unread: datetime | None

    @property
    def by_node(self) -> Silent:
        """Those that are over, in order."""
        found: dict[tuple[int, str], list[tuple[datetime, datetime]]] = defaultdict(list)
        for began, cluster, node, ended in self.over:
            found[cluster, node].append((began, ended))
        return {place: sorted(some) for place, some in found.items()}

    @property
    def unheard(self) -> frozenset[tuple[int, str]]:
        """The nodes of those that go on, with their clusters."""
        return frozenset((cluster, node) for _, cluster, node in self.lasting)


def silences(asked: Asked) -> Silences:
    """Read them; two queries."""
    over = of_cluster(Gap.objects.order_by("-ended_at", "-pk"), asked)
    over = over.filter(began_at__lt=asked.end, ended_at__gte=asked.begin)
    # A gap has a row only when the node has answered again.
    now = clock.now()
    asking = clusters_active().exclude(observing=Cluster.Observing.NOTHING)  # of others nobody expects an answer
    lasting = of_cluster(Speaker.objects.filter(cluster__in=asking).order_by("-observed_at", "-pk"), asked)
    lasting = lasting.filter(unheard(now), observed_at__lt=asked.end) if asked.begin <= now else lasting.none()
    if asked.node:
        over, lasting = over.filter(node=asked.node), lasting.filter(node=asked.node)
    ended, more = newest(over, "began_at", "cluster_id", "node", "ended_at")
    running, others = newest(lasting, "observed_at", "cluster_id", "node")
    ends = [some[-1][place] for some, place, cut in ((ended, 3, more), (running, 0, others)) if cut]
    return Silences(ended, running, min(now, asked.end), max(ends, default=None))


def gaps(found: Silences, asked: Asked, clusters: dict[int, str], together: timedelta) -> list[Item]:
    """Entries for them, and where the reading ends; those alike are one.

    What goes on at the end of the time stays where it is when it is over, so that pages do not repeat it.
    """
    ends = {(cluster, node, began): end for began, cluster, node, end in found.over}
    ends |= {(cluster, node, began): found.until for began, cluster, node in found.lasting}
    rows = [(began, cluster, True, end >= asked.end, node) for began, cluster, node, end in found.over]
    rows += [(began, cluster, False, True, node) for began, cluster, node in found.lasting]
    unread = end_of_reading(asked, UNSEEN, found.unread, "what this lane has") if found.unread else None
    items = [unread] if unread else []
    for (cluster, over, lasts), run in alike(rows, together):
        until = max(ends[cluster, node, at] for at, node in run)
        items.append(replace(_item(run, clusters.get(cluster, ""), until, over=over), lasts=lasts))
    return items


def _item(run: list[tuple[datetime, str]], cluster: str, until: datetime, *, over: bool) -> Item:
    nodes, began = tuple(dict.fromkeys(node for _, node in run)), run[0][0]
    who = bounded(nodes[0], 63) if len(nodes) == 1 else f"{counted(len(nodes), 'node')} ({listed(nodes, 3)})"
    verb = "did not answer" if over else ("has" if len(nodes) == 1 else "have") + " not answered"
    title = f"{bounded(who, 300)} {verb} for {age_words(until - began)}"
    detail = f"What sessions {'did meanwhile' if over else 'do'} is not known."
    return Item(UNSEEN, began, until, cluster, "unknown", title, detail, len(run), nodes[:_NAMED])
