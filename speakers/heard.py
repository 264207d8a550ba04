"""The sessions of a cluster for whoever asks which of those that are meant are up."""

from __future__ import annotations

from collections.abc import Container, Hashable
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Sum

from clusters import clock
from clusters.heard import Down, Heard
from clusters.models import Cluster
from clusters.words import HEALTH_WORDS
from intent.reach import SessionKey
from speakers.comparison.selectors import known, oldest
from speakers.models import Comparison, PrefixDifference, Speaker
from speakers.selectors import aged, sessions

_UP, _LOST = frozenset({"up", "degraded"}), frozenset({"down", "absent"})
_WORDS = {"absent": "FRR has no such neighbor", "unknown": "not heard of lately", "late": "the last poll got no answer"}


def print_of(cluster: Cluster, now: datetime) -> Hashable:
    """What decides at a time which sessions carry something, and which prefixes they lack; three queries.

    Sessions are written with the revision of their speaker, so that none of them is read: rows of speakers come and go
    with their keys, and revisions only grow. What ages without being written are answers, and comparisons, of which all
    differences of a session count or none.
    """
    speakers = Speaker.objects.filter(cluster=cluster).order_by()
    rows = speakers.aggregate(number=Count("pk"), keys=Sum("pk"), revisions=Sum("revision"))
    current = Comparison.objects.filter(session_id=OuterRef("session_id"), compared_at__gte=oldest(now))
    lacking = PrefixDifference.objects.filter(Exists(current), cluster=cluster, kind=PrefixDifference.Kind.MISSING)
    differing = lacking.order_by().values_list("session_id").annotate(Count("pk"), Sum("pk"))
    return tuple(rows.values()), frozenset(speakers.filter(aged(now)).values_list("pk")), frozenset(differing)


def heard_of(cluster: Cluster, now: datetime | None = None) -> Heard:
    """All of them at a time, None = now; two queries, without a model instance each."""
    now = now or clock.now()
    others: dict[SessionKey, Down] = {}
    lost, silent, sent = set[SessionKey](), set[SessionKey](), dict[SessionKey, int]()
    counted = dict[SessionKey, int]()
    columns = ("node", "vrf", "neighbor", "health", "cause", "pk", "prefixes_sent")
    rows = (
        sessions(cluster=cluster, now=now)
        .order_by()
        .values_list(*columns, "comparison__missing", "comparison__attributes")
    )
    for node, vrf, neighbor, health, cause, pk, number, missing, attributes in rows:
        if health in _UP:
            sent[node, vrf, neighbor] = number or 0
            if missing or attributes:
                counted[node, vrf, neighbor] = missing + attributes
            if number == 0:
                silent.add((node, vrf, neighbor))
        else:
            if health in _LOST:
                lost.add((node, vrf, neighbor))
            words = _WORDS.get(health) or cause or HEALTH_WORDS[health]
            others[node, vrf, neighbor] = Down(words, pk)
    differing = _differing(cluster, counted, now)
    unclear = frozenset(key for key, number in counted.items() if number > len(differing.get(key, ())))
    return Heard(frozenset(sent), others, frozenset(lost), sent, frozenset(silent), differing, unclear)


def _differing(cluster: Cluster, up: Container[SessionKey], now: datetime) -> dict[SessionKey, dict[str, Down]]:
    """The prefixes that sessions which are up do not tell as they are meant to, as far as that is known."""
    found: dict[SessionKey, dict[str, Down]] = {}
    current = PrefixDifference.objects.filter(known(now, "session__"), cluster=cluster)
    rows = current.exclude(kind=PrefixDifference.Kind.EXTRA)
    columns = ("session__node", "session__vrf", "session__neighbor", "session_id", "prefix", "kind", "words")
    for node, vrf, neighbor, pk, prefix, kind, words in rows.order_by("session", "prefix").values_list(*columns):
        if (node, vrf, neighbor) in up:
            word = "missing" if kind == PrefixDifference.Kind.MISSING else "differs"
            why = Down(f"{word}: {words}", pk, word == "missing")
            found.setdefault((node, vrf, neighbor), {})[prefix] = why
    return found
