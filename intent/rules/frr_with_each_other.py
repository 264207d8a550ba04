"""FRR-K8s mode: people's FRRConfigurations that select the same node."""

from __future__ import annotations

from collections.abc import Iterator

from intent.findings import listed, shown
from intent.frr_configurations import TERMS, Neighbor, Router, profiles, routers
from intent.rules.frr_disagreement import Disagreement, Other, placed, settings, where
from intent.rules.view import View
from intent.snapshot import Resource, mapping, text


def with_each_other(view: View) -> Iterator[Disagreement]:
    """People's FRRConfigurations, each against those after it."""
    all_of_them = list(placed(view))
    for index, (one, mask) in enumerate(all_of_them):
        later = [(other, mask & others) for other, others in all_of_them[index + 1 :] if mask & others]
        for other, both in later:
            yield from _profiles_of_two(one, other, both)
            theirs = {router.vrf: router for router in routers(other)}
            for router in routers(one):
                if router.vrf in theirs:
                    yield from _two_routers(one, router, other, theirs[router.vrf], both)


def _two_routers(one: Resource, router: Router, other: Resource, theirs: Router, nodes: int) -> Iterator[Disagreement]:
    hint = "Write the same in both, or place them on different nodes."

    def differ(code: str, path: str, field: str, words: str) -> Disagreement:
        said = f"{one.name} and {other.name} {words} in {where(router.vrf)}"
        return Disagreement(code, one, path, (Other(other, field, "", said, nodes),), hint)

    if None not in (router.asn, theirs.asn) and router.asn != theirs.asn:
        words = f"have AS {router.asn} and {theirs.asn}"
        yield differ("frr-asn-differs", f"{router.path}.asn", f"{theirs.path}.asn", words)
    if router.router_id and theirs.router_id and router.router_id != theirs.router_id:
        words = f"have router ID {shown(router.router_id)} and {shown(theirs.router_id)}"
        yield differ("frr-router-id-differs", f"{router.path}.id", f"{theirs.path}.id", words)
    known = {neighbor.name: neighbor for neighbor in theirs.neighbors if neighbor.name}
    for neighbor in router.neighbors:
        second = known.get(neighbor.name)
        if second is None:
            continue
        told = _told(neighbor, second)
        if told:
            words = f"name {shown(neighbor.name)} with other values ({listed(told)})"
            yield differ("frr-neighbor-differs", neighbor.path, second.path, words)
        prefs = {
            prefix for prefix, pref in neighbor.local_prefs.items() if second.local_prefs.get(prefix, pref) != pref
        }
        if prefs:
            words = f"give {listed(prefs)} another localPref for {shown(neighbor.name)}"
            yield differ("frr-local-pref-differs", neighbor.path, second.path, words)


def _told(one: Neighbor, other: Neighbor) -> list[str]:
    """The fields in which two differ that must not; a profile or a next hop that only one of them sets is taken."""
    mine, theirs = one.terms, other.terms
    found = [name for name in TERMS if mine[name] != theirs[name]]
    mine, theirs = _if_set(one), _if_set(other)
    return found + [name for name in mine if mine[name] and theirs[name] and mine[name] != theirs[name]]


def _if_set(neighbor: Neighbor) -> dict[str, str]:
    hops = mapping(neighbor.advertised.get("nextHop"))
    told = {f"nextHop.{family}": text(hops.get(family)) for family in ("ipv4", "ipv6")}
    return {"bfdProfile": text(neighbor.spec.get("bfdProfile"))} | told


def _profiles_of_two(one: Resource, other: Resource, nodes: int) -> Iterator[Disagreement]:
    known = {text(profile.get("name")): (path, profile) for path, profile in profiles(other)}
    for path, profile in profiles(one):
        name = text(profile.get("name"))
        there, second = known.get(name, ("", profile))
        if settings(profile) != settings(second):
            words = f"{one.name} and {other.name} have other values for the BFD profile {shown(name)}"
            hint = "Give the profile another name in one of them, or the same values."
            yield Disagreement("frr-bfd-profile-differs", one, path, (Other(other, there, "", words, nodes),), hint)
