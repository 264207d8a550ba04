"""What is still there of the objects that a change set made or changed."""

from __future__ import annotations

from collections import defaultdict

from clusters.kube.plain import MANAGED_BY, PLAIN_KINDS
from clusters.kube.writing import FIELD_MANAGER
from clusters.models import ChangeSet, ChangeSetItem
from clusters.registry import rows_of
from clusters.sync.upsert import chunks
from intent.findings import ObjectRef

_Items = list[ChangeSetItem]


def left_of(change_set: ChangeSet) -> _Items:
    """Its items whose object is there, in the order of work; a query for 500 objects of a kind."""
    by_kind: dict[str, _Items] = defaultdict(list)
    for item in change_set.items.exclude(after=None).order_by("position"):
        by_kind[item.kind].append(item)
    own = {kind: items for kind, items in by_kind.items() if kind not in PLAIN_KINDS}
    there = {ref for kind, items in own.items() for ref in _there(change_set, kind, items)}
    found = [item for items in own.values() for item in items if item.ref in there]
    found += _plain(change_set, [item for kind in PLAIN_KINDS for item in by_kind.get(kind, ())])
    return sorted(found, key=lambda item: item.position)


def made_plain(change_set: ChangeSet) -> _Items:
    """The objects of Kubernetes itself that it made and that are there."""
    wanted = change_set.items.filter(kind__in=PLAIN_KINDS, action=ChangeSetItem.Action.CREATE)
    return _plain(change_set, list(wanted.filter(state=ChangeSetItem.State.APPLIED).order_by("position")))


def _there(change_set: ChangeSet, kind: str, items: _Items) -> set[ObjectRef]:
    found: set[ObjectRef] = set()
    for some in chunks([item.name for item in items]):
        rows = rows_of(kind).filter(cluster=change_set.cluster_id, name__in=some).values_list("namespace", "name")
        found |= {ObjectRef(kind, namespace, name) for namespace, name in rows}
    return found


def _plain(change_set: ChangeSet, items: _Items) -> _Items:
    """Of those that bgpui made; Deployments are not listed, and taken to be there as long as their namespace is."""
    if not items:
        return []
    cluster = change_set.cluster
    names = {item.namespace or item.name for item in items}
    rooms = dict(cluster.namespaces.filter(name__in=names).values_list("name", "labels"))
    services = cluster.services.filter(namespace__in=names).values_list("namespace", "name", "labels")
    labels = {("Namespace", "", name): own for name, own in rooms.items()}
    labels |= {("Service", namespace, name): own for namespace, name, own in services}
    labels |= {
        ("Deployment", item.namespace, item.name): {MANAGED_BY: FIELD_MANAGER}
        for item in items
        if item.kind == "Deployment" and item.namespace in rooms
    }
    return [
        item
        for item in items
        if labels.get((item.kind, item.namespace, item.name), {}).get(MANAGED_BY) == FIELD_MANAGER
    ]
