"""Resources over REST, from the request to the object in the cluster and back."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from clusters.models import Change, Cluster, Node
from dashboard.peers import peer_sessions_write
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.api.conftest import Kube
from tests.api.manifests import LIST, NAMESPACE, manifest, row_of, url

HOST = "http://testserver"


def test_put_saves_as_pending_and_says_where_it_can_be_followed(api: APIClient, cluster: Cluster) -> None:
    answer = api.put(url(), manifest())
    assert (answer.status_code, answer["Location"], answer["Retry-After"]) == (202, f"{HOST}{url()}", "1")
    body = answer.json()
    assert body["sync"] == {"state": "pending", "message": "", "revision": 1, "appliedRevision": 0, "at": None}
    assert {**body["metadata"]} == {"name": "peer", "namespace": NAMESPACE}
    assert body["spec"] == manifest()["spec"]


@pytest.mark.usefixtures("worker")
def test_put_with_wait_answers_when_the_object_is_in_the_cluster(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    answer = api.put(f"{url()}?wait=10s", manifest())
    assert (answer.status_code, answer.json()["sync"]["state"]) == (201, "in_sync")
    assert kube.get("bgppeers", "peer")["spec"]["peerAddress"] == "192.0.2.1"
    assert answer.json()["metadata"]["uid"] == kube.get("bgppeers", "peer")["metadata"]["uid"]


@pytest.mark.usefixtures("worker")
def test_repeating_a_put_changes_nothing(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    api.put(f"{url()}?wait=10s", manifest())
    before = kube.get("bgppeers", "peer")["metadata"]["resourceVersion"]
    again = api.put(f"{url()}?wait=10s", manifest())
    assert (again.status_code, again.json()["sync"]["revision"]) == (200, 1)
    assert kube.get("bgppeers", "peer")["metadata"]["resourceVersion"] == before
    assert Change.objects.count() == 1


@pytest.mark.usefixtures("worker")
def test_what_was_read_can_be_put_back_as_it_is(api: APIClient, live_cluster: Cluster) -> None:
    api.put(f"{url()}?wait=10s", manifest(vrf="red", nodeSelectors=[{"matchLabels": {"rack": "1"}}]))
    read = api.get(url()).json()
    again = api.put(f"{url()}?wait=10s", read)
    assert (again.status_code, again.json()["sync"]["revision"]) == (200, 1)


@pytest.mark.usefixtures("worker")
def test_a_refusal_of_the_cluster_is_answered_in_its_own_words(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    words = 'admission webhook "bgppeer.metallb.io" denied the request: no such luck'
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": words, "code": 403}
    kube.call(kube.server.faults.add, Fault(verb="create", resource="bgppeers", code=403, status=status))
    answer = api.put(f"{url()}?wait=10s", manifest())
    body = answer.json()
    assert (answer.status_code, body["title"], body["detail"]) == (422, "The cluster refuses this", words)
    assert (body["sync"]["state"], body["sync"]["message"]) == ("rejected", words)
    assert api.get(url()).json()["sync"]["state"] == "rejected"


@pytest.mark.usefixtures("worker")
def test_a_cluster_that_is_away_leaves_the_edit_pending(api: APIClient, cluster: Cluster) -> None:
    answer = api.put(f"{url()}?wait=300ms", manifest())
    assert (answer.status_code, answer.json()["sync"]["state"]) == (202, "pending")


def test_what_an_edit_intends_is_known_when_it_is_through(api: APIClient, live_cluster: Cluster, worker: None) -> None:
    one = [{"matchLabels": {"rack": "1"}}]
    Node.objects.filter(name="node-1").update(labels={"rack": "1"})
    answers = [api.put(f"{url()}?wait=10s", body) for body in (manifest(), manifest(nodeSelectors=one))]
    assert [answer.json()["sessions"]["intended"] for answer in answers] == [2, 1]
    read = api.get(url()).json()["sessions"]
    assert read == {"intended": 1, "up": 0, "degraded": 0, "down": 0, "unknown": 1}
    peer_sessions_write(live_cluster)  # by a sweep that began before the edit: no node was asked for this peer yet
    assert api.get("/api/v1/bgppeers/?ordering=-sessions.intended").json()["results"][0]["sessions"] == read


@pytest.mark.parametrize("text", ["10", "61s", "-1s", "soon", "1h", "", "nan", "1e3s"])
def test_a_wait_that_is_none_is_an_error(api: APIClient, cluster: Cluster, text: str) -> None:
    answer = api.put(f"{url()}?wait={text}", manifest())
    assert (answer.status_code, BGPPeer.objects.count()) == (400, 0)
    assert answer.json()["findings"][0]["field"] == "wait"


@pytest.mark.usefixtures("worker")
def test_patch_is_a_merge_patch_of_the_manifest(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    api.put(f"{url()}?wait=10s", manifest(holdTime="90s", vrf="red"))
    patch = {"metadata": {"labels": {"team": "net"}}, "spec": {"vrf": None, "peerASN": 64502}}
    answer = api.patch(f"{url()}?wait=10s", patch, headers={"Content-Type": "application/merge-patch+json"})
    assert answer.status_code == 200
    spec = kube.get("bgppeers", "peer")["spec"]
    assert {key: spec.get(key) for key in ("vrf", "peerASN", "holdTime")} == {
        "vrf": None,
        "peerASN": 64502,
        "holdTime": "90s",
    }
    assert kube.get("bgppeers", "peer")["metadata"]["labels"] == {"team": "net"}


@pytest.mark.usefixtures("worker")
def test_delete_waits_until_the_object_is_gone(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    api.put(f"{url()}?wait=10s", manifest())
    assert api.delete(f"{url()}?wait=10s").status_code == 204
    assert kube.get("bgppeers", "peer") is None
    assert api.get(url()).status_code == 404


def test_delete_without_wait_is_an_edit_like_any_other(api: APIClient, cluster: Cluster) -> None:
    row_of(cluster)
    answer = api.delete(url())
    assert (answer.status_code, answer.json()["sync"]["state"]) == (202, "deleting")


def test_post_creates_in_the_namespace_of_metallb_if_none_is_named(api: APIClient, cluster: Cluster) -> None:
    body = manifest()
    del body["metadata"]["namespace"]
    answer = api.post(LIST, body)
    assert (answer.status_code, answer["Location"]) == (202, f"{HOST}{url()}")


def test_post_of_what_exists_is_a_conflict_that_says_where(api: APIClient, cluster: Cluster) -> None:
    row_of(cluster)
    answer = api.post(LIST, manifest(peerASN=64999))
    assert (answer.status_code, answer.json()["location"]) == (409, f"{HOST}{url()}")
    assert BGPPeer.objects.get().peer_asn == 64501


def test_rules_refuse_with_field_value_source_and_way_out(api: APIClient, cluster: Cluster) -> None:
    answer = api.put(url(), manifest(myASN=0, holdTime="1s"))
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    body = answer.json()
    assert (body["type"], body["status"], body["instance"]) == ("urn:bgpui:problem:rules", 422, url())
    found = {finding["field"]: finding for finding in body["findings"]}
    assert set(found) == {"spec.myASN", "spec.holdTime"}
    for finding in found.values():
        assert all(finding[part] for part in ("code", "value", "message", "source", "hint"))
    assert not BGPPeer.objects.exists()


def test_a_documented_rule_is_accepted_by_its_code_and_by_no_other(api: APIClient, cluster: Cluster) -> None:
    body = manifest(holdTime="30s", keepaliveTime="30s")
    refused = api.put(url(), body)
    (finding,) = refused.json()["findings"]
    assert (refused.status_code, finding["severity"]) == (422, "documented")
    assert api.put(f"{url()}?accept=hold-time-zero", body).status_code == 422
    accepted = api.put(f"{url()}?accept=hold-time-zero&accept={finding['code']}", body)
    assert accepted.status_code == 202
    assert Change.objects.get().accepted == [finding["code"]]


def test_an_error_cannot_be_accepted(api: APIClient, cluster: Cluster) -> None:
    code = api.put(url(), manifest(myASN=0)).json()["findings"][0]["code"]
    assert api.put(f"{url()}?accept={code}", manifest(myASN=0)).status_code == 400


@pytest.mark.parametrize("path", [url(), LIST, "/api/v1/changesets/"])
def test_a_code_that_acknowledges_nothing_is_refused_with_those_that_do(
    api: APIClient, cluster: Cluster, path: str
) -> None:
    method = api.put if path == url() else api.post
    answer = method(f"{path}?accept=hold-time-zero,nonsense", manifest())
    assert (answer.status_code, BGPPeer.objects.count()) == (400, 0)
    (finding,) = answer.json()["findings"]
    assert (finding["field"], finding["value"]) == ("accept", "nonsense")
    assert "keepalive-not-below-hold" in finding["message"]


def test_rules_look_at_the_other_objects_too(api: APIClient, cluster: Cluster) -> None:
    row_of(cluster, "first")
    answer = api.put(url(), manifest())
    assert answer.status_code == 422
    assert {"kind": "BGPPeer", "namespace": NAMESPACE, "name": "first"} in answer.json()["findings"][0]["objects"]


def test_dry_run_shows_findings_diff_and_the_servers_answer_and_saves_nothing(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    row_of(live_cluster, live=None)
    answer = api.put(f"{url()}?dry_run=true", manifest(peerASN=64502))
    assert answer.status_code == 200
    body = answer.json()
    assert body["dryRun"]["ok"] is True
    assert body["after"]["spec"]["peerASN"] == 64502
    assert {"path": "spec.peerASN", "before": None, "after": 64502} in body["diff"]
    assert kube.get("bgppeers", "peer") is None
    assert BGPPeer.objects.get().peer_asn == 64501


def test_dry_run_tells_what_happens_to_sessions(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    kube.call(kube.server.store.add, manifest(), "kubectl-create")
    live = kube.get("bgppeers", "peer")
    row_of(live_cluster, live=live, uid=live["metadata"]["uid"])
    here: dict[str, Any] = {"peer": "peer", "vrf": "default", "neighbor": "192.0.2.1", "fields": []}
    none, nodes = dict.fromkeys(("opened", "closed", "reset", "mayReset", "changed"), 0), ["node-0", "node-1"]
    for answer, happens, fields in (
        (api.put(f"{url()}?dry_run=true", manifest(peerASN=64502)), "reset", ["peerASN"]),
        (api.patch(f"{url()}?dry_run=true", {"spec": {"connectTime": "7s"}}), "changed", ["connectTime"]),
        (api.post(f"{LIST}?dry_run=true", manifest("other", peerAddress="192.0.2.2")), "opened", []),
        (api.delete(f"{url()}?dry_run=true"), "closed", []),
    ):
        (told,) = answer.json()["sessions"]
        other = {"peer": "other", "neighbor": "192.0.2.2"} if happens == "opened" else {}
        assert told == here | other | none | {"fields": fields, happens: 2, "nodes": {happens: nodes}}


def test_dry_run_is_refused_as_the_edit_would_be(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    assert api.post(f"{LIST}?dry_run=true", manifest(myASN=0)).status_code == 422
    kube.call(kube.server.faults.add, Fault(verb="create", resource="bgppeers", code=422))
    refused = api.post(f"{LIST}?dry_run=true", manifest())
    assert (refused.status_code, refused.json()["detail"]) == (422, "fault ordered by a test")


def test_dry_run_without_the_cluster_says_so(api: APIClient, cluster: Cluster) -> None:
    answer = api.post(f"{LIST}?dry_run=true", manifest())
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_dry_run_of_a_deletion_deletes_nothing(api: APIClient, live_cluster: Cluster) -> None:
    row = row_of(live_cluster, live=None)
    answer = api.delete(f"{url()}?dry_run=true")
    row.refresh_from_db()
    assert (answer.status_code, answer.json()["after"], row.deleting) == (200, None, False)
    assert answer.json()["leftover"] is None


def test_the_trial_of_a_deletion_names_the_secret_that_stays(api: APIClient, live_cluster: Cluster) -> None:
    row_of(live_cluster, live=None, password_secret={"name": "tor"})
    assert api.delete(f"{url()}?dry_run=true").json()["leftover"] == {
        "name": "tor",
        "namespace": NAMESPACE,
        "command": f"oc delete secret -n {NAMESPACE} tor",
    }


def test_a_cluster_that_is_not_known_is_not_written_to(api: APIClient, cluster: Cluster) -> None:
    assert api.put(url(cluster="other"), manifest()).status_code == 404
    assert api.post(f"{LIST}?cluster=other", manifest()).status_code == 400


def test_a_patch_brings_nothing_back_that_is_being_deleted(api: APIClient, cluster: Cluster) -> None:
    row_of(cluster)
    assert api.delete(url()).status_code == 202
    assert api.patch(url(), {"spec": {"peerASN": 64502}}).status_code == 409
    row = BGPPeer.objects.get()
    assert (row.deleting, row.peer_asn) == (True, 64501)
    assert api.put(url(), manifest(peerASN=64502)).status_code == 202
    assert BGPPeer.objects.get().deleting is False
