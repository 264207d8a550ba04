"""Clusters that admins add: tried, kept encrypted, exchanged, switched off, removed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.db.models.signals import post_save, pre_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from bgpui.env import ClusterSetting
from clusters import clock, services
from clusters.connecting.access import UnfitError
from clusters.connecting.clearing import removed_clear
from clusters.connecting.sealing import access_of
from clusters.connecting.services import NotEditableError, cluster_add, cluster_connect
from clusters.connecting.trial import Trial
from clusters.doors import door_of
from clusters.kube.connection import load
from clusters.kube.errors import Unreachable
from clusters.kube.transport import Transport
from clusters.models import Change, ChangeSet, ChangeSetItem, Cluster, Credential, Lease, Node
from clusters.selectors import clusters_active
from clusters.sync.changesets.carry import apply_set
from clusters.sync.relist import relist
from peers.models import BGPPeer
from tests.api.manifests import NAMESPACE, manifest
from tests.clusters.cluster import TOKEN, RunningCluster

PATH = "/api/v1/clusters/"


@pytest.fixture(scope="module")
def _east(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    running = RunningCluster(tmp_path_factory.mktemp("east"))
    yield running
    running.close()


@pytest.fixture
def east(_east: RunningCluster, settings: Settings) -> RunningCluster:
    """A cluster over TLS, and a key to keep its credentials with."""
    settings.BGPUI_CREDENTIAL_KEYS = (Fernet.generate_key().decode(),)
    _east.clear()
    return _east


@pytest.fixture
def admin(as_role: Callable[[str], APIClient]) -> APIClient:
    return as_role("admin")


def text_of(east: RunningCluster, token: str = TOKEN) -> str:
    return east.kubeconfig_of(token).read_text()


def added(admin: APIClient, east: RunningCluster, **more: Any) -> Cluster:
    answer = admin.post(PATH, {"name": "east", "label": "East coast", "kubeconfig": text_of(east)} | more)
    assert answer.status_code == 201, answer.json()
    return Cluster.objects.get(name="east")


def test_a_cluster_is_tried_then_kept_encrypted_and_used(admin: APIClient, east: RunningCluster) -> None:
    body = {"name": "east", "label": "East coast", "kubeconfig": text_of(east)}
    trial = admin.post(f"{PATH}?dry_run=true", body)
    assert (trial.status_code, Cluster.objects.count()) == (200, 0)
    assert trial.json()["identity"] == "system:serviceaccount:bgpui:bgpui"
    assert {"verb", "resource", "allowed"} <= trial.json()["permissions"][0].keys()

    cluster = added(admin, east)
    told = admin.get(f"{PATH}east/")
    assert told.json()["label"] == "East coast"
    assert told.json()["source"] == "added"
    assert told.json()["active"]
    assert told.json()["credential"]["kind"] == "token"
    assert told.json()["credential"]["server"] == east.server.url
    assert TOKEN not in trial.content.decode() + told.content.decode() + json.dumps(
        list(Change.objects.values()), default=str
    )
    kept = Credential.objects.get()
    assert TOKEN not in kept.sealed
    assert access_of(kept).token == TOKEN
    east.add(manifest("tor-1"))
    assert list(clusters_active()) == [cluster]
    assert relist(cluster)
    assert BGPPeer.objects.get(cluster=cluster).name == "tor-1"


def test_what_one_row_holds_is_of_no_use_in_another(admin: APIClient, east: RunningCluster) -> None:
    kept = Credential.objects.get(cluster=added(admin, east))
    other = Cluster.objects.create(name="west", source="added")
    with pytest.raises(Unreachable):
        access_of(Credential(cluster=other, sealed=kept.sealed))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "East"}, "name"),
        ({"name": "new"}, "name"),
        ({"name": "lab"}, "name"),
        ({"label": "x" * 81}, "label"),
        ({"kubeconfig": "no: such"}, "contexts"),
        ({"context": "nowhere"}, "context"),
        ({"inCluster": True}, "kubeconfig"),
        ({"kubeconfig": ""}, "kubeconfig"),
        ({"password": "x"}, "password"),
    ],
)
def test_what_cannot_be_added_is_refused_with_its_field(
    admin: APIClient, cluster: Cluster, east: RunningCluster, body: dict[str, Any], field: str
) -> None:
    answer = admin.post(PATH, {"name": "east", "kubeconfig": text_of(east)} | body)
    assert answer.status_code in (400, 422)
    assert answer.json()["findings"][0]["field"] == field
    assert list(Cluster.objects.all()) == [cluster]


def test_outside_of_a_cluster_there_is_no_own_one(admin: APIClient) -> None:
    answer = admin.post(PATH, {"name": "here", "inCluster": True})
    assert answer.status_code == 422
    assert answer.json()["findings"][0]["field"] == "inCluster"
    assert "service account" in answer.json()["detail"]


@pytest.mark.parametrize("values", [{"source": "added"}, {"source": "added", "enabled": False}, {}])
def test_the_own_cluster_is_one_cluster(admin: APIClient, settings: Settings, values: dict[str, Any]) -> None:
    settings.BGPUI_CLUSTERS = (ClusterSetting("own", "", ""),)
    own = Cluster.objects.create(name="own", **values)
    answer = admin.post(PATH, {"name": "here", "inCluster": True})
    assert answer.status_code == 422
    assert "cluster own is the one that bgpui runs in already" in answer.json()["detail"]
    Cluster.objects.filter(pk=own.pk).update(removed_at=clock.now())
    assert "cluster own" not in admin.post(PATH, {"name": "here", "inCluster": True}).json()["detail"]


def test_without_a_key_nothing_is_kept(admin: APIClient, east: RunningCluster, settings: Settings) -> None:
    settings.BGPUI_CREDENTIAL_KEYS = ()
    answer = admin.post(PATH, {"name": "east", "kubeconfig": text_of(east)})
    assert answer.status_code == 422
    assert "BGPUI_CREDENTIAL_KEYS is not set" in answer.json()["detail"]
    assert "rotate_keys --new" in answer.json()["findings"][0]["hint"]


def test_credentials_that_are_not_accepted_and_servers_that_do_not_answer(
    admin: APIClient, east: RunningCluster
) -> None:
    document = yaml.safe_load(text_of(east))
    document["users"][0]["user"]["token"] = "revoked"
    answer = admin.post(PATH, {"name": "east", "kubeconfig": yaml.safe_dump(document)})
    assert answer.status_code == 422
    assert "expired" in answer.json()["findings"][0]["hint"]
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    answer = admin.post(PATH, {"name": "east", "kubeconfig": yaml.safe_dump(document)})
    assert "the connection was refused" in answer.json()["detail"]
    assert not Cluster.objects.exists()


def test_a_server_name_that_tls_cannot_send_is_no_connection(admin: APIClient, east: RunningCluster) -> None:
    added(admin, east)
    access = replace(access_of(Credential.objects.get()), tls_name=".x")
    with pytest.raises(Unreachable, match="cannot be reached"):
        Transport(load(access, None), "bgpui", 5.0).request("GET", "/version")


def test_one_address_is_one_cluster(admin: APIClient, east: RunningCluster) -> None:
    added(admin, east)
    answer = admin.post(PATH, {"name": "again", "kubeconfig": text_of(east)})
    assert "cluster east is at this address already" in answer.json()["detail"]


# A namespace's uid is its own in space and time (Kubernetes' documentation of names), kube-system cannot be deleted
def test_a_cluster_of_the_settings_is_not_added_beside(
    admin: APIClient, east: RunningCluster, settings: Settings
) -> None:
    settings.BGPUI_CLUSTERS = (ClusterSetting("lab", str(east.kubeconfig), ""),)
    (named,) = services.clusters_sync_from_settings()
    trial = admin.post(f"{PATH}?dry_run=true", {"name": "east", "kubeconfig": text_of(east)})
    assert (trial.status_code, trial.json()["source"]) == (200, "added"), "nobody knows yet which cluster lab is"
    relist(named)
    for query in ("", "?dry_run=true"):
        answer = admin.post(f"{PATH}{query}", {"name": "east", "kubeconfig": text_of(east)})
        assert answer.status_code == 422
        assert "this is cluster lab, by the uid of its namespace kube-system" in answer.json()["detail"]
    settings.BGPUI_CLUSTERS += (ClusterSetting("again", str(east.kubeconfig), ""),)
    again = services.clusters_sync_from_settings()[1]
    relist(again)
    again.refresh_from_db()
    assert any("same cluster as lab" in one["text"] for one in again.problems)


def test_who_connects_a_cluster_waits_for_others_and_looks_again(db: None) -> None:
    asked: dict[str, Any] = {"label": "", "access": None, "actor": None, "source": "api"}
    cluster_add(name="here", trial=Trial({"uid": "one"}), **asked)
    with CaptureQueriesContext(connection) as seen, pytest.raises(UnfitError, match="cluster here is the one"):
        cluster_add(name="there", trial=Trial({"uid": "one"}), **asked)
    first = next(one["sql"] for one in seen if "SAVEPOINT" not in one["sql"] and one["sql"] != "BEGIN")
    assert 'FROM "clusters_lease"' in first
    locked = any(one["sql"].endswith("FOR UPDATE") for one in seen)
    assert locked == connection.features.has_select_for_update
    assert list(Cluster.objects.values_list("name", flat=True)) == ["here"]


@pytest.mark.parametrize("role", ["viewer", "editor", ""])
def test_only_admins_add_change_and_remove(
    as_role: Callable[[str], APIClient], cluster: Cluster, east: RunningCluster, role: str
) -> None:
    client = as_role(role)
    assert client.post(PATH, {"name": "east", "kubeconfig": text_of(east)}).status_code == 403
    assert client.patch(f"{PATH}lab/", {"label": "x"}).status_code == 403
    assert client.delete(f"{PATH}lab/").status_code == 403


def test_clusters_of_the_settings_are_not_changed_here(admin: APIClient, cluster: Cluster) -> None:
    for answer in (admin.patch(f"{PATH}lab/", {"label": "x"}), admin.delete(f"{PATH}lab/")):
        assert answer.status_code == 409
        assert "BGPUI_CLUSTERS" in answer.json()["detail"]
    assert admin.get(f"{PATH}?source=settings").json()["count"] == 1
    assert admin.get(f"{PATH}lab/").json()["credential"] is None


def test_other_credentials_are_used_from_then_on(admin: APIClient, east: RunningCluster) -> None:
    cluster = added(admin, east)
    first = door_of(cluster)
    tried = admin.patch(f"{PATH}east/?dry_run=true", {"kubeconfig": text_of(east, "look-token")})
    assert tried.json()["identity"] == "viewer"
    assert "kind: Role" in tried.json()["role"]
    cluster.refresh_from_db()
    assert door_of(cluster) is first
    assert admin.patch(f"{PATH}east/?message=Expired", {"kubeconfig": text_of(east, "look-token")}).status_code == 200
    cluster.refresh_from_db()
    assert door_of(cluster).identity() == "viewer"
    with pytest.raises(Unreachable):
        first.version()
    last = Change.objects.first()
    assert last is not None
    assert last.kind == "Cluster"
    assert last.message.endswith("Expired")


def test_a_cluster_that_is_off_is_not_looked_after_or_written_to(admin: APIClient, east: RunningCluster) -> None:
    cluster = added(admin, east)
    answer = admin.patch(f"{PATH}east/", {"enabled": False, "label": ""})
    assert (answer.json()["enabled"], answer.json()["active"], answer.json()["label"]) == (False, False, "")
    assert not clusters_active().exists()
    refused = admin.put(f"/api/v1/bgppeers/east/{NAMESPACE}/tor-1/", manifest("tor-1"))
    assert refused.status_code in (404, 422, 400)
    cluster.refresh_from_db()
    with pytest.raises(services.Refused, match="switched off"):
        services.resource_save(
            cluster=cluster, kind="BGPPeer", namespace=NAMESPACE, name="tor-1", manifest=manifest("tor-1"),
            actor=None, source="api",
        )  # fmt: skip
    assert admin.patch(f"{PATH}east/", {"enabled": True}).json()["active"]


def set_of(admin: APIClient, *names: str) -> ChangeSet:
    entries = [{"manifest": manifest(name, peerAddress=f"192.0.2.{9 + n}")} for n, name in enumerate(names)]
    answer = admin.post("/api/v1/changesets/?cluster=east", entries)
    assert answer.status_code == 202, answer.json()
    return ChangeSet.objects.get()


def test_removal_keeps_the_history_and_closes_what_is_open(admin: APIClient, east: RunningCluster) -> None:
    cluster = added(admin, east)
    Node.objects.create(cluster=cluster, name="node-1", uid="1")
    opened = set_of(admin, "tor-1", "tor-2")
    assert (
        admin.put(
            f"/api/v1/bgppeers/east/{NAMESPACE}/single/", manifest("single", peerAddress="192.0.2.99")
        ).status_code
        == 202
    )
    assert admin.delete(f"{PATH}east/").status_code == 204
    opened.refresh_from_db()
    assert opened.state == ChangeSet.State.ROLLED_BACK
    assert opened.message.startswith("Closed: cluster east was removed by")
    assert {item.state for item in opened.items.all()} == {ChangeSetItem.State.SKIPPED}
    assert not apply_set(opened.pk)
    assert not BGPPeer.objects.exists()
    assert not Node.objects.exists()
    assert not Credential.objects.exists()
    assert admin.get(f"{PATH}east/").status_code == 404
    said = [change["message"] for change in admin.get("/api/v1/changes/?cluster=east").json()["results"]]
    assert any(text.startswith("Cluster removed: token for") for text in said)
    assert "Edit discarded." in said
    Node.objects.create(cluster=cluster, name="late", uid="2")  # a sweep that was at it
    assert removed_clear() == 1

    again = added(admin, east)
    assert again.pk == cluster.pk
    assert relist(again) in (True, False)


def test_a_removal_while_somebody_edits_is_refused_whole(admin: APIClient, east: RunningCluster) -> None:
    added(admin, east)
    for number in (1, 2):
        path = f"/api/v1/bgppeers/east/{NAMESPACE}/tor-{number}/"
        assert admin.put(path, manifest(f"tor-{number}", peerAddress=f"192.0.2.{number}")).status_code == 202

    def edit_others(**_: Any) -> None:
        BGPPeer.objects.update(revision=F("revision") + 1)

    post_save.connect(edit_others, sender=Change)
    try:
        answer = admin.delete(f"{PATH}east/")
    finally:
        post_save.disconnect(edit_others, sender=Change)
    assert (answer.status_code, "nothing was removed" in answer.json()["detail"]) == (409, True)
    assert (Credential.objects.count(), BGPPeer.objects.count()) == (1, 2)
    assert admin.get(f"{PATH}east/").json()["active"]
    assert not Change.objects.filter(message__startswith="Cluster removed").exists()


def test_of_two_adds_of_one_name_the_second_is_refused(admin: APIClient, east: RunningCluster) -> None:
    def other_first(**_: Any) -> None:
        Cluster.objects.bulk_create([Cluster(name="east", source="added")])

    pre_save.connect(other_first, sender=Cluster)
    try:
        answer = admin.post(PATH, {"name": "east", "kubeconfig": text_of(east)})
    finally:
        pre_save.disconnect(other_first, sender=Cluster)
    assert (answer.status_code, "There is a cluster east already" in answer.json()["detail"]) == (409, True)
    assert not Credential.objects.exists()


def test_nothing_is_stored_for_a_cluster_that_was_removed_meanwhile(admin: APIClient, east: RunningCluster) -> None:
    cluster = added(admin, east)
    access = access_of(Credential.objects.get())
    assert admin.delete(f"{PATH}east/").status_code == 204
    with pytest.raises(NotEditableError, match="removed meanwhile"):
        cluster_connect(cluster=cluster, access=access, trial=Trial({}), actor=None, source="api")
    assert not Credential.objects.exists()


def test_a_set_that_was_begun_says_what_stands(admin: APIClient, east: RunningCluster) -> None:
    cluster = added(admin, east)
    opened = set_of(admin, "tor-1", "tor-2")
    first, second = opened.items.order_by("position")
    ChangeSet.objects.update(state=ChangeSet.State.APPLYING)
    ChangeSetItem.objects.filter(pk=first.pk).update(state=ChangeSetItem.State.APPLIED)
    ChangeSetItem.objects.filter(pk=second.pk).update(state=ChangeSetItem.State.TRYING)
    assert admin.delete(f"{PATH}{cluster.name}/").status_code == 204
    opened.refresh_from_db()
    second.refresh_from_db()
    assert opened.state == ChangeSet.State.FAILED_ROLLBACK
    assert (second.state, "not known" in second.words) == (ChangeSetItem.State.LEFT, True)


def test_sets_of_a_cluster_that_the_settings_drop_are_closed(
    admin: APIClient, live_cluster: Cluster, settings: Settings
) -> None:
    answer = admin.post("/api/v1/changesets/", [{"manifest": manifest("tor-1")}])
    assert answer.status_code == 202
    assert services.clusters_left_close() == 0
    settings.BGPUI_CLUSTERS = ()
    assert services.clusters_left_close() == 1
    closed = ChangeSet.objects.get()
    assert (closed.state, closed.message) == ("rolled_back", "Closed: the settings do not name its cluster any more.")
    assert not BGPPeer.objects.exists()
    assert admin.delete(f"{PATH}lab/").status_code == 204  # what is only remembered may go


def test_a_name_in_the_settings_is_theirs(admin: APIClient, east: RunningCluster, settings: Settings) -> None:
    added(admin, east)
    settings.BGPUI_CLUSTERS = (ClusterSetting("east", "/nonexistent", ""),)
    (row,) = services.clusters_sync_from_settings()
    assert (row.source, row.credential_id, Credential.objects.count()) == ("settings", "", 0)


def test_keys_are_exchanged(admin: APIClient, east: RunningCluster, settings: Settings) -> None:
    cluster = added(admin, east)
    old, new = settings.BGPUI_CREDENTIAL_KEYS[0], Fernet.generate_key().decode()
    settings.BGPUI_CREDENTIAL_KEYS = (new, old)
    assert admin.get(f"{PATH}east/").json()["credential"]["current_key"] is False
    for said in ("1 encrypted anew, 0 already", "0 encrypted anew, 1 already"):
        out = io.StringIO()
        call_command("rotate_keys", stdout=out)
        assert said in out.getvalue()
    settings.BGPUI_CREDENTIAL_KEYS = (new,)
    assert access_of(Credential.objects.get()).token == TOKEN
    assert admin.get(f"{PATH}east/").json()["credential"]["current_key"] is True
    settings.BGPUI_CREDENTIAL_KEYS = (old,)
    with pytest.raises(CommandError, match="no key opens what is stored of east"):
        call_command("rotate_keys", stdout=io.StringIO())
    cluster.credential_id = "another"
    with pytest.raises(Unreachable, match="no key in BGPUI_CREDENTIAL_KEYS"):
        door_of(cluster)


def test_a_list_of_clusters_costs_the_same_however_many_there_are(
    admin: APIClient, cluster: Cluster, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        Cluster.objects.create(name=f"c{number}", source="added")
    with django_assert_max_num_queries(8):
        assert admin.get(PATH).json()["count"] == 21


def test_what_holds_for_the_whole_cluster_is_told_there(admin: APIClient, cluster: Cluster) -> None:
    (notice,) = admin.get(f"{PATH}lab/").json()["notices"]
    assert "FRR mode is deprecated" in notice["text"]
    assert {"way_out", "source"} <= notice.keys()


def test_who_watches_is_told(admin: APIClient, cluster: Cluster) -> None:
    assert admin.get(f"{PATH}lab/").json()["watcher"] is None
    Lease.objects.create(name="watch", holder="host-a:7", beaten_at=clock.now())
    assert admin.get(f"{PATH}lab/").json()["watcher"]["holder"] == "host-a:7"
    client = Client()
    client.force_login(User.objects.get())
    assert "host-a:7" in client.get("/clusters/").content.decode()
    assert "host-a:7" in client.get("/clusters/lab/").content.decode()
