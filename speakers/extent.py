"""Which sessions there are: to which routers, and of how many nodes. Counting them anew takes scans of all rows.

What was counted is kept in this process with the number of the rows and the sum of their keys. Rows never change whom
they are about, and no key is given twice, so that other rows have another number or another sum.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db.models import Count, Max, Min, QuerySet, Sum

from speakers.models import Session

Router = tuple[int, str, str]  # cluster, VRF, neighbor
_MOST = 100  # questions whose answers are kept
_FINGERPRINT: dict[str, Any] = {"number": Count("pk"), "keys": Sum("pk", default=0)}


class Total(NamedTuple):
    """Sessions to one neighbor, and two of them, whose rows know the BGPPeer."""

    number: int
    first: int
    last: int


class Extent(NamedTuple):
    """Sessions by router, and the number of nodes that have any."""

    totals: dict[Router, Total]
    nodes: int


class _Kept(NamedTuple):
    number: int
    keys: int
    extent: Extent


_kept: dict[object, _Kept] = {}


def extent_of(rows: QuerySet[Session], *, keep: bool) -> Extent:
    """Of these rows; one query if they were counted before, else three. keep: whether anybody will ask that again."""
    try:
        question = rows.query.sql_with_params() if keep else None
    except EmptyResultSet:  # as of a rule where no cluster is looked after
        return Extent({}, 0)
    now = rows.aggregate(**_FINGERPRINT) if keep else {}
    before = _kept.get(question)
    if before is not None and (before.number, before.keys) == (now["number"], now["keys"]):
        return before.extent
    found = list(
        rows.values_list("cluster_id", "vrf", "neighbor").annotate(Count("pk"), Min("pk"), Max("pk"), Sum("pk"))
    )
    by_node = rows.values("cluster_id", "node").annotate(**_FINGERPRINT)
    nodes = by_node.aggregate(nodes=Count("*"), sessions=Sum("number", default=0), sum=Sum("keys", default=0))
    kept = _Kept(
        number=sum(row[3] for row in found),
        keys=sum(row[6] for row in found),
        extent=Extent({row[:3]: Total(*row[3:6]) for row in found}, nodes["nodes"]),
    )
    if question is not None and (kept.number, kept.keys) == (nodes["sessions"], nodes["sum"]):
        _keep(question, kept)
    return kept.extent


def _keep(question: object, kept: _Kept) -> None:
    """What was counted, if no row came or went between the two looks."""
    if len(_kept) >= _MOST:
        _kept.clear()
    _kept[question] = kept
