"""Where one Service is announced from, node by node, and the first reason where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from clusters.heard import NOWHERE, Heard, Over, over
from clusters.intended import service_of
from clusters.models import Service
from clusters.selectors import snapshot_of
from intent.addresses import parse_address
from intent.announcements import Announcements, ServiceRef, Verdict
from intent.announcements.chain import STEPS, Chain, Step
from intent.announcements.layer2 import layer2_on_nodes
from intent.pools import pool_index_of
from intent.reach import SessionKey
from intent.sessions import placed
from intent.snapshot import Snapshot
from pools.loadbalancers.links import Link, Links, Thing
from pools.loadbalancers.reasons import DARK, NO_PEER, SILENT, UNSURE, WORDS

_FAMILIES = {4: "IPv4", 6: "IPv6"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What some nodes do alike with an address. code: MetalLB's own word for the reason; "" = the rules let them.

    over: the sessions that it is meant over. targets: the BGPPeers with their neighbors. told: those neighbors, by VRF,
    that get it. chain: link by link, up to the first that is broken. change: what the way out begins with.
    """

    nodes: tuple[str, ...]
    prefixes: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    code: str = ""
    words: str = ""
    hint: str = ""
    over: Over = NOWHERE
    targets: tuple[tuple[str, str], ...] = ()
    told: frozenset[tuple[str, str]] = frozenset()
    chain: tuple[Link, ...] = ()
    change: tuple[Thing, ...] = ()

    @property
    def meant(self) -> bool:
        """Whether it is meant to go out to somebody."""
        return not self.code and bool(self.peers)

    @property
    def announced(self) -> bool:
        """Whether it goes out: to somebody, over a session that is up."""
        return self.meant and bool(self.told)

    @property
    def unsure(self) -> bool:
        """Whether nobody knows if it goes out: it does over no session that is known, and others are not."""
        return self.meant and not self.told and bool(self.over.unsure)


@dataclass(frozen=True, slots=True)
class AddressStanding:
    """One address of a Service. pool: the one that holds it now. standings: of all nodes; shown: of those asked for."""

    address: str
    family: str
    pool: str
    standings: tuple[Standing, ...]
    shown: tuple[Standing, ...]

    @property
    def on(self) -> int:
        """The number of nodes that announce it to somebody."""
        return sum(len(one.nodes) for one in self.standings if one.announced)

    @property
    def meant(self) -> int:
        """The number of sessions that it is meant over."""
        return sum(one.over.meant for one in self.standings)

    @property
    def up(self) -> int:
        """How many of them are up."""
        return sum(one.over.up for one in self.standings)


def live_snapshot(row: Service) -> Snapshot:
    """The cluster as it is, with this Service only: what others announce changes nothing about this one."""
    return replace(snapshot_of(row.cluster), services=(service_of(row),))


def standings(row: Service, snapshot: Snapshot, known: Heard, node: str = "") -> list[AddressStanding]:
    """What each node does with each address; the announcing ones first, then by the number of nodes.

    known: what was heard of sessions. node: the only one to be shown.
    """
    announcements, ref = Announcements(snapshot), ServiceRef(row.namespace, row.name)
    index, parts = pool_index_of(snapshot), _Parts(row, snapshot, known)
    found = []
    for address in row.addresses or [""]:
        parsed = parse_address(address)
        pool = ", ".join(index.holding(parsed)) if parsed else ""
        groups = announcements.nodes_by_verdict(ref, address)
        every = parts.of(address, groups)
        only = {verdict: (node,) for verdict, nodes in groups.items() if node in nodes}
        shown = parts.of(address, only) if node else every
        found.append(AddressStanding(address, _FAMILIES[parsed.version] if parsed else "", pool, every, shown))
    return found


