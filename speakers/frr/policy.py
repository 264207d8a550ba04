"""What an outbound route map does to a prefix: `show route-map NAME json`, `show ip|ipv6 prefix-list NAME json`.

FRR before 9 does not print the communities that it sends; the route map says what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from intent.communities import Community, parse_community
from intent.well_known import by_name
from speakers.frr.text import clean

ENTRIES = 20_000  # of one list or map that are read
_WORD = {"ip": 4, "ipv6": 6}
_PERMIT = "permit"
ListKey = tuple[int, str]  # IP version and name of a prefix list
Prefix = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A line of a prefix list. network: None = any. low, high: prefix lengths that match."""

    permit: bool
    network: Prefix | None
    low: int
    high: int

    def matches(self, prefix: Prefix) -> bool:
        """Whether the line is about this prefix."""
        if self.network is None:
            return True
        inside = prefix.version == self.network.version and prefix.subnet_of(self.network)  # type: ignore[arg-type]
        return inside and self.low <= prefix.prefixlen <= self.high


class PrefixList:
    """Lines in order. Those about one prefix alone, all that MetalLB writes, are found without reading the rest."""

    def __init__(self, lines: Sequence[ListEntry]) -> None:
        self._lines = lines
        self._exact: dict[Prefix, int] = {}
        self._wide: list[int] = []
        for number, line in enumerate(lines):
            if line.network is not None and line.low == line.high == line.network.prefixlen:
                self._exact.setdefault(line.network, number)
            else:
                self._wide.append(number)

    def line(self, prefix: Prefix) -> ListEntry | None:
        """The first one about this prefix."""
        exact = self._exact.get(prefix, len(self._lines))
        wide = (number for number in self._wide if number < exact and self._lines[number].matches(prefix))
        number = next(wide, exact)
        return self._lines[number] if number < len(self._lines) else None


@dataclass(frozen=True, slots=True)
class Rule:
    """An entry of a route map. lists: of which all have to permit a prefix. readable: nothing else has to match.

    further: the next entry is looked at after it.
    """

    sequence: int
    permit: bool
    lists: tuple[ListKey, ...]
    sets: tuple[str, ...]
    further: bool
    readable: bool


@dataclass(slots=True)
class Outcome:
    """What comes out for a prefix. permitted: None = not known. by: the entry that decided. sets: all but

    local-preference and communities, in FRR's words.
    """

    permitted: bool | None = False
    by: int | None = None
    local_pref: int | None = None
    communities: frozenset[Community] = frozenset()
    sets: tuple[str, ...] = ()


def route_map(document: Mapping[str, Any], name: str) -> list[Rule] | None:
    """The entries of a route map as bgpd has it; None if the document does not hold it."""
    found = _inside(_inside(document, "BGP"), name)
    rules = found.get("rules")
    return [_rule(rule) for rule in rules[:ENTRIES] if isinstance(rule, dict)] if isinstance(rules, list) else None


def prefix_list(document: Mapping[str, Any], name: str) -> PrefixList | None:
    """A prefix list as bgpd has it; None if the document does not hold it."""
    found = _inside(_inside(document, "BGP"), name).get("entries")
    if not isinstance(found, list):
        return None
    return PrefixList([_entry(one) for one in found[:ENTRIES] if isinstance(one, dict)])


def outcome(prefix: str, rules: Sequence[Rule], lists: Mapping[ListKey, PrefixList]) -> Outcome:
    """Send a prefix through a route map. A list that is not in `lists` makes the outcome unknown."""
    network, said = _network(prefix), Outcome()
    for rule in rules:
        matched = _matched(network, rule, lists)
        if matched is None:
            return Outcome(permitted=None, by=rule.sequence)
        if not matched:
            continue
        if not rule.permit:
            return Outcome(permitted=False, by=rule.sequence)
        for words in rule.sets:
            _apply(said, words)
        if not rule.further:
            said.permitted, said.by = True, rule.sequence
            return said
    return Outcome(permitted=False)


def _matched(network: Prefix, rule: Rule, lists: Mapping[ListKey, PrefixList]) -> bool | None:
    if not rule.readable:
        return None
    for version, name in rule.lists:
        if version != network.version:
            return False
        if (version, name) not in lists:
            return None
        line = lists[version, name].line(network)
        if line is None or not line.permit:
            return False
    return True


def _apply(said: Outcome, words: str) -> None:
    verb, _, rest = words.partition(" ")
    if verb == "local-preference" and rest.isdecimal():
        said.local_pref = int(rest)
    elif verb in {"community", "large-community"}:
        kept = said.communities if "additive" in rest.split() else _others(said.communities, large=verb != "community")
        said.communities = kept | _communities(rest, large=verb != "community")
    else:
        said.sets = (*said.sets, clean(words, 120))


def _others(communities: frozenset[Community], *, large: bool) -> frozenset[Community]:
    return frozenset(one for one in communities if one.large != large)


@lru_cache(maxsize=1 << 10)
def _communities(words: str, *, large: bool) -> frozenset[Community]:
    """Those of a set clause, which many prefixes go through."""
    named = ((value, by_name(value)) for value in words.split())
    found = (parse_community(f"large:{value}" if large else known.value if known else value) for value, known in named)
    return frozenset(each for each in found if each is not None)


def _rule(rule: Mapping[str, Any]) -> Rule:
    matches = [one for one in rule.get("matchClauses") or () if isinstance(one, str)]
    lists = [found for one in matches if (found := _list_of(one)) is not None]
    action = rule.get("action")
    sequence = rule.get("sequenceNumber")
    return Rule(
        sequence=sequence if isinstance(sequence, int) else 0,
        permit=rule.get("type") == _PERMIT,
        lists=tuple(lists),
        sets=tuple(one for one in rule.get("setClauses") or () if isinstance(one, str)),
        further=action == "Continue to next entry",
        readable=len(lists) == len(matches) and action in {"Continue to next entry", "Exit routemap"},
    )


def _list_of(match: str) -> ListKey | None:
    words = match.split()
    if len(words) == 4 and words[0] in _WORD and words[1:3] == ["address", "prefix-list"]:
        return _WORD[words[0]], words[3]
    return None


@lru_cache(maxsize=1 << 16)
def _network(prefix: str) -> Prefix:
    """Many sessions have the same prefixes. Raises ValueError."""
    return ip_network(prefix)


def _entry(entry: Mapping[str, Any]) -> ListEntry:
    permit = entry.get("type") == _PERMIT
    try:
        network = _network(str(entry.get("prefix")))
    except ValueError:  # "any"
        return ListEntry(permit, None, 0, 128)
    low, high = _length(entry.get("minimumPrefixLength")), _length(entry.get("maximumPrefixLength"))
    if low is None and high is None:
        return ListEntry(permit, network, network.prefixlen, network.prefixlen)
    return ListEntry(
        permit, network, network.prefixlen if low is None else low, network.max_prefixlen if high is None else high
    )


def _length(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _inside(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}
