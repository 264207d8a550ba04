"""By how many nodes and to how many peers Services are announced: of the rows of a page, or of all to filter them.

It rests on all sessions of their cluster. What was worked out is kept in this process with the fingerprints of what it
rests on: what MetalLB's objects mean for as long as these are the same, the answer for as long as sessions are, too.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet

from clusters import clock, intended
from clusters.fingerprint import Print, objects_print, print_of_rows
from clusters.heard import Heard, heard, heard_print
from clusters.models import Cluster, Service
from clusters.selectors import snapshot_of
from clusters.words import counted
from intent import snapshot as intent
from intent.announcements import Announcements, ServiceRef
from intent.announcements.layer2 import Layer2
from intent.telling import Telling, told

ANNOUNCED = {"yes": "by BGP", "layer2": "by ARP and NDP only", "no": "by nobody", "unknown": "not known"}
_NOBODY = Telling()
_MOST = 20  # clusters whose answers are kept
_LONGEST = timedelta(minutes=5)  # that an answer is kept: workers of an older release write rows without a print


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


_GONE = Announced("no")  # of a row that went since it was read


def announced(rows: Sequence[Service]) -> dict[int, Announced]:
    """Of each row by its key; a fixed number of queries for each cluster of theirs."""
    clusters = {row.cluster_id: row.cluster for row in rows}
    found = {pk: _states(cluster) for pk, cluster in clusters.items()}
    return {row.pk: found[row.cluster_id].get(row.pk, _GONE) for row in rows}


def announced_as(rows: QuerySet[Service], state: str) -> QuerySet[Service]:
    """Those of the rows that are announced like this; a fixed number of queries for each of their clusters."""
    fits, rest = list[int](), list[int]()
    for cluster in Cluster.objects.filter(pk__in=rows.order_by().values("cluster").distinct()):
        for pk, one in _states(cluster).items():
            (fits if one.state == state else rest).append(pk)
    # The shorter list: a database takes no more than some ten thousand values.
    return rows.filter(pk__in=fits) if len(fits) <= len(rest) else rows.filter(~Q(pk__in=rest))


class _Meant:
    """What MetalLB's objects mean for all Services of a cluster, by the keys of their rows."""

    def __init__(self, cluster: Cluster) -> None:
        services = intended.printed_services(cluster.services.order_by("pk"))
        nodes = intended.printed_nodes(cluster.nodes.all())
        self.rows = tuple(print_of_rows((pk, found) for pk, (found, _) in some.items()) for some in (nodes, services))
        # What the fingerprints are not of must not be looked at, either.
        known = replace(
            snapshot_of(cluster, nodes=()), namespaces={}, frr_configurations=(), secrets=(), served_fields={}
        )
        self.services = {pk: one for pk, (_, one) in services.items()}
        snapshot = replace(known, nodes=tuple(one for _, one in nodes.values()), services=tuple(self.services.values()))
        self.announcements, self.layer2 = Announcements(snapshot), Layer2(snapshot)
        self.nodes = [node.name for node in snapshot.nodes]
        self.meant = told(self.announcements, self.nodes, lambda _key: True)

    def is_of(self, objects: Print) -> bool:
        """Whether it was made of the Nodes and Services that this fingerprint is of."""
        return self.rows == (objects.nodes, objects.services)

    def states(self, known: Heard) -> dict[int, Announced]:
        """How each is announced over the sessions that are known."""
        lacking = {key: known.lacking(key) for key in known.differing}
        now = told(self.announcements, self.nodes, known.carries, lacking)
        maybe = told(self.announcements, self.nodes, known.unsure) if self.meant.keys() - now.keys() else {}

        def state(ref: ServiceRef, service: intent.Service) -> str:
            if ref in now:
                return "yes"
            if ref in maybe:
                return "unknown"
            return "layer2" if self.layer2.anything and self.layer2.anybody(service) else "no"

        found = dict[int, Announced]()
        for pk, one in self.services.items():
            ref = ServiceRef(one.namespace, one.name)
            found[pk] = Announced(state(ref, one), now.get(ref, _NOBODY), self.meant.get(ref, _NOBODY))
        return found


class _Kept(NamedTuple):
    """objects, heard: the fingerprints of before and after the rows were read. at: when objects were."""

    at: datetime
    objects: Hashable
    meant: _Meant
    heard: Hashable
    states: Mapping[int, Announced]


_kept: dict[int, _Kept] = {}


def _states(cluster: Cluster) -> Mapping[int, Announced]:
    """Of all Services of a cluster; six queries if nothing has changed, more if something has."""
    at, before = clock.now(), _kept.get(cluster.pk)
    if before is not None and not timedelta() <= at - before.at < _LONGEST:
        before = None
    objects, sessions = objects_print(cluster), heard_print(cluster, at)
    if before is not None and (before.objects, before.heard) == (objects, sessions):
        return before.states
    same = before is not None and before.objects == objects
    meant = before.meant if before is not None and same else _Meant(cluster)
    states = meant.states(heard(cluster, at))
    if same or (meant.is_of(objects) and objects_print(cluster) == objects):
        still = heard_print(cluster, at) == sessions
        made = before.at if before is not None and same else at
        _keep(cluster.pk, _Kept(made, objects, meant, sessions if still else None, states))
    return states


def _keep(key: int, kept: _Kept) -> None:
    """What nobody wrote about between the two looks."""
    if len(_kept) >= _MOST:
        _kept.clear()
    _kept[key] = kept
