"""Reading what FRR said. Age decides what still counts, and it is computed here, at reading, from the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypedDict

from django.conf import settings
from django.db import connection
from django.db.models import Case, CharField, Count, IntegerField, Max, Min, Q, QuerySet, Value, When
from django_stubs_ext import WithAnnotations

from clusters import clock
from clusters.models import Cluster
from speakers.models import Session, Speaker, Transition

MISSES_UNKNOWN = 3  # polls in a row without an answer
EVERY = (60, 240, 960, 3840)  # what `Speaker.every` may be beside 0: few numbers, since each has limits of its own
HEALTH = ("down", "absent", "degraded", "unknown", "late", "orphan", "up")  # worst first
SESSION_FIELDS = tuple(  # that a look at a node may change
    f.name
    for f in Session._meta.concrete_fields  # noqa: SLF001  public in spite of its name
    if f.name not in {"id", "cluster", "node", "vrf", "neighbor"} and not f.generated
)
_State = Session.State


class _Health(TypedDict):
    health: str
    severity: int


class _Freshness(TypedDict):
    freshness: str


Sessions: TypeAlias = "QuerySet[WithAnnotations[Session, _Health]]"
Speakers: TypeAlias = "QuerySet[WithAnnotations[Speaker, _Freshness]]"


@dataclass(frozen=True, slots=True)
class Limits:
    """Answers before `late` are older than one poll allows; before `unknown`, than three. rare: by `Speaker.every`.

    Of answers after `ahead` the age is unknown: the database's clock was set back since.
    """

    late: datetime
    unknown: datetime
    ahead: datetime
    rare: Mapping[int, Limits] = field(default_factory=dict)

    @classmethod
    def at(cls, now: datetime | None) -> Limits:
        """The limits at a time, None = now."""
        read = clock.now()
        now = now or read
        ahead = max(now, read) + timedelta(seconds=settings.BGPUI_SWEEP_INTERVAL)  # room for who looks since `now`
        own = {every: cls(now - allowed(1, every), now - allowed(MISSES_UNKNOWN, every), ahead) for every in EVERY}
        return cls(now - allowed(1), now - allowed(MISSES_UNKNOWN), ahead, own)

    def of(self, every: int) -> Limits:
        """Those of a speaker that answers so rarely."""
        return self.rare.get(every, self)


def allowed(polls: int, every: int = 0) -> timedelta:
    """How old an answer may be while no more than so many polls have failed.

    A poll may be as late as its exec may take, or half an interval. every: of a speaker that answers so rarely; what is
    due is seen by the next sweep.
    """
    interval = settings.BGPUI_SWEEP_INTERVAL
    seconds = max(every, interval) + interval if every else interval
    return timedelta(seconds=polls * seconds + max(interval / 2, settings.BGPUI_EXEC_TIMEOUT))


def _unknown(prefix: str, limits: Limits) -> Q:
    never = Q(**{f"{prefix}observed_at": None})
    return never | Q(**{f"{prefix}misses__gte": MISSES_UNKNOWN}) | _before(prefix, limits, "unknown")


def _late(prefix: str, limits: Limits) -> Q:
    return Q(**{f"{prefix}misses__gte": 1}) | _before(prefix, limits, "late")


def _before(prefix: str, limits: Limits, word: str) -> Q:
    heard = f"{prefix}observed_at__lt"
    rare = Q(**{f"{prefix}every": 0})
    for every, own in limits.rare.items():
        rare |= Q(**{f"{prefix}every": every, heard: getattr(own, word)})
    return (Q(**{heard: getattr(limits, word)}) & rare) | Q(**{f"{prefix}observed_at__gt": limits.ahead})


def aged(now: datetime) -> Q:
    """Speakers of whose sessions nothing is known for sure: all of these are late or unknown."""
    limits = Limits.at(now)
    return _unknown("", limits) | _late("", limits)


def unheard(now: datetime | None = None) -> Q:
    """Speakers whose last answer is too old for anything to be known of them since."""
    return _before("", Limits.at(now), "unknown")


def sessions(*, cluster: Cluster | None = None, now: datetime | None = None) -> Sessions:
    """All sessions with `health` (a word of HEALTH) and `severity` (its place there), both usable in filters.

    late: the last poll brought no answer; the row says what was seen before. unknown: three polls did not. absent:
    intended, and FRR has no such neighbor. orphan: FRR has it, and no BGPPeer intends it.
    """
    limits = Limits.at(now)
    health = Case(
        When(Q(state=_State.UNKNOWN) | _unknown("speaker__", limits), then=Value("unknown")),
        When(_late("speaker__", limits), then=Value("late")),
        When(state=_State.ABSENT, then=Value("absent")),
        When(intended=False, then=Value("orphan")),
        When(Q(state=_State.ESTABLISHED) & ~Q(degraded=""), then=Value("degraded")),
        When(state=_State.ESTABLISHED, then=Value("up")),
        default=Value("down"),
        output_field=CharField(),
    )
    severity = Case(
        *(When(health=word, then=Value(place)) for place, word in enumerate(HEALTH)), output_field=IntegerField()
    )
    rows = Session.objects.select_related("speaker", "cluster").annotate(health=health).annotate(severity=severity)
    return rows if cluster is None else rows.filter(cluster=cluster)


def health_counts(rows: Sessions) -> dict[str, int]:
    """How many of `sessions()` there are by health, 0 included; one query."""
    found = rows.order_by().values("health").annotate(number=Count("pk"))
    return dict.fromkeys(HEALTH, 0) | {row["health"]: row["number"] for row in found}


def counts_by_peer(rows: Sessions) -> dict[tuple[int, str], dict[str, int]]:
    """The same for every intended BGPPeer, keyed by cluster id and name; one query."""
    counts: dict[tuple[int, str], dict[str, int]] = {}
    found = rows.filter(intended=True).order_by().values("cluster_id", "peer", "health").annotate(number=Count("pk"))
    for row in found:
        peer = counts.setdefault((row["cluster_id"], row["peer"]), dict.fromkeys(HEALTH, 0))
        peer[row["health"]] = row["number"]
    return counts


_ABSENT = Q(pod="") & ~Q(source=Speaker.Source.METRICS)


def not_live(now: datetime | None = None) -> Q:
    """Speakers whose freshness is another word than live: a condition that is quicker than the words."""
    return _ABSENT | Q(observed_at=None) | _late("", Limits.at(now))


def speakers(*, cluster: Cluster | None = None, now: datetime | None = None) -> Speakers:
    """All speakers with `freshness`: live, late (last poll without answer), unknown, absent (no pod on the node)."""
    limits = Limits.at(now)
    freshness = Case(
        When(_ABSENT, then=Value("absent")),
        When(_unknown("", limits), then=Value("unknown")),
        When(_late("", limits), then=Value("late")),
        default=Value("live"),
        output_field=CharField(),
    )
    rows = Speaker.objects.select_related("cluster").annotate(freshness=freshness)
    return rows if cluster is None else rows.filter(cluster=cluster)


def keeping_old(why: Iterable[tuple[int, str]]) -> Q:
    """The speakers of these nodes, given by cluster id and name: as `clusters.stale.by_node` has them for keys."""
    nodes: dict[int, list[str]] = {}
    for cluster_id, node in why:
        nodes.setdefault(cluster_id, []).append(node)
    found = Q(pk__in=[])
    for cluster_id, names in nodes.items():
        found |= Q(cluster_id=cluster_id, node__in=names)
    return found


@dataclass(frozen=True, slots=True)
class Freshness:
    """How current everything is. state: live, late, stale (three polls missed), never; interval in seconds.

    quiet: speakers that are asked once a minute at most; reported: those of which others than FRR tell.
    unasked: those of whose sessions nothing is known because no sweep has reached them yet.
    """

    observed_at: datetime | None
    interval: float
    total: int
    answered: int
    state: str
    quiet: int = 0
    reported: int = 0
    unasked: int = 0


def freshness(*, cluster: Cluster | None = None, now: datetime | None = None) -> Freshness:
    """When any speaker was last heard, and how many answer now; one query."""
    heard, ahead = ~Q(observed_at=None), Limits.at(now).ahead
    rows = Speaker.objects.all() if cluster is None else Speaker.objects.filter(cluster=cluster)
    found = rows.aggregate(
        newest=Max("observed_at", filter=Q(observed_at__lte=ahead)),
        heard=Count("pk", filter=heard),
        total=Count("pk"),
        answered=Count("pk", filter=~not_live(now)),
        quiet=Count("pk", filter=heard & Q(every__gt=0, source=Speaker.Source.VTYSH)),
        every=Min("every", filter=heard),
        reported=Count("pk", filter=heard & ~Q(source=Speaker.Source.VTYSH)),
        unasked=Count("pk", filter=Q(observed_at=None, attempted_at=None)),
    )
    newest: datetime | None = found["newest"]
    every = found["every"] or 0
    limits = Limits.at(now).of(every)
    if not found["heard"]:
        state = "never"
    elif newest is None or newest < limits.unknown:
        state = "stale"
    else:
        state = "late" if newest < limits.late else "live"
    interval = max(every, settings.BGPUI_SWEEP_INTERVAL)
    numbers = {name: found[name] for name in ("total", "answered", "quiet", "reported", "unasked")}
    return Freshness(observed_at=newest, interval=interval, state=state, **numbers)


def transitions(session: Session, since: datetime, most: int) -> list[Transition]:
    """The newest changes of a session after `since`, newest first."""
    return list(session.transitions.filter(at__gt=since)[:most])


def session_rows(cluster_id: int, nodes: Sequence[str]) -> dict[str, dict[tuple[str, str], Session]]:
    """The rows of some nodes as they stand, by node, VRF and neighbor; one query."""
    found: dict[str, dict[tuple[str, str], Session]] = {node: {} for node in nodes}
    if not found:
        return found
    for row in Session.objects.filter(cluster_id=cluster_id, node__in=nodes).order_by("pk"):
        found[row.node][row.vrf, row.neighbor] = row
    return found


def session_values(cluster_id: int, nodes: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    """The same rows as the database's driver gives them, good only for comparing them with themselves; one query."""
    found: dict[str, list[tuple[Any, ...]]] = {node: [] for node in nodes}
    if not found:
        return found
    names = ("node", "id", "vrf", "neighbor", *SESSION_FIELDS)
    rows = Session.objects.filter(cluster_id=cluster_id, node__in=found).order_by("pk").values_list(*names)
    with connection.cursor() as cursor:
        cursor.execute(*rows.query.sql_with_params())
        for row in cursor.fetchall():
            found[row[0]].append(row)
    return found
