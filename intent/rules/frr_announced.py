"""FRR-K8s mode: what an FRRConfiguration of people sends to a neighbor, and what it takes from it."""

from __future__ import annotations

from collections.abc import Iterator

from intent.communities import parse_community
from intent.findings import Finding, listed, shown
from intent.frr_configurations import Neighbor, entries, words
from intent.rules.frr_about import About, version_of
from intent.snapshot import mapping, text

_WORDS = {4: "IPv4", 6: "IPv6"}


def advertised(about: About, neighbor: Neighbor, prefixes: frozenset[str]) -> Iterator[Finding]:
    """prefixes: of the router, and of the VRFs that it imports."""
    path, allowed = f"{neighbor.path}.toAdvertise", mapping(neighbor.advertised.get("allowed"))
    given = words(allowed.get("prefixes"))
    if text(allowed.get("mode")) == "all":
        given = tuple(prefixes)
    elif missing := [prefix for prefix in given if prefix not in prefixes]:
        message = f"{listed(missing)} is to be announced, but stands under no prefixes of the router"
        hint = "Add it to the router's prefixes."
        yield about.error("frr-prefix-not-configured", f"{path}.allowed.prefixes", message, hint, missing[0])
    elif other := [prefix for prefix in given if version_of(prefix) not in (None, *neighbor.families)]:
        message = f"{listed(other)} is dropped in silence: the session does not carry this address family"
        hint = "Leave it out, or set dualStackAddressFamily."
        yield about.warning("frr-prefix-family", f"{path}.allowed.prefixes", message, hint, other[0])
    sent = {prefix for prefix in given if version_of(prefix) in neighbor.families}
    yield from _attributes(about, neighbor, "withLocalPref", "localPref", sent)
    yield from _attributes(about, neighbor, "withCommunity", "community", sent)
    yield from _two_prefs(about, neighbor)
    yield from _next_hops(about, neighbor)


def _two_prefs(about: About, neighbor: Neighbor) -> Iterator[Finding]:
    seen: dict[str, object] = {}
    for one in map(mapping, entries(neighbor.advertised.get("withLocalPref"))):
        pref = one.get("localPref")
        twice = [each for each in words(one.get("prefixes")) if seen.setdefault(each, pref) != pref]
        if twice:
            path = f"{neighbor.path}.toAdvertise.withLocalPref"
            message = f"{listed(twice)} has two localPrefs"
            yield about.error("frr-local-pref-repeated", path, message, "Keep one of them.", twice[0])


def _next_hops(about: About, neighbor: Neighbor) -> Iterator[Finding]:
    hops = mapping(neighbor.advertised.get("nextHop"))
    for version, name in ((4, "ipv4"), (6, "ipv6")):
        if text(hops.get(name)) and version not in neighbor.families:
            path = f"{neighbor.path}.toAdvertise.nextHop.{name}"
            message = f"nextHop.{name} is set, and the session carries no {_WORDS[version]}"
            hint = "Leave it out, or set dualStackAddressFamily."
            yield about.error("frr-next-hop-family", path, message, hint, hops.get(name))


def _attributes(about: About, neighbor: Neighbor, room: str, name: str, sent: set[str]) -> Iterator[Finding]:
    """Each value once, each of its prefixes once, and only prefixes that go out on this session."""
    path, seen = f"{neighbor.path}.toAdvertise.{room}", set[str]()
    for one in map(mapping, entries(neighbor.advertised.get(room))):
        value, prefixes = str(one.get(name)), words(one.get("prefixes"))
        if room == "withCommunity" and parse_community(value) is None:
            message, hint = f"{shown(value)} is no community", "Write A:B or large:A:B:C."
            yield about.error("frr-community-invalid", path, message, hint, value)
        if value in seen or len(set(prefixes)) < len(prefixes):
            message = f"{name} {shown(value)}, or one of its prefixes, stands twice"
            yield about.error("frr-attribute-repeated", path, message, "Join them in one entry.", value)
        seen.add(value)
        lost = [each for each in prefixes if each not in sent and version_of(each) in neighbor.families]
        if lost:
            message = f"{listed(lost)} gets {name} {shown(value)}, but is not announced to {shown(neighbor.name)}"
            hint = "Add it to toAdvertise.allowed.prefixes."
            yield about.error("frr-attribute-without-prefix", path, message, hint, lost[0])


def received(about: About, neighbor: Neighbor) -> Iterator[Finding]:
    """Prefixes with a range of lengths: mask <= ge <= le."""
    path = f"{neighbor.path}.toReceive.allowed.prefixes"
    allowed = mapping(mapping(neighbor.spec.get("toReceive")).get("allowed"))
    for one in map(mapping, entries(allowed.get("prefixes"))):
        prefix = text(one.get("prefix"))
        if version_of(prefix) is None:
            hint = "Write an address with its length, such as 198.51.100.0/24."
            yield about.error("frr-prefix-invalid", path, f"{shown(prefix)} is no prefix", hint, prefix)
            continue
        at_least, at_most = (one.get(name) for name in ("ge", "le"))
        lengths = [int(prefix.rpartition("/")[2]), *(n for n in (at_least, at_most) if isinstance(n, int) and n)]
        if lengths != sorted(lengths):
            message = f"The lengths of {shown(prefix)} do not ascend: its own, then ge, then le"
            yield about.error("frr-prefix-lengths", path, message, "Order them so.", prefix)
