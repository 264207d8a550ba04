"""The announcements of all nodes of a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from intent.addresses import Address, parse_address
from intent.announcements.advertisements import Advertisement, advertisements, feeds
from intent.announcements.announcement import Announcement, Key, ServiceRef, prefix_key, prefix_text
from intent.announcements.groups import NOTHING, Feed, Layers, Placed, Table, merge, too_many
from intent.announcements.placed import placed_services
from intent.announcements.verdicts import Reason, Verdict
from intent.placement import Placement, placement_of
from intent.sessions import IntendedSession, shared
from intent.snapshot import Node, Snapshot

EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
_VERSIONS = {"ipv4": 4, "ipv6": 6}


@dataclass(frozen=True, slots=True)
class _Site:
    """What tells nodes apart: the advertisements that select them (a mask), and what keeps them from announcing."""

    on_node: int
    blocked: Reason | None


class Announcements:
    """What each node of a snapshot announces, computed for a node when it is asked for.

    Preparing takes O(services x advertisements of their pool). Nodes that the same advertisements select share one
    table per kind of peer (the same advertisements, the same families), so that the cost grows with the number of such
    classes, not with nodes x peers x services; services with externalTrafficPolicy Local are added on the nodes of
    their endpoints only. A service is announced whole or not at all, as MetalLB does it.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._nodes = {node.name: node for node in snapshot.nodes}
        placement = placement_of(snapshot)
        self._advertisements = advertisements(snapshot, placement)
        self._sites = _sites(placement, self._advertisements, ignores_exclude=snapshot.ignores_exclude)
        self._sessions = shared(snapshot, placement)
        self._alike: dict[object, dict[Feed, Layers]] = {}
        peers = {session.peer for some in set(self._sessions.values()) for session in some}
        self._feeds = feeds(peers, self._advertisements)
        self._placed = placed_services(snapshot, self._advertisements)
        self._services, self._local = self._placed.services, self._placed.local
        self._lists: dict[int, tuple[Announcement, ...]] = {}  # of those tables, which stay

    def on(self, node: str) -> dict[str, tuple[Announcement, ...]]:
        """What each session of the node announces, by its BGPPeer's name, in the order of addresses; {} if unknown."""
        site = self._sites.get(node)
        if site is None:
            return {}
        found: dict[str, tuple[Announcement, ...]] = {}
        alike: dict[tuple[int, tuple[str, ...]], tuple[Announcement, ...]] = {}
        for session in self._sessions[node]:
            feed = self._feeds[session.peer]
            kind = feed, session.families
            if kind not in alike:
                alike[kind] = self._to(node, site, feed, session.families)
            found[session.peer] = alike[kind]
        return found

    def feeds_on(self, node: str) -> dict[Feed, Layers]:
        """The same by session, in two layers of prefixes; nodes of one kind share it, others the first layer."""
        site, kind = self._sites.get(node), self.kind(node)
        if site is None:
            return {}
        if kind not in self._alike:
            self._alike[kind] = self._feeds_of(node, site)
        return self._alike[kind]

    def sessions_of(self, node: str) -> tuple[IntendedSession, ...]:
        """The sessions that the node is to run, each on a node yet to be named; () for a node that is not known."""
        return self._sessions.get(node, ())

    def kind(self, node: str) -> object:
        """Equal for nodes that announce the same on the same sessions; None for a node that is not known."""
        return node if node in self._local else self.shares(node)

    def shares(self, node: str) -> object:
        """Equal for nodes that announce the same for services that any node may announce."""
        site = self._sites.get(node)
        return site and (site, id(self._sessions[node]))

    def alone(self, wanted: set[ServiceRef]) -> list[str]:
        """The nodes that announce some of these services for endpoints of their own, if at all, sorted."""
        return sorted(self._placed.nodes_of(wanted))

    def _feeds_of(self, node: str, site: _Site) -> dict[Feed, Layers]:
        found, alike = dict[Feed, Layers](), dict[tuple[int, tuple[str, ...]], Layers]()
        for session in self._sessions[node]:
            kind = feed, families = self._feeds[session.peer] & site.on_node, session.families
            if kind not in alike:
                versions = tuple(_VERSIONS[family] for family in families)
                alike[kind] = NOTHING if site.blocked else self._placed.layers(node, site.on_node, feed, versions)
            found[Feed(session.peer, session.vrf, session.neighbor)] = alike[kind]
        return found

    def verdict(self, service: ServiceRef, address: str, node: str) -> Verdict:
        """What the node does with an address of a service, or the first reason why it does nothing."""
        placed, site = self._services.get(service, Reason.SERVICE_DELETED), self._sites.get(node)
        if isinstance(placed, Reason):
            return Verdict(placed)
        if site is None:
            return Verdict(Reason.NOT_OWNER)
        reason, counting = self._judged(placed, node, site)
        parsed = parse_address(address)
        if reason is not None or parsed is None or parsed not in placed.addresses:
            return Verdict(reason or Reason.NO_IP_ALLOCATED)
        return self._reached(parsed, counting, node)

    def nodes_by_verdict(self, service: ServiceRef, address: str) -> dict[Verdict, tuple[str, ...]]:
        """All nodes by what they do with an address of a service, sorted."""
        found: dict[Verdict, list[str]] = {}
        for node in sorted(self._sites):
            found.setdefault(self.verdict(service, address, node), []).append(node)
        return {verdict: tuple(nodes) for verdict, nodes in found.items()}

    def status_on(self, node: str) -> dict[ServiceRef, tuple[str, ...]]:
        """The BGPPeers that the node's ServiceBGPStatus of each service lists, sorted.

        MetalLB looks by prefix: a service whose prefix another one announces lists that one's peers, too; whether the
        session has the family, or is up at all, plays no role.
        """
        site = self._sites.get(node)
        if site is None or site.blocked:
            return {}
        both, peers = (4, 6), dict[Key, set[str]]()
        for session in self._sessions.get(node, ()):
            for key in self._table(node, site, self._feeds[session.peer], both):
                peers.setdefault(key, set()).add(session.peer)
        found: dict[ServiceRef, set[str]] = {}
        for key, announcement in self._table(node, site, -1, both).items():
            for service in announcement.services if key in peers else ():
                found.setdefault(service, set()).update(peers[key])
        return {service: tuple(sorted(names)) for service, names in sorted(found.items())}

    def _judged(self, placed: Placed, node: str, site: _Site) -> tuple[Reason | None, tuple[Advertisement, ...]]:
        reason, counting = placed.group.eligible(site.on_node)
        endpoints = placed.service.endpoint_nodes
        if reason is None:
            reason = site.blocked
        if reason is None and placed.service.local and node not in endpoints:
            reason = Reason.NO_LOCAL_ENDPOINTS
        if reason is None and not endpoints:
            reason = Reason.NO_ENDPOINTS
        if reason is None and too_many(counting):
            reason = Reason.TOO_MANY_COMMUNITIES
        return reason, counting

    def _reached(self, address: Address, counting: tuple[Advertisement, ...], node: str) -> Verdict:
        """The prefixes that an address goes out in, and the peers that get some of them."""
        version = address.version
        keys = {each.bit: prefix_key(version, int(address), each.length(version)) for each in counting}
        whole, mask, told = frozenset(keys.values()), sum(keys), dict[str, frozenset[Key]]()
        for session in self._sessions.get(node, ()):
            taken = self._feeds[session.peer] & mask
            if taken and f"ipv{version}" in session.families:
                told[session.peer] = frozenset(key for bit, key in keys.items() if bit & taken)
        partly = ((peer, _texts(some)) for peer, some in sorted(told.items()) if some != whole)
        return Verdict(None, _texts(whole), tuple(sorted(told)), tuple(partly))

    def _to(self, node: str, site: _Site, feed: int, families: tuple[str, ...]) -> tuple[Announcement, ...]:
        if site.blocked:
            return ()
        versions = tuple(_VERSIONS[family] for family in families)
        if node in self._local:
            return _ordered(self._table(node, site, feed, versions))
        table = self._placed.table(site.on_node, feed, versions)
        if id(table) not in self._lists:
            self._lists[id(table)] = _ordered(table)
        return self._lists[id(table)]

    def _table(self, node: str, site: _Site, feed: int, versions: tuple[int, ...]) -> Table:
        layers = self._placed.layers(node, site.on_node, feed, versions)
        if not layers.own:
            return layers.shared
        table = dict(layers.shared)
        merge(table, layers.own)
        return table


