"""Objects of one kind that say something about nodes, kept as they are wanted; they go with the pods that own them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping

from intent.kinds import Kind
from lab.apiserver import Event, Manifest, Store
from lab.controllers.queue import Queue

Bodies = Mapping[Hashable, Manifest]
Identify = Callable[[Manifest], tuple[str, Hashable] | None]
Place = Callable[[Manifest], str | None]
NOBODY = ""  # the node of what belongs to no node


class Pods:
    """Pods by the node that they speak for, as `place` says (NOBODY: for none, None: not one of these)."""

    def __init__(self, store: Store, namespace: str, place: Place) -> None:
        self._store, self._namespace, self._place = store, namespace, place
        self._found: dict[str, Manifest] = {}
        self.listeners: list[Callable[[str], None]] = []
        """Told of a node whose pod came or went."""
        self._cancel: Callable[[], None] = lambda: None

    def get(self, node: str) -> Manifest | None:
        """The pod of a node."""
        return self._found.get(node)

    def start(self) -> None:
        """Take in what is there and follow what happens."""
        for pod in self._store.list("pods", self._namespace):
            node = self._place(pod)
            if node is not None:
                self._found[node] = pod
        self._cancel = self._store.watch(self._changed, "pods")

    def stop(self) -> None:
        """Stop following."""
        self._cancel()

    def _changed(self, event: Event) -> None:
        pod = event.new.manifest
        node = self._place(pod) if event.key[0] == self._namespace else None
        if node is None:
            return
        if event.type != "DELETED":
            self._found[node] = pod
        elif node in self._found and _key(self._found[node]) == event.key:
            del self._found[node]
        if event.type != "MODIFIED":
            for listener in self.listeners:
                listener(node)


def on_its_node(labels: Mapping[str, str]) -> Place:
    """Pods with these labels speak for the node that they run on."""

    def place(pod: Manifest) -> str | None:
        own = pod["metadata"].get("labels") or {}
        return str((pod.get("spec") or {}).get("nodeName", "")) if labels.items() <= own.items() else None

    return place


class StatusObjects:
    """Writes what `want` says, node by node on the event loop, and puts back what others change.

    identify: which of the wanted bodies an object of the cluster is, by (node, identity); None = none of ours.
    owners: whose pods own the objects, None = nobody's.
    """

    def __init__(self, store: Store, kind: Kind, identify: Identify, owners: Pods | None = None) -> None:
        self._store, self._kind, self._identify, self._owners = store, kind, identify, owners
        self._resource = f"{kind.plural}.{kind.group}"
        self._wanted: dict[str, Bodies] = {}
        self._there: dict[str, dict[Hashable, list[Manifest]]] = {}
        self._written: dict[tuple[str, Hashable], Manifest] = {}
        self._is_writing = False
        self.queue: Queue[str] = Queue(self._reconcile)
        self._cancel: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Take in what is there."""
        for manifest in self._store.list(self._resource):
            self._put(manifest)
        self._cancel = self._store.watch(self._changed, self._resource)
        if self._owners is not None:
            self._owners.listeners.append(self.queue.add)

    def stop(self) -> None:
        """Stop writing."""
        self._cancel()
        self.queue.stop()

    def want(self, node: str, bodies: Bodies) -> None:
        """What there should be about a node: manifests with metadata (name or generateName), spec or status."""
        if self._wanted.get(node) != bodies:
            self._wanted[node] = bodies
            self.queue.add(node)

    def keep(self, nodes: Iterable[str]) -> None:
        """There are no other nodes than these."""
        for gone in (self._wanted.keys() | self._there.keys()) - set(nodes):
            self._wanted.pop(gone, None)
            self.queue.add(gone)

    def _changed(self, event: Event) -> None:
        place = self._identify(event.new.manifest)
        if place is None:
            return
        node, identity = place
        found = self._there.setdefault(node, {}).setdefault(identity, [])
        found[:] = [each for each in found if _key(each) != event.key]
        if event.type != "DELETED":
            found.append(event.new.manifest)
        if not self._is_writing:
            self._written.pop((node, identity), None)
            self.queue.add(node)

    def _put(self, manifest: Manifest) -> None:
        place = self._identify(manifest)
        if place is not None:
            self._there.setdefault(place[0], {}).setdefault(place[1], []).append(manifest)
            self.queue.add(place[0])

    def _reconcile(self, node: str) -> None:
        wanted, there = self._wanted.get(node, {}), self._there.get(node, {})
        owner = self._owners.get(node) if self._owners is not None else None
        self._is_writing = True
        try:
            for identity in list(there):
                for surplus in there[identity][0 if identity not in wanted else 1 :]:
                    self._store.delete(self._resource, *_key(surplus))
            if owner is not None or self._owners is None:
                for identity, body in wanted.items():
                    self._write(node, identity, body, owner)
        finally:
            self._is_writing = False

    def _write(self, node: str, identity: Hashable, body: Manifest, owner: Manifest | None) -> None:
        found = self._there.get(node, {}).get(identity)
        if found and self._written.get((node, identity)) == body:
            return
        if found:
            self._update(found[0], body)
        else:
            references = {"ownerReferences": [_reference(owner)]} if owner is not None else {}
            identified = {"apiVersion": self._kind.api_version, "kind": self._kind.kind}
            self._store.add({**identified, **body, "metadata": {**body["metadata"], **references}})
        self._written[node, identity] = body

    def _update(self, there: Manifest, body: Manifest) -> None:
        labels = {"metadata": {"labels": body["metadata"].get("labels") or {}}}
        spec = {"spec": body["spec"]} if "spec" in body else {}
        self._store.patch(self._resource, *_key(there), labels | spec)
        if "status" in body:
            self._store.patch_status(self._resource, *_key(there), body["status"])


def _key(manifest: Manifest) -> tuple[str, str]:
    return manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]


def _reference(pod: Manifest) -> Manifest:
    return {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
