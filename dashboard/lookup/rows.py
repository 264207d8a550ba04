"""FRR's answers beside what MetalLB's objects announce, and why a neighbor that should be told is not."""

from __future__ import annotations

import ipaddress
from collections import defaultdict

from clusters.heard import Heard, heard
from clusters.models import Cluster
from clusters.selectors import snapshot_of
from clusters.stale import nodes_keeping_old
from clusters.words import bounded
from dashboard.lookup.answer import Row, Told, Untold
from intent.announcements import Announcement, Announcements
from intent.sessions import sessions
from speakers.frr import commands, lookup
from speakers.models import Session

_WHY = 160  # characters
_OLD = "the node keeps its old configuration"
_FILTERED = "the session is up, but FRR does not send it there: a filter, or another configuration than MetalLB's"

Meant = dict[tuple[str, str], list[tuple[Told, Announcement]]]


def rows_of(cluster: Cluster, meant: Meant, found: dict[tuple[str, str], lookup.Found], silent: set[str]) -> list[Row]:
    """One for each node and VRF that has the prefix, or should. found: FRR's answers; silent: nodes without one."""
    known, old = heard(cluster), nodes_keeping_old(cluster)
    names: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    places: dict[tuple[str, str], int] = {}
    columns = ("node", "vrf", "neighbor", "peer", "pk")
    for node, vrf, neighbor, peer, pk in Session.objects.filter(cluster=cluster).order_by("pk").values_list(*columns):
        places[node, vrf] = pk
        names[node, vrf][neighbor] = peer
    rows = []
    for node, vrf in {**found, **meant}:
        here = found.get((node, vrf))
        intended = [(_within(one, each, here), each) for one, each in meant.get((node, vrf), [])]
        own_names = names[node, vrf] | {one.neighbor: one.peer for one, _each in intended}
        alike = [each for one, each in intended if not one.within] or [each for _one, each in intended]
        preferences = {each.local_pref for each in alike}
        row = Row(
            node=node,
            vrf=vrf,
            session=places.get((node, vrf)),
            found=here,
            told=[Told(own_names.get(to, ""), to) for to in here.advertised_to] if here else [],
            meant=sorted((one for one, _each in intended), key=lambda one: (one.peer, one.neighbor)),
            communities=sorted({str(name) for each in alike for name in each.communities}),
            local_preference=preferences.pop() if len(preferences) == 1 else None,
            known=node not in silent and commands.is_vrf(vrf),
            names={path.peer: own_names[path.peer] for path in here.paths if path.peer in own_names} if here else {},
        )
        row.untold = _untold(row, known, old=node in old)
        rows.append(row)
    return rows


def _within(one: Told, announced: Announcement, here: lookup.Found | None) -> Told:
    """FRR answers with the longest prefix that has the address; some neighbors are meant to get a shorter one."""
    other = here is not None and announced.prefix != here.network
    return Told(one.peer, one.neighbor, announced.prefix) if other else one


def _shorter(within: str, row: Row) -> bool:
    """Whether this prefix is shorter than the one that was found; a longer one would have been found in its place."""
    if not within or row.found is None:
        return False
    return ipaddress.ip_network(within).prefixlen < ipaddress.ip_network(row.found.network).prefixlen


def _untold(row: Row, known: Heard, *, old: bool) -> list[Untold]:
    """Whom the node should tell of what it originates, and does not. old: it keeps its old configuration."""
    if not row.own:
        return []
    told, found = {one.neighbor for one in row.told}, []
    for one in row.meant:
        key = row.node, row.vrf, one.neighbor
        if one.neighbor in told or _shorter(one.within, row):  # the answer is about another prefix than what goes there
            continue
        why, href = known.why(key).words, known.why(key).href
        if key in known.up:
            why, href = _OLD if old else _FILTERED, ""
        found.append(Untold(one.peer, one.neighbor, bounded(why, _WHY), href))
    return found


def meant_of(cluster: Cluster, prefix: str) -> tuple[Meant, list[Announcement]]:
    """What MetalLB's objects announce of it, by node and VRF, and all that covers it, whoever gets a longer one.

    Nodes share tables; each is searched once.
    """
    snapshot, wanted = snapshot_of(cluster), ipaddress.ip_network(prefix)
    announcements, seen = Announcements(snapshot), dict[int, tuple[tuple[Announcement, ...], list[Announcement]]]()
    found: Meant = defaultdict(list)
    for node, intended in sessions(snapshot).items():
        tables = announcements.on(node)
        for session in intended:
            table = tables.get(session.peer, ())
            if id(table) not in seen:
                seen[id(table)] = table, _covering(table, wanted)
            if covering := seen[id(table)][1]:
                found[node, session.vrf].append((Told(session.peer, session.neighbor), covering[0]))
    return found, [each for _table, covering in seen.values() for each in covering]


def _covering(
    table: tuple[Announcement, ...], wanted: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> list[Announcement]:
    """What a neighbor is meant to be told of it; first the longest, which routers choose."""
    covering = [each for each in table if _covers(each.prefix, wanted)]
    return sorted(covering, key=lambda each: -ipaddress.ip_network(each.prefix).prefixlen)


def _covers(prefix: str, wanted: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Whether a prefix is what was asked for: it, or, for an address, one that holds it."""
    network = ipaddress.ip_network(prefix)
    if network.version != wanted.version:
        return False
    alone = wanted.prefixlen == wanted.max_prefixlen
    return wanted.network_address in network if alone else network == wanted