def announced_on(snapshot: Snapshot, node_name: str) -> dict[str, tuple[Announcement, ...]]:
    """What each session of one node announces, by its BGPPeer's name; {} for a node that is not known."""
    nodes = tuple(node for node in snapshot.nodes if node.name == node_name)
    return Announcements(replace(snapshot, nodes=nodes)).on(node_name) if nodes else {}


def _texts(keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(prefix_text(key) for key in sorted(keys))


def _ordered(table: Table) -> tuple[Announcement, ...]:
    return tuple(table[key] for key in sorted(table))


def _sites(placement: Placement, every: tuple[Advertisement, ...], *, ignores_exclude: bool) -> dict[str, _Site]:
    chosen = placement.memberships(advertisement.nodes for advertisement in every)  # their places are their bits
    return {
        node.name: _Site(mask, blocked(node, ignores_exclude=ignores_exclude))
        for node, mask in zip(placement.nodes, chosen, strict=True)
    }


def blocked(node: Node, *, ignores_exclude: bool = False) -> Reason | None:
    """What keeps a node from announcing anything. ignores_exclude: the speakers run with --ignore-exclude-lb."""
    if node.network_unavailable:
        return Reason.NODE_NETWORK_UNAVAILABLE
    return Reason.NODE_LABELED_EXCLUDE_BALANCERS if EXCLUDED in node.labels and not ignores_exclude else None
