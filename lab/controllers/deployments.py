"""Deployments: one ReplicaSet for each version of the template, the newest one in force."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from lab.apiserver import Event, Manifest, Store
from lab.controllers import pods
from lab.controllers.queue import Queue
from lab.manifests import stamp

Key = tuple[str, str]
_HASH = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"


class Deployments:
    """Acts on the store while it runs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.queue = Queue(self._reconcile)
        self._cancels: list[Callable[[], None]] = []

    def start(self) -> None:
        """Take in what is there and follow what happens."""
        for deployment in self._store.list("deployments"):
            self.queue.add((deployment["metadata"]["namespace"], deployment["metadata"]["name"]))
        self._cancels = [
            self._store.watch(self._changed, "deployments"),
            self._store.watch(self._set_changed, "replicasets"),
        ]

    def stop(self) -> None:
        """Stop acting."""
        for cancel in self._cancels:
            cancel()
        self.queue.stop()

    def _changed(self, event: Event) -> None:
        if event.type != "DELETED":
            self.queue.add(event.key)

    def _set_changed(self, event: Event) -> None:
        owners = event.new.manifest["metadata"].get("ownerReferences") or ()
        for owner in owners:
            if owner.get("kind") == "Deployment":
                self.queue.add((event.key[0], owner["name"]))

    def _reconcile(self, key: Key) -> None:
        deployment = self._store.get("deployments", *key)
        if deployment is None or "deletionTimestamp" in deployment["metadata"]:
            return
        uid, wanted = deployment["metadata"]["uid"], deployment["spec"]["replicas"]
        sets = [each for each in self._store.list("replicasets", key[0]) if pods.owned_by(each, "Deployment") == uid]
        mark = _template_hash(deployment["spec"]["template"])
        current = next((each for each in sets if each["metadata"]["labels"].get(_HASH) == mark), None)
        if current is None:
            current = self._store.create("replicasets", _replica_set(deployment, mark, len(sets) + 1))
            sets.append(current)
        self._scale(current, wanted)
        if (current.get("status") or {}).get("readyReplicas", 0) >= wanted:
            for older in sets:
                if older is not current:
                    self._scale(older, 0)
        self._store.patch_status("deployments", *key, _status(deployment, current, sets))

    def _scale(self, replica_set: Manifest, wanted: int) -> None:
        metadata = replica_set["metadata"]
        if replica_set["spec"]["replicas"] != wanted:
            change = {"spec": {"replicas": wanted}}
            self._store.patch("replicasets", metadata["namespace"], metadata["name"], change)


def _template_hash(template: Manifest) -> str:
    encoded = msgspec.json.encode(template, order="deterministic")
    return hashlib.sha256(encoded).hexdigest()[:10]


def _replica_set(deployment: Manifest, mark: str, revision: int) -> Manifest:
    metadata, spec = deployment["metadata"], deployment["spec"]
    template = spec["template"]
    own = template.get("metadata") or {}
    labels = {**(own.get("labels") or {}), _HASH: mark}
    selector = spec["selector"]
    return {
        "metadata": {
            "name": f"{metadata['name']}-{mark}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": {_REVISION: str(revision)},
            "ownerReferences": [pods.owner(deployment)],
        },
        "spec": {
            "replicas": spec["replicas"],
            "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), _HASH: mark}},
            "template": {**template, "metadata": {**own, "labels": labels}},
        },
    }


def _status(deployment: Manifest, current: Manifest, sets: list[Manifest]) -> Manifest:
    counts = [each.get("status") or {} for each in sets]
    ready = sum(each.get("readyReplicas", 0) for each in counts)
    wanted = deployment["spec"]["replicas"]
    before = {c["type"]: c for c in (deployment.get("status") or {}).get("conditions") or ()}
    available = ("True", "MinimumReplicasAvailable") if ready >= wanted else ("False", "MinimumReplicasUnavailable")
    progress = "NewReplicaSetAvailable" if ready >= wanted else "ReplicaSetUpdated"
    return {
        "replicas": sum(each.get("replicas", 0) for each in counts),
        "updatedReplicas": (current.get("status") or {}).get("replicas", 0),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(wanted - ready, 0) or None,
        "observedGeneration": deployment["metadata"]["generation"],
        "conditions": [
            _condition(before, "Available", *available),
            _condition(before, "Progressing", "True", progress),
        ],
    }


def _condition(before: dict[str, Manifest], kind: str, status: str, reason: str) -> Manifest:
    """A condition as it is now; its time is that of its last change."""
    old = before.get(kind, {})
    if (old.get("status"), old.get("reason")) == (status, reason):
        return old
    since = old["lastTransitionTime"] if old.get("status") == status else stamp()
    times = {"lastUpdateTime": stamp(), "lastTransitionTime": since}
    return {"type": kind, "status": status, "reason": reason, "message": "", **times}
