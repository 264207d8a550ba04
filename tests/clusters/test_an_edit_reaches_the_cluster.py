"""Create, update, delete: from a saved row to the object in the cluster."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from clusters import clock
from clusters.edits.refusals import Refused, RevisionMismatch
from clusters.models import Change, SyncState
from clusters.sync import outbox
from clusters.sync.claim import Fate
from peers.models import BGPPeer
from tests.clusters.cluster import RunningCluster, peer
from tests.clusters.conftest import Office


def test_a_new_peer_is_pending_until_it_stands_in_the_cluster(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer())
    assert (row.sync_state, row.pending, kube.peers()) == (SyncState.PENDING, True, [])
    assert office.work(row) == [Fate.IN_SYNC]
    assert (row.sync_state, row.pending, row.sync_message) == (SyncState.IN_SYNC, False, "")
    assert kube.spec("tor-1") == peer()["spec"]
    assert row.uid == kube.peer("tor-1")["metadata"]["uid"]


def test_an_update_writes_once_and_clears_what_was_cleared(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer(holdTime="90s", bfdProfile=None, labels={"team": "net"}))
    office.work(row)
    office.save(peer(peerASN=64700), accept=["any"])
    assert office.work(row) == [Fate.IN_SYNC]
    found = kube.peer("tor-1")
    assert kube.spec("tor-1") == peer(peerASN=64700)["spec"]
    assert (found["metadata"].get("labels"), found["metadata"]["generation"]) == (None, 2)


def test_saving_what_stands_changes_nothing(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer())
    office.work(row)
    again = office.save(peer(peerPort=179))
    assert (again.revision, again.pending, Change.objects.count()) == (row.revision, False, 1)


def test_a_deletion_takes_the_object_and_then_the_row(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer())
    office.work(row)
    assert office.delete(row).sync_state == SyncState.DELETING
    assert office.work(row) == [Fate.GONE]
    assert (kube.peers(), BGPPeer.objects.count()) == ([], 0)


def test_an_object_with_finalizers_is_deleting_until_it_is_gone(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer())
    office.work(row)
    kube.call(
        kube.server.store.patch,
        "bgppeers.metallb.io",
        row.namespace,
        row.name,
        {"metadata": {"finalizers": ["example.com/drain"]}},
    )
    office.delete(row)
    assert office.work(row) == [Fate.LATER]
    assert (row.sync_state, row.pending) == (SyncState.DELETING, True)
    assert "example.com/drain" in row.sync_message
    kube.clear()
    BGPPeer.objects.update(retry_at=None)
    assert office.work(row) == [Fate.GONE]


def test_an_edit_made_while_a_deletion_waits_brings_the_object_back(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer())
    office.work(row)
    office.delete(row)
    office.save(peer(peerASN=64700))
    assert office.work(row) == [Fate.IN_SYNC]
    assert kube.spec("tor-1")["peerASN"] == 64700


@pytest.mark.parametrize(
    ("broken", "words"),
    [({"connectTime": "100ms"}, "connect time should be"), ({"futureField": 1}, "futureField")],
)
def test_the_servers_words_are_kept_when_it_rejects(
    kube: RunningCluster, office: Office, broken: dict[str, object], words: str
) -> None:
    row = office.save(peer())
    BGPPeer.objects.filter(pk=row.pk).update(extra=broken)  # past our own rules, which know it, too
    assert office.work(row) == [Fate.REJECTED]
    assert (row.sync_state, row.pending, kube.peers()) == (SyncState.REJECTED, False, [])
    assert words in row.sync_message


def test_blocking_findings_are_refused_and_nothing_is_saved(office: Office) -> None:
    with pytest.raises(Refused) as refusal:
        office.save(peer(peerASN=0))
    assert {finding.field for finding in refusal.value.findings} & {"spec.peerASN", ""}
    assert (BGPPeer.objects.count(), Change.objects.count()) == (0, 0)


def test_a_documented_finding_is_refused_until_it_is_accepted(office: Office) -> None:
    manifest = peer(holdTime="90s", keepaliveTime="90s")
    with pytest.raises(Refused) as refusal:
        office.save(manifest)
    codes = [finding.code for finding in refusal.value.findings]
    office.save(manifest, accept=codes)
    assert Change.objects.get().accepted == sorted(codes)


def test_an_edit_based_on_an_older_revision_is_refused(office: Office) -> None:
    row = office.save(peer(), base_revision=0)
    with pytest.raises(RevisionMismatch) as mismatch:
        office.save(peer(peerASN=64700), base_revision=0)
    assert mismatch.value.current == row.revision
    office.save(peer(peerASN=64700), base_revision=row.revision)


def test_each_accepted_edit_leaves_one_audit_entry(office: Office) -> None:
    row = office.save(peer())
    office.work(row)
    office.save(peer(peerASN=64700))
    office.work(row)
    office.delete(row)
    office.work(row)
    entries = Change.objects.order_by("pk").values_list(
        "action", "revision", "before__spec__peerASN", "after__spec__peerASN"
    )
    assert list(entries) == [("create", 1, None, 64600), ("update", 2, 64600, 64700), ("delete", 3, 64700, None)]


def test_what_the_rules_say_is_kept_with_the_edit_at_once(kube: RunningCluster, office: Office) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "shared", "namespace": "metallb-system"}}
    kube.add({**secret, "type": "kubernetes.io/basic-auth", "data": {"password": "c2VjcmV0"}})
    row = office.save(peer(passwordSecret={"name": "shared", "namespace": "other"}))
    assert row.severity == "warning"
    assert "secret-namespace-ignored" in {finding["code"] for finding in row.findings}


def test_a_cluster_that_the_settings_do_not_name_any_more_is_not_written_to(
    kube: RunningCluster, office: Office, settings: Settings
) -> None:
    kube.add(peer())
    office.look()
    office.save(peer(peerASN=64700))
    settings.BGPUI_CLUSTERS = ()
    assert outbox.left_over(clock.now()) == []
    with pytest.raises(Refused, match="not connected to cluster lab any more"):
        office.save(peer(peerASN=64701))
    with pytest.raises(Refused, match="not connected to cluster lab any more"):
        office.delete(office.row())
