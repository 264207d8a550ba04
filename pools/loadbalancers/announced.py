"""Where one Service is announced from, node by node, and the first reason where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from clusters.heard import NOWHERE, Heard, Over, over
from clusters.kindpages import page_of_kind
from clusters.models import Service
from clusters.selectors import service_of, snapshot_of
from intent.addresses import parse_address
from intent.announcements import Announcements, Reason, ServiceRef, Verdict
from intent.announcements.advertisements import advertisements, selected_among
from intent.announcements.layer2 import layer2_on_nodes
from intent.placement import Placement
from intent.pools import PoolIndex
from intent.selectors import Selection
from intent.sessions import placed
from intent.snapshot import Snapshot

_FAMILIES = {4: "IPv4", 6: "IPv6"}
WORDS: Mapping[Reason, tuple[str, str]] = {
    Reason.SERVICE_DELETED: ("it is gone", ""),
    Reason.NO_IP_ALLOCATED: ("it has no address", "MetalLB's controller says why, in the events of the service."),
    Reason.INVALID_IP: ("one of its addresses cannot be read", "Let MetalLB assign its addresses."),
    Reason.IP_NOT_ALLOWED: (
        "no pool holds its addresses",
        "Give back the range to an IPAddressPool, or let the service have another address.",
    ),
    Reason.NOT_OWNER: (
        "no BGPAdvertisement of its pool selects these nodes",
        "Add a BGPAdvertisement for the pool, or widen the node selectors of one.",
    ),
    Reason.NO_MATCHING_ADVERTISEMENT: (
        "the BGPAdvertisements of its pool on these nodes are for other services",
        "Compare their service selectors with the labels of the service.",
    ),
    Reason.CONFLICTING_ADVERTISEMENTS: (
        "BGPAdvertisements for it ask for different local preferences",
        "Let them agree on localPref, or reach different peers.",
    ),
    Reason.NODE_NETWORK_UNAVAILABLE: ("the network of these nodes is unavailable", "Kubernetes says so of the nodes."),
    Reason.NODE_LABELED_EXCLUDE_BALANCERS: (
        "these nodes are excluded from load balancing",
        "Take the label node.kubernetes.io/exclude-from-external-load-balancers off, which control planes often have.",
    ),
    Reason.NO_LOCAL_ENDPOINTS: (
        "externalTrafficPolicy is Local and no endpoint is ready on these nodes",
        "Nodes without an endpoint must not announce it; policy Cluster announces it from all.",
    ),
    Reason.NO_ENDPOINTS: ("no endpoint of it is ready anywhere", "Look at the pods behind the service."),
    Reason.TOO_MANY_COMMUNITIES: (
        "a BGPAdvertisement for it has more than 63 communities",
        "MetalLB announces nothing with more.",
    ),
}
_NO_PEER = "no BGP session of these nodes takes it"
_NO_PEER_HINT = "No BGPPeer selects them, the BGPAdvertisements name other peers, or none has the address family."


_DARK = "it is meant to be announced, but no session that would carry it is up"
_DARK_HINT = "FRR at most originates it, and tells nobody. Look at the sessions that are not up."


@dataclass(frozen=True, slots=True)
class Standing:
    """What some nodes do alike with an address. code: MetalLB's own word for the reason; "" = the rules let them.

    over: the sessions that it is meant over. targets: the BGPPeers with their neighbors.
    """

    nodes: tuple[str, ...]
    prefixes: tuple[str, ...]
    peers: tuple[str, ...]
    code: str
    words: str
    hint: str
    over: Over = NOWHERE
    targets: tuple[tuple[str, str], ...] = ()

    @property
    def meant(self) -> bool:
        """Whether it is meant to go out to somebody."""
        return not self.code and bool(self.peers)

    @property
    def announced(self) -> bool:
        """Whether it goes out: to somebody, over a session that is up."""
        return self.meant and self.over.up > 0


@dataclass(frozen=True, slots=True)
class AddressStanding:
    """One address of a Service. pool: the one that holds it now."""

    address: str
    family: str
    pool: str
    standings: tuple[Standing, ...]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """An advertisement that is for a Service. nodes: on how many.

    Of BGPAdvertisements only: peers, by name, None = all; lengths, of IPv4 and IPv6 prefixes; local_pref, 0 = not set.
    """

    kind: str
    name: str
    nodes: int
    peers: tuple[str, ...] | None = ()
    lengths: tuple[int, int] | None = None
    local_pref: int = 0
    communities: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        """Name of its page."""
        return page_of_kind(self.kind).one


def live_snapshot(row: Service) -> Snapshot:
    """The cluster as it is, with this Service only: what others announce changes nothing about this one."""
    return replace(snapshot_of(row.cluster), services=(service_of(row),))


def standings(row: Service, snapshot: Snapshot, known: Heard) -> list[AddressStanding]:
    """What each node does with each address; the announcing ones first, then by the number of nodes.

    known: what was heard of sessions.
    """
    feeds = {peer: (session.vrf, session.neighbor) for peer, (session, _nodes) in placed(snapshot).items()}
    announcements, ref = Announcements(snapshot), ServiceRef(row.namespace, row.name)
    index = PoolIndex(snapshot.in_force("IPAddressPool"))
    found = []
    for address in row.addresses or [""]:
        parsed = parse_address(address)
        pool = ", ".join(index.holding(parsed)) if parsed else ""
        groups = announcements.nodes_by_verdict(ref, address).items()
        parts = (part for verdict, nodes in groups for part in _parts(verdict, nodes, feeds, known))
        several = sorted(parts, key=lambda one: (not one.announced, not one.meant, -len(one.nodes)))
        family = _FAMILIES[parsed.version] if parsed else ""
        found.append(AddressStanding(address, family, pool, tuple(several)))
    return found


def layer2(row: Service, snapshot: Snapshot) -> list[Standing]:
    """Which nodes may answer ARP and NDP for it, and why others may not; [] if no L2Advertisement is for its pool."""
    found = []
    for reason, nodes in layer2_on_nodes(snapshot, service_of(row)).items():
        if reason is None:
            words = "any of them may answer; MetalLB takes one"
            found.append(Standing(nodes, (), (), "", words, ""))
        else:
            words, hint = (text.replace("BGPAdvertisement", "L2Advertisement") for text in WORDS[reason])
            found.append(Standing(nodes, (), (), reason.value, words, hint))
    return sorted(found, key=lambda one: (bool(one.code), -len(one.nodes)))


def covering(row: Service, snapshot: Snapshot) -> list[Covering]:
    """The advertisements of its pool that are for this Service."""
    pools, placement = snapshot.in_force("IPAddressPool"), Placement(snapshot.nodes)
    addresses = [one for address in row.addresses if (one := parse_address(address)) is not None]
    pool = PoolIndex(pools).holding_all(addresses) if addresses else row.requested_pool
    held = {one.name: one for one in pools if one.name == pool}
    found = [
        Covering(
            kind="BGPAdvertisement",
            name=each.name,
            nodes=len(placement.names(each.nodes)),
            peers=None if each.peers is None else tuple(sorted(each.peers)),
            lengths=each.lengths,
            local_pref=each.local_pref,
            communities=tuple(map(str, sorted(each.communities))),
        )
        for each in advertisements(snapshot, placement, pools)
        if pool in each.pools and each.services.chooses(row.labels)
    ]
    return found + [
        Covering(kind="L2Advertisement", name=each.name, nodes=len(placement.names(placement.mask(each.spec))))
        for each in snapshot.in_force("L2Advertisement")
        if selected_among(each, held) and Selection(each.spec.get("serviceSelectors")).chooses(row.labels)
    ]


def _parts(
    verdict: Verdict, nodes: tuple[str, ...], feeds: Mapping[str, tuple[str, str]], known: Heard
) -> Iterator[Standing]:
    """What nodes of one verdict do, which differs by whether one of their sessions is up."""
    if verdict.reason is not None:
        yield Standing(nodes, (), (), verdict.reason.value, *WORDS[verdict.reason])
    elif not verdict.peers:
        yield Standing(nodes, verdict.prefixes, (), "", _NO_PEER, _NO_PEER_HINT)
    else:
        targets = tuple((peer, feeds[peer][1]) for peer in verdict.peers)
        carried = {node: [(peer, (node, *feeds[peer])) for peer in verdict.peers] for node in nodes}
        lit = {node for node, keys in carried.items() if any(key in known.up for _peer, key in keys)}
        for up, words in ((True, ("announced", "")), (False, (_DARK, _DARK_HINT))):
            some = tuple(node for node in nodes if (node in lit) is up)
            if some:
                sessions = over(known, (one for node in some for one in carried[node]))
                yield Standing(some, verdict.prefixes, verdict.peers, "", *words, sessions, targets)
