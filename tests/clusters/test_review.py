"""Review: the diff, the findings with and without the change, and the server's dry run."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.edits.review import Review, beyond
from clusters.models import Change
from clusters.services import review
from intent.findings import Finding, ObjectRef, Severity
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster, node, peer
from tests.clusters.conftest import Office


def _review(office: Office, manifest: dict[str, Any] | None, name: str = "tor-1", **more: Any) -> Review:
    return review(cluster=office.cluster, kind="BGPPeer", namespace=NAMESPACE, name=name, manifest=manifest, **more)


def test_a_new_object_is_all_difference_and_nothing_is_written(kube: RunningCluster, office: Office) -> None:
    look = _review(office, peer())
    assert [(diff.path, diff.before, diff.after) for diff in look.diff] == [
        ("spec.myASN", None, 64512),
        ("spec.peerASN", None, 64600),
        ("spec.peerAddress", None, "192.0.2.1"),
    ]
    assert (look.before, look.after, look.revision) == (None, peer(), 0)
    assert look.dry_run.accepted is True
    assert (kube.peers(), BGPPeer.objects.count(), Change.objects.count()) == ([], 0, 0)


def test_the_servers_own_words_come_from_its_dry_run(kube: RunningCluster, office: Office) -> None:
    look = _review(office, peer(connectTime="100ms"))
    assert look.dry_run.accepted is False
    assert "connect time should be" in look.dry_run.message
    assert kube.peers() == []


def test_a_dry_run_is_of_the_object_as_it_will_be(kube: RunningCluster, office: Office) -> None:
    kube.kubectl("apply", manifest=peer(holdTime="90s", passwordSecret={"name": "a", "namespace": NAMESPACE}))
    office.look()
    sent: list[Any] = []
    kube.call(kube.server.store.watch, sent.append, "bgppeers.metallb.io")
    look = _review(office, peer(peerAddress=None, interface="eth0", passwordSecret={"name": "b"}))
    assert (look.dry_run.accepted, look.dry_run.message) == (True, "")
    assert sent == []
    paths = [diff.path for diff in look.diff]
    assert paths == [
        "spec.peerAddress",
        "spec.interface",
        "spec.holdTime",
        "spec.passwordSecret.name",
        "spec.passwordSecret.namespace",
    ]


@pytest.mark.parametrize("manifest", [peer(holdTime="90s"), None], ids=["edit", "deletion"])
def test_what_others_wrote_since_is_told_in_plain_words(
    kube: RunningCluster, office: Office, manifest: dict[str, Any] | None
) -> None:
    """The API server says "Precondition failed: ResourceVersion in precondition: …" and the like."""
    kube.add(peer())
    office.look()
    kube.patch_peer("tor-1", {"peerASN": 64999})
    look = _review(office, manifest)
    assert (look.dry_run.accepted, look.dry_run.message) == (
        False,
        "The object was changed in the cluster since it was read. Open it again: it shows what stands now.",
    )
    kube.call(kube.server.store.delete, "bgppeers.metallb.io", NAMESPACE, "tor-1")
    assert ("gone from the cluster" in _review(office, manifest).dry_run.message) == (manifest is not None)


def test_a_cluster_that_does_not_answer_leaves_the_dry_run_open(kube: RunningCluster, office: Office) -> None:
    kube.server.faults.add(Fault(resource="bgppeers", drop="before", count=5))
    look = _review(office, peer())
    assert look.dry_run.accepted is None
    assert "cannot be reached" in look.dry_run.message


def test_findings_are_compared_with_the_cluster_without_the_change(kube: RunningCluster, office: Office) -> None:
    kube.add(peer("tor-1"), peer("tor-2"), node("node-1"))
    office.look()
    better = _review(office, peer(peerAddress="192.0.2.2"))
    assert [finding.severity for finding in better.solved] == ["error"]
    assert (better.findings, better.introduced) == ((), ())
    worse = _review(office, peer("tor-3"), "tor-3")
    assert worse.introduced
    assert all("tor-3" in {ref.name for ref in finding.objects} for finding in worse.introduced)


def test_what_a_deletion_leaves_behind_is_told(kube: RunningCluster, office: Office) -> None:
    metadata = {"name": "fast", "namespace": NAMESPACE}
    kube.add({"apiVersion": "metallb.io/v1beta1", "kind": "BFDProfile", "metadata": metadata, "spec": {}})
    kube.add(peer(bfdProfile="fast"), node("node-1"))
    office.look()
    look = review(cluster=office.cluster, kind="BFDProfile", namespace=NAMESPACE, name="fast", manifest=None)
    assert [finding.code for finding in look.introduced] == ["bfd-profile-missing"]
    assert look.dry_run.accepted is True
    assert look.after is None


def test_other_pending_edits_count(kube: RunningCluster, office: Office) -> None:
    kube.add(node("node-1"))
    office.look()
    office.save(peer("tor-1"))
    assert any(finding.severity == "error" for finding in _review(office, peer("tor-2"), "tor-2").findings)


def test_a_clash_that_goes_on_between_fewer_objects_is_neither_new_nor_solved(
    kube: RunningCluster, office: Office
) -> None:
    kube.add(*(peer(f"tor-{n}", peerAddress=f"192.0.2.{n}", routerID=f"10.0.0.{n}") for n in (1, 2, 3)))
    office.look()
    fewer = _review(office, None)
    more = _review(office, peer("tor-4", peerAddress="192.0.2.4", routerID="10.0.0.4"), "tor-4")
    assert (fewer.introduced, fewer.findings) == ((), ())
    assert [finding.code for finding in more.introduced] == ["router-id-differs"]


def test_a_new_object_solves_only_what_it_solves(kube: RunningCluster, office: Office) -> None:
    metadata = {"name": "fast", "namespace": NAMESPACE}
    kube.add(peer("tor-1", bfdProfile="fast", vrf="red"), node("node-1"))
    office.look()
    assert _review(office, peer("tor-2", peerAddress="192.0.2.2"), "tor-2").solved == ()
    profile = {"apiVersion": "metallb.io/v1beta1", "kind": "BFDProfile", "metadata": metadata, "spec": {}}
    look = review(cluster=office.cluster, kind="BFDProfile", namespace=NAMESPACE, name="fast", manifest=profile)
    assert [finding.code for finding in look.solved] == ["bfd-profile-missing"]


def test_each_finding_is_told_once(kube: RunningCluster, office: Office) -> None:
    kube.add(node("node-1"))
    office.look()
    codes = [finding.code for finding in _review(office, peer(holdTime="2s", peerAddress="192.0.2.1/24")).findings]
    assert sorted(codes) == ["hold-time-too-short", "peer-address-invalid"]


def test_review_is_silent_about_others_that_the_change_has_no_part_in(kube: RunningCluster, office: Office) -> None:
    """That no session reaches an IPv6 pool is no matter of a hold time, but it is of a change that causes it."""
    dual = peer(dualStackAddressFamily=True)
    pool = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "spec": {"addresses": ["2001:db8::/64"]}}
    way = {"apiVersion": "metallb.io/v1beta1", "kind": "BGPAdvertisement", "spec": {"ipAddressPools": ["six"]}}
    for manifest, name in ((pool, "six"), (way, "way")):
        kube.kubectl("apply", manifest={**manifest, "metadata": {"name": name, "namespace": NAMESPACE}})
    kube.kubectl("apply", manifest=dual)
    office.look()
    assert "family-without-peer" in [found.code for found in _review(office, peer()).findings]
    kube.kubectl("apply", manifest=peer())
    office.look()
    assert "family-without-peer" not in [found.code for found in _review(office, peer(holdTime="90s")).findings]


def test_a_warning_that_only_spreads_to_one_more_object_is_not_introduced() -> None:
    """A new peer in a cluster whose VRFs have AS numbers of their own brings no news; a clash that is refused does."""

    def found(severity: Severity, *names: str) -> Finding:
        return Finding("c", severity, "", "", "m", "s", "h", tuple(ObjectRef("BGPPeer", "n", name) for name in names))

    for severity, told in ((Severity.WARNING, 0), (Severity.ERROR, 1), (Severity.DOCUMENTED, 1)):
        old, new = found(severity, "a", "b"), found(severity, "a", "b", "c")
        assert len(beyond([new], [old])) == told
        assert beyond([old], [new]) == ()
        assert beyond([new], []) == (new,)
