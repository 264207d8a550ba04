"""Whether services are advertised on a session: what MetalLB's objects mean, and whether FRR's table has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from clusters.models import Cluster
from clusters.selectors import snapshot_of
from intent.announcements import Announcements, ServiceRef
from intent.announcements.advertisements import advertisements
from intent.placement import placement_of
from intent.snapshot import Snapshot
from pools.loadbalancers.reasons import WORDS
from speakers import live
from speakers.frr import commands
from speakers.live import CommandResult
from speakers.models import Session
from speakers.shell import oc

_SERVICES = 5  # that are asked why they are not announced
_PREFIXES = 20  # of one session that are shown


@dataclass(frozen=True, slots=True)
class Advertised:
    """A prefix on a session. state: yes, no or unknown. services: that are in it. command: shows the same."""

    prefix: str
    services: tuple[ServiceRef, ...]
    state: str
    word: str
    why: str
    command: str


@dataclass(frozen=True, slots=True)
class SessionRoutes:
    """What one session should announce and does. why: it should announce nothing, for this reason.

    asking: FRR has a question that it has not answered. more: prefixes that are not shown.
    """

    session: Session
    prefixes: tuple[Advertised, ...]
    why: str
    asking: bool
    more: int = 0


class Meant:
    """What MetalLB's objects announce to one peer from some nodes."""

    def __init__(self, cluster: Cluster, peer: str, nodes: Iterable[str]) -> None:
        wanted, whole = set(nodes), snapshot_of(cluster)
        snapshot = replace(whole, nodes=tuple(node for node in whole.nodes if node.name in wanted))
        self._peer, self._snapshot, self._announcements = peer, snapshot, Announcements(snapshot)
        self._candidates = _candidates(snapshot, peer)

    @property
    def pools(self) -> set[str]:
        """The pools that are advertised to the peer."""
        return self._candidates[0]

    def on(self, session: Session) -> SessionRoutes:
        """Everything about one session; two looks into Redis for each address family."""
        announced = self._announcements.on(session.node).get(self._peer, ())
        found = [self._prefix(session, each.prefix, each.family, each.services) for each in announced[:_PREFIXES]]
        asking = any(live.command_pending(session.pk, family) for family in families(session))
        why = "" if announced else self._why(session.node)
        return SessionRoutes(session, tuple(found), why, asking, max(0, len(announced) - _PREFIXES))

    def _prefix(self, session: Session, prefix: str, family: str, services: Sequence[ServiceRef]) -> Advertised:
        state, word, why = _standing(session, prefix, live.command_get(session.pk, family))
        return Advertised(prefix, tuple(services), state, word, why, routes_command(session, family))

    def _why(self, node: str) -> str:
        pools, services = self._candidates
        if not pools:
            return "No BGPAdvertisement with a pool is for this peer."
        if not services:
            return f"No service has an address of {', '.join(sorted(pools)[:_SERVICES])}."
        said = [self._verdict(service, address, node) for service, address in services]
        return "; ".join(dict.fromkeys(filter(None, said))) or "Nothing is to be announced from this node."

    def _verdict(self, service: ServiceRef, address: str, node: str) -> str:
        verdict = self._announcements.verdict(service, address, node)
        if verdict.reason is None:
            return f"{service.namespace}/{service.name} is announced to other peers, or the session lacks its family"
        return f"{service.namespace}/{service.name}: {WORDS[verdict.reason][0]}"


def families(session: Session) -> tuple[str, ...]:
    """The address families whose table is asked for: those that the session carries."""
    found = tuple(family for family in commands.FAMILIES if f"{family}Unicast" in session.families)
    return found or commands.FAMILIES[:1]


def routes_command(session: Session, family: str) -> str:
    """The documentation's command for the table; "" for a VRF that vtysh would not take."""
    try:
        return oc(session.speaker, commands.routes_shown(session.vrf, family))
    except commands.ArgumentError:
        return ""


def _standing(session: Session, prefix: str, answer: CommandResult | None) -> tuple[str, str, str]:
    if session.state != Session.State.ESTABLISHED:
        return "no", "not advertised", "The session is not Established, so nothing goes out."
    if answer is None:
        return "unknown", "not asked", "FRR has not been asked for its table yet."
    if not answer.ok or answer.table is None:
        return "unknown", "no answer", answer.error or "FRR's answer could not be read."
    if any(path.network == prefix and path.local for path in answer.table.paths):
        return "yes", "advertised", ""
    if answer.table.total > len({path.network for path in answer.table.paths}):
        return "unknown", "not known", "FRR has more prefixes than are looked at here; the command shows all."
    return "no", "not in FRR", "MetalLB's objects announce it, and FRR's table of this VRF does not have it."


def _candidates(snapshot: Snapshot, peer: str) -> tuple[set[str], list[tuple[ServiceRef, str]]]:
    """The pools that are advertised to the peer, and some services with an address of one."""
    some = advertisements(snapshot, placement_of(snapshot))
    pools = {pool for each in some if each.reaches(peer) for pool in each.pools}
    services: list[tuple[ServiceRef, str]] = []
    for service in snapshot.services if pools else ():
        if service.pool in pools and service.addresses:
            services.append((ServiceRef(service.namespace, service.name), service.addresses[0]))
        if len(services) == _SERVICES:
            break
    return pools, services
