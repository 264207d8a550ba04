"""FRR-K8s mode: one FRRConfiguration of people by itself (frr-k8s internal/controller/api_to_config.go)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from intent.addresses import parse_address
from intent.findings import Finding, shown
from intent.frr_configurations import Neighbor, Router, entries, profiles, routers, selection
from intent.rules.frr_about import About, version_of
from intent.rules.frr_announced import advertised, received
from intent.rules.view import View
from intent.sessions import as_number
from intent.snapshot import Resource, mapping, text
from intent.timers import SECOND, asked

_DEFAULT = "default"


def judged(view: View, resource: Resource) -> Iterator[Finding]:
    """All that is to be said of it by itself; nothing is refused where it is for no node."""
    mask = view.placement.mask(selection(resource))
    about = About(resource, view.placement.names(mask))
    raw = mapping(resource.spec.get("raw"))
    if text(raw.get("rawConfig")):
        message = "Raw lines are appended to what frr-k8s writes, nobody checks them, and they may undo MetalLB's"
        yield about.warning(
            "frr-raw-configuration", "raw.rawConfig", message, "Say it in other fields where there are any."
        )
    if not mask:
        message, hint = "The selector matches no node, so that this has no effect", "Mend the selector."
        yield about.warning("frr-no-node-selected", "nodeSelector", message, hint, resource.spec.get("nodeSelector"))
        return
    known = {text(profile.get("name")) for _, profile in profiles(resource)}
    yield from _repeated_profiles(about, resource)
    mine = routers(resource)
    by_vrf = {router.vrf: router for router in mine}
    for router in mine:
        yield from _prefixes(about, router, by_vrf)
        for neighbor in router.neighbors:
            yield from _identity(about, router, neighbor)
            yield from _settings(about, neighbor, known)
            yield from advertised(about, neighbor, _all_prefixes(router, by_vrf))
            yield from received(about, neighbor)
    yield from _evpn(about, mine)


def _repeated_profiles(about: About, resource: Resource) -> Iterator[Finding]:
    counted = Counter(text(profile.get("name")) for _, profile in profiles(resource))
    for name, count in counted.items():
        if count > 1:
            message = f"The BFD profile {shown(name)} stands {count} times in it"
            yield about.error("frr-bfd-profile-repeated", "bgp.bfdProfiles", message, "Keep one of them.", name)


def _prefixes(about: About, router: Router, by_vrf: dict[str, Router]) -> Iterator[Finding]:
    for prefix in router.prefixes:
        if version_of(prefix) is None:
            hint = "Write an address with its length, such as 198.51.100.0/24."
            message = f"{shown(prefix)} is no prefix"
            yield about.error("frr-prefix-invalid", f"{router.path}.prefixes", message, hint, prefix)
    for vrf in router.imports:
        if (vrf if vrf != _DEFAULT else "") not in by_vrf:
            message = f"VRF {shown(vrf)} is imported, and this object has no router for it"
            hint = "Add a router for that VRF to the same object."
            yield about.error("frr-import-missing", f"{router.path}.imports", message, hint, vrf)


def _all_prefixes(router: Router, by_vrf: dict[str, Router]) -> frozenset[str]:
    """Its own, and those of the VRFs that it imports."""
    found = set(router.prefixes)
    for vrf in router.imports:
        imported = by_vrf.get(vrf if vrf != _DEFAULT else "")
        found |= set(imported.prefixes if imported else ())
    return frozenset(found)


def _identity(about: About, router: Router, neighbor: Neighbor) -> Iterator[Finding]:
    spec, path = neighbor.spec, neighbor.path
    address, interface = text(spec.get("address")), text(spec.get("interface"))
    if bool(address) == bool(interface):
        message = "A neighbor needs either an address or an interface"
        yield about.error("frr-neighbor-address", path, message, "Set one of them.", address)
    elif address and parse_address(address) is None:
        message = f"{shown(address)} is no IP address"
        yield about.error("frr-neighbor-address", f"{path}.address", message, "Write an IP address.", address)
    asn, dynamic = as_number(spec.get("asn")), text(spec.get("dynamicASN"))
    if (asn is None) != bool(dynamic):
        message = "A neighbor needs either asn or dynamicASN"
        yield about.error("frr-neighbor-asn", f"{path}.asn", message, "Set one of them.", spec.get("asn") or "")
    if as_number(spec.get("localASN")) is not None and asn == router.asn:
        message, hint = "localASN is of no use on iBGP", "Leave localASN out."
        yield about.error("frr-local-asn", f"{path}.localASN", message, hint, spec.get("localASN"))


def _settings(about: About, neighbor: Neighbor, profiles_known: set[str]) -> Iterator[Finding]:
    spec, path = neighbor.spec, neighbor.path
    profile = text(spec.get("bfdProfile"))
    if profile and profile not in profiles_known:
        message = f"BFD profile {shown(profile)} is not defined in the same object, where frr-k8s looks for it"
        hint = "Define it under spec.bgp.bfdProfiles; BFDProfiles of MetalLB do not count here."
        yield about.error("frr-bfd-profile-missing", f"{path}.bfdProfile", message, hint, profile)
    if spec.get("password") and text(mapping(spec.get("passwordSecret")).get("name")):
        message = "password and passwordSecret exclude each other"
        yield about.error("frr-password-and-secret", f"{path}.passwordSecret", message, "Keep passwordSecret.")
    if spec.get("disableMP") is True:
        message = "disableMP has no effect: each session carries one family anyway"
        yield about.warning("frr-disable-mp", f"{path}.disableMP", message, "Leave it out.", value=True)
    yield from _timers(about, neighbor)


def _timers(about: About, neighbor: Neighbor) -> Iterator[Finding]:
    hold, keepalive = (asked(neighbor.spec, name) for name in ("holdTime", "keepaliveTime"))
    message = ""
    if (hold is None) != (keepalive is None):
        message = "holdTime and keepaliveTime must both be set, or neither"
    elif hold is not None and keepalive is not None:
        if 0 < hold // SECOND < 3:
            message = "holdTime must be 0 or at least 3s"
        elif keepalive > hold:
            message = "keepaliveTime must not be longer than holdTime"
    if message:
        value = neighbor.spec.get("holdTime") or ""
        yield about.error("frr-timers", f"{neighbor.path}.holdTime", message, "Set both, such as 90s and 30s.", value)


def _evpn(about: About, mine: tuple[Router, ...]) -> Iterator[Finding]:
    """Ethernet VPN, newer than frr-k8s 0.0.25."""
    vnis: dict[int, str] = {}
    for router in mine:
        path, evpn = f"{router.path}.evpn", mapping(router.spec.get("evpn"))
        layer3, layer2 = mapping(evpn.get("l3vni")), [mapping(one) for one in entries(evpn.get("l2vnis"))]
        families = [entries(neighbor.spec.get("addressFamilies")) for neighbor in router.neighbors]
        wants = evpn.get("advertiseVNIs") == "All" or evpn.get("advertiseSVI") is True or bool(layer2)
        if wants and not any("evpn" in some for some in families):
            message, hint = "EVPN is asked for, and no neighbor carries it", "Add evpn to its addressFamilies."
            yield about.error("frr-evpn-without-neighbor", path, message, hint)
        if layer3 and router.neighbors:
            message = "A layer 3 VNI belongs to a router without neighbors"
            yield about.error("frr-l3vni-with-neighbors", f"{path}.l3vni", message, "Take one of them out.")
        for vni in (vni for one in (*layer2, layer3) if isinstance(vni := one.get("vni"), int)):
            if vni in vnis:
                message = f"VNI {shown(vni)} stands in several places ({vnis[vni]} is another one)"
                yield about.error("frr-vni-repeated", path, message, "Use each VNI once.", vni)
            vnis.setdefault(vni, f"spec.{path}")
