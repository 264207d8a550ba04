"""What an edit means for sessions and announcements: totals, then peer by peer, the first names, the rest folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from django import template

from clusters.edits.frozen import StandStill
from clusters.heard import Heard, Over, missing
from clusters.places import places_of
from clusters.words import bounded, counted
from intent.assignments import Outlook
from intent.between import Between
from intent.displaced import AddressEffects
from intent.effects import Effects, RouteChange
from intent.layer2_effects import Layer2Effects
from intent.reach import Reach
from intent.session_changes import SessionChange

register = template.Library()
_ROWS = 10  # peers before the fold
_MOST = 100  # peers, and services, at all
_NAMES = 3  # names before the fold
_ROUTES = (
    ("down", "withdrawn", "will be withdrawn"),
    ("degraded", "changed", "will have another LOCAL_PREF or other communities"),
    ("up", "announced", "will be announced"),
)
_LATER = ("holdTime", "keepaliveTime", "connectTime", "peerPort", "enableGracefulRestart")


@dataclass(frozen=True, slots=True)
class _Happening:
    """What happens on some nodes, or to some prefixes."""

    health: str
    text: str
    first: tuple[str, ...]
    rest: tuple[str, ...]

    @classmethod
    def of(cls, health: str, text: str, names: Sequence[str]) -> _Happening:
        """With the first of the names apart."""
        return cls(health, text, tuple(names[:_NAMES]), tuple(names[_NAMES:]))


_Row = tuple[tuple[str, str, str], Sequence[_Happening]]  # peer, VRF and neighbor; what happens there


@register.inclusion_tag("resources/frozen.html")
def frozen_meant(found: StandStill) -> dict[str, Any]:
    """Where the change will not be in force; no section if it will be everywhere."""
    several = found.reasons[:_ROWS]
    pages = places_of((found.cluster, ref) for freeze, _ in several for ref in freeze.objects[:_NAMES])
    reasons = [
        (freeze, begun, [(ref, pages.get((found.cluster, ref), "")) for ref in freeze.objects[:_NAMES]])
        for freeze, begun in several
    ]
    return {"found": found, "reasons": reasons, "more": len(found.reasons) - len(reasons)}


@register.inclusion_tag("resources/meaning.html")
def sessions_meant(changes: Sequence[SessionChange]) -> dict[str, Any]:
    """A section of Review."""
    rows = [((one.peer, one.vrf, one.neighbor), list(_happenings(one))) for one in changes[:_MOST]]
    nothing = "No session opens, closes, resets or changes."
    return _section("sessions", list(session_totals(changes)), nothing, rows, len(changes)) | {
        "noun": "node",
        "on": "on ",
    }


@register.inclusion_tag("resources/meaning.html")
def announcements_meant(found: Effects | None, known: Heard) -> dict[str, Any]:
    """The same for what is announced; no section for what does not decide about it. known: of sessions."""
    if found is None:
        return {}
    groups = {feed: list(some) for feed, some in groupby(found.routes, attrgetter("peer", "vrf", "neighbor"))}
    rows = [(feed, list(_routes(some))) for feed, some in islice(groups.items(), _MOST)]
    nothing = "In the end no prefix is announced, withdrawn or changed."
    context = _section("announcements", list(route_totals(found)), nothing, rows, len(groups))
    services = sorted(found.services, key=lambda one: (not one.lost, not one.dark, not one.alone, one.service))
    told = [(one, _reach(one.before, known), _reach(one.after, known)) for one in services[:_MOST]]
    return context | {
        "noun": "prefix",
        "nouns": "prefixes",
        "services": told[:_ROWS],
        "more_services": told[_ROWS:],
        "left": len(services) - len(told),
    }


@register.inclusion_tag("resources/addresses.html")
def addresses_meant(found: AddressEffects | None) -> dict[str, Any]:
    """Which services lose their addresses, and what pools have left; no section for what is about no pool."""
    if found is None:
        return {}
    return {
        "found": found,
        "first": found.services[:_ROWS],
        "rest": found.services[_ROWS:],
        "pools": found.pools[:_MOST],
    }


@register.inclusion_tag("resources/between.html")
def between_meant(found: Between) -> dict[str, Any]:
    """What is withdrawn for a while; no section if nothing is."""
    return {"found": found, "names": _NAMES}


@register.inclusion_tag("resources/layer2.html")
def layer2_meant(found: Layer2Effects | None) -> dict[str, Any]:
    """Who may answer ARP and NDP; no section for what does not decide about it."""
    if found is None:
        return {}
    services = sorted(found.services, key=lambda one: (not one.lost, not one.moves, one.service))
    return {
        "found": found,
        "totals": list(layer2_totals(found)),
        "first": services[:_ROWS],
        "rest": services[_ROWS:_MOST],
        "left": max(0, len(services) - _MOST),
        "several": any(len(one.after.nodes) > 1 for one in services),
    }


def layer2_totals(found: Layer2Effects) -> Iterator[tuple[str, str]]:
    """Health and words, what hurts first."""
    for number, health, words in (
        (found.lost, "down", "will be answered for by nobody"),
        (found.moved, "degraded", "will be answered for by another node"),
        (found.gained, "up", "will be answered for"),
    ):
        if number:
            yield health, f"{counted(number, 'service')} {words}"


@register.inclusion_tag("resources/assigned.html")
def assigned_meant(found: Sequence[Outlook]) -> dict[str, Any]:
    """What new services would get; no section without one."""
    return {"outlooks": found}


def _section(
    about: str, totals: list[tuple[str, str]], nothing: str, rows: Sequence[_Row], number: int
) -> dict[str, Any]:
    return {
        "about": about,
        "totals": totals,
        "nothing": nothing,
        "first": rows[:_ROWS],
        "rest": rows[_ROWS:],
        "more": number - len(rows),
    }


def route_totals(found: Effects) -> Iterator[tuple[str, str]]:
    """Services first, then prefixes: what hurts most at the top."""
    for health, services, words in (
        ("down", found.lost, "will be announced by nobody"),
        ("down", found.dark, "will be left with sessions none of which is up now"),
        ("degraded", found.alone, "will lose redundancy"),
    ):
        if services:
            yield health, f"{counted(len(services), 'service')} {words}"
    for health, what, words in _ROUTES:
        prefixes = {one.prefix for one in found.routes if getattr(one, what)}
        if prefixes:
            yield health, f"{counted(len(prefixes), 'prefix', 'prefixes')} {words}"


def _routes(changes: Sequence[RouteChange]) -> Iterator[_Happening]:
    for health, what, words in _ROUTES:
        names = [f"{one.prefix} ({counted(number, 'node')})" for one in changes if (number := getattr(one, what))]
        if names:
            yield _Happening.of(health, f"{counted(len(names), 'prefix', 'prefixes')} {words}", names)


@dataclass(frozen=True, slots=True)
class _Told:
    """Who announces a service, over how many sessions of which how many are up, and which are not."""

    text: str
    over: Over | None = None


def _reach(reach: Reach, known: Heard) -> _Told:
    if not reach.nodes:
        return _Told("nobody")
    lacking = tuple(missing(known, node, *feed) for node, feed in reach.missing)
    over = Over(reach.sessions, reach.up, lacking)
    return _Told(f"{counted(reach.nodes, 'node')}, {counted(reach.peers, 'peer')}", over)


def session_totals(changes: Sequence[SessionChange]) -> Iterator[tuple[str, str]]:
    """Health and words, what hurts first."""
    for health, what, words in (
        ("down", "closed", "will close"),
        ("degraded", "reset", "will reset"),
        ("degraded", "may_reset", "may reset"),
        ("up", "opened", "will open"),
        ("unknown", "changed", "will stay up, with other values"),
    ):
        number = sum(len(getattr(change, what)) for change in changes)
        if number:
            yield health, f"{counted(number, 'session')} {words}"


def _happenings(change: SessionChange) -> Iterator[_Happening]:
    fields = bounded(", ".join(change.fields), 300)
    later = bounded(", ".join(name for name in change.fields if name in _LATER), 300)
    stay = f"will stay up, with another {fields}" + (f"; {later} from the next start on" if later else "")
    for health, nodes, words in (
        ("down", change.closed, "will close"),
        ("degraded", change.reset, f"will reset, for another {fields}"),
        ("degraded", change.may_reset, f"may reset: where BFD is up, another {fields} ends the session"),
        ("up", change.opened, "will open"),
        ("unknown", change.changed, stay),
    ):
        if nodes:
            yield _Happening.of(health, f"{counted(len(nodes), 'session')} {words}", nodes)
