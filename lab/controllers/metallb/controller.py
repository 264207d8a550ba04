"""The loop of MetalLB's controller: what happens to Services, pools and namespaces, and what it writes."""

from __future__ import annotations

from collections.abc import Callable

from intent.addresses import Address, parse_address
from intent.assignments.pools import pool_of
from intent.assignments.request import RefusedError, Request, asked_addresses, quoted, request_of
from intent.findings import Finding
from intent.pools import PoolIndex
from intent.rules import refused_on
from intent.snapshot import Node, Resource, Snapshot
from lab.apiserver import Event, Manifest, Store
from lab.controllers.metallb.allocator import Allocator
from lab.controllers.metallb.events import Recorder
from lab.controllers.queue import Queue
from lab.facts import POOL
from lab.release import Release

Key = tuple[str, str]
_COMPONENT = "metallb-controller"
_POOLS = "ipaddresspools.metallb.io"
_READ = (_POOLS, "communities.metallb.io")
_CONFIG = ("", "")  # the key of the configuration in the queue


class MetalLB:
    """Acts on the store while it runs. refusal: why the newest pools are not in force; then the older ones are.

    told: called when the configuration was read.
    """

    def __init__(self, store: Store, release: Release, told: Callable[[], None] = lambda: None) -> None:
        self._store, self._release, self._told = store, release, told
        self._recorder = Recorder(store, _COMPONENT)
        self.allocator = Allocator()
        self.refusal: tuple[Finding, ...] = ()
        self.queue = Queue(self._reconcile)
        self.figures = Queue(self._write_figures)
        self._waiting: set[Key] = set()
        self._cancels: list[Callable[[], None]] = []

    def start(self) -> None:
        """Take in what is there, those that have addresses first, and follow what happens."""
        self._configure()
        services = self._store.list("services")
        for service in sorted(services, key=lambda each: not _ingress(each)):
            self.queue.add(_key(service))
        self._cancels = [
            self._store.watch(self._service_changed, "services"),
            *(self._store.watch(self._config_changed, resource) for resource in (*_READ, "namespaces")),
        ]

    def stop(self) -> None:
        """Stop acting."""
        for cancel in self._cancels:
            cancel()
        self.queue.stop()
        self.figures.stop()

    def _service_changed(self, event: Event) -> None:
        if event.type == "DELETED":
            self._recorder.forget(event.new.manifest["metadata"]["uid"])
        self.queue.add(event.key)

    def _config_changed(self, event: Event) -> None:
        old, new = event.old, event.new.manifest
        if event.type == "MODIFIED" and old is not None:
            before, labels = old.manifest.get("spec"), old.manifest["metadata"].get("labels")
            if (before, labels) == (new.get("spec"), new["metadata"].get("labels")):
                return
        self.queue.add(_CONFIG)

    def _reconcile(self, key: Key) -> None:
        if key == _CONFIG:
            self._configure()
            for service in self._store.list("services"):
                self.queue.add(_key(service))
        else:
            self._serve(key)
        for name in self.allocator.touched:
            self.figures.add((self._release.namespace, name))
        self.allocator.touched = set()

    def _configure(self) -> None:
        """Read pools, communities and namespaces; what MetalLB's parser refuses leaves the older pools in force."""
        namespace = self._release.namespace
        resources = [Resource.from_manifest(each) for kind in _READ for each in self._store.list(kind, namespace)]
        snapshot = Snapshot(
            self._release.mode, self._release.version, namespace, tuple(resources), nodes=(Node("controller"),)
        )
        self.refusal = tuple(refused_on(snapshot, "controller"))
        if not self.refusal:
            own = {each["metadata"]["name"]: each["metadata"].get("labels") or {} for each in self._namespaces()}
            pools = snapshot.in_force("IPAddressPool")
            self.allocator.set_pools({each.name: pool_of(each, own) for each in pools}, PoolIndex(pools))
        self._told()

    def _namespaces(self) -> list[Manifest]:
        return self._store.list("namespaces")

    def _serve(self, key: Key) -> None:
        service = self._store.get("services", *key)
        had = self.allocator.allocations.get("/".join(key))
        self._waiting.discard(key)
        addresses: tuple[Address, ...] = ()
        if service is not None and not service["spec"].get("loadBalancerClass"):
            addresses = self._converge(service)
            self._write(service, addresses)
        else:
            self.allocator.release("/".join(key))
        now = self.allocator.allocations.get("/".join(key))
        if had is not None and (now is None or had.addresses != now.addresses or had.request != now.request):
            for waiting in sorted(self._waiting):  # what was given back may do for somebody
                self.queue.add(waiting)
        if service is not None and service["spec"]["type"] == "LoadBalancer" and not addresses:
            self._waiting.add(key)

    def _converge(self, service: Manifest) -> tuple[Address, ...]:
        """The addresses that the service shall have; () = none."""
        name = "/".join(_key(service))
        if service["spec"]["type"] != "LoadBalancer" or not self.allocator.pools or not _has_addresses(service):
            self.allocator.release(name)
            return ()
        request = request_of(service)
        current = self._kept(service, request)
        if current is None:
            return tuple(a for a in map(parse_address, _ingress(service)) if a)  # MetalLB leaves all as it is
        if not current:
            self.allocator.release(name)
            return self._allocated(service, request)
        if len(current) == 1 and request.prefers_dual and len(request.versions) == 2:
            return self._extended(service, request, current)
        return current

    def _kept(self, service: Manifest, request: Request) -> tuple[Address, ...] | None:
        """The addresses of the status if they may stay, () if not; None if what is asked for makes no sense."""
        current = tuple(address for address in map(parse_address, _ingress(service)) if address is not None)
        if not current:
            return ()
        versions = {address.version for address in current}
        if versions != set(request.versions) and not (request.prefers_dual and len(request.versions) == 2):
            return ()
        try:
            self.allocator.assign(request, current)
        except RefusedError as error:
            words = f'current IP for "{request.key}" not allowed by config, will attempt for new IP assignment: {error}'
            self._recorder.say(service, "Normal", "ClearAssignment", words)
            return ()
        if request.pool and self.allocator.pool_of(request.key) != request.pool:
            return ()
        try:
            asked = asked_addresses(service)
        except RefusedError as error:
            words = f"invalid requested loadbalancer IPs: {error}"
            self._recorder.say(service, "Warning", "LoadBalancerFailed", words)
            return None
        return current if not asked or set(asked) == set(current) else ()

    def _extended(self, service: Manifest, request: Request, current: tuple[Address, ...]) -> tuple[Address, ...]:
        try:
            both = self.allocator.extend(request)
        except RefusedError as error:
            words = f"cannot assign additional IP in PreferDualStack: {error}"
            self._recorder.say(service, "Normal", "AdditionalAssignFailed", words)
            return current
        self._recorder.say(service, "Normal", "IPAllocated", f'Assigned additional IP "{both[1]}"')
        return both

    def _allocated(self, service: Manifest, request: Request) -> tuple[Address, ...]:
        try:
            addresses = self._found(service, request)
        except RefusedError as error:
            words = f'Failed to allocate IP for "{request.key}": {error}'
            self._recorder.say(service, "Warning", "AllocationFailed", words)
            return ()
        self._recorder.say(service, "Normal", "IPAllocated", f"Assigned IP {quoted(addresses)}")
        return addresses

    def _found(self, service: Manifest, request: Request) -> tuple[Address, ...]:
        asked = asked_addresses(service)
        if not asked:
            return self.allocator.allocate(request)
        shown = f"requested loadBalancer IP(s) {quoted(asked)}"
        if {address.version for address in asked} != set(request.versions):
            raise RefusedError(f"{shown} does not match the ipFamily of the service")
        self.allocator.assign(request, asked)
        if request.pool and self.allocator.pool_of(request.key) != request.pool:
            self.allocator.release(request.key)
            raise RefusedError(f"{shown} is not compatible with requested address pool {request.pool}")
        return asked

    def _write(self, service: Manifest, addresses: tuple[Address, ...]) -> None:
        """Annotation and status, each only where it differs; MetalLB writes both at once."""
        key, pool = _key(service), self.allocator.pool_of("/".join(_key(service)))
        if (service["metadata"].get("annotations") or {}).get(POOL, "") != pool:
            self._store.patch("services", *key, {"metadata": {"annotations": {POOL: pool or None}}})
        wanted = [str(address) for address in addresses]
        if _ingress(service) != wanted:
            ingress = [{"ip": address} for address in wanted] or None
            self._store.patch_status("services", *key, {"loadBalancer": {"ingress": ingress}})

    def _write_figures(self, key: Key) -> None:
        """The pool's status, which MetalLB has written since 0.15.0."""
        pool = self._store.get(_POOLS, *key)
        if pool is None or key[1] not in self.allocator.pools or self._release.numbers < (0, 15, 0):
            return
        figures = self.allocator.figures(key[1])
        if pool.get("status") != figures:
            self._store.patch_status(_POOLS, *key, figures)


def _key(service: Manifest) -> Key:
    return service["metadata"]["namespace"], service["metadata"]["name"]


def _ingress(service: Manifest) -> list[str]:
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [item["ip"] for item in ingress if item.get("ip")]


def _has_addresses(service: Manifest) -> bool:
    return bool(service["spec"].get("clusterIPs"))
