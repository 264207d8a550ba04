"""Who talks to whom: AS numbers, addresses and router ID of one BGPPeer."""

from __future__ import annotations

from collections.abc import Iterator

from intent.addresses import Address, parse_address
from intent.findings import Finding
from intent.modes import Mode
from intent.rules.subject import CONFIG, FRR, LINUX, OPENSHIFT, Subject
from intent.sessions import is_word

_BOTH = f"{CONFIG}; {OPENSHIFT}"
_IFNAMSIZ = 15  # bytes of a network interface's name, and a VRF is one


def as_numbers(subject: Subject) -> Iterator[Finding]:
    """myASN, and exactly one of peerASN and dynamicASN; 0 is inside the documented range but refused."""
    zero = "0 lies in the documented range (0 to 4294967295), but MetalLB refuses it"
    if subject.number("myASN") == 0:
        yield subject.error("my-asn-zero", "myASN", zero, source=_BOTH, hint="Set the AS number of your nodes.")
    peer_asn, dynamic = subject.number("peerASN"), subject.string("dynamicASN")
    hint = "Set either peerASN or dynamicASN."
    if peer_asn and dynamic:
        yield subject.error(
            "peer-asn-and-dynamic-asn",
            "dynamicASN",
            "peerASN and dynamicASN exclude each other",
            source=CONFIG,
            hint=hint,
        )
    elif peer_asn == 0 and not dynamic:
        yield subject.error("peer-asn-zero", "peerASN", zero, source=_BOTH, hint=hint)
    elif subject.spec.get("peerASN") is None and not dynamic:
        message = "One of peerASN and dynamicASN is required"
        yield subject.error("peer-asn-missing", "peerASN", message, source=CONFIG, hint=hint)


def local_asn(subject: Subject) -> Iterator[Finding]:
    """FRR takes local-as only towards another AS, and different from both ends; otherwise its reload fails."""
    local, mine, peer = subject.number("localASN"), subject.number("myASN"), subject.number("peerASN")
    if local is None or subject.mode in (Mode.FRR_K8S, Mode.NATIVE):
        return
    reason = ""
    if local == mine:
        reason = "equals myASN"
    elif local == peer:
        reason = "equals peerASN"
    elif mine == peer or subject.string("dynamicASN") == "internal":
        reason = "is set on an iBGP session"
    if reason:
        hint = "Leave localASN out, or choose a third AS number towards a router of another AS."
        message = f"localASN {reason}, which FRR refuses"
        yield subject.error("local-asn-refused", "localASN", message, source=FRR, hint=hint)


def address_or_interface(subject: Subject) -> Iterator[Finding]:
    """Exactly one of peerAddress and interface."""
    address, interface = subject.string("peerAddress"), subject.string("interface")
    hint = "Set either peerAddress or interface."
    if address and interface:
        message = "peerAddress and interface exclude each other"
        yield subject.error("peer-address-and-interface", "interface", message, source=CONFIG, hint=hint)
    elif not address and not interface and subject.spec.get("peerAddress") in (None, ""):
        message = "One of peerAddress and interface is required"
        yield subject.error("peer-address-missing", "peerAddress", message, source=CONFIG, hint=hint)


def peer_address(subject: Subject) -> Iterator[Finding]:
    """An IP address that a router can have."""
    text = subject.string("peerAddress")
    if not text:
        return
    address = parse_address(text)
    if address is None:
        message = "peerAddress is not an IP address; names, prefixes and zones are not allowed"
        hint = "Write an address such as 10.0.0.1 or 2001:db8::1."
        yield subject.error("peer-address-invalid", "peerAddress", message, source=CONFIG, hint=hint)
        return
    yield from _canonical(subject, "peerAddress", text, address)
    if address.is_unspecified or address.is_multicast or address.is_loopback or str(address) == "255.255.255.255":
        message, hint = f"No router can be reached at {address}", "Write the router's own address."
        yield subject.warning("peer-address-unusable", "peerAddress", message, source=FRR, hint=hint)
    elif address.version == 6 and address.is_link_local:
        message = "A link-local address means nothing without its interface, so the session stays down"
        hint = "Set interface instead of peerAddress, or use a global address."
        yield subject.warning("peer-address-link-local", "peerAddress", message, source=FRR, hint=hint)


def source_address(subject: Subject) -> Iterator[Finding]:
    """An IPv4 address by the page; any address for MetalLB; one of the peer's family to be of use."""
    text = subject.string("sourceAddress")
    if not text:
        return
    address, peer = parse_address(text), parse_address(subject.string("peerAddress"))
    if address is None:
        hint = "Write an address such as 10.0.0.5."
        message = "sourceAddress is not an IP address"
        yield subject.error("source-address-invalid", "sourceAddress", message, source=CONFIG, hint=hint)
        return
    yield from _canonical(subject, "sourceAddress", text, address)
    if address.version == 6:
        message = "sourceAddress must be an IPv4 address; this MetalLB also accepts IPv6"
        hint = "Use an IPv4 address, or acknowledge the rule."
        yield subject.documented("source-address-not-ipv4", "sourceAddress", message, hint=hint)
    if peer is not None and peer.version != address.version and subject.mode is not Mode.FRR_K8S:
        message = "sourceAddress and peerAddress are of different families, so no session can come up"
        hint = "Use a source address of the peer's family."
        yield subject.warning("source-address-family", "sourceAddress", message, source=FRR, hint=hint)


def router_id(subject: Subject) -> Iterator[Finding]:
    """Any IP address for MetalLB, IPv4 for FRR (RFC 6286 wants four octets, not zero)."""
    text = subject.string("routerID")
    if not text:
        return
    address = parse_address(text)
    hint = "Write four numbers such as 10.10.10.10, or leave it out."
    if address is None:
        message = "routerID is not an IP address"
        yield subject.error("router-id-invalid", "routerID", message, source=CONFIG, hint=hint)
    elif address.version == 6 or address.is_unspecified:
        message = f"{address} is of no use as router ID: FRR needs an IPv4 address other than 0.0.0.0"
        yield subject.warning("router-id-useless", "routerID", message, source=FRR, hint=hint)


def device_names(subject: Subject) -> Iterator[Finding]:
    """vrf and interface are names of network devices: no spaces, ASCII, at most 15 bytes."""
    for field in ("vrf", "interface"):
        name = subject.string(field)
        hint = "Write the device's name as `ip link` shows it."
        if name and not is_word(name):
            message = f"{field} holds a space or a character outside ASCII, which FRR's configuration cannot"
            yield subject.error(f"{field}-syntax", field, message, source=FRR, hint=hint)
        elif len(name) > _IFNAMSIZ or "/" in name or name in (".", ".."):
            message = f"No network device can have this name: at most {_IFNAMSIZ} bytes and no '/'"
            yield subject.warning(f"{field}-impossible", field, message, source=LINUX, hint=hint)
        elif field == "vrf" and name == "default":
            message = "MetalLB takes this for another VRF, FRR for the default one; they get into each other's way"
            yield subject.warning("vrf-named-default", field, message, source=FRR, hint="Leave vrf out.")


def _canonical(subject: Subject, field: str, text: str, address: Address) -> Iterator[Finding]:
    if text != str(address):
        message = f"{field} is written unusually, so MetalLB does not recognise duplicates of {address}"
        hint = f"Write {address}."
        yield subject.warning("address-not-canonical", field, message, source=CONFIG, hint=hint)
