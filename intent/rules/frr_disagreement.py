"""FRR-K8s mode: what people write in FRRConfigurations must agree with what MetalLB writes, and with each other.

frr-k8s joins all FRRConfigurations of a node and refuses what does not fit (internal/controller/merge.go): FRR keeps
its old configuration then, whatever MetalLB writes, and MetalLB does not hear of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from intent.findings import Finding, ObjectRef, Severity, one_line, shown
from intent.frr_configurations import selection
from intent.rules.view import View
from intent.snapshot import Resource, mapping

MERGE = "frr-k8s internal/controller/merge.go"
_REFUSED = "frr-k8s refuses both on one node, and FRR keeps its old configuration there; MetalLB does not report it"
_SWITCHES = ("echoMode", "passiveMode")
_NUMBERS = ("receiveInterval", "transmitInterval", "detectMultiplier", "echoInterval", "minimumTtl")


@dataclass(frozen=True, slots=True)
class Other:
    """An object that does not agree: the field and value that it has, how they differ, and on which nodes (a mask)."""

    resource: Resource
    field: str
    value: object
    words: str
    nodes: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What one FRRConfiguration says somewhere, and all those that say otherwise."""

    code: str
    configuration: Resource
    field: str
    others: tuple[Other, ...]
    hint: str
    severity: Severity = Severity.ERROR

    @property
    def speaker(self) -> bool:
        """MetalLB's own speaker accepts it."""
        return False

    def findings(self, view: View, refs: Collection[ObjectRef] | None) -> Iterator[Finding]:
        """See Clash."""
        own = self.configuration.ref
        if refs is None or own in refs:
            nodes = 0
            for other in self.others:
                nodes |= other.nodes
            more = f" (and {len(self.others) - 1} more)" if len(self.others) > 1 else ""
            objects = (own, *(other.resource.ref for other in self.others))
            yield self._finding(view, (f"spec.{self.field}", ""), self.others[0].words + more, objects, nodes)
        for other in self.others:
            if refs is not None and other.resource.ref in refs:
                place = f"spec.{other.field}" if other.field else "", shown(other.value or "")
                yield self._finding(view, place, other.words, (other.resource.ref, own), other.nodes)

    def _finding(
        self, view: View, place: tuple[str, str], words: str, objects: tuple[ObjectRef, ...], nodes: int
    ) -> Finding:
        message = f"{words}; {_REFUSED}" if self.severity is Severity.ERROR else words
        names = view.placement.names(nodes) if self.severity is Severity.ERROR else ()
        return Finding(self.code, self.severity, *place, one_line(message), MERGE, self.hint, objects, names)


def placed(view: View) -> Iterator[tuple[Resource, int]]:
    """The FRRConfigurations of people with the nodes that they are for, if any."""
    for one in view.frr_configurations:
        mask = view.placement.mask(selection(one))
        if mask:
            yield one, mask


def settings(profile: Any) -> tuple[object, ...]:
    """A BFD profile as frr-k8s compares it: a switch that is not set is off, a number that is not set is none."""
    found = mapping(profile)
    return (*(found.get(name) is True for name in _SWITCHES), *(found.get(name) for name in _NUMBERS))


def where(vrf: str) -> str:
    """A VRF in words."""
    return f"VRF {shown(vrf)}" if vrf else "the default VRF"
