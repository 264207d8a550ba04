"""EndpointSlices of Services with a selector, from the pods that it chooses (k8s.io/endpointslice)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lab.apiserver import Event, Manifest, Store
from lab.controllers import pods
from lab.controllers.queue import Queue

Key = tuple[str, str]
SERVICE_NAME = "kubernetes.io/service-name"
_MANAGED_BY = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
_LONGEST = 100  # endpoints a slice
_ENDED = ("Succeeded", "Failed")


class Endpoints:
    """Acts on the store while it runs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._selectors: dict[str, dict[str, dict[str, str]]] = {}
        self._slices: dict[Key, set[Key]] = {}
        self.queue = Queue(self._reconcile)
        self._cancels: list[Callable[[], None]] = []

    def start(self) -> None:
        """Take in what is there and follow what happens."""
        for part in self._store.list("endpointslices"):
            self._count(part, is_there=True)
        for service in self._store.list("services"):
            self._learn(service)
        self._cancels = [
            self._store.watch(self._service_changed, "services"),
            self._store.watch(self._pod_changed, "pods"),
            self._store.watch(self._slice_changed, "endpointslices"),
        ]

    def stop(self) -> None:
        """Stop acting."""
        for cancel in self._cancels:
            cancel()
        self.queue.stop()

    def _learn(self, service: Manifest) -> None:
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        selector = service["spec"].get("selector")
        if selector:
            self._selectors.setdefault(namespace, {})[name] = selector
            self.queue.add((namespace, name))
        else:
            self._selectors.get(namespace, {}).pop(name, None)

    def _service_changed(self, event: Event) -> None:
        if event.type == "DELETED":
            self._selectors.get(event.key[0], {}).pop(event.key[1], None)
        elif event.old is None or event.old.manifest["spec"] != event.new.manifest["spec"]:
            self._learn(event.new.manifest)

    def _pod_changed(self, event: Event) -> None:
        versions = [entry.manifest for entry in (event.old, event.new) if entry is not None]
        if event.type == "MODIFIED" and _seen(versions[0]) == _seen(versions[1]):
            return
        for name, selector in self._selectors.get(event.key[0], {}).items():
            if any(selector.items() <= (pod["metadata"].get("labels") or {}).items() for pod in versions):
                self.queue.add((event.key[0], name))

    def _slice_changed(self, event: Event) -> None:
        owner = self._count(event.new.manifest, is_there=event.type != "DELETED")
        if owner is not None:
            self.queue.add(owner)

    def _count(self, part: Manifest, *, is_there: bool) -> Key | None:
        """Remember a slice of ours; the Service that it is for."""
        metadata = part["metadata"]
        labels = metadata.get("labels") or {}
        if not _MANAGED_BY.items() <= labels.items():
            return None
        key, owner = (metadata["namespace"], metadata["name"]), (metadata["namespace"], labels.get(SERVICE_NAME, ""))
        own = self._slices.setdefault(owner, set())
        if is_there:
            own.add(key)
        else:
            own.discard(key)
        return owner

    def _reconcile(self, key: Key) -> None:
        service = self._store.get("services", *key)
        if service is None or "deletionTimestamp" in service["metadata"] or not service["spec"].get("selector"):
            return
        found = [self._store.get("endpointslices", *each) for each in sorted(self._slices.get(key, ()))]
        there = [part for part in found if part is not None]
        for body in self._wanted(service):
            same = next((part for part in there if part["addressType"] == body["addressType"]), None)
            if same is None:
                self._store.create("endpointslices", _slice(service, body))
                continue
            there.remove(same)
            if any(same.get(name) != value for name, value in body.items()):
                self._store.patch("endpointslices", key[0], same["metadata"]["name"], body)
        for part in there:
            self._store.delete("endpointslices", key[0], part["metadata"]["name"])

    def _wanted(self, service: Manifest) -> Iterator[Manifest]:
        spec, namespace = service["spec"], service["metadata"]["namespace"]
        labels = ",".join(f"{name}={value}" for name, value in spec["selector"].items())
        chosen = [pod for pod in self._store.list("pods", namespace, labels) if _has_address(pod)]
        ports = [_port(port, chosen) for port in spec.get("ports") or ()]
        for family in spec.get("ipFamilies") or ("IPv4",):
            every = [end for pod in chosen for end in self._endpoint(pod, family, spec)]
            for first in range(0, max(len(every), 1), _LONGEST):
                yield {"addressType": family, "endpoints": every[first : first + _LONGEST], "ports": ports}

    def _endpoint(self, pod: Manifest, family: str, spec: Manifest) -> Iterator[Manifest]:
        own = [item["ip"] for item in pod["status"].get("podIPs") or () if (":" in item["ip"]) == (family == "IPv6")]
        if not own:
            return
        metadata, node = pod["metadata"], pod["spec"].get("nodeName", "")
        ready, ends = pods.is_ready(pod), "deletionTimestamp" in metadata
        takes = spec.get("publishNotReadyAddresses", False) or (ready and not ends)
        host = self._store.get("nodes", "", node) or {"metadata": {}}
        zone = (host["metadata"].get("labels") or {}).get("topology.kubernetes.io/zone")
        yield {
            "addresses": own[:1],
            "conditions": {"ready": takes, "serving": ready, "terminating": ends},
            "nodeName": node,
            **({"zone": zone} if zone else {}),
            "targetRef": {
                "kind": "Pod",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
        }


def _slice(service: Manifest, body: Manifest) -> Manifest:
    metadata = service["metadata"]
    return {
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": {**(metadata.get("labels") or {}), SERVICE_NAME: metadata["name"], **_MANAGED_BY},
            "ownerReferences": [pods.owner(service)],
        },
        **body,
    }


def _has_address(pod: Manifest) -> bool:
    status = pod.get("status") or {}
    return bool(status.get("podIPs")) and status.get("phase") not in _ENDED


def _seen(pod: Manifest) -> tuple[Any, ...]:
    """What endpoints depend on."""
    status, metadata = pod.get("status") or {}, pod["metadata"]
    place = status.get("podIPs"), status.get("phase"), pod["spec"].get("nodeName")
    return metadata.get("labels"), "deletionTimestamp" in metadata, pods.is_ready(pod), place


def _port(port: Manifest, chosen: list[Manifest]) -> Manifest:
    """A port of the Service as the pods have it; a name is looked up in their containers."""
    target: Any = port["targetPort"]
    if isinstance(target, str):
        containers = [container for pod in chosen for container in pod["spec"]["containers"]]
        named = (each for container in containers for each in container.get("ports") or ())
        target = next((each["containerPort"] for each in named if each.get("name") == target), None)
    number = {} if target is None else {"port": target}
    return {"name": port.get("name", ""), "protocol": port["protocol"], **number}
