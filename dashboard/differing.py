"""Rows of the problems table for routers that are not told what is meant, or whose neighbor is set otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, F, Q, When
from django.urls import reverse

from clusters import clock
from clusters.models import Cluster
from clusters.words import bounded, counted
from dashboard.filters import Filters
from dashboard.problem import Problem, peer_href
from speakers.comparison.selectors import known
from speakers.counts import NOT_WHOLE
from speakers.models import PrefixDifference, Session
from speakers.reach import UP
from speakers.selectors import sessions

_ROWS = 2000
_KINDS = (("missing", "missing"), ("attributes", "with other attributes"), ("extra", "not meant"))


class _Row(NamedTuple):
    """A session. missing, attributes, extra: prefixes, None = not known, of late or since it is up."""

    pk: int
    cluster_id: int
    vrf: str
    neighbor: str
    node: str
    peer: str
    remote_as: int | None
    differs: str
    differs_since: datetime | None
    missing: int | None
    attributes: int | None
    extra: int | None


def differing(filters: Filters, clusters: Mapping[int, Cluster]) -> list[Problem]:
    """One a router, of sessions that are up; at most three queries."""
    noted = _noted()
    if noted == []:
        return []
    told = known(clock.now())
    some = Q(comparison__missing__gt=0) | Q(comparison__extra__gt=0) | Q(comparison__attributes__gt=0)
    rows = filters.apply(sessions()).filter(intended=True, health__in=UP)
    if noted is not None:
        rows = rows.filter(pk__in=noted)
    numbers = {f"told_{name}": Case(When(told, then=F(f"comparison__{name}"))) for name in _Row._fields[-3:]}
    found = rows.filter((some & told) | ~Q(differs="")).order_by("cluster_id", "vrf", "neighbor", "node")
    several: dict[tuple[int, str, str], list[_Row]] = defaultdict(list)
    for row in found.annotate(**numbers).values_list(*_Row._fields[:-3], *numbers)[:_ROWS]:
        one = _Row(*row)
        several[one.cluster_id, one.vrf, one.neighbor].append(one)
    first = _first([one.pk for members in several.values() for one in members if one.missing is not None])
    return [_problem(members, clusters.get(cluster), first) for (cluster, _, _), members in several.items()]


def _noted() -> list[int] | None:
    """The sessions of which a difference is written down, found without a look at the others; None = they are many."""
    settings = Session.objects.order_by().filter(whole__in=NOT_WHOLE).exclude(differs="").values_list("pk")
    prefixes = PrefixDifference.objects.order_by().values_list("session_id")
    found = [pk for (pk,) in settings.union(prefixes)[: _ROWS + 1]]
    return found if len(found) <= _ROWS else None


def _first(sessions_: list[int]) -> dict[int, tuple[str, datetime]]:
    """What differs first of each session, and since when."""
    rows = PrefixDifference.objects.filter(session__in=sessions_).order_by("session", "-kind", "prefix")
    found: dict[int, tuple[str, datetime]] = {}
    for pk, prefix, words, since in rows.values_list("session_id", "prefix", "words", "since")[: 10 * _ROWS]:
        found.setdefault(pk, (f"{prefix}: {words}", since))
    return found


def _problem(members: list[_Row], cluster: Cluster | None, first: Mapping[int, tuple[str, datetime]]) -> Problem:
    one = members[0]
    numbers = {word: sum(getattr(each, name) or 0 for each in members) for name, word in _KINDS}
    words = [f"{counted(number, 'prefix', 'prefixes')} {word}" for word, number in numbers.items() if number]
    otherwise = sum(bool(each.differs) for each in members)
    words += [f"{counted(otherwise, 'neighbor')} set otherwise than the BGPPeer says"] if otherwise else []
    causes = [first[each.pk][0] for each in members if each.pk in first] or [each.differs for each in members]
    times: list[Any] = [first[each.pk][1] for each in members if each.pk in first]
    times += [each.differs_since for each in members if each.differs_since]
    query = Filters(vrf=one.vrf, q=one.neighbor).query()
    return Problem(
        health="degraded",
        number=len(members),
        of=len(members),
        title=f"{len(members):,} not as meant" if len(members) > 1 else "Not as meant",
        cluster=cluster.name if cluster else "",
        peer=one.peer,
        peer_href=peer_href(cluster, one.peer),
        neighbor=one.neighbor,
        remote_as=one.remote_as,
        vrf=one.vrf,
        nodes=[each.node for each in members[:2]],
        more_nodes=max(0, len(members) - 2),
        since=min(times, default=None),
        cause=", ".join(words),
        detail=bounded(causes[0], 300),
        href=reverse("session", args=[one.pk]) if len(members) == 1 else reverse("home") + query,
        kind="meant",
    )
