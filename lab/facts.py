"""Nodes, Secrets and Services of the lab's cluster as the facts that MetalLB's speakers take from them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any

from intent.snapshot import Node, SecretFact, Service, Snapshot, mapping, text
from lab.apiserver import Event, Manifest, Store

Key = tuple[str, str]
POOL = "metallb.io/ip-allocated-from-pool"
_SERVICE_NAME = "kubernetes.io/service-name"
_LONGEST_PASSWORD = 80  # FRR's limit in bytes


def node_fact(manifest: Manifest) -> Node:
    """A node."""
    status: dict[str, Any] = manifest.get("status") or {}
    conditions = {c.get("type"): c.get("status") == "True" for c in status.get("conditions") or ()}
    addresses = [a["address"] for a in status.get("addresses") or () if a.get("type") == "InternalIP"]
    return Node(
        name=manifest["metadata"]["name"],
        labels=manifest["metadata"].get("labels") or {},
        addresses=tuple(addresses),
        ready=conditions.get("Ready", True),
        unschedulable=bool((manifest.get("spec") or {}).get("unschedulable")),
        network_unavailable=conditions.get("NetworkUnavailable", False),
    )


def password_of(secret: Manifest) -> bytes:
    """The value under the key `password`, b"" if there is none."""
    try:
        return base64.b64decode((secret.get("data") or {}).get("password", ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def secret_fact(secret: Manifest) -> SecretFact:
    """What may be known about a Secret."""
    key = password_of(secret)
    return SecretFact(
        namespace=secret["metadata"]["namespace"],
        name=secret["metadata"]["name"],
        type=secret.get("type", "Opaque"),
        has_password="password" in (secret.get("data") or {}),
        length_ok=1 <= len(key) <= _LONGEST_PASSWORD,
        trailing_newline=key.endswith(b"\n"),
    )


def missing_secrets(snapshot: Snapshot) -> list[SecretFact]:
    """Those that peers name and that do not exist: MetalLB's speakers refuse the whole configuration for one."""
    room = snapshot.secret_namespace
    named = {text(mapping(peer.spec.get("passwordSecret")).get("name")) for peer in snapshot.in_force("BGPPeer")}
    there = {fact.name for fact in snapshot.secrets if fact.namespace == room}
    return [SecretFact(room, name, exists=False) for name in sorted(named - there - {""})]


class Services:
    """The Services of type LoadBalancer, kept up to date: a change costs the Service that changed."""

    def __init__(self, store: Store, changed: Callable[[], None]) -> None:
        self._store, self._changed = store, changed
        self._services: dict[Key, Manifest] = {}
        self._slices: dict[Key, dict[str, Manifest]] = {}
        self._facts: dict[Key, Service] = {}
        self._cancels: list[Callable[[], None]] = []

    def __call__(self) -> tuple[Service, ...]:
        """All of them, by namespace and name; the first call takes in what is there and begins to follow it."""
        if not self._cancels:
            self._start()
        return tuple(self._facts[key] for key in sorted(self._facts))

    def _start(self) -> None:
        for part in self._store.list("endpointslices"):
            self._slices.setdefault(_owner(part), {})[part["metadata"]["name"]] = part
        for service in self._store.list("services"):
            self._take((service["metadata"]["namespace"], service["metadata"]["name"]), service)
        self._cancels = [
            self._store.watch(self._service_changed, "services"),
            self._store.watch(self._slice_changed, "endpointslices"),
        ]

    def stop(self) -> None:
        """End following."""
        for cancel in self._cancels:
            cancel()

    def _service_changed(self, event: Event) -> None:
        self._take(event.key, None if event.type == "DELETED" else event.new.manifest)

    def _slice_changed(self, event: Event) -> None:
        owner, name = _owner(event.new.manifest), event.key[1]
        parts = self._slices.setdefault(owner, {})
        if event.type == "DELETED":
            parts.pop(name, None)
        else:
            parts[name] = event.new.manifest
        self._take(owner, self._services.get(owner))

    def _tell(self) -> None:
        if self._cancels:
            self._changed()

    def _take(self, key: Key, service: Manifest | None) -> None:
        if service is None or service["spec"].get("type") != "LoadBalancer":
            self._services.pop(key, None)
            if self._facts.pop(key, None) is not None:
                self._tell()
            return
        self._services[key] = service
        fact = _service(service, self._slices.get(key, {}).values())
        if self._facts.get(key) != fact:
            self._facts[key] = fact
            self._tell()


def _service(service: Manifest, parts: Iterable[Manifest]) -> Service:
    metadata, status = service["metadata"], service.get("status") or {}
    ingress = (status.get("loadBalancer") or {}).get("ingress") or ()
    annotations = metadata.get("annotations") or {}
    endpoints = [endpoint for part in parts for endpoint in part.get("endpoints") or ()]
    return Service(
        namespace=metadata["namespace"],
        name=metadata["name"],
        labels=metadata.get("labels") or {},
        annotations=annotations,
        addresses=tuple(item["ip"] for item in ingress if item.get("ip")),
        pool=annotations.get(POOL, ""),
        local=service["spec"].get("externalTrafficPolicy") == "Local",
        endpoint_nodes=tuple(sorted({endpoint.get("nodeName") or "" for endpoint in endpoints if _serves(endpoint)})),
    )


def _serves(endpoint: Manifest) -> bool:
    """Ready or, while it ends, still serving; unknown counts as yes (MetalLB's epslices.EndpointCanServe)."""
    conditions = endpoint.get("conditions") or {}
    ready, serving = conditions.get("ready"), conditions.get("serving")
    return ready is not False or serving is True


def _owner(part: Manifest) -> Key:
    metadata = part["metadata"]
    return metadata["namespace"], (metadata.get("labels") or {}).get(_SERVICE_NAME, "")
