"""What holds for a whole cluster and is said once there, not on each of its objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from intent.findings import listed
from intent.modes import Mode, release
from intent.snapshot import Node

_FRR_DEPRECATED = (0, 16, 0)
_HOSTNAME = "kubernetes.io/hostname"
_NONE: Mapping[str, Collection[int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Notice:
    """text: what holds. way_out: what to do about it. source: who says so."""

    text: str
    way_out: str
    source: str


def notices(
    mode: Mode, version: str, nodes: Iterable[Node], as_numbers: Mapping[str, Collection[int]] = _NONE
) -> list[Notice]:
    """All that holds for a cluster. as_numbers: those of its peers (myASN), by VRF, "" = the default one."""
    return [*_deprecated(mode, version), *_unselected(mode, nodes), *_as_numbers(as_numbers)]


def _deprecated(mode: Mode, version: str) -> Iterator[Notice]:
    if mode is Mode.FRR and version and release(version) >= _FRR_DEPRECATED:
        text = "FRR mode is deprecated since MetalLB 0.16.0 and will be removed"
        way_out = "Plan the move to FRR-K8s mode: FRR then runs in pods of its own, and its metrics get other names."
        yield Notice(text, way_out, "MetalLB release notes")


def _as_numbers(by_vrf: Mapping[str, Collection[int]]) -> Iterator[Notice]:
    """Several within one VRF are an error of its peers, or a documented rule."""
    if len({number for some in by_vrf.values() for number in some}) > 1 and all(
        len(some) < 2 for some in by_vrf.values()
    ):
        told = [f"{number} in {vrf or 'the default VRF'}" for vrf, some in sorted(by_vrf.items()) for number in some]
        text = f"The nodes run another AS number in each of several VRFs: {listed(told)}"
        way_out = "MetalLB runs one for each VRF. The documentation asks for one everywhere: check that this is meant."
        yield Notice(text, way_out, "OpenShift documentation")


def _unselected(mode: Mode, nodes: Iterable[Node]) -> Iterator[Notice]:
    """MetalLB writes an FRRConfiguration for each node, which selects it by a label that is taken for its name."""
    odd = [node.name for node in nodes if node.labels.get(_HOSTNAME, "") != node.name]
    if mode is Mode.FRR_K8S and odd:
        text = f"FRR-K8s runs no session of MetalLB on {listed(odd)}: their label {_HOSTNAME} is not the node's name"
        way_out = f"Set the label {_HOSTNAME} of these nodes to their names."
        yield Notice(text, way_out, "MetalLB internal/bgp/frrk8s/frrk8s.go")
