"""What is withdrawn while a change is made, though it is announced before and after: deleted first, or over sessions

that reset.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from intent.announcements.announcement import ServiceRef
from intent.announcements.cluster import Announcements
from intent.displaced import address_effects
from intent.effects import effects
from intent.findings import ObjectRef
from intent.reach import SessionKey, only_over
from intent.session_changes import SessionChange
from intent.snapshot import Resource, Snapshot

_LOW = 20  # moments that are looked at
Step = tuple[ObjectRef, Resource | None]  # an object is written, or deleted


@dataclass(frozen=True, slots=True)
class Between:
    """prefixes: that some session loses and gets again. lost: services that nobody announces for a while. displaced:

    those whose addresses no pool holds for a while, so that MetalLB gives them others if it can. All of them sorted.
    more: moments after a deletion that were not looked at. interrupted: services that nobody announces while sessions
    reset, since they go out over no other one that is known to be up.
    """

    prefixes: tuple[str, ...] = ()
    lost: tuple[ServiceRef, ...] = ()
    displaced: tuple[ServiceRef, ...] = ()
    more: int = 0
    interrupted: tuple[ServiceRef, ...] = ()


NOTHING_BETWEEN = Between()


def between(before: Snapshot, steps: Sequence[Step]) -> Between:
    """steps: in the order of work. Looked at is each moment after a deletion that something written follows."""
    writes = [number for number, (_ref, resource) in enumerate(steps) if resource is not None]
    last_write = max(writes, default=0)
    moments = [number for number, (_ref, resource) in enumerate(steps) if resource is None and number < last_write]
    if not moments:
        return NOTHING_BETWEEN
    end = _after(before, steps)
    whole = effects(before, end)
    last = {(one.peer, one.neighbor, one.prefix): one.withdrawn for one in whole.routes}
    prefixes, lost, displaced = set[str](), set[ServiceRef](), set[ServiceRef]()
    finally_displaced = {each.service for each in address_effects(before, end).services}
    for number in moments[:_LOW]:
        then = _after(before, steps[: number + 1])
        told = effects(before, then)
        displaced.update(each.service for each in address_effects(before, then).services)
        lost.update(ref for ref in told.lost if ref not in whole.lost)
        prefixes.update(
            one.prefix for one in told.routes if one.withdrawn > last.get((one.peer, one.neighbor, one.prefix), 0)
        )
    gone = tuple(sorted(displaced - finally_displaced))
    return Between(tuple(sorted(prefixes)), tuple(sorted(lost)), gone, len(moments[_LOW:]))


def interrupted(now: Snapshot, changes: Iterable[SessionChange], telling: Container[SessionKey]) -> set[ServiceRef]:
    """The services that are announced now, and only over sessions that end, some of which begin anew.

    telling: the sessions that are up and announce something. Sessions that may reset count as those that stay.
    """
    anew, ending = set[SessionKey](), set[SessionKey]()
    for one in changes:
        again = {*one.reset, *(set(one.closed) & set(one.opened))}
        anew.update((node, one.vrf, one.neighbor) for node in again)
        ending.update((node, one.vrf, one.neighbor) for node in (*one.reset, *one.closed))
    if not any(key in telling for key in anew):
        return set()
    return only_over(Announcements(now), [node.name for node in now.nodes], ending, telling)


def _after(before: Snapshot, steps: Sequence[Step]) -> Snapshot:
    for ref, resource in steps:
        before = before.without(ref) if resource is None else before.with_resource(resource)
    return before
