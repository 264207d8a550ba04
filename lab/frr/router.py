"""A real FRR router on the other side: lab/routers.py describes it, this makes bgpd behave so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network

from intent.sessions import IntendedSession
from lab.frr.daemons import Daemons
from lab.frr.netns import Machine
from lab.routers import Listening, Router

_BFD_PORTS = "{ 3784, 3785, 4784 }"  # RFC 5881 and RFC 5883


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A node as the router is configured for it. place: the node's address, or the router's NIC towards it."""

    place: str
    asn: int
    remote_as: str

    @property
    def is_address(self) -> bool:
        """False for a NIC."""
        return is_address(self.place)

    @property
    def name(self) -> str:
        """What the settings are given to: the NIC, or a peer group of which the node becomes a member by dialling."""
        return f"from-{self.place}" if self.is_address else self.place


def neighbor(router: Router, place: str, session: IntendedSession | None) -> Neighbor:
    """How the router is set up for one node: the AS number it shows and the one it expects (see lab/routers.py)."""
    peer_asn, dynamic, node_asn = None, "", 0
    if session is not None:
        peer_asn, dynamic, node_asn = session.peer_asn, session.dynamic_asn, session.local_asn or session.my_asn
    asn = router.asn_for(peer_asn, dynamic, node_asn)
    expected = str(router.expects) if router.expects else "internal" if node_asn == asn else "external"
    return Neighbor(place, asn, expected)


def own_asn(router: Router, neighbors: Sequence[Neighbor]) -> int:
    """The BGP instance's AS number: the one that an internal neighbor is shown; `local-as` makes the others."""
    return next((each.asn for each in neighbors if each.remote_as in {"internal", str(each.asn)}), router.asns[0])


def bgp_config(router: Router, neighbors: Sequence[Neighbor]) -> str:
    """The router's FRR configuration. It never dials: the nodes do, as MetalLB's bgpd does not listen.

    Nodes are dynamic neighbors, each of a range with one address: such a one is ready at any time and has BFD only
    while its session runs, whereas a static one refuses for a while after each reset and sees BFD flap.
    """
    own = own_asn(router, neighbors)
    lines = [f"hostname {router.name}", "ip nht resolve-via-default", "ipv6 nht resolve-via-default"]
    lines += [f"router bgp {own}", f" bgp router-id {router.identifier}", " no bgp ebgp-requires-policy"]
    lines += [" no bgp network import-check", " no bgp default ipv4-unicast"]
    lines += [line for each in neighbors for line in _neighbor(router, each, own)]
    for family in router.families:
        version = int(family[-1])
        lines.append(f" address-family {family} unicast")
        lines += [f"  network {network}" for network in router.networks if (":" in network) == (version == 6)]
        lines += [f"  neighbor {each.name} activate" for each in neighbors]
        limit = f"maximum-prefix {router.prefix_limit}" if router.prefix_limit else ""
        lines += [f"  neighbor {each.name} {limit}" for each in neighbors if limit]
        lines.append(" exit-address-family")
    return "\n".join([*lines, "exit", ""])


def _neighbor(router: Router, each: Neighbor, own: int) -> list[str]:
    remote = f"remote-as {each.remote_as}"
    # FRR has no local-as for internal neighbors, so one router cannot be internal to one node and external to another
    # that has the same AS number.
    internal = each.remote_as in {"internal", str(own)}
    settings = [
        *(["peer-group", remote] if each.is_address else [f"interface {remote}", "passive"]),
        f"timers {router.keepalive} {router.hold}",
        *([f"local-as {each.asn} no-prepend replace-as"] if each.asn != own and not internal else []),
        *([f"password {router.password}"] if router.password else []),
        "bfd",
        *([f"shutdown message {router.shutdown}".removesuffix(" message ")] if router.shutdown is not None else []),
    ]
    if each.is_address and not internal:
        settings.append("ebgp-multihop" if router.hops > 1 else "disable-connected-check")
    lines = [f" neighbor {each.name} {setting}" for setting in settings]
    if each.is_address and router.listening is not Listening.STRANGER:
        lines.append(f" bgp listen range {ip_network(each.place)} peer-group {each.name}")
    return lines


