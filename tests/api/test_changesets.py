"""Several edits in one request, of any kind, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from clusters.models import Change, ChangeSet, Cluster
from lab.apiserver import Fault
from peers.models import BFDProfile, BGPPeer
from tests.api.conftest import Kube
from tests.api.manifests import LIST, NAMESPACE, manifest, row_of, url
from tests.kinds import example

SETS = "/api/v1/changesets/"


def profile(name: str = "fast", **spec: Any) -> dict[str, Any]:
    return {"kind": "BFDProfile", "metadata": {"name": name}, "spec": spec}


def edits(*manifests: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"manifest": one} for one in manifests]


@pytest.mark.usefixtures("worker")
def test_several_kinds_are_applied_in_the_order_in_which_they_refer(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    answer = api.post(f"{SETS}?wait=10s&note=rack+7", edits(manifest(bfdProfile="fast"), profile()))
    body = answer.json()
    assert (answer.status_code, body["state"], body["note"], body["actor"]) == (200, "applied", "rack 7", "a-editor")
    assert [(one["kind"], one["action"], one["state"]) for one in body["objects"]] == [
        ("BFDProfile", "create", "applied"),
        ("BGPPeer", "create", "applied"),
    ]
    assert kube.get("bgppeers", "peer")
    assert kube.get("bfdprofiles", "fast")
    assert api.get(answer["Location"]).json() == body
    found = api.get(f"{SETS}?state=applied&cluster=lab").json()
    assert (found["count"], found["results"]) == (1, [{key: body[key] for key in body if key != "objects"}])


@pytest.mark.usefixtures("worker")
def test_one_that_the_cluster_refuses_takes_all_back(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", delay=0.0, count=1))
    words = {"kind": "Status", "message": "admission webhook denied the request: no", "code": 403}
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", code=403, status=words))
    answer = api.post(f"{SETS}?wait=10s", edits(manifest(bfdProfile="fast"), profile()))
    body = answer.json()
    assert (answer.status_code, body["type"]) == (422, "urn:bgpui:problem:rejected")
    assert body["detail"] == "BGPPeer peer: admission webhook denied the request: no"
    assert body["changeSet"]["state"] == "rolled_back"
    assert [one["state"] for one in body["changeSet"]["objects"]] == ["undone", "refused"]
    assert kube.get("bfdprofiles", "fast") is None
    assert not BFDProfile.objects.exists()


def test_without_wait_it_is_accepted_and_may_be_given_up(api: APIClient, cluster: Cluster) -> None:
    answer = api.post(SETS, edits(manifest(), profile()))
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    given_up = api.post(f"{answer['Location']}give-up/")
    assert (given_up.status_code, given_up.json()["state"]) == (202, "rolling_back")
    assert api.post(f"{answer['Location']}give-up/").status_code == 409


def test_an_edit_of_an_object_of_an_open_set_is_a_conflict_that_names_it(api: APIClient, cluster: Cluster) -> None:
    number = api.post(SETS, edits(manifest(), profile())).json()["id"]
    for answer in (
        api.patch(url(), {"spec": {"holdTime": "90s"}}),
        api.delete(url()),
        api.post(SETS, edits(manifest(holdTime="90s"), profile("slow"))),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (
            409,
            f"Change set {number} is not settled yet, or on trial, and this object is part of it.",
        )


def test_the_rules_say_which_entry_they_refuse(api: APIClient, cluster: Cluster) -> None:
    answer = api.post(SETS, edits(profile(), manifest(peerASN=0)))
    assert answer.status_code == 422
    assert {finding["field"] for finding in answer.json()["findings"]} == {"[1].spec.peerASN"}
    assert (ChangeSet.objects.count(), Change.objects.count(), BFDProfile.objects.count()) == (0, 0, 0)


def test_documented_rules_are_acknowledged_for_the_whole_set(api: APIClient, cluster: Cluster) -> None:
    body = edits(profile(), manifest(holdTime="9s", keepaliveTime="9s"))
    refused = api.post(SETS, body)
    codes = {finding["code"] for finding in refused.json()["findings"]}
    assert refused.status_code == 422
    assert api.post(f"{SETS}?accept={','.join(codes)}", body).status_code == 202


def test_a_trial_saves_nothing_and_tells_order_diff_and_findings(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    answer = api.post(f"{SETS}?dry_run=true", edits(manifest(bfdProfile="fast"), profile()))
    assert answer.status_code == 200
    found = answer.json()["objects"]
    assert [(one["kind"], one["action"], one["dryRun"]["ok"]) for one in found] == [
        ("BFDProfile", "create", True),
        ("BGPPeer", "create", True),
    ]
    assert found[1]["diff"][0] == {"path": "spec.myASN", "before": None, "after": 64500}
    assert not ChangeSet.objects.exists()
    assert kube.get("bgppeers", "peer") is None


def test_what_stands_is_no_change(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    row_of(live_cluster)
    kube.call(kube.server.store.add, manifest(), "kubectl-create")
    assert api.post(SETS, edits(manifest())).status_code == 204
    assert not ChangeSet.objects.exists()


@pytest.mark.usefixtures("worker")
def test_deletions_and_recreations_have_words_of_their_own(
    api: APIClient, live_cluster: Cluster, kube: Kube, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clusters.sync.changesets.carry.GONE_FOR", 0.0)
    one = manifest("one", enableGracefulRestart=False)  # which only a new object may have otherwise
    api.post(f"{LIST}?wait=10s", [one, manifest("two", peerAddress="192.0.2.2")])
    uid = kube.get("bgppeers", "one")["metadata"]["uid"]
    body = [{"delete": {"kind": "BGPPeer", "name": "two"}}, {"recreate": manifest("one", enableGracefulRestart=True)}]
    answer = api.post(f"{SETS}?wait=10s", body)
    assert [one["action"] for one in answer.json()["objects"]] == ["recreate", "delete"], answer.json()
    assert kube.get("bgppeers", "two") is None
    assert kube.get("bgppeers", "one")["metadata"]["uid"] != uid
    assert BGPPeer.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {}, [], ["x"], [{}], [{"manifest": 5}], [{"manifest": {}, "delete": {}}], [{"manifest": {"kind": "Secret"}}],
        [{"manifest": {"kind": ["BGPPeer"]}}], [{"delete": {"kind": "BGPPeer"}}],
        [{"delete": {"kind": "BGPPeer", "name": "a", "uid": "b"}}], [{"delete": {"kind": "Pod", "name": "a"}}],
        edits(manifest(), manifest()), [*edits(manifest()), {"delete": {"kind": "BGPPeer", "name": "peer"}}],
        edits({**manifest(), "apiVersion": "metallb.io/v9"}), edits({**manifest(), "more": 1}),
        edits({"kind": "Namespace"}), edits({"kind": "Service", "metadata": {"name": "a"}, "spec": {}}),
        edits({"kind": "Deployment", "metadata": {"name": "a", "namespace": "b"}, "spec": []}),
        edits({"kind": "Namespace", "metadata": {"name": "a", "labels": {"b": 1}}}),
        edits(*[manifest(f"p{number}") for number in range(1001)]),
    ],
)  # fmt: skip
def test_what_is_no_list_of_edits_is_refused(api: APIClient, cluster: Cluster, body: Any) -> None:
    answer = api.post(SETS, body)
    assert answer.status_code == 400, answer.json()
    assert not ChangeSet.objects.exists()


def test_an_older_version_is_told_and_upgraded(api: APIClient, cluster: Cluster) -> None:
    older = {**manifest(), "apiVersion": "metallb.io/v1beta1"}
    found = api.post(f"{SETS}?dry_run=true", edits(older, profile())).json()
    assert found["type"] == "urn:bgpui:problem:cluster-unreachable"
    answer = api.post(SETS, edits(older, profile()))
    assert answer.status_code == 202
    assert answer.json()["objects"][1]["after"]["apiVersion"] == "metallb.io/v1beta2"


def test_a_password_has_no_place_in_it(api: APIClient, cluster: Cluster) -> None:
    answer = api.post(SETS, edits(profile(), manifest(password="hunter2-canary")))
    assert (answer.status_code, {finding["code"] for finding in answer.json()["findings"]}) == (
        422,
        {"password-in-list"},
    )
    assert b"canary" not in answer.content


def test_what_uses_an_object_is_told_with_it_and_before_it_is_deleted(
    api: APIClient, live_cluster: Cluster, work: Callable[[], None], kube: Kube
) -> None:
    announcing = {**example("L2Advertisement", "announcing"), "spec": {"ipAddressPools": ["blue"]}}
    api.post(SETS, edits(announcing, example("IPAddressPool", "blue")))
    work()
    address = f"/api/v1/ipaddresspools/lab/{NAMESPACE}/blue/"
    uses = [
        {"kind": "L2Advertisement", "namespace": NAMESPACE, "name": "announcing", "field": "spec.ipAddressPools[0]"}
    ]
    found = api.get(address)
    assert (found.json()["usedBy"], api.delete(f"{address}?dry_run=true").json()["usedBy"]) == (uses, uses)
    again = api.put(address, found.json())
    assert again.status_code == 200, "what was read can be sent back"


def test_a_viewer_reads_them_and_makes_none(as_role: Callable[[str], APIClient], cluster: Cluster) -> None:
    viewer = as_role("viewer")
    assert viewer.get(SETS).status_code == 200
    assert viewer.post(SETS, edits(manifest())).status_code == 403
    assert as_role("").get(SETS).status_code == 403


def test_the_list_has_a_fixed_number_of_queries(
    api: APIClient, cluster: Cluster, django_assert_num_queries: Any
) -> None:
    def lists(number: int) -> None:
        with django_assert_num_queries(number):
            assert api.get(SETS).status_code == 200

    api.post(SETS, edits(manifest("one")))
    api.get(SETS)
    lists(5)
    for name in ("two", "three"):
        api.post(SETS, edits(profile(name), profile(f"{name}-more")))
    lists(5)
    listed = api.get(SETS).json()["results"]
    assert [one["size"] for one in listed] == [2, 2, 1]
    assert not any("objects" in one for one in listed), "a page of them could hold 50,000"
    assert api.get(f"{SETS}{listed[0]['id']}/").json()["size"] == 2
