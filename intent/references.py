"""Which objects an object names, and by which names others may name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from intent.snapshot import Resource, mapping, text


class Reference(NamedTuple):
    """An object named by another one.

    field: where ("spec.peers[0]"). kind: of what is named. name: its name, in MetalLB's namespace unless the kind is
    Namespace; for a Community, which is never named itself, the alias, which any Community object may define.
    """

    field: str
    kind: str
    name: str


class Name(NamedTuple):
    """What a reference may say to mean an object."""

    kind: str
    name: str


def references_of(resource: Resource) -> tuple[Reference, ...]:
    """Every reference by name, in the order of the fields; () for kinds that refer to nothing."""
    find = _FINDERS.get(resource.ref.kind)
    return tuple(find(resource.spec)) if find else ()


def names_of(resource: Resource) -> tuple[Name, ...]:
    """What others may call this object: its name, or the aliases of a Community."""
    if resource.ref.kind != "Community":
        return (Name(resource.ref.kind, resource.name),)
    return tuple(dict.fromkeys(Name("Community", alias) for _path, alias, _value in aliases(resource.spec)))


def aliases(spec: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The aliases that a Community defines: path ("communities[0]"), name and value; "" for what is no text."""
    for index, item in _entries(spec.get("communities")):
        entry = mapping(item)
        yield f"communities[{index}]", text(entry.get("name")), text(entry.get("value"))


def is_alias(community: str) -> bool:
    """Whether a community of an advertisement is the name of an alias: MetalLB takes what has no colon for one."""
    return ":" not in community


def _peer(spec: Mapping[str, Any]) -> Iterator[Reference]:
    yield from _one(spec.get("bfdProfile"), "spec.bfdProfile", "BFDProfile")
    yield from _secret(spec, "spec")


def _secret(owner: Mapping[str, Any], path: str) -> Iterator[Reference]:
    yield from _one(mapping(owner.get("passwordSecret")).get("name"), f"{path}.passwordSecret.name", "Secret")


def _pool(spec: Mapping[str, Any]) -> Iterator[Reference]:
    allocation = mapping(spec.get("serviceAllocation"))
    yield from _many(allocation.get("namespaces"), "spec.serviceAllocation.namespaces", "Namespace")


def _l2_advertisement(spec: Mapping[str, Any]) -> Iterator[Reference]:
    yield from _many(spec.get("ipAddressPools"), "spec.ipAddressPools", "IPAddressPool")


def _bgp_advertisement(spec: Mapping[str, Any]) -> Iterator[Reference]:
    yield from _l2_advertisement(spec)
    yield from _many(spec.get("peers"), "spec.peers", "BGPPeer")
    for reference in _many(spec.get("communities"), "spec.communities", "Community"):
        if is_alias(reference.name):
            yield reference


def _frr_configuration(spec: Mapping[str, Any]) -> Iterator[Reference]:
    for row, router in _entries(mapping(spec.get("bgp")).get("routers")):
        for column, neighbor in _entries(mapping(router).get("neighbors")):
            yield from _secret(mapping(neighbor), f"spec.bgp.routers[{row}].neighbors[{column}]")


def _one(value: object, field: str, kind: str) -> Iterator[Reference]:
    if isinstance(value, str) and value:
        yield Reference(field, kind, value)


def _many(value: object, field: str, kind: str) -> Iterator[Reference]:
    for index, item in _entries(value):
        yield from _one(item, f"{field}[{index}]", kind)


def _entries(value: object) -> Iterator[tuple[int, object]]:
    return enumerate(value) if isinstance(value, list | tuple) else enumerate(())


_FINDERS: dict[str, Callable[[Mapping[str, Any]], Iterator[Reference]]] = {
    "BGPPeer": _peer,
    "IPAddressPool": _pool,
    "BGPAdvertisement": _bgp_advertisement,
    "L2Advertisement": _l2_advertisement,
    "FRRConfiguration": _frr_configuration,
}
