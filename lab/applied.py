"""What is applied to the lab's cluster, as MetalLB reads it: a snapshot and the passwords, after a short calm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from intent.frr_configurations import is_metallbs
from intent.kinds import KINDS
from intent.snapshot import Mode, Resource, Snapshot
from lab.apiserver import Event, Manifest, Store
from lab.facts import Services, missing_secrets, node_fact, password_of, secret_fact
from lab.release import Release

log = logging.getLogger(__name__)
RESOURCES = tuple(f"{kind.plural}.{kind.group}" for kind in KINDS.values())
_FRR = "frrconfigurations.frrk8s.metallb.io"
Listener = Callable[[Snapshot, Mapping[str, str]], Awaitable[None]]


class Applied:
    """Watches the store and tells `listener` the newest picture once nothing has changed for `debounce` seconds."""

    def __init__(self, store: Store, release: Release, listener: Listener, debounce: float = 0.3) -> None:
        self._store, self._release, self._listener, self._debounce = store, release, listener, debounce
        self._services = Services(store, self.schedule)
        self._cancels: list[Callable[[], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._running: asyncio.Task[None] | None = None
        self._again = False
        self._calm = asyncio.Event()

    def start(self) -> None:
        """Begin to watch."""
        self._services()
        frr = (_FRR,) if self._release.mode is Mode.FRR_K8S else ()
        for resource in (*RESOURCES, *frr, "nodes", "secrets", "namespaces"):
            self._cancels.append(self._store.watch(self._changed, resource))

    async def stop(self) -> None:
        """End watching, and what is under way."""
        self._services.stop()
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

    @property
    def is_calm(self) -> bool:
        """Whether everything applied so far has reached the listener."""
        return not self._timer and not self._running

    async def settled(self) -> None:
        """Wait until everything applied so far has reached the listener."""
        while not self.is_calm:
            await self._calm.wait()

    def snapshot(self) -> Snapshot:
        """The cluster as it is now."""
        namespace = self._release.namespace
        snapshot = Snapshot.from_manifests(
            [manifest for each in RESOURCES for manifest in self._store.list(each)],
            mode=self._release.mode,
            version=self._release.version,
            namespace=namespace,
            nodes=[node_fact(manifest) for manifest in self._store.list("nodes")],
            secrets=[secret_fact(manifest) for manifest in self._store.list("secrets", self._release.secret_namespace)],
            services=self._services(),
        )
        snapshot = replace(
            snapshot,
            frr_configurations=self._frr_configurations(),
            frr_namespace=self._release.frr_namespace,
            secret_passthrough=self._release.secret_passthrough,
            ignores_exclude=self._release.ignores_exclude,
        )
        snapshot = replace(snapshot, secrets=(*snapshot.secrets, *missing_secrets(snapshot)))
        namespaces = [manifest["metadata"] for manifest in self._store.list("namespaces")]
        return replace(snapshot, namespaces={own["name"]: own.get("labels") or {} for own in namespaces})

    def _frr_configurations(self) -> tuple[Resource, ...]:
        """Those that frr-k8s reads: in the namespace of its own pods."""
        if self._release.mode is not Mode.FRR_K8S:
            return ()
        room = self._release.frr_namespace or self._release.namespace
        return tuple(Resource.from_manifest(each) for each in self._store.list(_FRR, room))

    def passwords(self) -> dict[str, str]:
        """The TCP-MD5 key of every BGPPeer that has one, by name: inline, or from its Secret."""
        found: dict[str, str] = {}
        for peer in self._store.list("bgppeers", self._release.namespace):
            spec: dict[str, Any] = peer.get("spec") or {}
            name = (spec.get("passwordSecret") or {}).get("name")
            secret = self._store.get("secrets", self._release.secret_namespace, name) if name else None
            key = spec.get("password") or (password_of(secret).decode(errors="replace") if secret else "")
            if key:
                found[peer["metadata"]["name"]] = key
        return found

    def _changed(self, event: Event) -> None:
        manifest = event.new.manifest
        if manifest["kind"] == "FRRConfiguration" and is_metallbs(Resource.from_manifest(manifest)):
            return  # the lab writes it itself, of what it has read
        if event.old is None or event.type == "DELETED" or _seen(event.old.manifest) != _seen(event.new.manifest):
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


def _seen(manifest: Manifest) -> object:
    """What speakers see of an object: no heartbeats, and no status of MetalLB's own kinds."""
    if manifest["kind"] == "Node":
        return node_fact(manifest)
    own = manifest["metadata"]
    parts = {name: value for name, value in manifest.items() if name not in ("metadata", "status")}
    return own.get("labels"), own.get("annotations"), parts
