"""The route maps and prefix lists of one neighbor: nothing comes in, only what is announced goes out.

An outbound route map first sets what single prefixes ask for and goes on (`on-match next`), then permits all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from intent.announcements import Announcement
from intent.modes import Mode
from intent.sessions import DEFAULT_VRF, FAMILIES, IntendedSession

_IP = {"ipv4": "ip", "ipv6": "ipv6"}


def neighbor_id(session: IntendedSession) -> str:
    """How route maps and prefix lists of a session are named: the neighbor, with its VRF."""
    return session.neighbor if session.vrf == DEFAULT_VRF else f"{session.neighbor}-{session.vrf}"


def policies(session: IntendedSession, announced: Sequence[Announcement], mode: Mode) -> Iterator[str]:
    """All of them, in the order in which MetalLB (internal/bgp/frr) or FRR-K8s (internal/frr) writes them."""
    name = neighbor_id(session)
    if mode is not Mode.FRR_K8S:
        yield from _entry(f"{name}-in deny 20")
    number = 0
    for prefix_list, family, action, prefixes in _changes(name, announced):
        number += 1
        yield from _prefix_list(prefix_list, family, prefixes)
        yield from _entry(f"{name}-out permit {number}", _match(family, prefix_list), action, "on-match next")
    allowed = {family: f"{name}-allowed-{family}" for family in FAMILIES}
    for family, prefix_list in allowed.items():
        yield from _prefix_list(prefix_list, family, [each.prefix for each in announced if each.family == family])
    for family, prefix_list in allowed.items():
        number += 1
        yield from _entry(f"{name}-out permit {number}", _match(family, prefix_list))
    if mode is Mode.FRR_K8S:
        yield from _nothing_in(session, number)


def _changes(name: str, announced: Iterable[Announcement]) -> Iterator[tuple[str, str, str, Sequence[str]]]:
    """Prefix lists with their family, what is set for their prefixes, and the prefixes; by name, preferences first."""
    preferences: dict[tuple[str, str, str], list[str]] = {}
    communities: dict[tuple[str, str, str], list[str]] = {}
    for each in announced:
        ip = _IP[each.family]
        for pref in each.local_prefs:
            key = f"{name}-{pref}-{ip}-localpref-prefixes", each.family, f"set local-preference {pref}"
            preferences.setdefault(key, []).append(each.prefix)
        for community in each.communities:
            attribute = "large-community" if community.large else "community"
            action = f"set {attribute} {community.value} additive"
            key = f"{name}-{community}-{ip}-community-prefixes", each.family, action
            communities.setdefault(key, []).append(each.prefix)
    for lists in (preferences, communities):
        for key in sorted(lists):
            yield *key, lists[key]


def _prefix_list(name: str, family: str, prefixes: Iterable[str]) -> Iterator[str]:
    lines = [f"permit {prefix}" for prefix in sorted(prefixes)] or ["deny any"]
    for number, line in enumerate(lines, start=1):
        yield f"{_IP[family]} prefix-list {name} seq {number} {line}"


def _nothing_in(session: IntendedSession, number: int) -> Iterator[str]:
    """FRR-K8s numbers the entries of both route maps on; its inbound list has one name for both families."""
    name = neighbor_id(session)
    prefix_list = f"{name}-inpl-{session.families[0] if len(session.families) == 1 else 'dual'}"
    for at, family in enumerate(FAMILIES, start=1):
        yield f"{_IP[family]} prefix-list {prefix_list} seq {at} deny any"
    for at, family in enumerate(FAMILIES, start=number + 1):
        yield from _entry(f"{name}-in permit {at}", _match(family, prefix_list))


def _match(family: str, prefix_list: str) -> str:
    return f"match {_IP[family]} address prefix-list {prefix_list}"


def _entry(head: str, *lines: str) -> Iterator[str]:
    yield f"route-map {head}"
    yield from (f" {line}" for line in lines)
    yield "exit"


def networks(sessions: Iterable[IntendedSession], announced: Mapping[str, Sequence[Announcement]]) -> list[str]:
    """The prefixes that any of a router's neighbors is sent, sorted as MetalLB does, as text."""
    return sorted({each.prefix for session in sessions for each in announced.get(session.peer, ())})
