"""What FRR runs and tells that is not what is intended: prefixes, sessions that no BGPPeer wants, settings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, Value, When

from alarms.conditions.facts import Facts
from alarms.conditions.finding import NODES, Found, Judged
from alarms.models import Rule
from clusters.models import Cluster
from clusters.selectors import snapshot_of
from clusters.words import bounded, counted, listed
from intent.modes import Mode
from speakers.comparison.others import people_neighbors
from speakers.comparison.selectors import known
from speakers.models import PrefixDifference, Session
from speakers.reach import UNSEEN
from speakers.selectors import sessions

_NAMED = 5  # nodes that are kept as evidence
Router = tuple[int, str, str]  # cluster, VRF, neighbor


@dataclass(frozen=True, slots=True)
class _Session:
    """A session with something that is not as it is meant to be. number: of what; since: of the first of it."""

    router: Router
    node: str
    peer: str
    health: str
    number: int
    since: datetime | None
    words: str | None


def prefixes(kind: str, noun: str) -> Callable[[Rule, Facts], Judged]:
    """A condition about prefixes that differ in this way, one alarm a router; one query. noun: `prefix missing to`.

    All are counted, kept or not; what is not known any more counts as not seen.
    """

    def condition(rule: Rule, facts: Facts) -> Judged:
        wanted, number = Q(prefix_differences__kind=kind), f"comparison__{kind}"
        rows = _rows(rule, facts).filter((f"{number}__gt", 0), state=Session.State.ESTABLISHED)
        said = rows.annotate(
            number=F(number),
            sight=Case(When(known(facts.now), then=F("health")), default=Value("unknown")),
            first=Min("prefix_differences__since", filter=wanted),
            words=Max("prefix_differences__words", filter=wanted),
        )
        found = _sessions(said, health="sight")
        return _judged(found, rule, lambda number, who: f"{counted(number, *noun.split('|'))} {who}")

    return condition


def orphan(rule: Rule, facts: Facts) -> Judged:
    """Sessions that FRR runs and no BGPPeer, nor an FRRConfiguration of people, intends; one query, and a snapshot for

    each cluster with FRR-K8s that has such sessions.
    """
    rows = _rows(rule, facts).filter(intended=False).exclude(state__in=(Session.State.ABSENT, Session.State.UNKNOWN))
    found = list(_sessions(rows.annotate(number=Count("pk"), first=F("since"), words=F("cause"))))
    clusters = Cluster.objects.filter(pk__in={one.router[0] for one in found}, mode=Mode.FRR_K8S.value)
    meant = {cluster.pk: people_neighbors(snapshot_of(cluster)) for cluster in clusters}
    own = [one for one in found if (one.node, *one.router[1:]) not in meant.get(one.router[0], ())]
    return _judged(own, rule, lambda number, who: f"{counted(number, 'session')} that no BGPPeer intends {who}")


def settings(rule: Rule, facts: Facts) -> Judged:
    """Sessions whose neighbor in FRR is set otherwise than its BGPPeer says; one query."""
    rows = _rows(rule, facts).exclude(differs="")
    said = rows.annotate(number=Count("pk"), first=F("differs_since"), words=F("differs"))
    return _judged(_sessions(said), rule, lambda number, who: f"{counted(number, 'session')} set otherwise {who}")


def _rows(rule: Rule, facts: Facts) -> QuerySet[Any]:
    return facts.scope(rule).apply(sessions(now=facts.now)).order_by()


def _sessions(rows: QuerySet[Any], health: str = "health") -> Iterable[_Session]:
    columns = ("cluster_id", "vrf", "neighbor", "node", "peer", health, "number", "first", "words")
    for cluster, vrf, neighbor, *rest in rows.values_list(*columns):
        yield _Session((cluster, vrf, neighbor), *rest)


def _judged(found: Iterable[_Session], rule: Rule, title: Callable[[int, str], str]) -> Judged:
    """One alarm a router, of what is seen now; of what is not seen nobody knows whether it goes on."""
    seen: dict[Router, list[_Session]] = defaultdict(list)
    unseen = Counter[Router]()
    for one in found:
        if one.health in UNSEEN:
            unseen[one.router] += 1
        else:
            seen[one.router].append(one)
    several = tuple(_found(router, some, title) for router, some in seen.items())
    return Judged(several, lambda alarm: unseen[alarm.cluster_id, alarm.vrf, alarm.neighbor])


def _found(router: Router, some: list[_Session], title: Callable[[int, str], str]) -> Found:
    cluster, vrf, neighbor = router
    some.sort(key=lambda one: one.node)
    names, peer = [one.node for one in some], max(one.peer for one in some)
    who = bounded(f"{peer} {neighbor}".strip(), 120)
    causes = list(dict.fromkeys(one.words for one in some if one.words))
    return Found(
        cluster=cluster,
        key=f"router {vrf} {neighbor}",
        cause_kind="router",
        title=title(sum(one.number for one in some), f"to {who} on {listed(names, 2)}"),
        cause=bounded(causes[0], 500) if causes else "",
        vrf=vrf,
        neighbor=neighbor,
        peer=peer,
        nodes=tuple(names[:NODES]),
        number_of_nodes=len(names),
        sessions=len(some),
        began_at=min((one.since for one in some if one.since is not None), default=None),
        evidence=tuple((one.node, bounded(one.words, 300)) for one in some[:_NAMED] if one.words),
    )


missing = prefixes(PrefixDifference.Kind.MISSING, "prefix missing|prefixes missing")
extra = prefixes(PrefixDifference.Kind.EXTRA, "prefix that is not intended|prefixes that are not intended")
attributes = prefixes(PrefixDifference.Kind.ATTRIBUTES, "prefix with other attributes|prefixes with other attributes")
