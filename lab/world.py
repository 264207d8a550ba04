"""The cluster around the API server: nodes, MetalLB's DaemonSets and their pods, kept as a cluster keeps them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from lab import manifests
from lab.apiserver import Event, Manifest, Store
from lab.crds import crds
from lab.release import DaemonLayout, Release
from lab.speakers.flavour import shipped_with

_RESPAWN = 1.0  # seconds from a pod's end to its successor
_ACCOUNTS = ("controller", "speaker")


class World:
    """Builds the cluster in the store and acts as its DaemonSet controller while it runs.

    frr_versions: nodes whose FRR differs from what the release ships. started: called with the node's name when a pod
    with FRR is there anew.
    """

    def __init__(
        self,
        store: Store,
        release: Release,
        frr_versions: Mapping[str, str] | None = None,
        *,
        respawn: float = _RESPAWN,
        started: Callable[[str], None] | None = None,
    ) -> None:
        self.store, self.release = store, release
        self._versions = dict(frr_versions or {})
        self._respawn, self._started = respawn, started
        self._cancels: list[Callable[[], None]] = []
        self._timers: set[asyncio.TimerHandle] = set()
        self._counting = False

    def frr_version(self, node: str) -> str:
        """The FRR version of a node, as `show version` prints it."""
        shipped = shipped_with(self.release.numbers, frr_k8s=self.release.mode == "frr-k8s")
        return self._versions.get(node, shipped)

    def build(self, nodes: int) -> None:
        """Make what is not there yet; a cluster that was kept from another run is brought to this number of nodes."""
        for manifest in crds(frr_k8s=self.release.mode == "frr-k8s"):
            self._ensure("customresourcedefinitions", manifest)
        for namespace in sorted({layout.namespace for layout in self.release.daemons}):
            self._ensure("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        for layout in self.release.daemons:
            for account in {*_ACCOUNTS, layout.account}:
                self._ensure("serviceaccounts", manifests.namespaced("ServiceAccount", layout.namespace, account))
            self._ensure("daemonsets", manifests.daemon_set(layout, self.release, self.frr_version("")))
        self._ensure("deployments", manifests.controller(self.release))
        self._keep_nodes(nodes)
        self._schedule_pods()
        self._count()

    def start(self) -> None:
        """Act on what happens to nodes and pods."""
        self._cancels = [
            self.store.watch(self._pod_changed, "pods"),
            self.store.watch(self._node_changed, "nodes"),
        ]

    def stop(self) -> None:
        """Stop acting."""
        for cancel in self._cancels:
            cancel()
        for timer in self._timers:
            timer.cancel()

    def pod(self, node: str) -> Manifest:
        """The pod with FRR on a node. KeyError if it is not there."""
        layout = self.release.daemons[-1]
        found = self._pods(layout).get(node)
        if found is None:
            raise KeyError(f"no pod of {layout.name} on {node}")
        return found

    def add_node(self, number: int, name: str = "", labels: Mapping[str, str] | None = None) -> str:
        """A new node joins; its pods follow. Returns its name."""
        return str(self.store.add(manifests.node(number, name, labels))["metadata"]["name"])

    def remove_node(self, name: str) -> None:
        """A node leaves, and its pods with it."""
        self.store.delete("nodes", "", name)
        for pod in self.store.list("pods", fields=f"spec.nodeName={name}"):
            self.store.delete("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])

    def relabel(self, name: str, labels: Mapping[str, str | None]) -> None:
        """Change labels of a node; None removes one."""
        self.store.patch("nodes", "", name, {"metadata": {"labels": dict(labels)}})

    def cordon(self, name: str, *, unschedulable: bool = True) -> None:
        """Mark a node unschedulable, or not."""
        self.store.patch("nodes", "", name, {"spec": {"unschedulable": unschedulable or None}})

    def delete_pod(self, node: str) -> None:
        """Delete the pod with FRR of a node; the DaemonSet makes another one."""
        metadata = self.pod(node)["metadata"]
        self.store.delete("pods", metadata["namespace"], metadata["name"])

    def crash(self, node: str, container: str = "frr") -> None:
        """A container of the node's FRR pod ends again and again; `recover` ends that."""
        self._set_status(node, lambda status: manifests.crashing(status) if status["name"] == container else status)

    def recover(self, node: str) -> None:
        """All containers of the node's FRR pod run again, those that had crashed as new ones."""
        self._set_status(
            node,
            lambda status: (
                status
                if status["ready"]
                else manifests.container_status(status["name"], status["image"], status["restartCount"])
            ),
        )
        self._tell(node)

    def _set_status(self, node: str, change: Callable[[Manifest], Manifest]) -> None:
        pod = self.pod(node)
        statuses = [change(status) for status in pod["status"]["containerStatuses"]]
        ready = str(all(status["ready"] for status in statuses))
        conditions = [
            {**condition, **({"status": ready} if condition["type"] in {"Ready", "ContainersReady"} else {})}
            for condition in pod["status"]["conditions"]
        ]
        place = pod["metadata"]["namespace"], pod["metadata"]["name"]
        self.store.patch_status("pods", *place, {"containerStatuses": statuses, "conditions": conditions})

    def _keep_nodes(self, number: int) -> None:
        there = {manifest["metadata"]["name"] for manifest in self.store.list("nodes")}
        wanted = {manifests.node_name(each): each for each in range(1, number + 1)}
        for name in there - wanted.keys():
            self.remove_node(name)
        for name, each in wanted.items():
            if name not in there:
                self.store.add(manifests.node(each))

    def _ensure(self, resource: str, manifest: Manifest) -> None:
        metadata = manifest["metadata"]
        if self.store.get(resource, metadata.get("namespace", ""), metadata["name"]) is None:
            self.store.add(manifest)

    def _pods(self, layout: DaemonLayout) -> dict[str, Manifest]:
        """The DaemonSet's pods by node."""
        labels = ",".join(f"{key}={value}" for key, value in layout.labels.items())
        return {pod["spec"]["nodeName"]: pod for pod in self.store.list("pods", layout.namespace, labels)}

    def _schedule_pods(self) -> None:
        """A pod of every DaemonSet on every node that has none."""
        for layout in self.release.daemons:
            there = self._pods(layout)
            for host in self.store.list("nodes"):
                if host["metadata"]["name"] not in there:
                    self._spawn(layout, host)

    def _spawn(self, layout: DaemonLayout, host: Manifest) -> None:
        owner = self.store.get("daemonsets", layout.namespace, layout.name)
        if owner is None:
            return
        name = host["metadata"]["name"]
        manifest = manifests.pod(layout, self.release, owner, host, self.frr_version(name))
        while self.store.get("pods", layout.namespace, manifest["metadata"]["name"]) is not None:
            manifest = manifests.pod(layout, self.release, owner, host, self.frr_version(name))
        status = manifest.pop("status")
        created = self.store.create("pods", manifest)["metadata"]
        self.store.patch_status("pods", created["namespace"], created["name"], status)
        if layout == self.release.daemons[-1]:
            self._tell(name)

    def _tell(self, node: str) -> None:
        if self._started and self._cancels:
            self._started(node)

    def _pod_changed(self, event: Event) -> None:
        self._count_later()
        if event.type == "DELETED":
            self._later(self._respawn, self._schedule_pods)

    def _node_changed(self, event: Event) -> None:
        if event.type == "ADDED":
            self._later(0.0, self._schedule_pods)
        elif event.type == "DELETED":
            name = event.key[1]
            self._later(0.0, lambda: self.remove_node(name))

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            action()

        timer = asyncio.get_running_loop().call_later(delay, run)
        self._timers.add(timer)

    def _count_later(self) -> None:
        if not self._counting:
            self._counting = True
            self._later(0.05, self._count)

    def _count(self) -> None:
        """The DaemonSets' own figures."""
        self._counting = False
        wanted = len(self.store.list("nodes"))
        for layout in self.release.daemons:
            pods = self._pods(layout).values()
            ready = sum(all(c["ready"] for c in _statuses(pod)) for pod in pods)
            figures = {
                "desiredNumberScheduled": wanted,
                "currentNumberScheduled": len(pods),
                "updatedNumberScheduled": len(pods),
                "numberReady": ready,
                "numberAvailable": ready,
                "numberUnavailable": wanted - ready,
                "numberMisscheduled": 0,
                "observedGeneration": 1,
            }
            if self.store.get("daemonsets", layout.namespace, layout.name):
                self.store.patch_status("daemonsets", layout.namespace, layout.name, figures)


def _statuses(pod: Manifest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (pod.get("status") or {}).get("containerStatuses") or []
    return found
