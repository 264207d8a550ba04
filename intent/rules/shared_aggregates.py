"""FRR-K8s mode: pools that do not overlap but have an aggregate in common, announced with two values of LOCAL_PREF.

MetalLB compares advertisements of one pool only; frr-k8s takes one LOCAL_PREF a prefix, and refuses everything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from intent.findings import Finding, ObjectRef, Severity
from intent.modes import Mode
from intent.rules.advertised import WIDTH, Advertisement, address_text
from intent.rules.clashes import components
from intent.rules.local_pref import UNSET, told_prefs
from intent.rules.view import View

DAEMON = "frr-k8s internal/controller/api_to_config.go"
_HINT = "Give them one localPref, other peers, other nodes, or longer prefixes."


def comparisons(view: View) -> Iterator[SharedAggregate]:
    """Every aggregate that belongs to several pools, with the advertisements that announce it."""
    if view.snapshot.mode is not Mode.FRR_K8S or not view.placement.nodes:
        return
    if len({each.local_pref for each in view.advertisements}) < 2:
        return
    for version, width in WIDTH.items():
        used: dict[int, list[Advertisement]] = defaultdict(list)
        for each in view.advertisements:
            if 0 < each.lengths[version] < width:
                used[each.lengths[version]].append(each)
        for length, several in sorted(used.items()):
            for pools, prefixes in _shared(view, version, length).items():
                text = f"{address_text(version, prefixes[0] << (width - length))}/{length}"
                members = tuple(each for each in several if each.pools & pools)
                yield SharedAggregate(text, len(prefixes) - 1, pools, members)


def _shared(view: View, version: int, length: int) -> dict[int, list[int]]:
    """Several pools, as masks, with their common aggregates: of ranges that do not overlap the ends share them."""
    bits, found = WIDTH[version] - length, defaultdict[int, int](int)
    for number, many in enumerate(view.pools.ranges):
        for held in many:
            if held.version == version:
                for end in {held.first >> bits, held.last >> bits}:
                    found[end] |= 1 << number
    shared: dict[int, list[int]] = defaultdict(list)
    for prefix, pools in sorted(found.items()):
        if pools.bit_count() > 1:
            shared[pools].append(prefix)
    return shared


@dataclass(frozen=True, slots=True)
class SharedAggregate:
    """An aggregate, how many more there are of the same pools, these pools, and who announces it."""

    prefix: str
    more: int
    pools: int
    members: tuple[Advertisement, ...]

    @property
    def speaker(self) -> bool:
        """MetalLB's own speaker accepts it."""
        return False

    def findings(self, view: View, refs: Collection[ObjectRef] | None) -> Iterator[Finding]:
        """See Clash."""
        if refs is None:
            for group in components(self.members, lambda _: self.members, self._clash):
                yield self._finding(view, sorted(group, key=lambda each: each.resource.ref))
            return
        for judged in (each for each in self.members if each.resource.ref in refs):
            others = [other for other in self.members if self._clash(judged, other)]
            if others:
                yield self._finding(view, [judged, *others])

    def _clash(self, one: Advertisement, other: Advertisement) -> bool:
        if one.local_pref == other.local_pref or not one.nodes & other.nodes or not one.reaches_peers_of(other):
            return False
        return ((one.pools | other.pools) & self.pools).bit_count() > 1

    def _finding(self, view: View, group: list[Advertisement]) -> Finding:
        what = f"{self.prefix} and {self.more} more belong" if self.more else f"{self.prefix} belongs"
        message = f"{what} to {view.pools.some(self.pools)}, and localPref differs: {told_prefs(view, group)}; frr-k8s"
        message += " refuses that, and FRR keeps its old configuration"
        nodes = meeting_nodes(group, self._clash)
        objects, value = tuple(each.resource.ref for each in group), str(group[0].local_pref or UNSET)
        code, where = "local-pref-differs-by-aggregate", view.placement.names(nodes)
        return Finding(code, Severity.ERROR, "spec.localPref", value, message, DAEMON, _HINT, objects, where)


def meeting_nodes(group: Sequence[Advertisement], clash: Callable[[Advertisement, Advertisement], bool]) -> int:
    """Where two of the first 64 clash; more of them are looked at no more closely."""
    mask, some = 0, group[:64]
    for one in some:
        for other in some:
            mask |= one.nodes & other.nodes if clash(one, other) else 0
    return mask
