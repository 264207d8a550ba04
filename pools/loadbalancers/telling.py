"""By how many nodes and to how many peers Services are announced: of the rows of a page, or of all to filter them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q, QuerySet

from clusters import intended
from clusters.heard import heard
from clusters.models import Cluster, Service
from clusters.selectors import snapshot_of
from clusters.words import counted
from intent import snapshot as intent
from intent.announcements import Announcements, ServiceRef
from intent.announcements.layer2 import Layer2
from intent.telling import Telling, told

ANNOUNCED = {"yes": "by BGP", "layer2": "by ARP and NDP only", "no": "by nobody", "unknown": "not known"}
_NOBODY = Telling()


@dataclass(frozen=True, slots=True)
class Announced:
    """state: one of ANNOUNCED. now: over sessions that are up and tell it; meant: over all that are meant to."""

    state: str
    now: Telling = _NOBODY
    meant: Telling = _NOBODY

    @property
    def words(self) -> str:
        """The answer in one line."""
        if self.state == "yes":
            return f"{counted(self.now.nodes, 'node')} to {counted(self.now.peers, 'peer')}"
        return ANNOUNCED[self.state]

    @property
    def rest(self) -> str:
        """What is meant beyond that; "" = nothing."""
        if self.now == self.meant:
            return ""
        return f"meant: {counted(self.meant.nodes, 'node')} to {counted(self.meant.peers, 'peer')}"


def announced(rows: Sequence[Service]) -> dict[int, Announced]:
    """Of each row by its key; a fixed number of queries for each cluster of theirs."""
    several: dict[int, list[Service]] = defaultdict(list)
    for row in rows:
        several[row.cluster_id].append(row)
    found = dict[int, Announced]()
    for some in several.values():
        states = _states(some[0].cluster, list(map(intended.service_of, some)))
        found |= {row.pk: states[ServiceRef(row.namespace, row.name)] for row in some}
    return found


def announced_as(rows: QuerySet[Service], state: str) -> QuerySet[Service]:
    """Those of the rows that are announced like this; a fixed number of queries for each of their clusters."""
    fits, rest = set[int](), set[int]()
    for cluster in Cluster.objects.filter(pk__in=rows.order_by().values("cluster").distinct()):
        here = rows.filter(cluster=cluster).order_by()
        states = _states(cluster, intended.services(here))
        for pk, namespace, name in here.values_list("pk", "namespace", "name").iterator():
            one = states.get(ServiceRef(namespace, name))
            (fits if one is not None and one.state == state else rest).add(pk)
    # The shorter list: a database takes no more than some ten thousand values.
    return rows.filter(pk__in=fits) if len(fits) <= len(rest) else rows.filter(~Q(pk__in=rest))


def _states(cluster: Cluster, services: Sequence[intent.Service]) -> dict[ServiceRef, Announced]:
    snapshot, known = replace(snapshot_of(cluster), services=tuple(services)), heard(cluster)
    announcements, nodes = Announcements(snapshot), [node.name for node in snapshot.nodes]
    meant = told(announcements, nodes, lambda _key: True)
    now = told(announcements, nodes, known.carries, {key: known.lacking(key) for key in known.differing})
    unsure = meant.keys() - now.keys()
    maybe = told(announcements, nodes, known.unsure) if unsure else {}
    layer2 = Layer2(snapshot)

    def state(ref: ServiceRef, service: intent.Service) -> str:
        if ref in now:
            return "yes"
        if ref in maybe:
            return "unknown"
        return "layer2" if layer2.anything and layer2.anybody(service) else "no"

    refs: Iterable[tuple[ServiceRef, intent.Service]] = ((ServiceRef(one.namespace, one.name), one) for one in services)
    return {ref: Announced(state(ref, one), now.get(ref, _NOBODY), meant.get(ref, _NOBODY)) for ref, one in refs}
