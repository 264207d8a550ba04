"""ReplicaSets and the scheduler in one: the right number of pods, each on a node and running after a moment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lab.apiserver import Event, Manifest, Store
from lab.controllers import pods
from lab.controllers.queue import Queue

Key = tuple[str, str]


class ReplicaSets:
    """Acts on the store while it runs. pod_start: seconds from a pod's creation until it is ready."""

    def __init__(self, store: Store, pod_start: float) -> None:
        self._store, self._pod_start = store, pod_start
        self._addresses = pods.PodAddresses()
        self._pods: dict[str, set[Key]] = {}
        self._names: dict[str, Key] = {}
        self.sets = Queue(self._reconcile)
        self.starting = Queue(self._start_pod)
        self._cancels: list[Callable[[], None]] = []

    def start(self) -> None:
        """Take in what is there and follow what happens."""
        for pod in self._store.list("pods"):
            self._follow(pod)
        for replica_set in self._store.list("replicasets"):
            self._named(replica_set)
        self._cancels = [
            self._store.watch(self._set_changed, "replicasets"),
            self._store.watch(self._pod_changed, "pods"),
            self._store.watch(self._node_changed, "nodes"),
        ]

    def stop(self) -> None:
        """Stop acting."""
        for cancel in self._cancels:
            cancel()
        self.sets.stop()
        self.starting.stop()

    def _set_changed(self, event: Event) -> None:
        if event.type == "DELETED":
            self._names.pop(event.new.manifest["metadata"]["uid"], None)
        else:
            self._named(event.new.manifest)

    def _named(self, replica_set: Manifest) -> None:
        metadata = replica_set["metadata"]
        self._names[metadata["uid"]] = (metadata["namespace"], metadata["name"])
        self.sets.add(self._names[metadata["uid"]])

    def _pod_changed(self, event: Event) -> None:
        uid = pods.owned_by(event.new.manifest, "ReplicaSet")
        if not uid:
            return
        if event.type == "DELETED":
            self._pods.get(uid, set()).discard(event.key)
        elif event.type == "ADDED":
            self._follow(event.new.manifest)
        if uid in self._names:
            self.sets.add(self._names[uid])

    def _node_changed(self, event: Event) -> None:
        """A node that takes pods now may take those that wait."""
        old, new = event.old, event.new.manifest
        if event.type != "DELETED" and old is not None and old.manifest["spec"] == new["spec"]:
            labels = old.manifest["metadata"].get("labels"), new["metadata"].get("labels")
            if labels[0] == labels[1]:
                return  # a heartbeat
        for key in self._names.values():
            self.sets.add(key)

    def _follow(self, pod: Manifest) -> None:
        uid = pods.owned_by(pod, "ReplicaSet")
        if uid:
            key = pod["metadata"]["namespace"], pod["metadata"]["name"]
            self._pods.setdefault(uid, set()).add(key)
            self._addresses.seen(pod)
            if pod["spec"].get("nodeName") and pod["status"].get("phase") == "Pending":
                self.starting.add(key, self._pod_start)

    def _owned(self, replica_set: Manifest) -> list[Manifest]:
        keys = sorted(self._pods.get(replica_set["metadata"]["uid"], ()))
        return [pod for pod in map(partial(self._store.get, "pods"), *zip(*keys, strict=True)) if pod] if keys else []

    def _reconcile(self, key: Key) -> None:
        replica_set = self._store.get("replicasets", *key)
        if replica_set is None or "deletionTimestamp" in replica_set["metadata"]:
            return
        owned, wanted = self._owned(replica_set), replica_set["spec"]["replicas"]
        for _ in range(wanted - len(owned)):
            self._store.create("pods", pods.made_from(replica_set))
        surplus = sorted(owned, key=lambda pod: (pods.is_ready(pod), pod["metadata"]["name"]))[: len(owned) - wanted]
        for pod in surplus if len(owned) > wanted else ():
            self._store.delete("pods", key[0], pod["metadata"]["name"])
        owned = self._owned(replica_set)
        self._schedule([pod for pod in owned if not pod["spec"].get("nodeName")], owned)
        self._report(key, replica_set, owned)

    def _schedule(self, waiting: list[Manifest], owned: list[Manifest]) -> None:
        if not waiting:
            return
        nodes = self._store.list("nodes")
        load: dict[str, int] = {}
        for pod in owned:
            name = pod["spec"].get("nodeName", "")
            load[name] = load.get(name, 0) + 1
        for pod in waiting:
            key = pod["metadata"]["namespace"], pod["metadata"]["name"]
            node = pods.fitting(pod, nodes, load)
            if node:
                load[node] = load.get(node, 0) + 1
                self._store.patch("pods", *key, {"spec": {"nodeName": node}})
                self.starting.add(key, self._pod_start)
            elif not pod["status"].get("conditions"):
                self._store.patch_status("pods", *key, pods.unscheduled(len(nodes)))

    def _report(self, key: Key, replica_set: Manifest, owned: list[Manifest]) -> None:
        ready = sum(map(pods.is_ready, owned))
        status = {
            "replicas": len(owned),
            "fullyLabeledReplicas": len(owned),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "observedGeneration": replica_set["metadata"]["generation"],
        }
        self._store.patch_status("replicasets", *key, status)

    def _start_pod(self, key: Key) -> None:
        pod = self._store.get("pods", *key)
        if pod is None or pod["status"].get("phase") != "Pending" or not pod["spec"].get("nodeName"):
            return
        host = self._store.get("nodes", "", pod["spec"]["nodeName"])
        self._store.patch_status("pods", *key, pods.running(pod, host, self._addresses.next()))
