"""The prefixes that a session is meant to announce, held against those that FRR advertises to its neighbor."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from intent.addresses import parse_address
from intent.announcements import Announcement
from intent.communities import Community
from intent.sessions import IntendedSession
from speakers.frr.policy import ListKey, Outcome, PrefixList, Rule, outcome
from speakers.frr.text import clean

KEPT = 100  # differences of one session that are kept; all are counted
_WORDS = 300


class Kind(StrEnum):
    """How what is told differs from what is meant."""

    MISSING = "missing"
    EXTRA = "extra"
    ATTRIBUTES = "attributes"


@dataclass(frozen=True, slots=True)
class Difference:
    """One prefix that is not as it is meant to be. words: what differs, and the cause as far as FRR shows it."""

    prefix: str
    kind: Kind
    words: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One session: prefixes that are meant, and that FRR advertises; the first differences, and how many there are."""

    meant: int
    told: int
    differences: tuple[Difference, ...] = ()
    numbers: Mapping[Kind, int] = field(default_factory=dict)

    @property
    def as_meant(self) -> int:
        """Prefixes that are advertised, with the attributes that are meant."""
        return self.meant - self.numbers.get(Kind.MISSING, 0) - self.numbers.get(Kind.ATTRIBUTES, 0)


@dataclass(frozen=True, slots=True)
class Advertised:
    """A prefix in adj-rib-out. as_path "" = of this node or of its AS."""

    local_pref: int | None
    next_hop: str
    as_path: str


@dataclass
class Told:
    """What FRR said of one session. rules: None = there is no such route map. present: prefixes in the VRF's table

    among those that were looked up. looked: those that were.
    """

    advertised: dict[str, Advertised] = field(default_factory=dict)
    default_local_pref: int = 100
    rules: Sequence[Rule] | None = None
    lists: Mapping[ListKey, PrefixList] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    looked: set[str] = field(default_factory=set)

    @cached_property
    def sets_more(self) -> bool:
        """Whether the route map sets anything but LOCAL_PREF, which FRR says it sends."""
        sets = (words for rule in self.rules or () for words in rule.sets)
        return any(not words.startswith("local-preference ") for words in sets)


@dataclass(frozen=True, slots=True)
class Meant:
    """What one session is meant to announce. others: prefixes that people's FRRConfigurations announce in the VRF.

    settings: how the neighbor differs from its BGPPeer. stale: why the node keeps its old configuration, "" = it
    does not. families: those that FRR has activated.
    """

    session: IntendedSession
    announced: Mapping[str, Announcement]
    others: Collection[str] = ()
    settings: str = ""
    stale: str = ""
    families: Collection[str] = ()


def read_advertised(document: Mapping[str, Any], told: Told) -> None:
    """Add the answer about one family to what is known of a session."""
    rows = document.get("advertisedRoutes")
    default = document.get("defaultLocPrf")
    told.default_local_pref = default if isinstance(default, int) else told.default_local_pref
    for prefix, row in rows.items() if isinstance(rows, dict) else ():
        if isinstance(row, dict):
            pref = row.get("locPrf")
            told.advertised[clean(prefix, 60)] = Advertised(
                local_pref=pref if isinstance(pref, int) else None,
                next_hop=clean(row.get("nextHop") or row.get("nextHopGlobal"), 60),
                as_path=clean(row.get("path"), 200),
            )


def compare(meant: Meant, told: Told) -> Compared:
    """Hold one session against the other side."""
    found: dict[Kind, list[Difference]] = {kind: [] for kind in Kind}
    for prefix, announcement in meant.announced.items():
        said = told.advertised.get(prefix)
        if said is None:
            found[Kind.MISSING].append(
                _difference(prefix, Kind.MISSING, _why_missing(prefix, announcement, meant, told), meant)
            )
        elif words := "; ".join(_attributes(announcement, said, meant, told)):
            found[Kind.ATTRIBUTES].append(_difference(prefix, Kind.ATTRIBUTES, words, meant))
    for prefix, said in told.advertised.items():
        if prefix not in meant.announced and prefix not in meant.others:
            found[Kind.EXTRA].append(_difference(prefix, Kind.EXTRA, _why_extra(said), meant))
    first = [each for kind in Kind for each in found[kind]][:KEPT]
    numbers = {kind: len(some) for kind, some in found.items() if some}
    return Compared(len(meant.announced), len(told.advertised), tuple(first), numbers)


def _difference(prefix: str, kind: Kind, words: str, meant: Meant) -> Difference:
    stale = f" The node keeps its old configuration: {meant.stale}" if meant.stale else ""
    return Difference(prefix, kind, clean(f"{words}.{stale}", _WORDS))


def _why_missing(prefix: str, announcement: Announcement, meant: Meant, told: Told) -> str:
    if f"{announcement.family}Unicast" not in meant.families:
        return f"{announcement.family} is not activated for this neighbor"
    if prefix in told.looked and prefix not in told.present:
        return "FRR's table of this VRF does not have it: its network statement is missing"
    if meant.settings:
        return f"FRR has it, and does not send it: {meant.settings}"
    if told.rules is None:
        return "FRR has it, and the outbound route map of this neighbor is missing"
    way = outcome(prefix, told.rules, told.lists)
    if way.permitted is False:
        which = f"entry {way.by} of " if way.by is not None else ""
        return f"FRR has it, and {which}the outbound route map does not let it out"
    return "FRR has it and does not send it" if prefix in told.looked else "FRR does not send it"


def _why_extra(said: Advertised) -> str:
    if said.as_path:
        return f"another router told it (AS path {said.as_path}), and FRR passes it on"
    return "no object of MetalLB announces it to this peer from this node: a network statement or route of FRR's own"


def _attributes(announcement: Announcement, said: Advertised, meant: Meant, told: Told) -> Iterator[str]:
    wanted = announcement.local_pref
    usual = {None, told.default_local_pref} if wanted is None else {wanted}
    if said.local_pref not in usual:
        yield f"LOCAL_PREF is {said.local_pref}, meant is {wanted or 'the default'}"
    if (hop := parse_address(said.next_hop)) is not None and not hop.is_unspecified and said.as_path:
        yield f"the next hop is {said.next_hop}"
    asked = frozenset(announcement.communities)
    way = Outcome(permitted=None)
    if told.rules is not None and (asked or told.sets_more):
        way = outcome(announcement.prefix, told.rules, told.lists)
    if way.permitted:
        sent = way.communities
        if missing := asked - sent:
            yield f"without {_named(missing)}"
        if more := sent - asked:
            yield f"with {_named(more)}, which no advertisement asks for"
        for words in way.sets:
            yield f"the route map sets {words}"


def _named(communities: Collection[Community]) -> str:
    some = sorted(map(str, communities))
    return f"{'community' if len(some) == 1 else 'communities'} {', '.join(some[:5])}"
