"""The other side: routers that the nodes' sessions meet, in every VRF, with the faults that real ones have.

A lab router may hold several AS numbers, since the documentation's examples name the same address once as an external
and once as an internal peer. The rule: it speaks with the AS number that the node's configuration names, if that is one
of its own, else with its first one; then the two sides disagree and the session ends in OPEN Message Error/Bad Peer AS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address

DEFAULT_VRF = "default"


class Listening(StrEnum):
    """What a connection to the router's BGP port meets."""

    OPEN = "open"
    REFUSED = "refused"  # the host answers, nothing listens: TCP reset
    DROPPED = "dropped"  # a firewall drops the packets
    MUTE = "mute"  # TCP is accepted, and then not one BGP message comes
    STRANGER = "stranger"  # TCP is accepted and closed at once: nodes are no neighbors of it


@dataclass(frozen=True, slots=True)
class Router:
    """One router. addresses: where it answers; interface: the nodes' NIC it is reached over without addresses.

    asns: its AS numbers, the first is its own. expects: the AS number it accepts from nodes, 0 = any.
    hops: its distance in hops, 1 = directly connected. hold and keepalive are its own timers in seconds.
    password: TCP-MD5, "" = none. shutdown: it shuts the session administratively, with this message (RFC 9003; "" = no
    message, None = it does not). bounce: seconds between two closings of a session by the router, 0 = never.
    networks: prefixes it announces. mute_bfd: it does not answer BFD. prefix_limit: how many prefixes of a family it
    takes from a node, 0 = any number; more end the session (RFC 4486, subcode 1).
    """

    name: str
    addresses: tuple[str, ...]
    asns: tuple[int, ...]
    vrf: str = DEFAULT_VRF
    interface: str = ""
    router_id: str = ""
    expects: int = 0
    password: str = ""
    port: int = 179
    hops: int = 1
    hold: int = 180
    keepalive: int = 60
    families: tuple[str, ...] = ("ipv4", "ipv6")
    networks: tuple[str, ...] = ()
    listening: Listening = Listening.OPEN
    shutdown: str | None = None
    bounce: float = 0.0
    mute_bfd: bool = False
    prefix_limit: int = 0

    def asn_for(self, peer_asn: int | None, dynamic_asn: str = "", my_asn: int = 0) -> int:
        """The AS number it shows to a node that is configured with this peerASN or dynamicASN (see the module)."""
        if peer_asn:
            return peer_asn if peer_asn in self.asns else self.asns[0]
        internal = dynamic_asn == "internal"
        return next((asn for asn in self.asns if (asn == my_asn) == internal), self.asns[0])

    @property
    def identifier(self) -> str:
        """Its BGP identifier: router_id, or its first IPv4 address."""
        return self.router_id or next((a for a in self.addresses if "." in a), "192.0.2.1")


class Routers:
    """All routers of a lab by VRF and address; subscribers hear of each change as (old, new), one may be None."""

    def __init__(self, routers: Iterable[Router] = ()) -> None:
        self._by_place: dict[tuple[str, str], Router] = {}
        self._listeners: list[Callable[[Router | None, Router | None], None]] = []
        for router in routers:
            self.add(router)

    def __iter__(self) -> Iterator[Router]:
        return iter(dict.fromkeys(self._by_place.values()))

    def subscribe(self, listener: Callable[[Router | None, Router | None], None]) -> None:
        """Call `listener(old, new)` after every change."""
        self._listeners.append(listener)

    def at(self, vrf: str, neighbor: str) -> Router | None:
        """The router that a neighbor of this VRF ("default" or "" for the default one) is: by address or interface."""
        return self._by_place.get((vrf or DEFAULT_VRF, canonical(neighbor)))

    def add(self, router: Router) -> Router:
        """Plug in a router. ValueError if another one holds an address of it in that VRF."""
        for place in _places(router):
            if place in self._by_place:
                raise ValueError(f"{self._by_place[place].name} answers at {place[1]} in VRF {place[0]} already")
        self._plug(None, router)
        return router

    def change(self, address: str, vrf: str = DEFAULT_VRF, **fields: object) -> Router:
        """Change a router while it runs: `change("10.0.0.1", shutdown="maintenance")`. KeyError if there is none."""
        old = self._by_place[vrf, canonical(address)]
        new = replace(old, **fields)  # type: ignore[arg-type]  # dataclasses.replace checks the names
        self._plug(old, new)
        return new

    def remove(self, address: str, vrf: str = DEFAULT_VRF) -> None:
        """Switch a router off: nothing answers at its addresses any more."""
        self._plug(self._by_place[vrf, canonical(address)], None)

    def _plug(self, old: Router | None, new: Router | None) -> None:
        for place in _places(old) if old else ():
            del self._by_place[place]
        for place in _places(new) if new else ():
            self._by_place[place] = new  # type: ignore[assignment]  # not None: it has places
        for listener in self._listeners:
            listener(old, new)


def _places(router: Router) -> list[tuple[str, str]]:
    names = [canonical(address) for address in router.addresses] + ([router.interface] if router.interface else [])
    return [(router.vrf, name) for name in names]


def canonical(neighbor: str) -> str:
    """The usual text of an address; an interface name stays as it is."""
    try:
        return str(ip_address(neighbor))
    except ValueError:
        return neighbor


def documented_routers() -> tuple[Router, ...]:
    """Routers at every peer address of the OpenShift page, with the AS numbers that its examples expect."""
    return (
        Router("edge-doc-1", ("10.0.0.1",), (64501,), expects=64500),
        Router("edge-doc-2", ("10.0.0.2",), (64501,), expects=64500),
        Router("edge-doc-3", ("10.0.20.1",), (64501, 64500), expects=64500),
        Router("edge-doc-4", ("2620:52:0:88::104",), (64500,), expects=64500, router_id="10.0.88.104"),
        Router("edge-doc-vrf", ("192.168.130.1",), (200,), vrf="ens4vrf", expects=100),
    )
