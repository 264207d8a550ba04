"""The way back of traffic that reaches a service through a VRF, as far as nmstate's policies tell it.

OpenShift, "Managing symmetric routing with MetalLB": what comes in through the VRF finds OVN-Kubernetes only by route
rules that send the cluster's networks to the main table, and leaves again by routes in the VRF's own table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from intent.snapshot import Node, mapping, text

MAIN_TABLE = 254  # of Linux, where OVN-Kubernetes has its routes
AVAILABLE = "Available"
_ENTRIES = 5000  # of a list that are looked at


@dataclass(frozen=True, slots=True)
class PolicyPath:
    """What one policy says of a VRF. result: a condition of the policy that is true, "" = none. tables: of the VRF.

    routes and rules: how many lead out of the VRF, and from it to the main table.
    """

    name: str
    result: str
    tables: tuple[int, ...]
    routes: int
    rules: int
    selector: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[str, ...]:
        """What it lacks to be the way back."""
        lacks = {
            "a route table of the VRF": not self.tables,
            "a route in the VRF's table": not self.routes,
            "a route rule to the main table": not self.rules,
            "the condition Available": self.result != AVAILABLE,
        }
        return tuple(words for words, lacking in lacks.items() if lacking)

    def chooses(self, node: Node) -> bool:
        """Whether it is for the node."""
        return all(node.labels.get(name) == value for name, value in self.selector.items())


@dataclass(frozen=True, slots=True)
class ReturnPath:
    """The policies that mention a VRF, and the nodes where one of them is the whole way back."""

    policies: tuple[PolicyPath, ...]
    proved: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether every node has it."""
        return bool(self.proved) and not self.open


def return_path(vrf: str, policies: Iterable[tuple[str, str, Mapping[str, Any]]], nodes: Sequence[Node]) -> ReturnPath:
    """How traffic of a VRF gets back from these nodes. policies: name, result and spec of each."""
    found = [path for name, result, spec in policies if (path := _path(vrf, name, result, spec)) is not None]
    whole = [path for path in found if not path.missing]
    proved = {node.name for node in nodes if any(path.chooses(node) for path in whole)}
    left = tuple(node.name for node in nodes if node.name not in proved)
    return ReturnPath(tuple(found), tuple(sorted(proved)), left)


def told(desired: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy's desired state says of VRFs and routes; the rest may hold keys of 802.1X and is nobody's here."""
    kept: dict[str, Any] = {}
    vrfs = [_only(each, ("name", "type", "state", "vrf")) for each in _entries(desired, "interfaces")]
    kept |= {"interfaces": found} if (found := [each for each in vrfs if each.get("type") == "vrf"]) else {}
    for name in ("routes", "route-rules"):
        entries = _entries(mapping(desired.get(name)), "config")
        kept |= {name: {"config": entries}} if entries else {}
    return kept


def _only(value: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def _path(vrf: str, name: str, result: str, spec: Mapping[str, Any]) -> PolicyPath | None:
    desired = mapping(spec.get("desiredState"))
    own = [
        mapping(each.get("vrf"))
        for each in _entries(desired, "interfaces")
        if each.get("type") == "vrf" and each.get("name") == vrf and each.get("state") != "absent"
    ]
    if not own:
        return None
    tables = tuple(dict.fromkeys(table for each in own if (table := _number(each.get("route-table-id"))) is not None))
    routes = _entries(mapping(desired.get("routes")), "config")
    rules = _entries(mapping(desired.get("route-rules")), "config")
    selector = {text(key): text(value) for key, value in mapping(spec.get("nodeSelector")).items()}
    return PolicyPath(
        name=name,
        result=result,
        tables=tables,
        routes=sum(_number(each.get("table-id")) in tables for each in routes if each.get("state") != "absent"),
        rules=sum(
            _number(each.get("route-table")) == MAIN_TABLE and bool(each.get("ip-to"))
            for each in rules
            if each.get("state") != "absent"
        ),
        selector=selector,
    )


def _entries(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = holder.get(name)
    return [each for each in value[:_ENTRIES] if isinstance(each, dict)] if isinstance(value, list) else []


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
