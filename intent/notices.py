"""What holds for a whole cluster and is said once there, not on each of its objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from intent.findings import listed
from intent.modes import Mode, release
from intent.snapshot import Node

_FRR_DEPRECATED = (0, 16, 0)
_HOSTNAME = "kubernetes.io/hostname"


@dataclass(frozen=True, slots=True)
class Notice:
    """text: what holds. way_out: what to do about it. source: who says so."""

    text: str
    way_out: str
    source: str


def notices(mode: Mode, version: str, nodes: Iterable[Node]) -> list[Notice]:
    """All that holds for a cluster."""
    return [*_deprecated(mode, version), *_unselected(mode, nodes)]


def _deprecated(mode: Mode, version: str) -> Iterator[Notice]:
    if mode is Mode.FRR and version and release(version) >= _FRR_DEPRECATED:
        text = "FRR mode is deprecated since MetalLB 0.16.0 and will be removed"
        way_out = "Plan the move to FRR-K8s mode: FRR then runs in pods of its own, and its metrics get other names."
        yield Notice(text, way_out, "MetalLB release notes")


def _unselected(mode: Mode, nodes: Iterable[Node]) -> Iterator[Notice]:
    """MetalLB writes an FRRConfiguration for each node, which selects it by a label that is taken for its name."""
    odd = [node.name for node in nodes if node.labels.get(_HOSTNAME, "") != node.name]
    if mode is Mode.FRR_K8S and odd:
        text = f"FRR-K8s runs no session of MetalLB on {listed(odd)}: their label {_HOSTNAME} is not the node's name"
        way_out = f"Set the label {_HOSTNAME} of these nodes to their names."
        yield Notice(text, way_out, "MetalLB internal/bgp/frrk8s/frrk8s.go")
