"""One IPAddressPool by itself: its addresses, and which services may get them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network

from intent.addresses import parse_address
from intent.findings import Finding
from intent.pools import AddressRange, address_range
from intent.rules.advertised import WIDTH, address_text
from intent.rules.subject import CONFIG, Subject
from intent.snapshot import mapping, texts

MANY = 100  # findings about the addresses of one pool
_ONE_FAMILY_SINCE = (0, 16, 2)  # release notes of 0.16.2, #3144
_BOTH, _RANGE = "Write 203.0.113.0/24 or 203.0.113.10-203.0.113.20.", "Write 203.0.113.10-203.0.113.20."
_DIGITS, _OCTETS = re.compile("[0-9]{1,9}"), 4  # of an address of IPv4
_HOLDS = "MetalLB internal/allocator"
_UNUSABLE = (
    ("0.0.0.0/8", "this network"), ("127.0.0.0/8", "loopback"), ("169.254.0.0/16", "link-local"),
    ("224.0.0.0/4", "multicast"), ("240.0.0.0/4", "reserved"), ("::/127", "loopback"), ("fe80::/10", "link-local"),
    ("ff00::/8", "multicast"),
)  # fmt: skip
_NETWORKS = tuple((held, text, what) for text, what in _UNUSABLE if (held := address_range(text)))


def addresses(subject: Subject) -> Iterator[Finding]:
    """At least one entry, each a CIDR or a range."""
    entries = subject.spec.get("addresses")
    if not isinstance(entries, list | tuple):
        return
    if not entries:
        message, hint = "A pool needs addresses; MetalLB refuses one without", "Add a CIDR or a range."
        yield subject.error("pool-without-addresses", "addresses", message, value="", source=CONFIG, hint=hint)
    found = 0
    for index, entry in enumerate(entries):
        problem = _problem(entry) if isinstance(entry, str) and address_range(entry) is None else None
        if problem and (found := found + 1) <= MANY:
            code, what, hint = problem
            at = f"addresses[{index}]"
            yield subject.error(code, at, f"{at} {what}", value=entry, source=CONFIG, hint=hint)


def _problem(entry: str) -> tuple[str, str, str] | None:
    """Code, words and way out for an entry that MetalLB refuses; None for one that it takes."""
    start, dash, end = entry.partition("-")
    if not dash:
        if parse_address(entry) is not None:
            return "address-without-length", "is a bare address", f"Write {entry}/{_width(entry)}, or a range."
        return "address-invalid", f"is neither a CIDR nor a range{_why(entry)}", _BOTH
    first, last = parse_address(start.strip()), parse_address(end.strip())
    if first is None or last is None:
        reason = _why(start.strip()) or _why(end.strip())
        return "address-invalid", f"is a range whose ends are not both addresses{reason}", _RANGE
    if first.version == last.version:
        return "range-backwards", "ends before it begins", f"Write {last}-{first}."
    if first.version > last.version:
        return "range-backwards", "ends before it begins", "Give both ends in one address family."
    return None


def _why(entry: str) -> str:
    """What is wrong with an address or CIDR of IPv4, or with the length of any, to be put behind; "" if it is odd."""
    written, slash, length = entry.partition("/")
    octets = written.split(".")
    if len(octets) > 1 and all(map(_DIGITS.fullmatch, octets)):
        if len(octets) != _OCTETS:
            return f": {written} has {len(octets)} octets, not {_OCTETS}"
        if wrong := next((octet for octet in octets if int(octet) > 255), ""):
            return f": {wrong} in {written} is no octet, which is 0 to 255"
    width = _width(written)
    if width and slash and _DIGITS.fullmatch(length) and int(length) > width:
        return f": /{length} in {entry} is longer than /{width}"
    return ""


def _width(entry: str) -> int:
    address = parse_address(entry)
    return WIDTH[address.version] if address else 0


def mixed_ranges(subject: Subject) -> Iterator[Finding]:
    """From IPv4 to IPv6: MetalLB refuses it since 0.16.2; before, it took it for a range and found nothing in it."""
    refused = subject.release >= _ONE_FAMILY_SINCE
    tell = subject.error if refused else subject.warning
    what = "which MetalLB refuses" if refused else "MetalLB accepts it, but it holds no address"
    for index, entry in enumerate(texts(subject.spec.get("addresses"))):
        if "-" in entry and address_range(entry) is None and _problem(entry) is None:
            at, hint = f"addresses[{index}]", "Give both ends in one address family."
            message = f"{at} begins in IPv4 and ends in IPv6{', ' if refused else '; '}{what}"
            yield tell("range-of-two-families", at, message, value=entry, source=CONFIG, hint=hint)


def host_bits(subject: Subject) -> Iterator[Finding]:
    """198.51.100.10/24 is the whole /24."""
    for index, entry in enumerate(texts(subject.spec.get("addresses"))[:MANY]):
        held = address_range(entry) if "-" not in entry else None
        written = parse_address(entry.partition("/")[0]) if held else None
        if held and written and int(written) != held.first:
            network = ip_network(entry, strict=False)
            at, message = f"addresses[{index}]", f"{entry} means all of {network}, from its first address on"
            hint = f"Write {network}, or a range for less."
            yield subject.warning("host-bits", at, message, value=entry, source=CONFIG, hint=hint)


def unusable(subject: Subject) -> Iterator[Finding]:
    """Addresses that no router carries anywhere."""
    for index, entry in enumerate(texts(subject.spec.get("addresses"))[:MANY]):
        held = address_range(entry)
        for network, text, what in _NETWORKS if held else ():
            if held and held.overlaps(network):
                at, hint = f"addresses[{index}]", "Use addresses that are routed to the cluster."
                message = f"{entry} reaches into {text} ({what}), which is of no use for a service"
                yield subject.warning("address-unusable", at, message, value=entry, source=CONFIG, hint=hint)
                break


def overlap_inside(subject: Subject) -> Iterator[Finding]:
    """No two entries of a pool may share an address."""
    entries = texts(subject.spec.get("addresses"))
    held = sorted((one, index) for index, entry in enumerate(entries) if (one := address_range(entry)))
    found, widest = 0, held[0] if held else None
    for one, index in held[1:]:
        if widest and one.overlaps(widest[0]) and (found := found + 1) <= MANY:
            shared = span(AddressRange(one.version, one.first, min(one.last, widest[0].last)))
            at, hint = f"addresses[{index}]", "Remove one of the two, or make them distinct."
            message = f"{at} and addresses[{widest[1]}] share {shared}"
            value = entries[index]
            yield subject.error("pool-overlaps-itself", at, message, value=value, source=CONFIG, hint=hint)
        if widest is None or one.version != widest[0].version or one.last > widest[0].last:
            widest = one, index


def span(held: AddressRange) -> str:
    """A range as text: "203.0.113.7" or "203.0.113.0-203.0.113.255"."""
    first, last = address_text(held.version, held.first), address_text(held.version, held.last)
    return first if first == last else f"{first}-{last}"


def no_address_left(subject: Subject) -> Iterator[Finding]:
    """avoidBuggyIPs on a pool of nothing but .0 and .255."""
    held = [one for entry in texts(subject.spec.get("addresses")) if (one := address_range(entry))]
    few = [one for one in held if one.version == 4 and one.last - one.first < 2]
    if not subject.flag("avoidBuggyIPs") or not held or len(few) < len(held):
        return
    if all(number & 255 in (0, 255) for one in few for number in (one.first, one.last)):
        message = "Every address of the pool ends in .0 or .255, and avoidBuggyIPs leaves these out"
        hint = "Leave avoidBuggyIPs out, or add addresses."
        yield subject.warning("no-address-left", "avoidBuggyIPs", message, source=_HOLDS, hint=hint)


def allocation(subject: Subject) -> Iterator[Finding]:
    """A limit that limits nothing, and a limit to services that get nothing."""
    limits = subject.spec.get("serviceAllocation")
    if limits is None:
        return
    inside = mapping(limits)
    limited = any(inside.get(name) for name in ("namespaces", "namespaceSelectors", "serviceSelectors"))
    if not limited and not inside.get("priority"):
        message = "serviceAllocation without namespaces and selectors matches every service"
        hint = "Name the namespaces or services, or leave serviceAllocation out."
        code = "service-allocation-empty"
        yield subject.warning(code, "serviceAllocation", message, value="", source=CONFIG, hint=hint)
    if limited and subject.spec.get("autoAssign") is False:
        message = "The pool is limited to some services, but with autoAssign off they must still ask for it by name"
        hint = "Switch autoAssign on, or set the annotation metallb.io/address-pool on the services."
        yield subject.warning("allocation-not-automatic", "autoAssign", message, source=_HOLDS, hint=hint)
