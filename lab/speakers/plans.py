"""What every node should run by the cluster's objects, and whether its speaker accepts that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from intent.announcements import Announcement, Announcements
from intent.placement import Placement
from intent.rules import refused_on, unmerged_on
from intent.rules.secrets import BASIC_AUTH
from intent.sessions import IntendedSession, sessions
from intent.snapshot import Mode, Snapshot, mapping, text
from lab.routers import DEFAULT_VRF, canonical

Place = tuple[str, str]
_PLACED = ("BGPPeer", "BGPAdvertisement")  # the kinds that speakers read where they select the node


@dataclass(frozen=True, slots=True)
class Plan:
    """What one node should run: its sessions, what they announce (by BGPPeer), and where they come from."""

    snapshot: Snapshot
    sessions: Mapping[Place, IntendedSession]
    announced: Mapping[str, tuple[Announcement, ...]]
    passwords: Mapping[str, str]

    @property
    def instances(self) -> dict[str, int]:
        """My AS number by VRF."""
        found = {session.vrf or DEFAULT_VRF: session.my_asn for session in self.sessions.values()}
        return dict(sorted(found.items(), key=lambda item: (item[0] != DEFAULT_VRF, item[0])))


def plans(snapshot: Snapshot, passwords: Mapping[str, str]) -> Iterator[tuple[str, Plan | None, str]]:
    """Every node with its plan, None if it keeps what it has, and why its speaker refuses the new one ("" = no)."""
    announcements, chosen, verdicts = Announcements(snapshot), _chosen(snapshot), dict[frozenset[str], str]()
    unmerged = unmerged_on(snapshot)
    for name, intended in sessions(snapshot).items():
        # Nodes that the same objects select get the same verdict: thousands of nodes, a few verdicts.
        read = frozenset(chosen[name])
        if read not in verdicts:
            verdicts[read] = "; ".join(finding.message for finding in refused_on(snapshot, name))
        announced = announcements.on(name)
        if verdicts[read] or name in unmerged or frr_k8s_refuses(snapshot, intended, announced):
            yield name, None, verdicts[read]
        else:
            placed = {(session.vrf or DEFAULT_VRF, canonical(session.neighbor)): session for session in intended}
            yield name, Plan(snapshot, placed, announced, passwords), ""


def frr_k8s_refuses(
    snapshot: Snapshot, intended: Sequence[IntendedSession], announced: Mapping[str, Sequence[Announcement]]
) -> bool:
    """Whether frr-k8s keeps the node's old FRRConfiguration: a prefix may have one LOCAL_PREF only, and the Secrets
    whose names MetalLB passes on must be of use.

    MetalLB's speaker accepts its own configuration nevertheless, and does not hear of it (internal/controller of
    frr-k8s, api_to_config.go).
    """
    if snapshot.mode is not Mode.FRR_K8S:
        return False
    if snapshot.passes_names_on and _lacks_a_secret(snapshot, {session.peer for session in intended}):
        return True
    return any(len(each.local_prefs) > 1 for some in announced.values() for each in some)


def _lacks_a_secret(snapshot: Snapshot, peers: Collection[str]) -> bool:
    bad = {
        fact.name for fact in snapshot.secrets if not (fact.exists and fact.type == BASIC_AUTH and fact.has_password)
    }
    named = (mapping(peer.spec.get("passwordSecret")) for peer in snapshot.in_force("BGPPeer") if peer.name in peers)
    return any(text(secret.get("name")) in bad for secret in named)


def _chosen(snapshot: Snapshot) -> dict[str, set[str]]:
    """The objects that select a node, by its name."""
    placement = Placement(snapshot.nodes)
    found: dict[str, set[str]] = {node.name: set() for node in snapshot.nodes}
    for kind in _PLACED if found else ():
        for resource in snapshot.in_force(kind):
            for name in placement.names(placement.mask(resource.spec)):
                found[name].add(f"{kind}/{resource.name}")
    return found
