"""IPAddressPools against what announces them, and against the addresses of nodes, peers and services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from intent.addresses import parse_address
from intent.findings import Finding, ObjectRef, listed, shown
from intent.pools import AddressRange, address_range
from intent.rules.subject import CONFIG, LINUX, Subject
from intent.rules.view import View
from intent.snapshot import Service, text, texts

_NODE_CHECK = (0, 15, 0)  # the one release that refused pools with addresses of nodes
_CONTROLLER = "MetalLB controller"


def is_advertised(view: View, subject: Subject) -> Iterator[Finding]:
    """Addresses that nobody announces are given to services, and lead nowhere."""
    if view.advertised_pools >> view.pools.number[subject.resource.name] & 1:
        return
    message = "No advertisement is for this pool: services get addresses from it, but nobody announces them"
    hint = "Create a BGPAdvertisement or L2Advertisement for it, or name it in one."
    yield subject.warning("pool-not-advertised", "", message, value="", source=CONFIG, hint=hint)


def spares_nodes(view: View, subject: Subject) -> Iterator[Finding]:
    """An address of a node in a pool: the service takes the node's traffic."""
    found = view.nodes_in_pools.get(subject.resource.name, ())
    if found:
        message = f"The pool holds addresses of nodes: {listed(found)}"
        hint = "Leave them out of the pool."
        tell = subject.error if subject.release == _NODE_CHECK else subject.warning
        yield tell("pool-holds-node-address", "addresses", message, source=LINUX, hint=hint)


def spares_peers(view: View, subject: Subject) -> Iterator[Finding]:
    """The address of a router in a pool."""
    found = view.peers_in_pools.get(subject.resource.name, {})
    if found:
        some = sorted(found)[:5]
        message = f"The pool holds addresses of peers: {listed(f'{found[name]} ({name})' for name in found)}"
        hint = "Leave them out of the pool."
        others = tuple(ObjectRef("BGPPeer", subject.namespace, name) for name in some)
        code = "pool-holds-peer-address"
        yield subject.warning(code, "addresses", message, source=LINUX, hint=hint, others=others)


def keeps_addresses_in_use(view: View, subject: Subject) -> Iterator[Finding]:
    """A pool that loses addresses: services that have them get others at once (since MetalLB 0.14.2)."""
    live = subject.resource.live
    if not live or live.get("addresses") == subject.spec.get("addresses"):
        return
    before, after = _ranges(live), _ranges(subject.spec)
    gone = [service for service in view.snapshot.services if _leaves(service, before, after)]
    if gone:
        message = f"Services have addresses that the pool would lose: {listed(_name(service) for service in gone)}"
        hint = "They get other addresses at once. Keep the addresses, or move the services first."
        if subject.release < (0, 14, 2):
            message, hint = f"{message}; MetalLB keeps its old configuration until they are gone", "Move them first."
        code = "addresses-in-use"
        yield subject.warning(code, "addresses", message, source=_CONTROLLER, hint=hint)


def _ranges(spec: Mapping[str, object]) -> list[AddressRange]:
    return [held for entry in texts(spec.get("addresses")) if (held := address_range(entry))]


def _leaves(service: Service, before: list[AddressRange], after: list[AddressRange]) -> bool:
    for address in map(parse_address, service.addresses):
        if address and any(address in held for held in before) and not any(address in held for held in after):
            return True
    return False


def _name(service: Service) -> str:
    return f"{service.namespace}/{service.name}"


def namespaces_exist(view: View, subject: Subject) -> Iterator[Finding]:
    """A namespace that does not exist, where it is known which do."""
    known = view.snapshot.namespaces
    allocation = subject.spec.get("serviceAllocation")
    listed_names = texts(allocation.get("namespaces")) if isinstance(allocation, Mapping) else ()
    for index, name in enumerate(listed_names if known else ()):
        if name not in known:
            at, hint = f"serviceAllocation.namespaces[{index}]", "Create it, or check its spelling."
            message = f"Namespace {shown(text(name))} does not exist"
            yield subject.warning("namespace-missing", at, message, value=name, source=CONFIG, hint=hint)


def peer_is_used(view: View, subject: Subject) -> Iterator[Finding]:
    """A peer that gets nothing, while others do."""
    if view.used_peers >> view.peer_number[subject.resource.name] & 1 or not view.advertisements:
        return
    message = "No BGPAdvertisement is for this peer on any of its nodes, so no routes go there"
    hint = "Name the peer in an advertisement, or delete it."
    yield subject.warning("peer-not-used", "", message, value="", source=CONFIG, hint=hint)
