"""Re-listing: what others do in the cluster comes to the rows, and nothing goes the other way."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from clusters.history.selectors import diff_of
from clusters.models import Change, Node, SyncState
from clusters.registry import resource_models
from clusters.stale import refusals
from clusters.sync.claim import Fate
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster, node, peer
from tests.clusters.conftest import Office
from tests.waiting import eventually

PEERS = "bgppeers.metallb.io"


def test_everything_that_exists_is_adopted_without_a_byte_changed(kube: RunningCluster, office: Office) -> None:
    kube.kubectl("apply", manifest=peer("tor-1", labels={"team": "net"}))
    kube.add(peer("tor-2", password="hunter2-inline"))
    before = [kube.peer(name) for name in kube.peers()]
    office.look()
    assert [kube.peer(name) for name in kube.peers()] == before
    row = office.row("tor-1")
    assert (row.labels, row.peer_asn, row.sync_state, row.pending) == ({"team": "net"}, 64600, SyncState.IN_SYNC, False)
    assert Change.objects.count() == 0


def test_changes_by_others_are_followed_and_recorded_with_their_tool(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    office.look()
    revision = office.row().revision
    kube.kubectl("patch", "bgppeer", "tor-1", "--type=merge", '-p={"spec":{"peerASN":64700}}')
    office.look()
    row, change = office.row(), Change.objects.get()
    assert (row.peer_asn, row.revision, row.pending) == (64700, revision + 1, False)
    assert (change.action, change.source, change.manager) == ("update", "cluster", "kubectl-patch")
    assert change.before is not None
    assert change.after is not None
    assert (change.before["spec"]["peerASN"], change.after["spec"]["peerASN"]) == (64600, 64700)


# A field that is removed leaves managedFields with it; the time of an entry is that of its manager's last write
def test_who_took_a_label_away_is_told_only_if_that_is_certain(kube: RunningCluster, office: Office) -> None:
    kube.add(peer(labels={"team": "net", "app.kubernetes.io/name": "bgp"}))
    office.look()
    kube.kubectl("label", "bgppeer", "tor-1", "team-")
    office.look()
    removed = Change.objects.latest("pk")
    assert (removed.after or {})["metadata"]["labels"] == {"app.kubernetes.io/name": "bgp"}
    assert removed.manager == "", "kubectl-create held it, and who took it away holds nothing"
    kube.kubectl("label", "bgppeer", "tor-1", "app.kubernetes.io/name=frr", "--overwrite")
    office.look()
    changed = Change.objects.latest("pk")
    assert changed.manager == "kubectl-label"
    (diff,) = diff_of(changed)
    assert diff.path == 'metadata.labels["app.kubernetes.io/name"]'


def test_what_others_create_and_delete_is_followed(kube: RunningCluster, office: Office) -> None:
    office.look()
    kube.kubectl("create", manifest=peer())
    office.look()
    kube.kubectl("delete", "bgppeer", "tor-1")
    office.look()
    assert BGPPeer.objects.count() == 0
    actions = Change.objects.order_by("pk").values_list("action", "manager")
    assert list(actions) == [("create", "kubectl-create"), ("delete", "")]


def test_a_pending_edit_is_never_overwritten_but_what_was_seen_is(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    office.look()
    office.save(peer(peerASN=64700))
    kube.patch_peer("tor-1", {"holdTime": "90s"})
    office.look()
    row = office.row()
    assert row.live is not None
    assert row.base is not None
    assert (row.peer_asn, row.pending, row.live["spec"]["holdTime"]) == (64700, True, "90s")
    assert "holdTime" not in row.base["spec"]


def test_a_pending_edit_survives_the_deletion_of_its_object(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    office.look()
    row = office.save(peer(peerASN=64700))
    kube.call(kube.server.store.delete, PEERS, NAMESPACE, "tor-1")
    office.look()
    assert office.row().live is None
    assert office.work(row) == [Fate.CONFLICT]


def test_what_a_worker_made_without_knowing_does_not_come_back_after_others_deleted_it(
    kube: RunningCluster, office: Office
) -> None:
    row = office.save(peer())
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", drop="after"))
    assert office.work(row) == [Fate.LATER]
    office.look()
    kube.kubectl("delete", "bgppeer", "tor-1")
    office.look()
    assert office.work(row) == [Fate.CONFLICT]
    assert (row.sync_message, kube.peers()) == ("The object was deleted in the cluster meanwhile.", [])


def test_a_list_that_is_older_than_an_edit_changes_nothing(
    kube: RunningCluster, office: Office, monkeypatch: Any
) -> None:
    from clusters.kube.client import Door

    kube.add(peer())
    office.look()
    kube.patch_peer("tor-1", {"holdTime": "90s"})
    listed = Door.list

    def slow_list(door: Door, kind: Any, *args: Any, **more: Any) -> Any:
        answer = listed(door, kind, *args, **more)
        if kind.plural == "bgppeers" and not office.row().pending:
            office.save(peer(peerASN=64700, holdTime="90s"))
        return answer

    monkeypatch.setattr(Door, "list", slow_list)
    office.look()
    row = office.row()
    assert (row.peer_asn, row.pending) == (64700, True)


def test_an_object_deleted_here_is_not_resurrected_by_an_older_list(
    kube: RunningCluster, office: Office, monkeypatch: Any
) -> None:
    from clusters.kube.client import Door

    row = office.save(peer())
    office.work(row)
    listed = Door.list

    def slow_list(door: Door, kind: Any, *args: Any, **more: Any) -> Any:
        answer = listed(door, kind, *args, **more)
        if kind.plural == "bgppeers" and BGPPeer.objects.exists():
            office.delete(office.row())
            office.work(row)
        return answer

    monkeypatch.setattr(Door, "list", slow_list)
    office.look()
    assert (kube.peers(), BGPPeer.objects.count()) == ([], 0)


def test_a_conflict_ends_when_others_do_the_same(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    office.look()
    row = office.save(peer(peerASN=64700))
    kube.patch_peer("tor-1", {"holdTime": "90s"})
    office.work(row)
    office.look()
    assert office.row().sync_state == SyncState.CONFLICT
    kube.patch_peer("tor-1", {"holdTime": None, "peerASN": 64700})
    office.look()
    assert (office.row().sync_state, office.row().peer_asn) == (SyncState.IN_SYNC, 64700)


def test_fields_that_nobody_knows_survive_a_round_trip(kube: RunningCluster, office: Office) -> None:
    crd = kube.call(kube.server.store.get, "customresourcedefinitions.apiextensions.k8s.io", "", PEERS)
    assert crd is not None
    newer: dict[str, Any] = {**crd, "spec": {**crd["spec"], "versions": []}}
    for version in crd["spec"]["versions"]:
        schema = dict(version["schema"]["openAPIV3Schema"])
        spec = {**schema["properties"]["spec"], "x-kubernetes-preserve-unknown-fields": True}
        schema["properties"] = {**schema["properties"], "spec": spec}
        newer["spec"]["versions"].append({**version, "schema": {"openAPIV3Schema": schema}})
    kube.call(kube.server.store.update, "customresourcedefinitions.apiextensions.k8s.io", newer)
    try:
        kube.add(peer())

        def keeps() -> bool:  # a real API server takes the new schema up a moment later
            kube.patch_peer("tor-1", {"futureField": {"a": [1]}})
            return "futureField" in kube.peer("tor-1")["spec"]

        eventually(keeps)
        office.look()
        row = office.row()
        manifest = row.manifest | {"spec": {**row.spec, "peerASN": 64700}}
        BGPPeer.objects.filter(pk=row.pk).update(
            peer_asn=64700, revision=2, base=row.live, sync_state=SyncState.PENDING
        )
        assert manifest["spec"]["futureField"] == {"a": [1]}
        assert office.work(row) == [Fate.IN_SYNC]
        assert kube.peer("tor-1")["spec"]["futureField"] == {"a": [1]}
    finally:
        kube.call(
            kube.server.store.update,
            "customresourcedefinitions.apiextensions.k8s.io",
            crd | {"metadata": {"name": PEERS}},
        )


def test_findings_are_kept_with_every_object_they_involve(kube: RunningCluster, office: Office) -> None:
    kube.add(peer("tor-1"), peer("tor-2"), node("node-1"))
    office.look()
    rows = [office.row("tor-1"), office.row("tor-2")]
    assert [row.severity for row in rows] == ["error", "error"]
    assert all(any({"tor-1", "tor-2"} <= {ref["name"] for ref in f["objects"]} for f in row.findings) for row in rows)
    kube.patch_peer("tor-2", {"peerAddress": "192.0.2.2"})
    office.look()
    assert [office.row(name).severity for name in ("tor-1", "tor-2")] == ["", ""]


def test_a_clash_shows_each_object_its_own_value(kube: RunningCluster, office: Office) -> None:
    kube.add(node("node-1"), peer("tor-1", routerID="10.0.0.1"), peer("tor-2", peerAddress="192.0.2.2"))
    office.look()
    found = {row.name: [(f["code"], f["value"]) for f in row.findings] for row in BGPPeer.objects.all()}
    assert found == {"tor-1": [("router-id-differs", "10.0.0.1")], "tor-2": [("router-id-differs", "")]}


def test_many_that_clash_are_kept_with_twenty_of_them_each(kube: RunningCluster, office: Office) -> None:
    """Else n objects that clash would make n rows of n objects."""
    many = [peer(f"tor-{n:02}", peerAddress=f"192.0.2.{n}", routerID=f"10.0.0.{n}") for n in range(1, 41)]
    kube.add(node("node-1"), *many)
    office.look()
    for row in BGPPeer.objects.all():
        (kept,) = [found for found in row.findings if found["code"] == "router-id-differs"]
        names = [ref["name"] for ref in kept["objects"]]
        assert (len(names), kept["more"]) == (20, 20)
        assert row.name in names
        assert len(kept["message"]) < 500
    assert [each.finding.more for each in refusals(office.cluster)] == [20], "told once"
    assert office.look() is False


def test_a_cluster_without_the_definitions_keeps_the_rows_and_says_so(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    office.look()
    status = {"kind": "Status", "message": "the server could not find the requested resource", "reason": "NotFound"}
    kube.server.faults.add(
        Fault(verb="list", resource="bgppeers", code=404, status=status | {"details": {}, "code": 404})
    )
    office.look()
    office.cluster.refresh_from_db()
    assert BGPPeer.objects.count() == 1
    assert "bgppeers.metallb.io" in str(office.cluster.problems)
    office.look()
    office.cluster.refresh_from_db()
    assert "does not know bgppeers.metallb.io" not in str(office.cluster.problems)


def test_a_cluster_that_is_away_is_a_fact_and_not_an_empty_cluster(kube: RunningCluster, office: Office) -> None:
    kube.add(peer(), node("node-1"))
    office.look()
    kube.stop()
    try:
        office.look()
    finally:
        kube.start()
    office.cluster.refresh_from_db()
    assert "cannot be reached" in office.cluster.error
    assert (BGPPeer.objects.count(), Node.objects.count()) == (1, 1)
    office.look()
    office.cluster.refresh_from_db()
    assert office.cluster.error == ""


def test_a_quiet_look_costs_few_queries_however_many_peers(kube: RunningCluster, office: Office) -> None:
    kube.add(node("node-1"))
    counts = []
    for names in (range(5), range(5, 60)):
        kube.add(*(peer(f"tor-{n}", peerAddress=f"192.0.2.{n + 1}") for n in names))
        office.look()
        office.look()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert office.look() is False
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 13 + len(resource_models()), counts


def test_adopting_many_costs_queries_by_chunks(kube: RunningCluster, office: Office) -> None:
    kube.add(*(peer(f"tor-{n}", peerAddress=f"198.51.{n // 200}.{n % 200}") for n in range(300)))
    with CaptureQueriesContext(connection) as queries:
        office.look()
    assert BGPPeer.objects.count() == 300
    assert len(queries) < 75, len(queries)


def test_an_object_made_here_while_the_list_was_on_its_way_is_no_change_by_others(
    kube: RunningCluster, office: Office, monkeypatch: Any
) -> None:
    from clusters.kube.client import Door

    office.look()
    listed = Door.list

    def slow_list(door: Door, kind: Any, *args: Any, **more: Any) -> Any:
        if kind.plural == "bgppeers" and not BGPPeer.objects.exists():
            office.work(office.save(peer()))
        return listed(door, kind, *args, **more)

    monkeypatch.setattr(Door, "list", slow_list)
    office.look()
    assert list(Change.objects.values_list("source", flat=True)) == ["api"]


def test_where_nothing_may_be_listed_any_more_nothing_is_said_to_be_deleted(
    kube: RunningCluster, office: Office
) -> None:
    if kube.call(kube.server.store.get, "namespaces", "", "elsewhere") is None:
        kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": "elsewhere"}})
    stray = peer("stray")
    kube.add(peer(), {**stray, "metadata": {**stray["metadata"], "namespace": "elsewhere"}})
    office.look()
    office.cluster.kubeconfig = str(kube.kubeconfig_of("namespaced-token"))
    office.cluster.save()
    kube.patch_peer("tor-1", {"peerASN": 64700})
    office.look()
    assert office.row().peer_asn == 64700
    assert BGPPeer.objects.filter(namespace="elsewhere").count() == 1
    assert Change.objects.filter(action="delete").count() == 0