def filters(router: Router) -> str:
    """The nftables rules behind which it is silent; the table is there even if it has none."""
    drops = [f"udp dport {_BFD_PORTS} drop"] if router.mute_bfd or router.listening is Listening.DROPPED else []
    if router.listening is Listening.DROPPED:
        drops += [f"tcp dport {router.port} drop", f"tcp sport {router.port} drop"]
    chains = [
        f"chain {hook} {{ type filter hook {hook} priority 0; {'; '.join(drops)}{';' * bool(drops)} }}"
        for hook in ("input", "output")
    ]
    return "\n".join(["add table inet lab", "delete table inet lab", "table inet lab {", *chains, "}"])


class RealRouter:
    """bgpd, bfdd and zebra of one router, kept as its description says.

    neighbors: how the router is to be set up for the nodes at the moment.
    """

    def __init__(self, router: Router, machine: Machine, neighbors: Callable[[Router], Sequence[Neighbor]]) -> None:
        self.router = router
        self.machine = machine
        self.daemons = Daemons(machine, listen=router.port)
        self._neighbors = neighbors
        self._bgpd = Listening.OPEN
        self._filters = ""
        self._rhythm = 0.0
        self._habits: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Start the daemons, and then what keeps them from answering.

        A router that is shut down says so to sessions that run, and nothing to those that come later; so it waits for
        some to run.
        """
        await self._filter()
        await self.daemons.start()
        await self.daemons.amend(self._config(replace(self.router, shutdown=None)))
        await self._obey()
        if self.router.shutdown is not None:
            self._habits["shutdown"] = asyncio.create_task(self._shut_down_once_up())

    async def apply(self, router: Router | None = None) -> None:
        """Bring the running router to another description, or to what the nodes are configured for by now."""
        async with self._turn:
            self.router = router or self.router
            await self._filter()
            config = self._config(self.router)
            if config != self.daemons.config:
                await self._bgpd_becomes(Listening.OPEN)
                await self.daemons.amend(config)
            await self._obey()

    async def clear(self, neighbor: str = "*") -> None:
        """Close sessions with a NOTIFICATION (Cease/Administrative Reset)."""
        await self.daemons.vtysh(f"clear bgp {neighbor}")

    async def stop(self) -> None:
        """Stop what the router does by itself; its machine is the topology's."""
        for task in self._habits.values():
            task.cancel()
        await asyncio.gather(*self._habits.values(), return_exceptions=True)

    def _config(self, router: Router) -> str:
        return bgp_config(router, self._neighbors(router))

    async def _obey(self) -> None:
        wanted = self.router.listening
        await self._bgpd_becomes(wanted if wanted in {Listening.REFUSED, Listening.MUTE} else Listening.OPEN)
        if self.router.bounce != self._rhythm:
            self._rhythm = self.router.bounce
            if "bounce" in self._habits:
                self._habits.pop("bounce").cancel()
            if self._rhythm:
                self._habits["bounce"] = asyncio.create_task(self._bouncing(self._rhythm))

    async def _bgpd_becomes(self, wanted: Listening) -> None:
        """OPEN: it runs. REFUSED: there is none. MUTE: it is stopped, so that only the kernel answers."""
        before, self._bgpd = self._bgpd, wanted
        if before is wanted:
            return
        if before is Listening.REFUSED:
            await self.daemons.revive()
        elif before is Listening.MUTE:
            await self.daemons.signal("bgpd", "CONT")
        if wanted is Listening.REFUSED:
            await self.daemons.kill("bgpd")
        elif wanted is Listening.MUTE:
            await self.daemons.signal("bgpd", "STOP")

    async def _filter(self) -> None:
        wanted = filters(self.router)
        if wanted != self._filters:
            await self.machine.run(f"nft -f - <<'.'\n{wanted}\n.")
            self._filters = wanted

    async def _bouncing(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            if self._bgpd is Listening.OPEN:
                await self.clear()

    async def _shut_down_once_up(self) -> None:
        for _ in range(30):
            await asyncio.sleep(1.0)
            if '"Established"' in await self.daemons.vtysh("show bgp summary json"):
                await asyncio.sleep(1.0)  # the other nodes'
                break
        await self.apply()


def is_address(name: str) -> bool:
    """True for an address, False for the name of a NIC."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
