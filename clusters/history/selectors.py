"""What is known of changes: all of them, narrowed by what the query says, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import django_filters
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django_filters.rest_framework import FilterSet

from clusters.api.filters import IntegerFilter, choice, of_cluster, text
from clusters.connecting.audit import own_kinds
from clusters.manifest import FieldDiff, differences, own_differences
from clusters.models import Change
from clusters.moments import MomentFilter
from intent.kinds import KINDS

_WORDS = 253


def changes() -> QuerySet[Change]:
    """All of them, newest first, with cluster, actor and change set."""
    return Change.objects.select_related("cluster", "actor", "change_set").order_by("-at", "-pk")


def diff_of(change: Change) -> tuple[FieldDiff, ...]:
    """The fields that the change made different."""
    kind = KINDS.get(change.kind)
    if kind is None:
        return own_differences(change.before, change.after)
    return differences(kind, change.before, change.after)


def _kinds() -> list[tuple[str, str]]:
    return [(kind, kind) for kind in (*KINDS, *own_kinds())]


class ChangeFilters(FilterSet):  # type: ignore[misc]
    """By place, by who, how and when, and by words."""

    cluster = of_cluster()
    kind = django_filters.MultipleChoiceFilter(
        choices=_kinds, distinct=False, label="Kind of the object, or Cluster and what else bgpui itself has"
    )
    namespace = text("namespace", label="Namespace of the object")
    name = text("name", label="Name of the object")
    actor = text("actor__username", label="Name of the user")
    token = text("token", label="Name of the API token")
    manager = text("manager", label="Field manager, for changes by others")
    source = choice("source", Change.Source.values, label="Where it was made; `cluster` = by others")
    action = choice("action", Change.Action.values, label="What it did to the object")
    set = IntegerFilter("change_set_id", label="Number of the change set")
    since = MomentFilter("at", "gte", label="Then or later")
    until = MomentFilter("at", "lt", label="Before then")
    q = django_filters.CharFilter(
        method="words", max_length=_WORDS, label="In names, reasons, and values of the object"
    )

    def words(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Rows that have the text somewhere."""
        columns = ("name", "message", "override_reason", "manager", "actor__username", "token", "was", "became")
        found = Q()
        for column in columns:
            found |= Q(**{f"{column}__icontains": value})
        as_text = {"was": Cast("before", TextField()), "became": Cast("after", TextField())}
        narrowed: QuerySet[Any] = rows.alias(**as_text).filter(found)
        return narrowed


def change_json(change: Change) -> dict[str, Any]:
    """A change as REST and export tell it."""
    known = change.dry_run not in (Change.DryRun.NONE, Change.DryRun.UNKNOWN)
    trial: Mapping[str, Any] = {
        "ok": change.dry_run == Change.DryRun.ACCEPTED if known else None,
        "message": change.dry_run_message,
    }
    return {
        "id": change.pk,
        "at": change.at,
        "cluster": change.cluster.name if change.cluster is not None else None,
        "kind": change.kind,
        "namespace": change.namespace,
        "name": change.name,
        "action": change.action,
        "source": change.source,
        "actor": change.actor.get_username() if change.actor is not None else None,
        "token": change.token,
        "address": change.address,
        "manager": change.manager,
        "message": change.message,
        "changeSet": change.change_set_id,
        "newPassword": change.new_password,
        "dryRun": trial if change.dry_run else None,
        "accepted": change.accepted,
        "overridden": change.overridden,
        "overrideReason": change.override_reason,
        "diff": [asdict(diff) for diff in diff_of(change)],
        "before": change.before,
        "after": change.after,
    }
