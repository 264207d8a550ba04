"""Who has which address of which pool: MetalLB's allocator (internal/allocator/allocator.go)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from itertools import islice

from intent.addresses import Address
from intent.assignments.pools import Pool, by_priority
from intent.assignments.request import RefusedError, Request, quoted
from intent.pools import AddressRange, PoolIndex

Found = dict[int, Address]


@dataclass(frozen=True, slots=True)
class Allocation:
    """The addresses of one service, all of one pool."""

    request: Request
    pool: str
    addresses: tuple[Address, ...]


@dataclass(slots=True)
class _Use:
    """The services that share one address."""

    services: dict[str, Request] = field(default_factory=dict)


class Allocator:
    """All allocations, by the key of the service; `touched` collects pools whose figures changed."""

    def __init__(self) -> None:
        self.pools: dict[str, Pool] = {}
        self.allocations: dict[str, Allocation] = {}
        self.touched: set[str] = set()
        self._uses: dict[Address, _Use] = {}
        self._used: dict[str, dict[int, int]] = {}
        self._index = PoolIndex(())
        self._pinned: list[Pool] = []
        self._everybodys: list[Pool] = []
        self._open_from = {4: 0, 6: 0}
        self._free_from: dict[AddressRange, int] = {}
        self._full: set[tuple[str, int]] = set()

    def set_pools(self, pools: Mapping[str, Pool], index: PoolIndex) -> None:
        """Other pools, with their index: who has an address outside of them loses it."""
        self.touched |= self.pools.keys() | pools.keys()
        self.pools, self._index, self._free_from, self._full = dict(pools), index, {}, set()
        self._pinned = [each for each in pools.values() if each.is_pinned]
        self._everybodys = [each for _, each in sorted(pools.items()) if each.auto_assign and not each.is_pinned]
        self._open_from = {4: 0, 6: 0}
        for key, allocation in list(self.allocations.items()):
            pool = self._holding(allocation.addresses)
            if pool is None:
                self.release(key)
            elif pool.name != allocation.pool:
                self._record(allocation.request, pool, allocation.addresses)

    def assign(self, request: Request, addresses: tuple[Address, ...]) -> None:
        """Give these addresses. Raises RefusedError."""
        pool = self._holding(addresses)
        if pool is None:
            raise RefusedError(f"{quoted(addresses)} is not allowed in config")
        if not pool.serves(request.namespace, request.labels):
            raise RefusedError(f"pool {pool.name} not compatible for ip assignment")
        for address in addresses:
            problem = self._clash(request, address)
            if problem:
                raise RefusedError(problem)
        self._record(request, pool, addresses)

    def allocate(self, request: Request) -> tuple[Address, ...]:
        """Addresses of the pool that is asked for, or of the best one. Raises RefusedError."""
        if request.pool:
            pool = self.pools.get(request.pool)
            if pool is None:
                raise RefusedError(f'unknown pool "{request.pool}"')
            chosen = self._chosen(request, self._free(request, pool))
            if not chosen:
                raise RefusedError(f'no available IPs in pool "{pool.name}" for {request.family} IPFamily')
            self.assign(request, chosen)
            return chosen
        pinned = by_priority(pool for pool in self._pinned if pool.is_for(request.namespace, request.labels))
        for pools in (pinned, self._open(request)):
            found = self._best(request, pools)
            if found:
                self.assign(request, found)
                return found
        raise RefusedError("no available IPs")

    def extend(self, request: Request) -> tuple[Address, ...]:
        """The service's one address and one of the other family from the same pool. Raises RefusedError."""
        allocation = self.allocations[request.key]
        free, missing = self._free(request, self.pools[allocation.pool]), 10 - allocation.addresses[0].version
        if missing not in free:
            raise RefusedError(f'no available IPs in pool "{allocation.pool}" for ipv{missing} IPFamily')
        both = (*allocation.addresses, free[missing])
        self.assign(request, both)
        return both

    def release(self, key: str) -> bool:
        """Take a service's addresses back; False if it had none."""
        allocation = self.allocations.pop(key, None)
        if allocation is None:
            return False
        for address in allocation.addresses:
            use = self._uses[address]
            del use.services[key]
            if not use.services:
                del self._uses[address]
                self._used[allocation.pool][address.version] -= 1
                self._freed(address, allocation.pool)
        self.touched.add(allocation.pool)
        return True

    def pool_of(self, key: str) -> str:
        """The pool that a service's addresses are from, "" if it has none."""
        allocation = self.allocations.get(key)
        return allocation.pool if allocation else ""

    def figures(self, name: str) -> dict[str, int]:
        """The status of an IPAddressPool."""
        pool, used = self.pools[name], self._used.get(name, {})
        assigned = {version: used.get(version, 0) for version in (4, 6)}
        left = {version: pool.capacity(version) - assigned[version] for version in (4, 6)}
        return {f"assignedIPv{v}": assigned[v] for v in (4, 6)} | {f"availableIPv{v}": left[v] for v in (4, 6)}

    def _record(self, request: Request, pool: Pool, addresses: tuple[Address, ...]) -> None:
        self.release(request.key)
        self.allocations[request.key] = Allocation(request, pool.name, addresses)
        used = self._used.setdefault(pool.name, {4: 0, 6: 0})
        for address in addresses:
            if address not in self._uses:
                self._uses[address] = _Use()
                used[address.version] += 1
            self._uses[address].services[request.key] = request
        self.touched.add(pool.name)

    def _holding(self, addresses: tuple[Address, ...]) -> Pool | None:
        pool = self.pools.get(self._index.holding_all(addresses))
        return pool if pool is not None and pool.holds(addresses) else None

    def _open(self, request: Request) -> Iterable[Pool]:
        """The pools for everybody, without the first ones that have nothing left for who shares nothing."""
        if request.sharing or len(request.versions) > 1 or request.prefers_dual:
            return self._everybodys
        version = request.versions[0]
        first = self._open_from[version]
        while first < len(self._everybodys) and (self._everybodys[first].name, version) in self._full:
            first += 1
        self._open_from[version] = first
        return islice(self._everybodys, first, None)

    def _best(self, request: Request, pools: Iterable[Pool]) -> tuple[Address, ...]:
        """From the first pool that has what is asked; with PreferDualStack one family is better than none."""
        partial: dict[int, tuple[Address, ...]] = {}
        for pool in pools:
            free = self._free(request, pool)
            chosen = self._chosen(request, free)
            if len(chosen) == len(request.versions):
                return chosen
            if chosen:
                partial.setdefault(chosen[0].version, chosen)
        return next((partial[version] for version in request.versions if version in partial), ())

    def _chosen(self, request: Request, free: Found) -> tuple[Address, ...]:
        """What a service gets of what is free; () if it is not enough."""
        own = tuple(free[version] for version in sorted(request.versions) if version in free)
        return own if len(own) == len(request.versions) or (request.prefers_dual and len(own) == 1) else ()

    def _free(self, request: Request, pool: Pool) -> Found:
        """The first address of each family that the service could have."""
        found: Found = {}
        is_alone = not request.sharing and request.key not in self.allocations
        for version in (4, 6) if request.prefers_dual else sorted(request.versions):
            if is_alone and (pool.name, version) in self._full:
                continue
            own = (
                self._first(request, pool, held, is_alone=is_alone) for held in pool.ranges if held.version == version
            )
            address = next((address for address in own if address is not None), None)
            if address is not None:
                found[version] = address
            elif is_alone:
                self._full.add((pool.name, version))
        return found

    def _first(self, request: Request, pool: Pool, held: AddressRange, *, is_alone: bool) -> Address | None:
        """For who shares nothing, what is taken below the mark need not be looked at again."""
        number = self._free_from.get(held, held.first) if is_alone else held.first
        found: Address | None = None
        while found is None and number <= held.last:
            address = _address(held.version, number)
            if pool.takes(held.version, number) and not self._clash(request, address):
                found = address
            else:
                number += 1
        if is_alone:
            self._free_from[held] = number
        return found

    def _freed(self, address: Address, name: str) -> None:
        self._full.discard((name, address.version))
        self._open_from[address.version] = 0
        for held in self.pools[name].ranges if name in self.pools else ():
            if address in held and int(address) < self._free_from.get(held, held.first):
                self._free_from[held] = int(address)

    def _clash(self, request: Request, address: Address) -> str:
        """Why a service cannot have an address beside those that have it, "" if it can."""
        use = self._uses.get(address)
        others = {key: other for key, other in use.services.items() if key != request.key} if use else {}
        for other in others.values():
            if not request.sharing or (other.sharing, other.backend) != (request.sharing, request.backend):
                used = ",".join(others)
                return f'can\'t change sharing key for "{request.key}", address also in use by {used}'
            for protocol, port in sorted(request.ports & other.ports):
                return f'port {protocol}/{port} is already in use on "{address}"'
        return ""


def _address(version: int, number: int) -> Address:
    return IPv4Address(number) if version == 4 else IPv6Address(number)
