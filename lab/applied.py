"""What is applied to the lab's cluster, as MetalLB reads it: a snapshot and the passwords, after a short calm."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from intent.snapshot import Node, SecretFact, Snapshot
from lab.apiserver import Event, Manifest, Store
from lab.release import Release

log = logging.getLogger(__name__)
KINDS = ("bgppeers", "bfdprofiles")
_LONGEST_PASSWORD = 80  # FRR's limit in bytes
Listener = Callable[[Snapshot, Mapping[str, str]], Awaitable[None]]


class Applied:
    """Watches the store and tells `listener` the newest picture once nothing has changed for `debounce` seconds."""

    def __init__(self, store: Store, release: Release, listener: Listener, debounce: float = 0.3) -> None:
        self._store, self._release, self._listener, self._debounce = store, release, listener, debounce
        self._cancels: list[Callable[[], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._running: asyncio.Task[None] | None = None
        self._again = False
        self._calm = asyncio.Event()

    def start(self) -> None:
        """Begin to watch."""
        for resource in (*KINDS, "nodes", "secrets"):
            self._cancels.append(self._store.watch(self._changed, resource))

    async def stop(self) -> None:
        """End watching, and what is under way."""
        for cancel in self._cancels:
            cancel()
        if self._timer:
            self._timer.cancel()
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def schedule(self) -> None:
        """Something changed: tell it after the calm."""
        if self._timer:
            self._timer.cancel()
        self._calm.clear()
        self._timer = asyncio.get_running_loop().call_later(self._debounce, self._fire)

    async def settled(self) -> None:
        """Wait until everything applied so far has reached the listener."""
        while self._timer or self._running:
            await self._calm.wait()

    def snapshot(self) -> Snapshot:
        """The cluster as it is now."""
        namespace = self._release.namespace
        return Snapshot.from_manifests(
            [manifest for kind in KINDS for manifest in self._store.list(kind)],
            mode=self._release.mode,
            version=self._release.version,
            namespace=namespace,
            nodes=[_node(manifest) for manifest in self._store.list("nodes")],
            secrets=[_fact(manifest) for manifest in self._store.list("secrets", namespace)],
        )

    def passwords(self) -> dict[str, str]:
        """The TCP-MD5 key of every BGPPeer that has one, by name: inline, or from its Secret."""
        found: dict[str, str] = {}
        for peer in self._store.list("bgppeers", self._release.namespace):
            spec: dict[str, Any] = peer.get("spec") or {}
            name = (spec.get("passwordSecret") or {}).get("name")
            secret = self._store.get("secrets", self._release.namespace, name) if name else None
            key = spec.get("password") or (_key(secret).decode(errors="replace") if secret else "")
            if key:
                found[peer["metadata"]["name"]] = key
        return found

    def _changed(self, event: Event) -> None:
        if event.resource.plural == "nodes" and event.old and _node(event.old.manifest) == _node(event.new.manifest):
            return  # a heartbeat
        self.schedule()

    def _fire(self) -> None:
        self._timer = None
        if self._running:
            self._again = True
            return  # once more when it is done
        self._running = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        try:
            await self._listener(self.snapshot(), self.passwords())
        except Exception:  # a speaker that fails must not end the watching
            log.exception("the speakers did not take the configuration")
        finally:
            self._running = None
            if self._again:
                self._again = False
                self.schedule()
            elif self._timer is None:
                self._calm.set()


def _node(manifest: Manifest) -> Node:
    status: dict[str, Any] = manifest.get("status") or {}
    ready = [c.get("status") == "True" for c in status.get("conditions") or () if c.get("type") == "Ready"]
    addresses = [a["address"] for a in status.get("addresses") or () if a.get("type") == "InternalIP"]
    return Node(
        name=manifest["metadata"]["name"],
        labels=manifest["metadata"].get("labels") or {},
        addresses=tuple(addresses),
        ready=all(ready),
        unschedulable=bool((manifest.get("spec") or {}).get("unschedulable")),
    )


def _key(secret: Manifest) -> bytes:
    try:
        return base64.b64decode((secret.get("data") or {}).get("password", ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _fact(secret: Manifest) -> SecretFact:
    key = _key(secret)
    return SecretFact(
        namespace=secret["metadata"]["namespace"],
        name=secret["metadata"]["name"],
        type=secret.get("type", "Opaque"),
        has_password="password" in (secret.get("data") or {}),
        length_ok=1 <= len(key) <= _LONGEST_PASSWORD,
        trailing_newline=key.endswith(b"\n"),
    )
