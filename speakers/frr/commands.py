"""The vtysh commands that are ever run: argument lists, read-only, every argument parsed before it is used."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Iterable, Sequence

Argv = tuple[str, ...]

# Linux names of network devices, as unnumbered neighbors have them.
_INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}", re.ASCII)
# The kernel allows any name of a VRF without "/" and white space, and a command is one argument that no shell reads.
# vtysh itself splits at white space, takes "|" for a filter of its output and a beginning of "all" for all VRFs; bgpd
# prints quotes and backslashes into its JSON as they are, and formats names with "%" (FRR 8.4, tests/frr).
_VRF_LONGEST, _POLICY_LONGEST = 36, 151  # characters
_READ_OTHERWISE = frozenset("/|\"'\\%\ufffd")  # the last one stands for what was no UTF-8
_ALL = ("a", "al", "all")
FAMILIES = ("ipv4", "ipv6")


class ArgumentError(ValueError):
    """A VRF, neighbor or family that is none: nothing was run."""


def _vtysh(*commands: str) -> Argv:
    return ("vtysh", *(part for command in commands for part in ("-c", command)))


# vtysh prints the answers one after the other and stops at the first command that fails. `show version` needs any
# daemon, the neighbors need bgpd, BFD needs bfdd: in this order a dead daemon costs nothing but its own answer.
SWEEP: Argv = _vtysh("show version", "show bgp vrf all neighbors json", "show bfd peers json")


def vrf_unfit(vrf: str) -> str:
    """Why vtysh cannot be asked for a VRF, as a sentence; "" = it can."""
    if vrf in _ALL:
        return f"vtysh reads the VRF name {vrf!r} as all VRFs."
    if len(vrf) > _VRF_LONGEST:
        return f"The VRF name is longer than the {_VRF_LONGEST} characters that FRR takes."
    odd = [each for each in vrf if _is_odd(each)]
    if odd:
        return f"vtysh and bgpd read {odd[0]!r} in a VRF name otherwise than as a part of it."
    return ""


def _is_odd(character: str) -> bool:
    return character in _READ_OTHERWISE or character.isspace() or not character.isprintable()


def is_vrf(vrf: str) -> bool:
    """Whether it becomes a part of a command: the kernel allows names that vtysh would read otherwise."""
    return not vrf_unfit(vrf)


def vrf_argument(vrf: str) -> str:
    """The VRF as vtysh takes it ("default" for the default one). Raises ArgumentError."""
    if why := vrf_unfit(vrf):
        raise ArgumentError(why)
    return vrf or "default"


def neighbor_argument(neighbor: str) -> str:
    """An IP address in canonical text, or the interface of an unnumbered neighbor. Raises ArgumentError."""
    try:
        address = ipaddress.ip_address(neighbor)
    except ValueError:
        if _INTERFACE.fullmatch(neighbor):
            return neighbor
    else:
        if getattr(address, "scope_id", None) is None:
            return str(address)
    raise ArgumentError(f"neither an IP address nor an interface: {neighbor[:40]!r}")


def neighbors_all() -> Argv:
    """Every neighbor of every VRF, as JSON."""
    return _vtysh("show bgp vrf all neighbors json")


def neighbor(vrf: str, neighbor: str, *, json: bool = False) -> Argv:
    """One neighbor, as text for people or as JSON. Raises ArgumentError."""
    suffix = " json" if json else ""
    return _vtysh(f"show bgp vrf {vrf_argument(vrf)} neighbors {neighbor_argument(neighbor)}{suffix}")


def routes(vrf: str, family: str) -> Argv:
    """The BGP table of a VRF, family "ipv4" or "ipv6". Raises ArgumentError."""
    if family not in FAMILIES:
        raise ArgumentError(f"not an address family: {family[:20]!r}")
    return _vtysh(f"show bgp vrf {vrf_argument(vrf)} {family} unicast json")


EXCHANGED = ("advertised", "received")


def exchanged(vrf: str, neighbor: str, family: str, direction: str) -> Argv:
    """What is "advertised" to or "received" from a neighbor in a family, as JSON. Raises ArgumentError."""
    if family not in FAMILIES or direction not in EXCHANGED:
        raise ArgumentError(f"not a family and direction: {family[:20]!r} {direction[:20]!r}")
    of = f"{family} unicast neighbors {neighbor_argument(neighbor)}"
    return _vtysh(f"show bgp vrf {vrf_argument(vrf)} {of} {direction}-routes json")


def told(sessions: Iterable[tuple[str, str, str]], route_maps: Iterable[str]) -> Argv:
    """What is advertised on each session, given by VRF, neighbor and family, then these route maps, as JSON.

    Raises ArgumentError.
    """
    asked = [part for vrf, neighbor, family in sessions for part in exchanged(vrf, neighbor, family, "advertised")[1:]]
    maps = _vtysh(*(f"show route-map {policy_argument(name)} json" for name in route_maps))
    return ("vtysh", *asked, *maps[1:])


def explained(prefixes: Iterable[tuple[str, str]], lists: Iterable[tuple[int, str]]) -> Argv:
    """Prefixes in the table of a VRF, then prefix lists by IP version and name, as JSON. Raises ArgumentError."""
    asked = [part for vrf, prefix in prefixes for part in lookup(prefix, [vrf])[1:]]
    words = {4: "ip", 6: "ipv6"}
    some = _vtysh(*(f"show {words[version]} prefix-list {policy_argument(name)} json" for version, name in lists))
    return ("vtysh", *asked, *some[1:])


def policy_argument(name: str) -> str:
    """The name of a route map or prefix list, as MetalLB makes them of addresses and VRFs. Raises ArgumentError."""
    if not 0 < len(name) <= _POLICY_LONGEST or any(map(_is_odd, name)):
        raise ArgumentError(f"not the name of a route map or prefix list: {name[:60]!r}")
    return name


def routes_shown(vrf: str, family: str) -> Argv:
    """The same as text, as people read it in a shell. Raises ArgumentError."""
    if family not in FAMILIES:
        raise ArgumentError(f"not an address family: {family[:20]!r}")
    return _vtysh(f"show bgp vrf {vrf_argument(vrf)} {family}")


def prefix_argument(prefix: str) -> str:
    """An address or a prefix in canonical text; a prefix without its host bits. Raises ArgumentError."""
    try:
        if "/" in prefix:
            return str(ipaddress.ip_network(prefix, strict=False))
        address = ipaddress.ip_address(prefix)
    except ValueError:
        raise ArgumentError(f"neither an IP address nor a prefix: {prefix[:60]!r}") from None
    if getattr(address, "scope_id", None) is not None:
        raise ArgumentError(f"an address without a zone is needed: {prefix[:60]!r}")
    return str(address)


def lookup(prefix: str, vrfs: Sequence[str]) -> Argv:
    """A prefix, or the longest match of an address, in the tables of these VRFs. Raises ArgumentError."""
    wanted = prefix_argument(prefix)
    family = "ipv6" if ":" in wanted else "ipv4"
    return _vtysh(*(f"show bgp vrf {vrf_argument(vrf)} {family} unicast {wanted} json" for vrf in vrfs))


def next_hop(vrf: str, neighbor: str) -> Argv:
    """How FRR tracks its way to a neighbor, and the route that it would take. Raises ArgumentError."""
    name, where = vrf_argument(vrf), neighbor_argument(neighbor)
    try:
        family = "ipv6" if ipaddress.ip_address(where).version == 6 else "ip"
    except ValueError:  # an interface: there is no address to look up
        return _vtysh(f"show bgp vrf {name} nexthop")
    return _vtysh(f"show bgp vrf {name} nexthop", f"show {family} route vrf {name} {where}")


def oc_log(namespace: str, pod: str, container: str, lines: int) -> str:
    """What shows the end of a container's log in a shell, quoted."""
    return shlex.join(["oc", "logs", "-n", namespace, pod, "-c", container, f"--tail={lines}"])


def oc_line(namespace: str, pod: str, container: str, argv: Sequence[str]) -> str:
    """The same command for a shell, quoted; `kubectl` takes the same words as `oc`."""
    return shlex.join(["oc", "exec", "-n", namespace, pod, "-c", container, "--", *argv])
