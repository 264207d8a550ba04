"""FRR-K8s mode: people's FRRConfigurations that select the same node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from intent.findings import listed, shown
from intent.frr_configurations import TERMS, Neighbor, Router, profiles, routers
from intent.rules.frr_disagreement import Disagreement, Other, placed, settings, where
from intent.rules.view import View
from intent.snapshot import Resource, mapping, text

T = TypeVar("T")
_HINT = "Write the same in both, or place them on different nodes."
_PROFILE_HINT = "Give the profile another name in one of them, or the same values."


@dataclass(frozen=True, slots=True)
class _Said(Generic[T]):
    """What an object says, where, on which nodes (a mask)."""

    by: Resource
    nodes: int
    path: str
    what: T


def with_each_other(view: View) -> Iterator[Disagreement]:
    """Only those that say different things of the same VRF, neighbor or profile are compared."""
    of_vrf: dict[str, list[_Said[Router]]] = defaultdict(list)
    of_neighbor: dict[tuple[str, str], list[_Said[Neighbor]]] = defaultdict(list)
    of_profile: dict[str, list[_Said[Mapping[str, Any]]]] = defaultdict(list)
    for one, nodes in placed(view):
        for router in routers(one):
            of_vrf[router.vrf].append(_Said(one, nodes, router.path, router))
            for neighbor in router.neighbors:
                if neighbor.name:
                    of_neighbor[router.vrf, neighbor.name].append(_Said(one, nodes, neighbor.path, neighbor))
        for path, profile in profiles(one):
            of_profile[text(profile.get("name"))].append(_Said(one, nodes, path, profile))
    for vrf, said in of_vrf.items():
        yield from _routers(where(vrf), said)
    for (vrf, name), several in of_neighbor.items():
        yield from _neighbors(f"{shown(name)} in {where(vrf)}", several)
    for name, some in of_profile.items():
        for mine, theirs in _pairs(some, lambda said: settings(said.what)):
            words = f"{mine.by.name} and {theirs.by.name} have other values for the BFD profile {shown(name)}"
            yield _told("frr-bfd-profile-differs", mine, theirs, words, _PROFILE_HINT)


def _pairs(said: list[_Said[T]], key: Callable[[_Said[T]], Hashable]) -> Iterator[tuple[_Said[T], _Said[T]]]:
    """All of different objects on a common node whose keys differ; keys that are none are left out."""
    keyed = [(found, one) for one in said if (found := key(one)) is not None]
    if len({found for found, _ in keyed}) < 2:
        return
    for index, (found, one) in enumerate(keyed):
        for other_found, other in keyed[index + 1 :]:
            if found != other_found and one.nodes & other.nodes and one.by.ref != other.by.ref:
                yield one, other


def _told(code: str, mine: _Said[T], theirs: _Said[T], words: str, hint: str = _HINT, field: str = "") -> Disagreement:
    other = Other(theirs.by, theirs.path + field, "", words, mine.nodes & theirs.nodes)
    return Disagreement(code, mine.by, mine.path + field, (other,), hint)


def _routers(place: str, said: list[_Said[Router]]) -> Iterator[Disagreement]:
    for mine, theirs in _pairs(said, lambda one: one.what.asn):
        words = f"{mine.by.name} and {theirs.by.name} have AS {mine.what.asn} and {theirs.what.asn} in {place}"
        yield _told("frr-asn-differs", mine, theirs, words, field=".asn")
    for mine, theirs in _pairs(said, lambda one: one.what.router_id or None):
        names, ids = f"{mine.by.name} and {theirs.by.name}", (mine.what.router_id, theirs.what.router_id)
        words = f"{names} have router ID {shown(ids[0])} and {shown(ids[1])} in {place}"
        yield _told("frr-router-id-differs", mine, theirs, words, field=".id")


def _neighbors(place: str, said: list[_Said[Neighbor]]) -> Iterator[Disagreement]:
    for mine, theirs in _pairs(said, lambda one: _comparable(one.what)):
        names = f"{mine.by.name} and {theirs.by.name}"
        if fields := _differing(mine.what, theirs.what):
            words = f"{names} name {place} with other values ({listed(fields)})"
            yield _told("frr-neighbor-differs", mine, theirs, words)
        wanted = theirs.what.local_prefs
        if prefixes := [one for one, pref in mine.what.local_prefs.items() if wanted.get(one, pref) != pref]:
            words = f"{names} give {listed(prefixes)} another localPref for {place}"
            yield _told("frr-local-pref-differs", mine, theirs, words)


def _comparable(neighbor: Neighbor) -> Hashable:
    """Those of which this is equal have nothing to disagree about."""
    return (
        tuple(neighbor.terms.items()),
        tuple(_if_set(neighbor).items()),
        frozenset(neighbor.local_prefs.items()),
    )


def _differing(one: Neighbor, other: Neighbor) -> list[str]:
    """The fields in which two differ that must not; a profile or a next hop that only one of them sets is taken."""
    mine, theirs = one.terms, other.terms
    found = [name for name in TERMS if mine[name] != theirs[name]]
    mine, theirs = _if_set(one), _if_set(other)
    return found + [name for name in mine if mine[name] and theirs[name] and mine[name] != theirs[name]]


def _if_set(neighbor: Neighbor) -> dict[str, str]:
    hops = mapping(neighbor.advertised.get("nextHop"))
    told = {f"nextHop.{family}": text(hops.get(family)) for family in ("ipv4", "ipv6")}
    return {"bfdProfile": text(neighbor.spec.get("bfdProfile"))} | told
