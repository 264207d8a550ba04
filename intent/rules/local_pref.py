"""BGPAdvertisements that give one prefix two values of LOCAL_PREF towards the same peer (MetalLB's A6 and A7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from intent.findings import Finding, ObjectRef, Severity, listed
from intent.labels import numbers
from intent.modes import Mode
from intent.rules.advertised import Advertisement
from intent.rules.clashes import components
from intent.rules.subject import CONFIG
from intent.rules.view import View

_SINCE = (0, 13, 10)
_NARROW = 64  # pools; advertisements for more are compared with all others
_COMPARED = 64  # members of a clash whose nodes are looked at pair by pair
UNSET = "not set"
_HINT = "Give them one localPref, other peers, other nodes, or other aggregation lengths."


def comparisons(view: View) -> Iterator[LocalPrefs]:
    """Advertisements of whole pools, which MetalLB's parser compares; and those of some services, for which nobody does
    before the speaker announces them."""
    if view.release < _SINCE or not view.placement.nodes:
        return
    whole = [each for each in view.advertisements if not each.by_service]
    yield LocalPrefs(view, whole, by_service=False)
    if len(whole) < len(view.advertisements) and view.snapshot.services:
        yield LocalPrefs(view, view.advertisements, by_service=True)


@dataclass(slots=True, init=False)
class LocalPrefs:
    """One comparison. by_service: of pairs of which one has serviceSelectors, where a service has both."""

    by_service: bool
    _view: View
    _members: Sequence[Advertisement]
    _near: dict[int, list[Advertisement]]
    _wide: list[Advertisement]
    _chosen: dict[Advertisement, int]

    def __init__(self, view: View, members: Sequence[Advertisement], *, by_service: bool) -> None:
        self.by_service, self._view, self._members = by_service, view, members
        self._near, self._wide = defaultdict(list), []
        self._chosen = {each: view.services.chosen(each.resource) for each in members} if by_service else {}
        for each in members:
            if each.pools.bit_count() > _NARROW:
                self._wide.append(each)
            else:
                for number in numbers(each.pools):
                    self._near[number].append(each)

    @property
    def speaker(self) -> bool:
        """The parser refuses whole configurations; a service is only left unannounced."""
        return not self.by_service

    def findings(self, view: View, refs: Collection[ObjectRef] | None) -> Iterator[Finding]:
        """See Clash."""
        if len({each.local_pref for each in self._members}) < 2:
            return
        if refs is None:
            for group in components(self._members, self._candidates, self._clash):
                yield self._finding(sorted(group, key=lambda each: each.resource.ref))
            return
        for judged in (each for each in self._members if each.resource.ref in refs):
            others = [other for other in dict.fromkeys(self._candidates(judged)) if self._clash(judged, other)]
            if others:
                yield self._finding([judged, *sorted(others, key=lambda each: each.resource.ref)])

    def _candidates(self, member: Advertisement) -> Iterable[Advertisement]:
        if member.pools.bit_count() > _NARROW:
            yield from self._members
            return
        for number in numbers(member.pools):
            yield from self._near[number]
        yield from self._wide

    def _clash(self, one: Advertisement, other: Advertisement) -> bool:
        if one.local_pref == other.local_pref or not one.nodes & other.nodes or not one.reaches_peers_of(other):
            return False
        if not self.by_service:
            return bool(self._pools(one, other))
        return (one.by_service or other.by_service) and bool(self._services(one, other))

    def _pools(self, one: Advertisement, other: Advertisement) -> int:
        """The pools whose prefixes both announce in the same length."""
        mask = 0
        for version, held in self._view.pools.holding.items():
            if one.lengths[version] == other.lengths[version]:
                mask |= held
        return one.pools & other.pools & mask

    def _services(self, one: Advertisement, other: Advertisement) -> int:
        both = self._chosen[one] & self._chosen[other]
        return both and both & self._view.services.of_pools(self._pools(one, other))

    def _finding(self, group: list[Advertisement]) -> Finding:
        one, other = group[0], next(each for each in group if self._clash(group[0], each))
        pools = self._pools(one, other)
        prefixes = f"the same prefixes of {self._view.pools.some(pools)}"
        message = f"localPref differs for {prefixes} to the same peers: {told_prefs(self._view, group)}"
        code = "local-pref-differs"
        if self.by_service:
            code = "local-pref-differs-by-service"
            message += f"; not announced at all: {listed(self._view.services.names(self._services(one, other)))}"
        objects, value = tuple(each.resource.ref for each in group), str(one.local_pref or UNSET)
        nodes = self._view.placement.names(self._nodes(group))
        return Finding(code, Severity.ERROR, "spec.localPref", value, message, CONFIG, _HINT, objects, nodes)

    def _nodes(self, group: list[Advertisement]) -> int:
        """Where speakers read two that clash."""
        if not self.by_service and not self._view.node_aware:
            return self._view.placement.everywhere
        some, mask = group[:_COMPARED], 0
        for one in some:
            for other in some:
                mask |= one.nodes & other.nodes if self._clash(one, other) else 0
        return mask


def told_prefs(view: View, group: Sequence[Advertisement]) -> str:
    """The first five advertisements with their LOCAL_PREF, and how many more there are."""
    told = ", ".join(f"{each.resource.name} ({_told(view, each)})" for each in group[:5])
    return told + (f" and {len(group) - 5} more" if len(group) > 5 else "")


def _told(view: View, each: Advertisement) -> str:
    """0 is not set, for MetalLB; FRR then sends iBGP peers its default of 100, and eBGP peers none in any case."""
    if each.local_pref:
        return str(each.local_pref)
    internal = view.internal & view.named_peers(each) & view.meeting(each.nodes)
    return f"{UNSET}: FRR's 100" if internal and view.snapshot.mode is not Mode.NATIVE else UNSET
