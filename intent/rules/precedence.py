"""Which objects of a change must be written or deleted before others, since what stands of them clashes with these.

MetalLB's webhooks judge each object beside all others of its kind as they stand (internal/k8s/webhooks), so that a pool
on the addresses of a pool that goes is refused until that one is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from intent.findings import ObjectRef, Severity
from intent.rules.tables import CLASHES
from intent.rules.view import View
from intent.snapshot import Resource, Snapshot

_OLD = "\0"  # marks the name of what stands; no object can have it


@dataclass(frozen=True, slots=True)
class Precedence:
    """before: for an object that is written, those of the change that stand in its way; refused: the part of these that
    MetalLB's webhook sees. clashing: objects of the change that clash as they stand, with whatever else there is.
    """

    before: Mapping[ObjectRef, frozenset[ObjectRef]] = field(default_factory=dict)
    refused: Mapping[ObjectRef, frozenset[ObjectRef]] = field(default_factory=dict)
    clashing: frozenset[ObjectRef] = frozenset()


def precedence(standing: Snapshot, after: Snapshot, changed: Collection[ObjectRef]) -> Precedence:
    """standing: the cluster as it is. after: with the change in it. changed: the objects that the change is of."""
    stood = {resource.ref: resource for resource in standing.resources if resource.ref in changed}
    kept = {resource.ref: resource for resource in after.resources if resource.ref in changed}
    before: dict[ObjectRef, frozenset[ObjectRef]] = {}
    refused: dict[ObjectRef, frozenset[ObjectRef]] = {}
    clashing: set[ObjectRef] = set()
    for kind in {ref.kind for ref in stood} & CLASHES.keys():
        old = [resource for ref, resource in stood.items() if ref.kind == kind]
        leaving = [resource for resource in old if resource.ref not in kept]
        changing = [(one, _marked(one.ref)) for one in old if one.ref in kept and not _equal(one, kept[one.ref])]
        if not leaving and not changing:
            continue
        gone = [one for ref, one in stood.items() if ref not in kept]  # pools that go are still there for a while
        marked = [replace(one, ref=ref) for one, ref in changing]
        both = replace(after, resources=(*after.resources, *gone, *marked))
        bare = {one.ref: one.ref for one in leaving} | {ref: one.ref for one, ref in changing}
        written = {ref for ref in kept if ref.kind == kind}
        for judged, others, sees in _clashes(both, kind, written):
            several = frozenset(bare[one] for one in others if one in bare) - {judged}
            if several:
                before[judged] = before.get(judged, frozenset()) | several
                if sees:
                    refused[judged] = refused.get(judged, frozenset()) | several
        clashing |= {judged for judged, _, sees in _clashes(standing, kind, {one.ref for one in old}) if sees}
    return Precedence(before, refused, frozenset(clashing))


def _clashes(
    snapshot: Snapshot, kind: str, refs: Collection[ObjectRef]
) -> Iterator[tuple[ObjectRef, tuple[ObjectRef, ...], bool]]:
    """Objects of a kind that clash with others, with these, and whether MetalLB's webhook sees it."""
    view = View(snapshot, refs)
    for compare in CLASHES[kind]:
        for comparison in compare(view):
            for finding in comparison.findings(view, refs):
                if finding.severity is Severity.ERROR:
                    yield finding.objects[0], finding.objects[1:], comparison.speaker


def _marked(ref: ObjectRef) -> ObjectRef:
    return replace(ref, name=ref.name + _OLD)


def _equal(one: Resource, other: Resource) -> bool:
    return one.spec == other.spec and one.labels == other.labels


def in_circles(needs: Mapping[ObjectRef, Collection[ObjectRef]]) -> dict[ObjectRef, frozenset[ObjectRef]]:
    """Objects that no order is right for, and the ones among them that each has to wait for."""
    left = {ref: frozenset(others) for ref, others in needs.items()}
    while True:
        needed = frozenset[ObjectRef]().union(*left.values())
        kept = {ref: others & left.keys() for ref, others in left.items() if ref in needed and others & left.keys()}
        if kept == left:
            return kept
        left = kept
