"""What clashes with an object that goes waits for that, with MetalLB's webhooks on, there and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clusters.changesets.judge import SomeRefused
from clusters.changesets.review import changeset_review
from clusters.changesets.wanted import Wanted
from clusters.models import ChangeSet, Node
from lab.release import Release
from lab.webhooks import Webhooks
from tests.clusters.cluster import NAMESPACE, RunningCluster, node, peer
from tests.clusters.conftest import Office
from tests.clusters.sets import accept, carry, gone, holds, refuse, rows_say, some_peer, states, wanted
from tests.intent.manifests import profile

State = ChangeSet.State


@pytest.fixture(autouse=True)
def _webhooks(kube: RunningCluster) -> Iterator[None]:
    """Each object is judged beside all of its kind as they stand (MetalLB internal/k8s/webhooks)."""
    kube.server.use_webhooks(Webhooks(kube.server.store, Release()))
    yield
    kube.server.use_webhooks(None)


@pytest.fixture
def office(office: Office, kube: RunningCluster) -> Office:
    kube.add(node("node-1"))
    Node.objects.create(cluster=office.cluster, name="node-1")
    return office


def _object(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "metallb.io/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}


def _pool(name: str, *addresses: str) -> dict[str, Any]:
    return _object("IPAddressPool", name, addresses=list(addresses) or ["203.0.113.0/24"])


def _adv(name: str, **spec: Any) -> dict[str, Any]:
    return _object("BGPAdvertisement", name, **spec)


def _alias(name: str) -> dict[str, Any]:
    return _object("Community", name, communities=[{"name": "vpn", "value": "64512:1"}])


CASES: dict[str, tuple[list[dict[str, Any]], list[Wanted], list[str]]] = {
    "pool": (
        [_pool("a"), _adv("adv", ipAddressPools=["a"])],
        [wanted(_pool("b")), wanted(_adv("adv", ipAddressPools=["b"])), gone("a", "IPAddressPool")],
        ["a", "b", "adv"],
    ),
    "shrunk pool": (
        [_pool("b")],
        [wanted(_pool("a", "203.0.113.128/25")), wanted(_pool("b", "203.0.113.0/25"))],
        ["b", "a"],
    ),
    "peer": (
        [profile(), some_peer(1, bfdProfile="fast")],
        [wanted(peer("new", peerAddress="192.0.2.1")), gone("fast", "BFDProfile"), gone("tor-1")],
        ["tor-1", "new", "fast"],
    ),
    "advertisement": (
        [_pool("a"), _adv("x", localPref=100)],
        [wanted(_adv("y", localPref=200)), gone("x", "BGPAdvertisement")],
        ["x", "y"],
    ),
    "community": (
        [_pool("a"), _alias("x"), _adv("adv", communities=["vpn"])],
        [wanted(_alias("y")), gone("x", "Community")],
        ["x", "y"],
    ),
    "standing clash": (
        [some_peer(1), peer("twin", peerAddress="192.0.2.1")],
        [wanted(some_peer(2)), gone("twin")],
        ["twin", "tor-2"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_in_the_way_goes_first(kube: RunningCluster, office: Office, case: str) -> None:
    stood, edits, order = CASES[case]
    kube.add(*stood)
    office.look()
    review = changeset_review(cluster=office.cluster, edits=edits)
    assert not review.blocked(), [item for item in review.items if item.dry_run.accepted is False]
    assert [item.ref.name for item in review.items] == order
    change_set = accept(office, *edits)
    assert (carry(change_set), list(states(change_set))) == (State.APPLIED, order), change_set.message


@pytest.mark.parametrize("case", [case for case in CASES if case != "standing clash"])
def test_the_way_back_is_the_same_in_reverse(kube: RunningCluster, office: Office, case: str) -> None:
    stood, edits, _ = CASES[case]
    kube.add(*stood)
    office.look()
    before, said = holds(kube), rows_say(office)
    change_set = accept(office, *edits, wanted(_object("L2Advertisement", "last")))
    refuse(kube, 1, verb="create", resource="l2advertisements")  # the trial passes
    assert carry(change_set) == State.ROLLED_BACK, change_set.message
    assert (holds(kube), rows_say(office)) == (before, said)


def test_a_deletion_that_makes_room_says_so(kube: RunningCluster, office: Office) -> None:
    kube.add(_pool("a"))
    office.look()
    edits = [wanted(_pool("b")), gone("a", "IPAddressPool")]
    review = changeset_review(cluster=office.cluster, edits=edits)
    told = [finding for finding in review.items[0].findings if finding.code == "replaced"]
    assert [finding.message for finding in told] == [
        "Goes before IPAddressPool b is written, since they clash; between the two neither is in force"
    ]


def test_where_each_is_in_the_way_of_the_other_the_way_out_is_told(kube: RunningCluster, office: Office) -> None:
    """Two peers that swap addresses, of which the webhook sees a duplicate whichever is first (validation.go)."""
    kube.add(some_peer(1), some_peer(2), some_peer(3))
    office.look()
    swap = wanted(some_peer(1, peerAddress="192.0.2.2")), wanted(some_peer(2, peerAddress="192.0.2.1"))
    with pytest.raises(SomeRefused) as refused:
        accept(office, *swap, wanted(some_peer(3, holdTime="30s")))
    assert [[finding.code for finding in some] for some in refused.value.findings] == [["no-order"], ["no-order"], []]
    assert "two changes" in refused.value.findings[0][0].hint
    assert carry(accept(office, gone("tor-1"), wanted(some_peer(2, peerAddress="192.0.2.1")))) == State.APPLIED
    assert carry(accept(office, wanted(some_peer(1, peerAddress="192.0.2.2")))) == State.APPLIED
