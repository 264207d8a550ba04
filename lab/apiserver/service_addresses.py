"""What the API server gives to Services: cluster IPs of both families and node ports, each to one Service."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Final

from lab.apiserver.errors import INVALID, FieldError, internal, invalid
from lab.apiserver.resources import Key, Manifest, Resource
from lab.apiserver.services import HEADLESS, needs_address, needs_health_port, needs_node_ports
from lab.apiserver.storage import Event, Storage

FAMILIES: Final = ("IPv4", "IPv6")
_NETWORKS: Final[dict[str, IPv4Network | IPv6Network]] = {  # OpenShift's defaults
    "IPv4": IPv4Network("172.30.0.0/16"),
    "IPv6": IPv6Network("fd02::/112"),
}
_NODE_PORTS: Final = range(30_000, 32_768)
_RESERVED = 10  # low addresses are left for the cluster's own services


class ServiceAddresses:
    """Who has which cluster IP and which node port."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._addresses: dict[str, Key] = {}
        self._ports: dict[int, Key] = {}
        self._next = dict.fromkeys((*FAMILIES, "port"), 0)
        self._is_counted = False

    def furnish(self, resource: Resource, new: Manifest, old: Manifest | None) -> None:
        """Give in place what the Service lacks. Raises ApiError 422 for what it may not have, 500 if all are taken."""
        self._count(resource)
        spec, key = new["spec"], (new["metadata"]["namespace"], new["metadata"]["name"])
        if needs_address(spec):
            self._settle_families(resource, new, old)
            self._give_addresses(resource, key, spec)
        if needs_node_ports(spec):
            for i, port in enumerate(spec.get("ports") or ()):
                port["nodePort"] = self._port(resource, key, f"spec.ports[{i}].nodePort", port.get("nodePort", 0), spec)
        if needs_health_port(spec):
            where = "spec.healthCheckNodePort"
            spec["healthCheckNodePort"] = self._port(resource, key, where, spec.get("healthCheckNodePort", 0), spec)

    def _settle_families(self, resource: Resource, new: Manifest, old: Manifest | None) -> None:
        spec = new["spec"]
        if "clusterIPs" not in spec and spec.get("clusterIP"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        families, given = list(spec.get("ipFamilies") or ()), spec.get("clusterIPs") or []
        if not families:
            families = [_family(address) for address in given if address != HEADLESS] or [FAMILIES[0]]
        bare = given == [HEADLESS] and not spec.get("selector")
        both = len(families) == 2 or bare
        policy = spec.setdefault("ipFamilyPolicy", "RequireDualStack" if both else "SingleStack")
        if policy == "SingleStack" and len(families) == 2:
            if old is None:
                words = "must be RequireDualStack or PreferDualStack when multiple ipFamilies are specified"
                error = FieldError(INVALID, "spec.ipFamilyPolicy", words, policy)
                raise invalid(resource, new["metadata"]["name"], [error])
            families = families[:1]
            spec["clusterIPs"] = given[:1]
        elif policy != "SingleStack" and len(families) == 1:
            families.append(next(family for family in FAMILIES if family != families[0]))
        spec["ipFamilies"] = families

    def _give_addresses(self, resource: Resource, key: Key, spec: dict[str, Any]) -> None:
        given = list(spec.get("clusterIPs") or ())
        if given[:1] == [HEADLESS]:
            spec["clusterIP"] = HEADLESS
            return
        for number, family in enumerate(spec["ipFamilies"]):
            if number < len(given):
                self._check(resource, key, given, number, family)
            else:
                given.append(self._address(family))
        spec["clusterIP"], spec["clusterIPs"] = given[0], given

    def _check(self, resource: Resource, key: Key, given: list[str], number: int, family: str) -> None:
        address, network = given[number], _NETWORKS[family]
        problem = ""
        if self._addresses.get(address) == key:
            return
        if address in self._addresses:
            problem = "provided IP is already allocated"
        elif _family(address) != family or ip_address(address) not in network:
            problem = (
                f"the provided network does not match the current range or IP is not in the valid range. "
                f"The range of valid IPs is {network}"
            )
        if problem:
            words = f"failed to allocate IP {address}: {problem}"
            raise invalid(resource, key[1], [FieldError(INVALID, "spec.clusterIPs", words, given)])

    def _address(self, family: str) -> str:
        network = _NETWORKS[family]
        size = network.num_addresses - _RESERVED - 1
        for step in range(size):
            offset = (self._next[family] + step) % size
            address = str(network[offset + _RESERVED])
            if address not in self._addresses:
                self._next[family] = offset + 1
                return address
        raise internal("failed to allocate a serviceIP: range is full", "InternalError")

    def _port(self, resource: Resource, key: Key, where: str, asked: int, spec: dict[str, Any]) -> int:
        if asked:
            owner = self._ports.get(asked, key)
            problem = "provided port is already allocated" if owner != key else ""
            if asked not in _NODE_PORTS:
                valid = f"{_NODE_PORTS.start}-{_NODE_PORTS.stop - 1}"
                problem = f"provided port is not in the valid range. The range of valid ports is {valid}"
            if problem:
                raise invalid(resource, key[1], [FieldError(INVALID, where, problem, asked)])
            return asked
        own = set(_node_ports(spec))
        for step in range(len(_NODE_PORTS)):
            port = _NODE_PORTS[(self._next["port"] + step) % len(_NODE_PORTS)]
            if port not in self._ports and port not in own:
                self._next["port"] = port - _NODE_PORTS.start + 1
                return port
        raise internal("failed to allocate a nodePort: range is full", "InternalError")

    def _count(self, resource: Resource) -> None:
        """Take in the Services that are there, once, and follow them from then on."""
        if self._is_counted:
            return
        self._is_counted = True
        table = self._storage.table(resource)
        for key, entry in table.entries.items():
            self._take(key, entry.manifest)
        table.listeners[self] = self._changed

    def _changed(self, event: Event) -> None:
        if event.old is not None:
            spec = event.old.manifest["spec"]
            for address in spec.get("clusterIPs") or ():
                self._addresses.pop(address, None)
            for port in _node_ports(spec):
                self._ports.pop(port, None)
        if event.type != "DELETED":
            self._take(event.key, event.new.manifest)

    def _take(self, key: Key, service: Manifest) -> None:
        spec = service["spec"]
        self._addresses.update((address, key) for address in spec.get("clusterIPs") or () if address != HEADLESS)
        self._ports.update((port, key) for port in _node_ports(spec))


def _node_ports(spec: dict[str, Any]) -> Iterator[int]:
    yield from (port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort"))
    if spec.get("healthCheckNodePort"):
        yield spec["healthCheckNodePort"]


def _family(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"
