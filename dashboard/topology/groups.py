"""Nodes by the label that says where they stand: a zone, a rack, or whatever a cluster calls it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import BooleanField, Case, Count, F, Q, QuerySet, Value, When
from django.db.models.fields.json import KeyTextTransform

from clusters.models import Node
from intent.announcements.cluster import EXCLUDED

USUAL = ("topology.kubernetes.io/zone", "topology.kubernetes.io/rack", "topology.kubernetes.io/region", "zone", "rack")
NONE = "none"
_KEY = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?", re.ASCII)
Key = tuple[int, str]  # id of the cluster, name of the node


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands, "" = it does not say, and what is special about it."""

    group: str = ""
    excluded: bool = False
    cordoned: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """by: the label that nodes are grouped by, "" = none. labels: those that could be chosen. nodes: by cluster."""

    by: str
    labels: tuple[str, ...]
    nodes: Mapping[Key, Place]

    def of(self, key: Key) -> Place:
        """Of one node, which may be known from its sessions alone."""
        return self.nodes.get(key, Place())


def is_label(text: str) -> bool:
    """Whether a label can have this name."""
    return _KEY.fullmatch(text) is not None


def places(wanted: str, cluster: str = "") -> Places:
    """All nodes by a label; "" = the first usual one that some of them have, "none" = not by any. Two queries.

    The label of the settings comes before the usual ones.
    """
    rows = Node.objects.filter(cluster__name=cluster) if cluster else Node.objects.filter(cluster__removed_at=None)
    labels = _labels(rows)
    by = "" if wanted == NONE else wanted or next(iter(labels), "")
    group = KeyTextTransform(by, "labels") if by else Value("")
    excluded = Case(When(labels__has_key=EXCLUDED, then=True), default=False, output_field=BooleanField())
    found = rows.order_by().annotate(group=group, excluded=excluded, cordoned=F("unschedulable"))
    values = found.values_list("cluster_id", "name", "group", "excluded", "cordoned")
    nodes = {(pk, name): Place(group or "", excluded, cordoned) for pk, name, group, excluded, cordoned in values}
    return Places(by, tuple(dict.fromkeys((*labels, *([by] if by else [])))), nodes)


def _labels(rows: QuerySet[Node]) -> list[str]:
    usual = tuple(dict.fromkeys((settings.BGPUI_ZONE_LABEL, *USUAL)))
    asked = {f"label_{number}": Count("pk", filter=Q(labels__has_key=key)) for number, key in enumerate(usual)}
    found = rows.aggregate(**asked)
    return [key for number, key in enumerate(usual) if found[f"label_{number}"]]
