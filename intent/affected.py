"""Which services a change of pools and advertisements can concern at all, so that only these are looked at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from intent.addresses import parse_address
from intent.announcements.advertisements import WHOLE, Advertisement, advertisements
from intent.announcements.cluster import Announcements
from intent.placement import placement_of
from intent.pools import ranges
from intent.sessions import placed
from intent.snapshot import Resource, Service, Snapshot

Sides = tuple[Announcements, Announcements]
_PEERS = ("BGPPeer", "BFDProfile")
Block = tuple[int, int, int, str]  # IP version, first and last address, the pool


def narrowed(before: Snapshot, after: Snapshot) -> tuple[Snapshot, Snapshot]:
    """Both without the services that are announced alike in both.

    Nothing can be left out if nodes, MetalLB itself, or places and families of sessions differ.
    """
    if _surroundings(before) != _surroundings(after):
        return before, after
    old, new = _pools(before), _pools(after)
    placement = placement_of(before)
    was, will = advertisements(before, placement), advertisements(after, placement)
    changed = {name for name in old.keys() | new.keys() if _spec(old.get(name)) != _spec(new.get(name))}
    changed |= _of_changed(was, will) if was is not will else set()
    if not changed and before.services is after.services:
        return replace(before, services=()), replace(after, services=())
    blocks = [*_blocks(old.values(), was), *_blocks(new.values(), will)]
    others = list(_of_services(_differing(before.services, after.services), (*was, *will)))
    joined = _joined([*blocks, *others], changed | {block[3] for block in others})
    here = tuple(_within(before.services, joined))
    there = here if before.services is after.services else tuple(_within(after.services, joined))
    return replace(before, services=here), replace(after, services=there)


def announced(before: Snapshot, after: Snapshot) -> Sides:
    """What is announced in both, as far as the change can concern it: made once for all that is asked of a change."""
    old, new = narrowed(before, after)
    return Announcements(old), Announcements(new)


def concerned(before: Snapshot, after: Snapshot, sides: Sides) -> list[str]:
    """The nodes on which something may be announced otherwise, sorted: all, or those that have other sessions if only

    BGPPeers and BFDProfiles differ.
    """
    nodes = sorted({node.name for snapshot in (before, after) for node in snapshot.nodes})
    if not _same_but_peers(before, after):
        return nodes
    old, new = sides
    return [node for node in nodes if old.sessions_of(node) != new.sessions_of(node)]


def _same_but_peers(before: Snapshot, after: Snapshot) -> bool:
    """Whether nothing but BGPPeers and BFDProfiles differs."""
    old, new = ({one.ref: one for one in each.resources if one.ref.kind not in _PEERS} for each in (before, after))
    if before.services is not after.services or before.nodes is not after.nodes or old.keys() != new.keys():
        return False
    here, there = (replace(each, resources=(), services=(), nodes=(), secrets=()) for each in (before, after))
    return here == there and all(one is new[ref] or one == new[ref] for ref, one in old.items())


def _surroundings(snapshot: Snapshot) -> tuple[object, ...]:
    feeds = {
        name: (session.vrf, session.neighbor, session.families, nodes)
        for name, (session, nodes) in placed(snapshot).items()
    }
    return snapshot.mode, snapshot.version, snapshot.namespace, snapshot.nodes, feeds


def _pools(snapshot: Snapshot) -> dict[str, Resource]:
    return {pool.name: pool for pool in snapshot.in_force("IPAddressPool")}


def _spec(pool: Resource | None) -> object:
    return None if pool is None else pool.spec.get("addresses")


def _of_changed(was: Iterable[Advertisement], will: Iterable[Advertisement]) -> set[str]:
    """The pools of advertisements that are not as before, whatever the reason: labels of pools and aliases count."""
    old, new = ({each.name: replace(each, bit=0) for each in some} for some in (was, will))
    changed = set[str]()
    for name in old.keys() | new.keys():
        here, there = old.get(name), new.get(name)
        if here != there:
            for each in (here, there):
                changed |= each.pools if each is not None else frozenset()
    return changed


def _blocks(pools: Iterable[Resource], every: Sequence[Advertisement]) -> Iterator[Block]:
    """The ranges of each pool, as wide as the shortest prefix that they are announced in: others may share it."""
    shortest = dict[tuple[str, int], int]()
    for each in every:
        for pool in each.pools:
            for version in WHOLE:
                key = pool, version
                shortest[key] = min(shortest.get(key, WHOLE[version]), each.length(version))
    for pool_object in pools:
        for held in ranges(pool_object):
            whole = WHOLE[held.version]
            bits = whole - shortest.get((pool_object.name, held.version), whole)
            yield held.version, held.first >> bits << bits, held.last | ((1 << bits) - 1), pool_object.name


def _differing(before: Sequence[Service], after: Sequence[Service]) -> Iterator[Service]:
    """The services that are not in both, or not alike, as they are on each side."""
    if before is after:
        return
    old, new = ({(each.namespace, each.name): each for each in some} for some in (before, after))
    for key in old.keys() | new.keys():
        here, there = old.get(key), new.get(key)
        if here != there:
            yield from filter(None, (here, there))


def _of_services(services: Iterable[Service], every: Sequence[Advertisement]) -> Iterator[Block]:
    """The addresses of services, as wide as the shortest prefix of all, each service as a pool of its own."""
    for service in services:
        for address in filter(None, map(parse_address, service.addresses)):
            whole = WHOLE[address.version]
            bits = whole - min((each.length(address.version) for each in every), default=whole)
            name = f"{service.namespace}/{service.name}"  # no pool's name has a slash
            yield address.version, int(address) >> bits << bits, int(address) | ((1 << bits) - 1), name


def _joined(blocks: list[Block], changed: set[str]) -> list[tuple[int, int, int]]:
    """The blocks of changed pools, and of all that overlap with one, and so on; sorted, without overlaps."""
    runs = list[tuple[int, int, int, set[str]]]()
    for version, first, last, pool in sorted(blocks):
        if runs and runs[-1][0] == version and first <= runs[-1][2]:
            _, start, end, names = runs.pop()
            runs.append((version, start, max(end, last), names | {pool}))
        else:
            runs.append((version, first, last, {pool}))
    concerned, found = set(changed), list[tuple[int, int, int]]()
    left = runs
    while True:  # a pool has several ranges, each of which may join others
        taken = [run for run in left if run[3] & concerned]
        if not taken:
            return sorted(found)
        left = [run for run in left if not run[3] & concerned]
        found += [run[:3] for run in taken]
        concerned.update(*(run[3] for run in taken))


def _within(services: Iterable[Service], blocks: Sequence[tuple[int, int, int]]) -> Iterator[Service]:
    """The services with an address in one of the blocks."""
    firsts = [block[:2] for block in blocks]
    for service in services:
        for address in filter(None, map(parse_address, service.addresses)):
            at = bisect_right(firsts, (address.version, int(address))) - 1
            if at >= 0 and blocks[at][0] == address.version and int(address) <= blocks[at][2]:
                yield service
                break
