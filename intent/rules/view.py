"""A snapshot prepared for rules that look at several objects: who is in force, on which nodes, and who meets whom."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from intent.addresses import parse_address
from intent.announcements import Announcements
from intent.findings import ObjectRef
from intent.frr_configurations import is_metallbs
from intent.labels import numbers
from intent.modes import Mode, release
from intent.passwords import secret_users
from intent.placement import placement_of
from intent.pools import PoolIndex, pool_index_of
from intent.rules.advertised import Advertisement, Pools, Some, bgp_advertisements, places, some
from intent.rules.aggregates import Aggregates
from intent.rules.alias_index import AliasIndex
from intent.rules.services import Services, services_of
from intent.rules.subject import Subject, subject_of
from intent.sessions import as_number, neighbor_and_families
from intent.snapshot import Resource, SecretFact, Snapshot, text

NODE_AWARE = (0, 16, 0)  # before, each speaker read all peers, and peers were compared whatever their nodes


class View:
    """One snapshot; everything derived from it is computed once. asked: which objects findings name before others."""

    def __init__(self, snapshot: Snapshot, asked: Collection[ObjectRef] = ()) -> None:
        self._asked = asked
        self.snapshot = snapshot
        self.release = release(snapshot.version)
        self.placement = placement_of(snapshot)
        self.node_aware = self.release >= NODE_AWARE
        self.compares_peers = snapshot.mode is not Mode.NATIVE
        self._meeting: dict[int, int] = {}
        self.aggregates: dict[tuple[int, int, int], Aggregates] = {}

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """All objects that have rules, sorted by kind, namespace and name."""
        found = (subject_of(resource, self.snapshot) for resource in self.snapshot.resources)
        return tuple(sorted((subject for subject in found if subject), key=lambda subject: subject.resource.ref))

    @cached_property
    def peers(self) -> tuple[Resource, ...]:
        """The BGPPeers that MetalLB reads, sorted by name; bit i of a mask of peers stands for the i-th."""
        return self.snapshot.in_force("BGPPeer")

    @cached_property
    def peer_number(self) -> dict[str, int]:
        """The places of the peers, by name."""
        return {peer.name: index for index, peer in enumerate(self.peers)}

    @cached_property
    def peers_with(self) -> dict[int, int]:
        """The peers whose sessions carry IPv4 and IPv6 prefixes, by IP version."""
        masks = {4: 0, 6: 0}
        for index, peer in enumerate(self.peers):
            for family in neighbor_and_families(peer, self.snapshot.mode)[1]:
                masks[int(family[-1])] |= 1 << index
        return masks

    @cached_property
    def carried(self) -> dict[int, int]:
        """By IP version the pools that some advertisement brings to a session of this family."""
        pools = {4: 0, 6: 0}
        for each in self.advertisements:
            reached = self.named_peers(each) & self.meeting(each.nodes)
            for version in pools:
                pools[version] |= each.pools if reached & self.peers_with[version] else 0
        return pools

    @cached_property
    def masks(self) -> dict[ObjectRef, int]:
        """The nodes on which each peer opens a session, and those that each BGPAdvertisement selects."""
        peers = {peer.ref: self.placement.mask(peer.spec) for peer in self.peers}
        return peers | {each.resource.ref: each.nodes for each in self.advertisements}

    @cached_property
    def profiles(self) -> dict[str, Resource]:
        """The BFDProfiles that MetalLB reads, by name."""
        return {profile.name: profile for profile in self.snapshot.in_force("BFDProfile")}

    @cached_property
    def aliases(self) -> AliasIndex:
        """The names that Communities give to communities."""
        return AliasIndex(self.snapshot)

    @cached_property
    def echoing(self) -> int:
        """The peers whose BFD profile has echo mode on."""
        echo = {name for name, profile in self.profiles.items() if profile.spec.get("echoMode") is True}
        used = ((index, text(peer.spec.get("bfdProfile"))) for index, peer in enumerate(self.peers))
        return sum(1 << index for index, profile in used if profile in echo)

    @cached_property
    def pools(self) -> Pools:
        """The IPAddressPools that MetalLB reads."""
        return Pools(self.snapshot, self._asked)

    @cached_property
    def pool_index(self) -> PoolIndex:
        """The pools by their addresses."""
        return pool_index_of(self.snapshot)

    @cached_property
    def services(self) -> Services:
        """The services of type LoadBalancer, as far as they are known."""
        return services_of(self.snapshot)

    @cached_property
    def nodes_in_pools(self) -> dict[str, set[str]]:
        """Addresses of nodes that pools hold, as "10.0.0.1 (node)", by the pool's name."""
        found: dict[str, set[str]] = {}
        for address, mask in self.placement.hosts.items():
            for pool in self.pool_index.holding(address):
                found.setdefault(pool, set()).add(f"{address} ({', '.join(self.placement.names(mask))})")
        return found

    @cached_property
    def peers_in_pools(self) -> dict[str, dict[str, str]]:
        """Addresses of peers that pools hold: peer and address, by the pool's name."""
        found: dict[str, dict[str, str]] = {}
        for peer in self.peers:
            address = parse_address(text(peer.spec.get("peerAddress")))
            for pool in self.pool_index.holding(address) if address else ():
                found.setdefault(pool, {})[peer.name] = str(address)
        return found

    @cached_property
    def advertisements(self) -> tuple[Advertisement, ...]:
        """The BGPAdvertisements that MetalLB reads, sorted by name."""
        return bgp_advertisements(self.snapshot, self.placement, self.pools)

    @cached_property
    def advertisement_of(self) -> dict[ObjectRef, Advertisement]:
        """The same by reference."""
        return {each.resource.ref: each for each in self.advertisements}

    @cached_property
    def advertised_pools(self) -> int:
        """The pools that any advertisement, BGP or L2, is for."""
        mask = 0
        for each in self.advertisements:
            mask |= each.pools
        for resource in self.snapshot.in_force("L2Advertisement"):
            mask |= self.pools.selected(resource.spec)
        return mask

    @cached_property
    def used_peers(self) -> int:
        """The peers that get anything: an advertisement is for them, on a node that both are on."""
        mask = 0
        for each in self.advertisements:
            mask |= self.named_peers(each) & self.meeting(each.nodes)
        return mask

    def named_peers(self, advertisement: Advertisement) -> int:
        """The peers that an advertisement is for, wherever they are."""
        if advertisement.peers is None:
            return (1 << len(self.peers)) - 1
        known = self.peer_number
        return sum(1 << known[name] for name in advertisement.peers if name in known)

    def meeting(self, nodes: int) -> int:
        """The peers that are on any of these nodes."""
        if nodes not in self._meeting:
            self._meeting[nodes] = sum(peers for mask, peers in self._by_nodes.items() if mask & nodes)
        return self._meeting[nodes]

    @cached_property
    def _by_nodes(self) -> dict[int, int]:
        """The peers by the nodes that they are on, which many have in common."""
        found: dict[int, int] = {}
        for number, peer in enumerate(self.peers):
            mask = self.masks[peer.ref]
            found[mask] = found.get(mask, 0) | 1 << number
        return found

    @cached_property
    def frr_configurations(self) -> tuple[Resource, ...]:
        """The FRRConfigurations of people, sorted by name; in another mode nobody reads them."""
        if self.snapshot.mode is not Mode.FRR_K8S:
            return ()
        found = (each for each in self.snapshot.frr_configurations if not is_metallbs(each))
        return tuple(sorted(found, key=lambda each: each.ref))

    @cached_property
    def announcements(self) -> Announcements:
        """What the nodes announce."""
        return Announcements(self.snapshot)

    @cached_property
    def internal(self) -> int:
        """The peers of iBGP."""
        return sum(1 << index for index, peer in enumerate(self.peers) if is_internal(peer))

    @cached_property
    def _asked_peers(self) -> int:
        return places(self.peers, self._asked)

    def some_peers(self, mask: int) -> Some:
        """The peers of a mask, as far as a finding names them."""
        return some(self.peers, mask, self._asked_peers)

    def peers_of(self, mask: int) -> list[Resource]:
        """The peers of a mask, sorted by name."""
        return [self.peers[number] for number in numbers(mask)]

    @cached_property
    def secrets(self) -> dict[str, SecretFact]:
        """What is known about the Secrets where passwords are looked for, by name."""
        own = (fact for fact in self.snapshot.secrets if fact.namespace == self.snapshot.secret_namespace)
        return {fact.name: fact for fact in own}

    @cached_property
    def secret_users(self) -> dict[str, list[str]]:
        """The names of the peers that refer to a Secret, by its name."""
        return secret_users(self.snapshot)

    def readers(self, resource: Resource) -> int:
        """The nodes whose speakers read this object, and refuse their configuration because of it."""
        if self.node_aware and resource.ref in self.masks:
            return self.masks[resource.ref]
        return self.placement.everywhere

    def in_force(self, subject: Subject) -> bool:
        """Whether MetalLB reads the object at all."""
        return subject.resource.ref.namespace == self.snapshot.namespace


def is_internal(peer: Resource) -> bool:
    """Whether the router is of the same AS."""
    mine, other = as_number(peer.spec.get("myASN")), as_number(peer.spec.get("peerASN"))
    return text(peer.spec.get("dynamicASN")) == "internal" or (other is not None and other == mine)