def layer2(row: Service, snapshot: Snapshot) -> list[Standing]:
    """Which nodes may answer ARP and NDP for it, and why others may not; [] if no L2Advertisement is for its pool."""
    found = []
    for reason, nodes in layer2_on_nodes(snapshot, service_of(row)).items():
        if reason is None:
            words = "any of them may answer; MetalLB takes one"
            found.append(Standing(nodes=nodes, words=words))
        else:
            words, hint = (text.replace("BGPAdvertisement", "L2Advertisement") for text in WORDS[reason])
            found.append(Standing(nodes=nodes, code=reason.value, words=words, hint=hint))
    return sorted(found, key=lambda one: (bool(one.code), -len(one.nodes)))


class _Parts:
    """Nodes of one verdict, which differ by whether their sessions are up, and by what FRR tells there."""

    def __init__(self, row: Service, snapshot: Snapshot, known: Heard) -> None:
        self._known = known
        self._feeds = {peer: (session.vrf, session.neighbor) for peer, (session, _nodes) in placed(snapshot).items()}
        self._links = Links(row, Chain(snapshot, service_of(row)))

    def of(self, address: str, groups: Mapping[Verdict, tuple[str, ...]]) -> tuple[Standing, ...]:
        """All of them, in their order."""
        parts = (part for verdict, nodes in groups.items() for part in self._split(address, verdict, nodes))
        return tuple(sorted(parts, key=lambda one: (not one.announced, not one.meant, -len(one.nodes))))

    def _split(self, address: str, verdict: Verdict, nodes: tuple[str, ...]) -> Iterator[Standing]:
        if verdict.reason is not None:
            words, hint = WORDS[verdict.reason]
            one = Standing(nodes=nodes, code=verdict.reason.value, words=words, hint=hint)
            yield self._linked(one, address, verdict, STEPS[verdict.reason])
        elif not verdict.peers:
            one = Standing(nodes=nodes, prefixes=verdict.prefixes, words=NO_PEER[0], hint=NO_PEER[1])
            yield self._linked(one, address, verdict, Step.SESSION)
        else:
            yield from self._carried(address, verdict, nodes)

    def _carried(self, address: str, verdict: Verdict, nodes: tuple[str, ...]) -> Iterator[Standing]:
        known = self._known
        carried = {node: [(peer, (node, *self._feeds[peer])) for peer in verdict.peers] for node in nodes}
        sorts: dict[tuple[Step | None, bool], list[str]] = {}
        for node, sessions in carried.items():
            sorts.setdefault(self._stops(sessions, verdict), []).append(node)
        for (step, unsure), some in sorts.items():
            sessions = [one for node in some for one in carried[node]]
            words, hint = {None: ("announced", ""), Step.SESSION: DARK, Step.PREFIX: SILENT}[step]
            words, hint = UNSURE if unsure else (words, hint)
            one = Standing(
                nodes=tuple(some),
                prefixes=verdict.prefixes,
                peers=verdict.peers,
                words=words,
                hint=hint,
                over=over(known, sessions, lambda peer, prefix: prefix in verdict.to(peer)),
                targets=tuple((peer, self._feeds[peer][1]) for peer in verdict.peers),
                told=frozenset(key[1:] for peer, key in sessions if known.tells(key, verdict.to(peer))),
            )
            yield self._linked(one, address, verdict, step)

    def _stops(self, sessions: list[tuple[str, SessionKey]], verdict: Verdict) -> tuple[Step | None, bool]:
        """The link that it comes no further than, and whether nobody knows that."""
        known, keys = self._known, [key for _peer, key in sessions]
        if any(known.tells(key, verdict.to(peer)) for peer, key in sessions):
            return None, False
        unsure = any(map(known.unsure, keys))
        return Step.SESSION if unsure or known.up.isdisjoint(keys) else Step.PREFIX, unsure

    def _linked(self, one: Standing, address: str, verdict: Verdict, broken: Step | None) -> Standing:
        chain, change = self._links.of(address, verdict, one.nodes, broken, "unknown" if one.unsure else "broken")
        return replace(one, chain=chain, change=change)
