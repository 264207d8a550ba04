"""The order in which the objects of a change are written: what is referred to first, deletions last, and before all
what stands in the way of others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clusters.changesets.wanted import AnyEdit, action_of
from clusters.edits.edit import Edit
from intent.findings import Finding, ObjectRef, Severity, listed
from intent.rules.precedence import in_circles, precedence
from intent.snapshot import Resource, Snapshot

# What is referred to first; a kind that is not named here comes before advertisements.
_RANKS = {
    "Namespace": 0, "BFDProfile": 1, "Community": 2, "IPAddressPool": 3, "BGPPeer": 4, "BGPAdvertisement": 6,
    "L2Advertisement": 6, "Deployment": 7, "Service": 8,
}  # fmt: skip
_UNKNOWN = 5
_WEBHOOK = "MetalLB admission webhook"


@dataclass(frozen=True, slots=True)
class Order:
    """places: the indexes of the edits in the order of work. told: what is to be said of an edit's place, by index."""

    places: tuple[int, ...]
    told: Mapping[int, tuple[Finding, ...]]


def in_order(edits: Sequence[AnyEdit], before: Snapshot, after: Snapshot) -> Order:
    """before: the cluster as it shall be without these edits, after: with them."""
    if not edits[1:]:
        return Order(tuple(range(len(edits))), {})
    changing = {edit.ref for edit in edits if isinstance(edit, Edit) and action_of(edit)}
    found = precedence(_standing(edits, before), after, changing)
    needs = found.before if not in_circles(found.before) else found.refused
    usual = sorted(range(len(edits)), key=lambda number: _place(edits[number], number, found.clashing))
    place = {edits[number].ref: position for position, number in enumerate(usual)}
    waits = {place[ref]: sorted(place[one] for one in others) for ref, others in needs.items()}
    places = tuple(usual[position] for position in _pulled(len(usual), waits))
    return Order(places, {number: (finding,) for number, finding in _told(edits, needs)})


def _standing(edits: Sequence[AnyEdit], before: Snapshot) -> Snapshot:
    """The cluster with these objects as it holds them, whatever was wanted of them meanwhile."""
    own = [edit for edit in edits if isinstance(edit, Edit)]
    live = [Resource.from_manifest(edit.live) for edit in own if edit.live is not None]
    return before.without(*(edit.ref for edit in own)).with_resources(live)


def _place(edit: AnyEdit, number: int, clashing: Collection[ObjectRef]) -> tuple[int, int, bool, int]:
    """By kind, deletions last and the other way round; before all others those of what clashes as it stands, for

    nothing of that kind is accepted until then.
    """
    rank, goes, clashes = _RANKS.get(edit.ref.kind, _UNKNOWN), edit.manifest is None, edit.ref in clashing
    return (0 if clashes else 2) if goes else 1, -rank if goes else rank, not clashes, number


def _pulled(count: int, waits: Mapping[int, Sequence[int]]) -> Iterator[int]:
    """The numbers below count, but before each those that it waits for; in a circle anything may come first."""
    done: set[int] = set()
    for start in range(count):
        path, entered = [start], set[int]()
        while path:
            number = path[-1]
            first = [one for one in waits.get(number, ()) if one not in done and one not in entered]
            if first and number not in entered:
                entered.add(number)
                path += reversed(first)
                continue
            path.pop()
            if number not in done:
                done.add(number)
                yield number


def _told(edits: Sequence[AnyEdit], needs: Mapping[ObjectRef, frozenset[ObjectRef]]) -> Iterator[tuple[int, Finding]]:
    """What is to be said of the places of edits, by their indexes."""
    circles = in_circles(needs)
    follow: dict[ObjectRef, set[ObjectRef]] = defaultdict(set)
    for ref, others in needs.items():
        for other in others:
            follow[other].add(ref)
    for number, edit in enumerate(edits):
        if edit.ref in circles:
            message = "No order is right: {} would have to change first, and cannot before this one does"
            hint = "Make it two changes: delete what is in the way in the first, and make it anew in the second."
            yield number, _finding("no-order", Severity.ERROR, edit.ref, circles[edit.ref], message, hint)
        elif edit.manifest is None and edit.ref in follow:
            message = "Goes before {} is written, since they clash; between the two neither is in force"
            hint = "To keep it in force all the time, change this object instead of replacing it."
            yield number, _finding("replaced", Severity.WARNING, edit.ref, follow[edit.ref], message, hint)


def _finding(
    code: str, severity: Severity, ref: ObjectRef, others: Collection[ObjectRef], message: str, hint: str
) -> Finding:
    words = message.format(listed(str(other) for other in others))
    return Finding(code, severity, "", "", words, _WEBHOOK, hint, (ref, *sorted(others))).abridged()


def kinds_in_order(kinds: Iterable[str]) -> list[str]:
    """These kinds, what is referred to first."""
    return sorted(kinds, key=lambda kind: (_RANKS.get(kind, _UNKNOWN), kind))
