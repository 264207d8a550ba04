"""What a node announces, and what others lose when it is excluded from load balancing before it is drained."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from intent.announcements.announcement import Announcement, ServiceRef
from intent.announcements.cluster import EXCLUDED, Announcements, announced_on
from intent.announcements.layer2 import Layer2
from intent.confirmations import WITHDRAWN, Confirmation
from intent.effects import Effects, effects
from intent.reach import SessionKey, reaches
from intent.sessions import IntendedSession, sessions_on
from intent.snapshot import Node, Service, Snapshot

_NAMED = 5  # services in a sentence


@dataclass(frozen=True, slots=True)
class Feed:
    """A session that the node should run, and the prefixes that it announces there unless it is excluded."""

    session: IntendedSession
    prefixes: tuple[Announcement, ...]


@dataclass(frozen=True, slots=True)
class Candidates:
    """A service for which the node may answer ARP and NDP. others: how many other nodes may."""

    service: ServiceRef
    others: int


@dataclass(frozen=True, slots=True)
class Draining:
    """What excluding a node means, or taking it back. effects: of what is next, to set the label or to take it off.

    layer2: sorted, those that nobody else may answer for first. lost: services that nobody announces any more, neither
    over BGP nor with ARP and NDP, once the label is set; sorted; () if it is there.
    """

    feeds: tuple[Feed, ...]
    effects: Effects
    layer2: tuple[Candidates, ...]
    lost: tuple[ServiceRef, ...] = ()

    @property
    def prefixes(self) -> int:
        """Over all sessions; one that goes to two neighbors counts twice."""
        return sum(len(feed.prefixes) for feed in self.feeds)

    @property
    def confirm(self) -> tuple[Confirmation, ...]:
        """What has to be confirmed before the label is set: the services that are lost, or left with no session up."""
        silent = sorted({*self.lost, *self.effects.dark})
        return (Confirmation(WITHDRAWN, len(silent), names=tuple(map(str, silent[:_NAMED]))),) if silent else ()


def excluded(snapshot: Snapshot, node: str, *, there: bool) -> Snapshot:
    """The same cluster with, or without, the label on this node."""
    nodes = (_labelled(one, there=there) if one.name == node else one for one in snapshot.nodes)
    return replace(snapshot, nodes=tuple(nodes))


def draining(snapshot: Snapshot, node: str, up: Container[SessionKey] | None = None) -> Draining:
    """What the label means; the snapshot may have it or not. up: the sessions that are up now, None = not known."""
    without, with_label = (excluded(snapshot, node, there=there) for there in (False, True))
    told = announced_on(without, node)
    feeds = tuple(Feed(session, told.get(session.peer, ())) for session in sessions_on(without, node))
    layer2 = _candidates(Layer2(without), without.services, node)
    if any(one.name == node and EXCLUDED in one.labels for one in snapshot.nodes):
        return Draining(feeds, effects(with_label, without, up=up), layer2)
    means = effects(without, with_label, up=up)
    off_link = set() if snapshot.ignores_exclude else {one.service for one in layer2 if not one.others}
    return Draining(feeds, means, layer2, _lost(with_label, means, off_link))


def _labelled(node: Node, *, there: bool) -> Node:
    if (EXCLUDED in node.labels) is there:
        return node
    labels = {name: value for name, value in node.labels.items() if name != EXCLUDED}
    return replace(node, labels={**labels, EXCLUDED: ""} if there else labels)


def _candidates(known: Layer2, services: Iterable[Service], node: str) -> tuple[Candidates, ...]:
    if not known.anything:
        return ()
    found = []
    for service in services:
        able = known.candidates(service).nodes
        if node in able:
            found.append(Candidates(ServiceRef(service.namespace, service.name), len(able) - 1))
    return tuple(sorted(found, key=lambda one: (bool(one.others), one.service)))


def _lost(after: Snapshot, means: Effects, off_link: set[ServiceRef]) -> tuple[ServiceRef, ...]:
    """off_link: the services that no node may answer for any more."""
    gone, left = set(means.lost), Layer2(after)
    if gone and left.anything:
        known = {ServiceRef(one.namespace, one.name): one for one in after.services}
        gone = {ref for ref in gone if not left.candidates(known[ref]).nodes}
    if off_link - gone:
        reached = reaches(Announcements(after), [node.name for node in after.nodes], off_link)
        gone |= {ref for ref in off_link if ref not in reached}
    return tuple(sorted(gone))
