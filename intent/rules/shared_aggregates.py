"""FRR-K8s mode: pools that do not overlap but have an aggregate in common, announced with two values of LOCAL_PREF.

MetalLB compares advertisements of one pool only; frr-k8s takes one LOCAL_PREF a prefix, and refuses everything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from intent.findings import Finding, ObjectRef, Severity
from intent.modes import Mode
from intent.rules.advertised import WIDTH, Advertisement, address_text
from intent.rules.clashes import components
from intent.rules.view import View

_SOURCE = "frr-k8s internal/controller/api_to_config.go"
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
            for prefix, pools in _shared(view, version, length).items():
                text = f"{address_text(version, prefix << (width - length))}/{length}"
                yield SharedAggregate(text, pools, tuple(each for each in several if each.pools & pools))


def _shared(view: View, version: int, length: int) -> dict[int, int]:
    """Aggregates with several pools, as masks: of ranges that do not overlap only the ends can share one."""
    bits, found = WIDTH[version] - length, defaultdict[int, int](int)
    for number, many in enumerate(view.pools.ranges):
        for held in many:
            if held.version == version:
                for end in {held.first >> bits, held.last >> bits}:
                    found[end] |= 1 << number
    return {prefix: pools for prefix, pools in sorted(found.items()) if pools.bit_count() > 1}


@dataclass(frozen=True, slots=True)
class SharedAggregate:
    """One aggregate, the pools that it belongs to, and who announces it."""

    prefix: str
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
        prefs = ", ".join(f"{each.resource.name} ({each.local_pref or 'none'})" for each in group[:5])
        message = f"{self.prefix} belongs to {view.pools.some(self.pools)}, and localPref differs: {prefs}; frr-k8s"
        message += " refuses that, and FRR keeps its old configuration"
        nodes = 0
        for one in group[:64]:
            for other in group[:64]:
                nodes |= one.nodes & other.nodes if self._clash(one, other) else 0
        objects, value = tuple(each.resource.ref for each in group), str(group[0].local_pref)
        code, where = "local-pref-differs-by-aggregate", view.placement.names(nodes)
        return Finding(code, Severity.ERROR, "spec.localPref", value, message, _SOURCE, _HINT, objects, where)
