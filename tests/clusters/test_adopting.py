"""What stood in the cluster before bgpui could see it was not created by others just now."""

from __future__ import annotations

from clusters.models import Change
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.conftest import Office


def _changes() -> list[tuple[str, str]]:
    return list(Change.objects.order_by("pk").values_list("action", "name"))


def test_a_kind_that_can_be_listed_later_is_adopted_then(kube: RunningCluster, office: Office) -> None:
    kube.add(peer("tor-1"))
    kube.server.faults.add(Fault(verb="list", resource="bgppeers", code=403, count=2))
    office.look()
    assert not BGPPeer.objects.exists()
    office.look()
    assert (BGPPeer.objects.count(), _changes()) == (1, [])
    kube.add(peer("tor-2", peerAddress="192.0.2.2"))
    office.look()
    assert _changes() == [("create", "tor-2")]


def test_a_kind_that_was_empty_has_been_seen(kube: RunningCluster, office: Office) -> None:
    office.look()
    kube.add(peer())
    office.look()
    assert _changes() == [("create", "tor-1")]


def test_namespaces_that_can_be_listed_later_are_adopted_then(kube: RunningCluster, office: Office) -> None:
    office.look()
    type(office.cluster).objects.update(listed={"BGPPeer": NAMESPACE, "BFDProfile": ""})
    kube.add(peer())
    kube.server.faults.add(Fault(verb="list", resource="bgppeers", code=403))
    office.look()
    assert _changes() == [("create", "tor-1")]
    kube.add(peer("tor-2", peerAddress="192.0.2.2"))
    office.look()
    assert _changes() == [("create", "tor-1")]
