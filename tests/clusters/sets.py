"""Change sets at work: what tests order of them, and what the cluster says after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clusters import clock
from clusters.changesets.save import changeset_save
from clusters.changesets.wanted import Wanted
from clusters.kube.client import Door
from clusters.models import ChangeSet, ChangeSetItem
from clusters.registry import resource_models, rows_of
from clusters.sync.changesets.carry import apply_set
from intent.kinds import KINDS
from lab.apiserver import Fault
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.conftest import Office

Item = ChangeSetItem.State


def wanted(manifest: dict[str, Any], **more: Any) -> Wanted:
    """This object as it says."""
    metadata = manifest["metadata"]
    return Wanted(manifest["kind"], metadata.get("namespace", ""), metadata["name"], manifest, **more)


def gone(name: str, kind: str = "BGPPeer") -> Wanted:
    """This object shall go."""
    return Wanted(kind, NAMESPACE, name, None)


def some_peer(number: int, **spec: Any) -> dict[str, Any]:
    """One of several peers that do not clash."""
    return peer(f"tor-{number}", **{"peerAddress": f"192.0.2.{number}", **spec})


def accept(office: Office, *edits: Wanted, **more: Any) -> ChangeSet:
    """The edits, accepted as one."""
    change_set = changeset_save(cluster=office.cluster, edits=edits, actor=None, source="api", **more)
    assert change_set is not None
    return change_set


def carry(change_set: ChangeSet, turns: int = 20) -> str:
    """What workers do until the change set has its outcome; waits pass, and those that died are presumed dead."""
    for _ in range(turns):
        apply_set(change_set.pk)
        change_set.refresh_from_db()
        if not change_set.open:
            break
        pass_time(change_set)
    return change_set.state


def pass_time(change_set: ChangeSet) -> None:
    """All leases and waits are over."""
    before = clock.now() - timedelta(seconds=1)
    ChangeSet.objects.filter(pk=change_set.pk).exclude(retry_at=None).update(retry_at=before)
    ChangeSet.objects.filter(pk=change_set.pk).exclude(lease_until=None).update(lease_until=before)
    for kind in resource_models():
        rows_of(kind).exclude(retry_at=None).update(retry_at=before)
        rows_of(kind).exclude(lease_until=None).update(lease_until=before)


def states(change_set: ChangeSet) -> dict[str, str]:
    """What became of each object, in the order of work."""
    return {item.name: item.state for item in change_set.items.order_by("position")}


def holds(kube: RunningCluster) -> dict[tuple[str, str], Any]:
    """What the cluster holds: spec, labels and annotations of every object of our kinds."""
    found = {}
    for kind in KINDS.values():
        for obj in kube.call(kube.server.store.list, f"{kind.plural}.{kind.group}"):
            metadata = obj["metadata"]
            rooms = metadata.get("labels"), metadata.get("annotations"), obj.get("spec")
            found[kind.kind, metadata["name"]] = rooms
    return found


def rows_say(office: Office) -> dict[tuple[str, str], Any]:
    """What the rows say, and in which state they are."""
    found = {}
    for kind in resource_models():
        for row in rows_of(kind).filter(cluster=office.cluster):
            found[kind, row.name] = row.manifest, row.sync_state, row.pending, row.sync_message
    return found


def let_through(kube: RunningCluster, number: int, **which: Any) -> None:
    """The next requests of this sort meet no fault."""
    if number:
        kube.server.faults.add(Fault(**which, delay=0.0, count=number))


def refuse(kube: RunningCluster, after: int, words: str = "not on a Friday", **which: Any) -> None:
    """A webhook refuses one request of this sort, after so many that pass."""
    let_through(kube, after, **which)
    message = f'admission webhook "bgppeersvalidationwebhook.metallb.io" denied the request: {words}'
    status = {"kind": "Status", "message": message, "reason": "Forbidden", "code": 403}
    kube.server.faults.add(Fault(**which, code=403, status=status))


def die_at(monkeypatch: pytest.MonkeyPatch, moment: str, step: int) -> list[str]:
    """Have whoever calls the API server die around the call with this number; the calls that were made."""
    calls: list[str] = []

    def killing(real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            calls.append(name)
            mine = len(calls) == step + 1
            if mine and moment == "before":
                raise KeyboardInterrupt
            answer = real(*args, **more)
            if mine:
                raise KeyboardInterrupt
            return answer

        return call

    for name in ("get", "create", "apply", "merge", "patch", "delete"):
        monkeypatch.setattr(Door, name, killing(getattr(Door, name), name))
    return calls
