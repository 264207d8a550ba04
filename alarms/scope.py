"""Where a rule counts: which rows of sessions, transitions and nodes it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Left
from django.db.models.lookups import Exact

from alarms.models import Rule

Rows = TypeVar("Rows", bound="QuerySet[Any]")
_ALL = "*"


@dataclass(frozen=True, slots=True)
class Scope:
    """Names of clusters, nodes, BGPPeers and VRFs, `*` at the end for those that begin so; () = all. active: by id."""

    active: tuple[int, ...]
    clusters: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    vrfs: tuple[str, ...] = ()

    @classmethod
    def of(cls, rule: Rule, active: Sequence[int]) -> Scope:
        """Of a rule, in the clusters that are looked after."""
        return cls(tuple(active), *(tuple(each) for each in (rule.clusters, rule.nodes, rule.peers, rule.vrfs)))

    @property
    def by_health(self) -> bool:
        """No row needs one."""
        return False

    @property
    def partial(self) -> bool:
        """Whether sessions are left out that a statement about the nodes of a cluster would need."""
        return bool(self.nodes or self.peers or self.vrfs)

    def apply(self, sessions: Rows) -> Rows:
        """The rows that are meant: of sessions, or of their transitions."""
        columns = (("cluster__name", self.clusters), ("node", self.nodes), ("peer", self.peers), ("vrf", self.vrfs))
        for column, patterns in columns:
            if patterns and _ALL not in patterns:
                sessions = sessions.filter(_any(column, patterns))
        return sessions.filter(cluster_id__in=self.active)

    def has_cluster(self, cluster: str) -> bool:
        """Whether it is about this cluster."""
        return _fits(cluster, self.clusters)

    def has(self, cluster: str, node: str) -> bool:
        """Whether it is about this node."""
        return _fits(cluster, self.clusters) and _fits(node, self.nodes)


def _any(column: str, patterns: Sequence[str]) -> Q:
    whole = [pattern for pattern in patterns if not pattern.endswith("*")]
    found = Q(**{f"{column}__in": whole}) if whole else Q(pk__in=[])
    # Not `startswith`, for which SQLite takes upper and lower case as the same.
    begins = (pattern.removesuffix("*") for pattern in patterns if pattern.endswith("*"))
    return reduce(or_, (Q(Exact(Left(F(column), len(text)), Value(text))) for text in begins), found)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(
        name.startswith(pattern.removesuffix("*")) if pattern.endswith("*") else name == pattern for pattern in patterns
    )
