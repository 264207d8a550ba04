"""The sessions of a cluster for whoever asks which of those that are meant are up."""

from __future__ import annotations

from django.urls import reverse

from clusters.heard import Down, Heard
from clusters.models import Cluster
from clusters.words import HEALTH_WORDS
from speakers.selectors import sessions

_UP = frozenset({"up", "degraded"})
_WORDS = {"absent": "FRR has no such neighbor", "unknown": "not heard of lately", "late": "the last poll got no answer"}


def heard_of(cluster: Cluster) -> Heard:
    """All of them; one query, without a model instance each."""
    up, others = [], {}
    columns = ("node", "vrf", "neighbor", "health", "cause", "pk")
    for node, vrf, neighbor, health, cause, pk in sessions(cluster=cluster).order_by().values_list(*columns):
        if health in _UP:
            up.append((node, vrf, neighbor))
        else:
            words = _WORDS.get(health) or cause or HEALTH_WORDS[health]
            others[node, vrf, neighbor] = Down(words, reverse("session", args=[pk]))
    return Heard(frozenset(up), others)
