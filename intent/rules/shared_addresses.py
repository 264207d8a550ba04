"""Services that share an address, each announced by an advertisement with a LOCAL_PREF of its own.

MetalLB compares the advertisements of one service only. FRR-K8s takes one LOCAL_PREF a prefix and refuses everything
else; in FRR mode one of them wins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from intent.findings import Finding, ObjectRef, Severity, listed
from intent.modes import Mode
from intent.rules.advertised import Advertisement, address_text
from intent.rules.clashes import components
from intent.rules.local_pref import UNSET, told_prefs
from intent.rules.shared_aggregates import DAEMON, meeting_nodes
from intent.rules.subject import FRR
from intent.rules.view import View

_HINT = "Give them one localPref, other peers or other nodes, or the services addresses of their own."


def comparisons(view: View) -> Iterator[SharedAddresses]:
    """All addresses that the same advertisements announce for several services."""
    chosen = [each for each in view.advertisements if each.by_service] if view.snapshot.services else []
    if not view.placement.nodes or len({each.local_pref for each in chosen}) < 2:
        return
    for number in range(len(view.pools.resources)):
        several = [each for each in chosen if each.pools >> number & 1]
        if len({each.local_pref for each in several}) < 2:
            continue
        for version in (4, 6):
            yield from _of_pool(view, several, number, version)


def _of_pool(view: View, several: list[Advertisement], number: int, version: int) -> Iterator[SharedAddresses]:
    found: dict[tuple[Advertisement, ...], list[tuple[int, int]]] = defaultdict(list)
    for address, mask in view.services.shared(number, version).items():
        members = tuple(each for each in several if view.services.chosen(each.resource) & mask)
        if len({each.local_pref for each in members}) > 1:
            found[members].append((address, mask))
    for members, shared in found.items():
        yield SharedAddresses(view, version, members, tuple(shared))


@dataclass(frozen=True, slots=True)
class SharedAddresses:
    """shared: addresses as numbers, with the services that have them. members: who announces these."""

    view: View
    version: int
    members: tuple[Advertisement, ...]
    shared: tuple[tuple[int, int], ...]

    @property
    def speaker(self) -> bool:
        """MetalLB's own speaker accepts it."""
        return False

    def findings(self, view: View, refs: Collection[ObjectRef] | None) -> Iterator[Finding]:
        """See Clash."""
        if refs is None:
            for group in components(self.members, lambda _: self.members, self._clash):
                yield self._finding(sorted(group, key=lambda each: each.resource.ref))
            return
        for judged in (each for each in self.members if each.resource.ref in refs):
            others = [other for other in self.members if self._clash(judged, other)]
            if others:
                yield self._finding([judged, *others])

    def _clash(self, one: Advertisement, other: Advertisement) -> bool:
        if one.local_pref == other.local_pref or not one.nodes & other.nodes or not one.reaches_peers_of(other):
            return False
        return any(self._both(one, other, mask) for _, mask in self.shared)

    def _both(self, one: Advertisement, other: Advertisement, mask: int) -> bool:
        """Each for a service of the address that the other one is not for; of one that both are for see LocalPrefs."""
        mine, theirs = (self.view.services.chosen(each.resource) & mask for each in (one, other))
        return bool(mine & ~theirs and theirs & ~mine)

    def _finding(self, group: list[Advertisement]) -> Finding:
        one, other = group[0], next(each for each in group if self._clash(group[0], each))
        wrong = [(address, mask) for address, mask in self.shared if self._both(one, other, mask)]
        services = listed(self.view.services.names(wrong[0][1]))
        message = f"{address_text(self.version, wrong[0][0])} is shared by {services}"
        message += f" (and {len(wrong) - 1} more addresses)" if len(wrong) > 1 else ""
        message += f", and localPref differs: {told_prefs(self.view, group)}; "
        severity, source = Severity.WARNING, FRR
        if self.view.snapshot.mode is Mode.FRR_K8S:
            severity, source = Severity.ERROR, DAEMON
            message += "frr-k8s refuses that, and FRR keeps its old configuration"
        else:
            message += "one of them holds for all of these services"
        objects, value = tuple(each.resource.ref for each in group), str(one.local_pref or UNSET)
        nodes = self.view.placement.names(meeting_nodes(group, self._clash))
        code, field = "local-pref-differs-by-address", "spec.localPref"
        return Finding(code, severity, field, value, message, source, _HINT, objects, nodes)
