"""A small FRR: reads a frr.conf and says which of its networks each neighbour is sent, with which attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Sent(NamedTuple):
    """The attributes of one prefix; local_pref None = FRR's own."""

    local_pref: int | None
    communities: frozenset[str]


@dataclass
class Entry:
    """One entry of a route map."""

    permits: bool
    match: tuple[str, str] = ("", "")
    local_pref: int | None = None
    communities: set[str] = field(default_factory=set)
    goes_on: bool = False


@dataclass
class FrrConf:
    """networks, activations and route maps by (VRF, family) and neighbour; lists by family word and name."""

    lists: dict[tuple[str, str], dict[int, tuple[str, str]]] = field(default_factory=dict)
    maps: dict[str, dict[int, Entry]] = field(default_factory=dict)
    networks: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    outbound: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def sent(self, vrf: str, neighbor: str) -> dict[str, Sent]:
        """What goes out to a neighbour."""
        found = {}
        for family in ("ipv4", "ipv6"):
            route_map = self.outbound.get((vrf, family), {}).get(neighbor)
            for prefix in self.networks.get((vrf, family), []) if route_map else []:
                passed = self._passes(prefix, family, route_map or "")
                if passed is not None:
                    found[prefix] = passed
        return found

    def _passes(self, prefix: str, family: str, route_map: str) -> Sent | None:
        local_pref, communities = None, set[str]()
        for _, entry in sorted(self.maps[route_map].items()):
            if not self._matches(prefix, family, entry):
                continue
            if not entry.permits:
                return None
            local_pref = entry.local_pref or local_pref
            communities |= entry.communities
            if not entry.goes_on:
                return Sent(local_pref, frozenset(communities))
        return None

    def _matches(self, prefix: str, family: str, entry: Entry) -> bool:
        word, name = entry.match
        if not name:
            return True
        if word != {"ipv4": "ip", "ipv6": "ipv6"}[family]:
            return False
        ordered = (value for _, value in sorted(self.lists[entry.match].items()))
        return next((action == "permit" for action, what in ordered if what in (prefix, "any")), False)


def read(text: str) -> FrrConf:
    """Read what MetalLB writes; a number that is used twice in a list or map is an error, as it would hide a line."""
    conf, entry, vrf, family = FrrConf(), Entry(permits=False), "", ""
    for line in text.splitlines():
        match line.split():
            case ["ip" | "ipv6" as word, "prefix-list", name, "seq", number, action, prefix]:
                known = conf.lists.setdefault((word, name), {})
                assert int(number) not in known, line
                known[int(number)] = action, prefix
            case ["route-map", name, action, number]:
                entry = Entry(permits=action == "permit")
                assert int(number) not in conf.maps.setdefault(name, {}), line
                conf.maps[name][int(number)] = entry
            case ["router", "bgp", _, *rest]:
                vrf = rest[1] if rest else "default"
            case ["address-family", word, "unicast"]:
                family = word
            case ["network", prefix]:
                conf.networks.setdefault((vrf, family), []).append(prefix)
            case ["neighbor", neighbor, "route-map", name, "out"]:
                conf.outbound.setdefault((vrf, family), {})[neighbor] = name
            case words:
                _refine(entry, words)
    return conf


def _refine(entry: Entry, words: list[str]) -> None:
    match words:
        case ["match", "ip" | "ipv6" as word, "address", "prefix-list", name]:
            entry.match = word, name
        case ["set", "local-preference", number]:
            entry.local_pref = int(number)
        case ["set", "community", value, "additive"]:
            entry.communities.add(value)
        case ["set", "large-community", value, "additive"]:
            entry.communities.add(f"large:{value}")
        case ["on-match", "next"]:
            entry.goes_on = True
