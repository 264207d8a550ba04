"""What Services that are made would get: from which pool, which addresses, announced as what and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network

from intent.addresses import parse_address
from intent.announcements.announcement import ServiceRef
from intent.announcements.layer2 import layer2_on_nodes
from intent.assignments.choices import Choice, choices
from intent.assignments.request import Manifest
from intent.effects import Effects, effects
from intent.snapshot import Service, Snapshot, mapping, text

_CHOICES = 5  # pools that are looked at for a service


@dataclass(frozen=True, slots=True)
class Prospect:
    """One pool that MetalLB may take. nodes: how many would announce it over BGP; layer2: how many may answer ARP."""

    pool: str
    addresses: tuple[str, ...]
    prefixes: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    nodes: int = 0
    layer2: int = 0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a service would get once a pod of it is ready: one of these. more: pools that were not looked at.

    local: only nodes with such a pod announce it.
    """

    service: ServiceRef
    prospects: tuple[Prospect, ...]
    more: int = 0
    local: bool = False

    @property
    def pools(self) -> int:
        """How many pools MetalLB may take."""
        return len(self.prospects) + self.more


def outlooks(snapshot: Snapshot, services: Sequence[Manifest]) -> tuple[Outlook, ...]:
    """The same for Services of type LoadBalancer that this cluster has not got yet."""
    found = [(_ref(one), choices(snapshot, one), one) for one in services]
    tried = [
        _pretended(snapshot, one, choice, number)
        for _ref_, some, one in found
        for number, choice in enumerate(some[:_CHOICES])
    ]
    told = effects(replace(snapshot, services=()), replace(snapshot, services=tuple(tried)))
    return tuple(
        Outlook(
            ref,
            tuple(_prospect(snapshot, one, choice, number, told) for number, choice in enumerate(some[:_CHOICES])),
            more=len(some[_CHOICES:]),
            local=_is_local(one),
        )
        for ref, some, one in found
    )


def assigned(outlook: Outlook, manifest: Manifest) -> Service | None:
    """The service as intent would see it; None if that is not known: several pools, none, or chosen nodes only."""
    if outlook.pools != 1 or outlook.local:
        return None
    (one,) = outlook.prospects
    return _service(manifest, outlook.service.name, Choice(one.pool, one.addresses), ("",))


def _prospect(snapshot: Snapshot, manifest: Manifest, choice: Choice, number: int, told: Effects) -> Prospect:
    pretended = _pretended(snapshot, manifest, choice, number)
    ref = ServiceRef(pretended.namespace, pretended.name)
    reach = next((each.after.nodes for each in told.services if each.service == ref), 0)
    own = [address for one in choice.addresses if (address := parse_address(one)) is not None]
    routes = [each for each in told.routes if any(address in ip_network(each.prefix) for address in own)]
    return Prospect(
        choice.pool,
        choice.addresses,
        tuple(dict.fromkeys(each.prefix for each in routes)),
        tuple(dict.fromkeys(each.peer for each in routes)),
        reach,
        len(layer2_on_nodes(snapshot, pretended).get(None, ())),
    )


def _pretended(snapshot: Snapshot, manifest: Manifest, choice: Choice, number: int) -> Service:
    """The service with these addresses, and a pod on every node; number: which of its choices it is."""
    nodes = tuple(node.name for node in snapshot.nodes)
    return _service(manifest, f"{_ref(manifest).name} {number}", choice, nodes)


def _service(manifest: Manifest, name: str, choice: Choice, nodes: tuple[str, ...]) -> Service:
    return Service(
        namespace=_ref(manifest).namespace,
        name=name,
        labels=mapping(mapping(manifest.get("metadata")).get("labels")),
        addresses=choice.addresses,
        pool=choice.pool,
        endpoint_nodes=nodes,
    )


def _ref(manifest: Manifest) -> ServiceRef:
    metadata = mapping(manifest.get("metadata"))
    return ServiceRef(text(metadata.get("namespace")), text(metadata.get("name")))


def _is_local(manifest: Manifest) -> bool:
    return mapping(manifest.get("spec")).get("externalTrafficPolicy") == "Local"
