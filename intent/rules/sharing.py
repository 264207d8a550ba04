"""BGPPeers that meet on a node: one router ID a node, one AS a VRF, one session a neighbor (MetalLB's F1 to F3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from intent.addresses import parse_address
from intent.findings import Finding, ObjectRef, Severity, listed, shown
from intent.rules.subject import FRR, OPENSHIFT, VALIDATION
from intent.rules.view import View
from intent.snapshot import Resource, text

_GROUPS = 5  # values that a message names

Meets = Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class Member:
    """A peer, what it is compared by, and the nodes that it is on."""

    peer: Resource
    key: str
    mask: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """One way in which peers can clash: meets(mask, mask) are the nodes on which two different keys do.

    speaker: MetalLB makes this comparison itself, and refuses the whole configuration of these nodes.
    shared: the keys are values of the field, which all of them must have alike.
    told: of the peers that are asked about, those that are told so; None = all. Nobody else is.
    """

    code: str
    severity: Severity
    field: str
    message: str
    source: str
    hint: str
    members: tuple[Member, ...]
    meets: Meets
    speaker: bool = False
    shared: bool = False
    told: Collection[ObjectRef] | None = None

    def findings(self, view: View, refs: Collection[ObjectRef] | None) -> Iterator[Finding]:
        """One finding for all peers that clash with each other; with refs one for each of these that clashes."""
        if len({member.key for member in self.members}) < 2:
            return
        if refs is None and self.told is not None:
            return
        if refs is None:
            for clash in _components(self.members, self.meets):
                yield self._finding(view, clash, _meeting(clash, self.meets) if self._bites else 0)
            return
        asked = refs if self.told is None else {ref for ref in self.told if ref in refs}
        for judged in (member for member in self.members if member.peer.ref in asked):
            others = [o for o in self.members if o.key != judged.key and self.meets(o.mask, judged.mask)]
            if others:
                where = 0
                for other in others:
                    where |= self.meets(other.mask, judged.mask)
                yield self._finding(view, [judged, *others], where if self._bites else 0, self._way_out(judged, asked))

    def _way_out(self, judged: Member, asked: Collection[ObjectRef]) -> str:
        """The one value that would do: what all others have that meet it, as far as they are not asked about, too."""
        if not self.shared:
            return self.hint
        near = [one for one in self.members if one.peer != judged.peer and self.meets(one.mask, judged.mask)]
        there = {one.key for one in near if one.peer.ref not in asked}
        if len(there) != 1 or {one.key for one in near} - there - {judged.key}:
            return self.hint
        value = there.pop()
        return f"Write {value} here." if value else f"Leave {self.field} out here."

    @property
    def _bites(self) -> bool:
        return self.severity is Severity.ERROR

    def _finding(self, view: View, clash: list[Member], where: int, hint: str = "") -> Finding:
        value = clash[0].peer.spec.get(self.field, "")
        objects = tuple(member.peer.ref for member in clash)
        nodes = view.placement.names(where) if where else ()
        message = f"{self.message}: {_groups(clash)}"
        field, hint = f"spec.{self.field}", hint or self.hint
        return Finding(self.code, self.severity, field, shown(value), message, self.source, hint, objects, nodes)


def comparisons(view: View) -> Iterator[Comparison]:
    """The ways in which the peers of a cluster can clash, but for their AS numbers."""
    yield from _router_ids(view)
    yield from _neighbors(view)


def _router_ids(view: View) -> Iterator[Comparison]:
    members = members_of(view, lambda peer: shown(text(peer.spec.get("routerID"))))
    hint = "Give all peers the same routerID, or none to all. One that meets others cannot change alone."
    yield Comparison(
        "router-id-differs",
        Severity.ERROR,
        "routerID",
        f"routerID must be the same in all peers {where_compared(view)}, set or not set",
        VALIDATION,
        hint,
        members,
        meeting_now(view),
        speaker=True,
        shared=True,
    )
    yield Comparison(
        "router-id-differs-elsewhere",
        Severity.DOCUMENTED,
        "routerID",
        "routerID must be the same in all peers; this MetalLB accepts others where the peers never meet",
        OPENSHIFT,
        hint,
        members,
        never_meeting(view),
    )


def _neighbors(view: View) -> Iterator[Comparison]:
    """Peers that name the same neighbor: in the same words, which MetalLB sees, or in others, which only FRR does."""
    scope = "on each node" if view.node_aware else "in the cluster (MetalLB before 0.16 compares all)"
    by_neighbor: dict[tuple[str, str], dict[str, list[Resource]]] = defaultdict(lambda: defaultdict(list))
    for peer in view.peers:
        address, interface = text(peer.spec.get("peerAddress")), text(peer.spec.get("interface"))
        if address or interface:
            neighbor = str(parse_address(address) or address) if address else interface
            by_neighbor[neighbor, text(peer.spec.get("vrf"))][address or interface].append(peer)
    for (neighbor, vrf), spelled in sorted(by_neighbor.items()):
        where = f"{shown(neighbor)} in {f'VRF {shown(vrf)}' if vrf else 'the default VRF'}"
        for peers in spelled.values():
            message, members = f"{where} may have one peer {scope}", members_of(view, lambda peer: peer.name, peers)
            yield _duplicate(view, "duplicate-neighbor", message, VALIDATION, members)
        peers = [peer for same in spelled.values() for peer in same]
        message = f"{where} is written in several ways, which MetalLB takes for several neighbors and FRR for one"
        yield _duplicate(view, "duplicate-neighbor-hidden", message, FRR, members_of(view, _spelling, peers))


def _duplicate(view: View, code: str, message: str, source: str, members: tuple[Member, ...]) -> Comparison:
    field = "peerAddress" if any(member.peer.spec.get("peerAddress") for member in members) else "interface"
    hint = "Delete one of the peers, or place them on different nodes with nodeSelectors."
    meets, speaker = meeting_now(view), source == VALIDATION
    return Comparison(code, Severity.ERROR, field, message, source, hint, members, meets, speaker)


def _spelling(peer: Resource) -> str:
    return text(peer.spec.get("peerAddress")) or text(peer.spec.get("interface"))


def members_of(
    view: View, key: Callable[[Resource], str], peers: Iterable[Resource] | None = None
) -> tuple[Member, ...]:
    """The peers, all by default, with what they are compared by."""
    chosen = view.peers if peers is None else peers
    return tuple(Member(peer, key(peer), view.masks[peer.ref]) for peer in chosen)


def meeting_now(view: View) -> Meets:
    """The nodes on which MetalLB compares two peers."""
    if not view.compares_peers:
        return lambda one, other: 0
    return (lambda one, other: one & other) if view.node_aware else (lambda one, other: view.placement.everywhere)


def never_meeting(view: View) -> Meets:
    """Not 0 for two peers that MetalLB does not compare anywhere."""
    meets = meeting_now(view)
    return lambda one, other: 0 if meets(one, other) else 1


def where_compared(view: View) -> str:
    """Words for whom MetalLB compares."""
    return "that share a node" if view.node_aware else "of the cluster (MetalLB before 0.16 compares all)"


def _meeting(members: Iterable[Member], meets: Meets) -> int:
    cells = sorted({(member.key, member.mask) for member in members})
    where = 0
    for index, (key, mask) in enumerate(cells):
        for other, other_mask in cells[index + 1 :]:
            if other != key:
                where |= meets(mask, other_mask)
    return where


def _components(members: Iterable[Member], meets: Meets) -> Iterator[list[Member]]:
    """Members that clash directly or through others, each group sorted by name. Equal members are compared once."""
    cells: dict[tuple[str, int], list[Member]] = defaultdict(list)
    for member in members:
        cells[member.key, member.mask].append(member)
    left = sorted(cells)
    while left:
        group, reached = [], [left.pop()]
        while reached:
            cell = reached.pop()
            group.append(cell)
            found = [other for other in left if other[0] != cell[0] and meets(cell[1], other[1])]
            left = sorted(set(left) - set(found)) if found else left
            reached.extend(found)
        if len(group) > 1:
            yield sorted((member for cell in group for member in cells[cell]), key=lambda member: member.peer.ref)


def _groups(clash: list[Member]) -> str:
    """ "10.10.10.10 (peer1, peer2); not set (peer3)", or only the names where each is its own key."""
    names = defaultdict(list)
    for member in clash:
        names[member.key].append(member.peer.name)
    if all([key] == named for key, named in names.items()):
        return _named(names)
    told = [f"{key or 'not set'} ({_named(named)})" for key, named in sorted(names.items())[:_GROUPS]]
    return "; ".join(told) + (f"; and {len(names) - _GROUPS} more values" if len(names) > _GROUPS else "")


def _named(names: Iterable[str]) -> str:
    return listed([name or "this peer" for name in names])
