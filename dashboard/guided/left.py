"""Checks of a peer that is gone: what is left of the change set that it came with, and the way to take it back."""

from __future__ import annotations

from django.urls import reverse

from clusters.changesets.left import left_of
from clusters.models import ChangeSet, ChangeSetItem
from clusters.registry import resource_models

_SHOWN = 200


def set_of(cluster: str, namespace: str, name: str) -> ChangeSet | None:
    """The last change set that made or changed a peer, as far as it is in force."""
    done = (ChangeSet.State.APPLIED, ChangeSet.State.FAILED_ROLLBACK)
    items = ChangeSetItem.objects.filter(kind="BGPPeer", namespace=namespace, name=name).exclude(after=None)
    rows = ChangeSet.objects.filter(state__in=done, cluster__name=cluster, pk__in=items.values("change_set"))
    return rows.select_related("cluster").order_by("-pk").first()


def objects_left(change_set: ChangeSet) -> list[tuple[ChangeSetItem, str]]:
    """What is there of it, each with its page, "" = none."""
    return [(item, _address(change_set, item)) for item in left_of(change_set)[:_SHOWN]]


def _address(change_set: ChangeSet, item: ChangeSetItem) -> str:
    place = [change_set.cluster.name, item.namespace, item.name]
    if item.kind == "Service":
        return reverse("service", args=place)
    model = resource_models().get(item.kind)
    return "" if model is None else reverse(model.PAGE, args=place)
