"""The sessions of a cluster for whoever asks which of those that are meant are up."""

from __future__ import annotations

from django.urls import reverse

from clusters.heard import Down, Heard
from clusters.models import Cluster
from clusters.words import HEALTH_WORDS
from intent.reach import SessionKey
from speakers.selectors import sessions

_UP, _LOST = frozenset({"up", "degraded"}), frozenset({"down", "absent"})
_WORDS = {"absent": "FRR has no such neighbor", "unknown": "not heard of lately", "late": "the last poll got no answer"}


def heard_of(cluster: Cluster) -> Heard:
    """All of them; one query, without a model instance each."""
    others: dict[SessionKey, Down] = {}
    lost, silent, sent = set[SessionKey](), set[SessionKey](), dict[SessionKey, int]()
    columns = ("node", "vrf", "neighbor", "health", "cause", "pk", "prefixes_sent")
    for node, vrf, neighbor, health, cause, pk, number in sessions(cluster=cluster).order_by().values_list(*columns):
        if health in _UP:
            sent[node, vrf, neighbor] = number or 0
            if number == 0:
                silent.add((node, vrf, neighbor))
        else:
            if health in _LOST:
                lost.add((node, vrf, neighbor))
            words = _WORDS.get(health) or cause or HEALTH_WORDS[health]
            others[node, vrf, neighbor] = Down(words, reverse("session", args=[pk]))
    return Heard(frozenset(sent), others, frozenset(lost), sent, frozenset(silent))
