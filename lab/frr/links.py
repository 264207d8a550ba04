"""Shell lines that give machines their addresses and routes; all may be run again when something is added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab.frr.addressing import Segment, network_of
from lab.routers import DEFAULT_VRF, Router

# No duplicate address detection: an address is usable at once.
_NO_DAD = "sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0"
_FORWARD = "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"


def node(segment: Segment, nic: str, addresses: Iterable[str], direct: Iterable[str]) -> str:
    """A node's side of a VRF: the network namespace that is the VRF, its NICs, addresses, routes to what is far.

    direct: NICs that lead to a router without addresses.
    """
    nics, script, inside = [nic, *direct], [_NO_DAD], ""
    if segment.vrf != DEFAULT_VRF:
        vrf, inside = segment.vrf, f"-n {segment.vrf} "
        script += [f"[ -e /run/netns/{vrf} ] || {{ ip netns add {vrf}; ip -n {vrf} link set lo up; }}"]
        script += [f"if ip link show {n} >/dev/null 2>&1; then ip link set {n} netns {vrf}; fi" for n in nics]
    lines = [_address(address, nic) for address in addresses] + [f"link set {name} up" for name in nics]
    # Neighbors are resolved by the default route in the default VRF only, so that other VRFs need a route of their own.
    lines += [f"route replace {network} via {segment.gateway(network.version)}" for network in segment.far]
    if segment.vrf == DEFAULT_VRF:
        lines += [_default(version, f"via {segment.gateway(version)}") for version in segment.far_versions()]
    return "\n".join([*script, _batch(inside, lines)])


def router(router: Router, segment: Segment, direct: Sequence[str]) -> str:
    """A router's side: on the nodes' link everybody is on link; further away everything goes by the gateway."""
    lines = [_address(f"{address}/{network_of(address).prefixlen}", "eth0") for address in router.addresses]
    lines += [f"link set {name} up" for name in ("eth0", *direct)]
    for address in router.addresses:
        network = network_of(address)
        towards = f"via {segment.far_gateway(network)}" if router.hops > 1 else "dev eth0"
        lines.append(_default(network.version, towards))
    return f"{_NO_DAD}\n{_batch('', lines)}"


def gateway(segment: Segment) -> str:
    """The machine between the nodes' link (eth0) and what is behind it (eth1)."""
    near = [segment.transit(version) for version in segment.far_versions()]
    lines = [_address(f"{segment.gateway(network.version)}/{network.prefixlen}", "eth0") for network in near]
    lines += [_address(f"{segment.far_gateway(network)}/{network.prefixlen}", "eth1") for network in segment.far]
    lines += ["link set eth0 up", "link set eth1 up"]
    return f"{_NO_DAD}\n{_FORWARD}\n{_batch('', lines)}"


def _address(address: str, nic: str) -> str:
    return f"address replace {address} dev {nic}{' nodad' if ':' in address else ''}"


def _default(version: int, towards: str) -> str:
    return f"route replace {'0.0.0.0/0' if version == 4 else '::/0'} {towards}"


def _batch(inside: str, lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    return f"ip {inside}-batch - <<'.'\n{text}\n."
