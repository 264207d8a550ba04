"""Which pools MetalLB's controller may take for a Service that is made, and the addresses that are next there.

Facts: MetalLB's internal/allocator. A pool that is asked for is the only one. Else pools whose serviceAllocation
names the service come first, by priority; then any pool for everybody, in no order (a Go map). Of a pool its first
free address is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from intent.addresses import Address, parse_address
from intent.assignments.pools import Pool, by_priority, pools_of
from intent.assignments.request import Manifest, RefusedError, Request, asked_addresses, request_of_new
from intent.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Choice:
    """A pool, and the addresses that the service would have of it, one for each IP version."""

    pool: str
    addresses: tuple[str, ...]


def choices(snapshot: Snapshot, service: Manifest) -> tuple[Choice, ...]:
    """What a Service of type LoadBalancer that is made in this cluster may get; () = nothing.

    One that shares addresses is taken to get one of its own.
    """
    taken = {address for held in snapshot.services for one in held.addresses if (address := parse_address(one))}
    return choices_of(pools_of(snapshot), request_of_new(service, _version(snapshot)), service, taken)


def choices_of(
    pools: Collection[Pool], request: Request, service: Manifest, taken: Collection[Address]
) -> tuple[Choice, ...]:
    """The same of these pools; taken: addresses that others have."""
    try:
        asked = asked_addresses(service)
    except RefusedError:
        return ()
    usable = [pool for pool in pools if pool.serves(request.namespace, request.labels)]
    if request.pool:
        usable = [pool for pool in usable if pool.name == request.pool]
    if asked:
        fits = {each.version for each in asked} == set(request.versions) and not set(asked) & set(taken)
        return tuple(_choice(pool, asked) for pool in usable if fits and pool.holds(asked))
    if request.pool:
        return tuple(_some(usable, request, taken))
    pinned = _some(
        by_priority(pool for pool in usable if pool.is_for(request.namespace, request.labels)), request, taken
    )
    everybodys = sorted((pool for pool in pools if pool.auto_assign and not pool.is_pinned), key=lambda pool: pool.name)
    return tuple(pinned[:1] or _some(everybodys, request, taken))


def _some(pools: Iterable[Pool], request: Request, taken: Collection[Address]) -> list[Choice]:
    """Those with all that is asked for; else, where one family is better than none, those with one."""
    found = [(pool, _next(pool, request.versions, taken)) for pool in pools]
    whole = [_choice(pool, some) for pool, some in found if len(some) == len(request.versions)]
    return whole or [_choice(pool, some) for pool, some in found if some and request.prefers_dual]


def _next(pool: Pool, versions: Iterable[int], taken: Collection[Address]) -> tuple[Address, ...]:
    """The first free address of each IP version."""
    found = []
    for version in sorted(set(versions)):
        held = (each for each in pool.ranges if each.version == version)
        free = (_free(pool, version, each.first, each.last, taken) for each in held)
        found += [address for address in free if address is not None][:1]
    return tuple(found)


def _free(pool: Pool, version: int, first: int, last: int, taken: Collection[Address]) -> Address | None:
    for number in range(first, last + 1):
        address = IPv4Address(number) if version == 4 else IPv6Address(number)
        if pool.takes(version, number) and address not in taken:
            return address
    return None


def _choice(pool: Pool, addresses: Iterable[Address]) -> Choice:
    return Choice(pool.name, tuple(map(str, addresses)))


def _version(snapshot: Snapshot) -> int:
    """The IP version of a Service that names none: that of the nodes' first address."""
    own = next((address for node in snapshot.nodes for address in node.addresses[:1]), "")
    parsed = parse_address(own)
    return parsed.version if parsed is not None else 4
