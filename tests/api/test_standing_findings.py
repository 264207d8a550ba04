"""What was allowed once, or stands in the cluster anyway, is not asked again by edits that leave it as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from clusters.models import Cluster, Node
from clusters.sync.relist import relist
from tests.api.conftest import Kube
from tests.api.manifests import NAMESPACE, manifest, url

pytestmark = pytest.mark.usefixtures("worker")
CODE = "keepalive-not-below-hold"  # the OpenShift documentation; MetalLB 0.16 accepts it
TIMERS = {"holdTime": "30s", "keepaliveTime": "30s"}
CHANGESETS = "/api/v1/changesets/"


def edits(api: APIClient, spec: dict[str, Any], query: str = "") -> list[tuple[int, list[bool]]]:
    """Status, and of the findings that ask whether they stood: of a PATCH and of a change set, neither saved."""
    whole = manifest(**TIMERS | spec)
    answers = [
        api.patch(f"{url()}?dry_run=true{query}", {"spec": spec}),
        api.post(f"{CHANGESETS}?dry_run=true{query}", [{"manifest": whole}]),
    ]
    told = [answer.json() for answer in answers]
    found = [body.get("findings") or body["objects"][0]["findings"] for body in told]
    return [
        (answer.status_code, [one["stood"] for one in some if one["severity"] != "warning"])
        for answer, some in zip(answers, found, strict=True)
    ]


@pytest.mark.parametrize("by", ["kubectl", "bgpui"])
def test_a_documented_rule_is_asked_about_only_by_edits_of_what_breaks_it(
    api: APIClient, live_cluster: Cluster, kube: Kube, by: str
) -> None:
    if by == "kubectl":
        kube.call(kube.server.store.add, manifest(**TIMERS), "kubectl-edit")
    else:
        assert api.put(url(), manifest(**TIMERS)).status_code == 422
        assert api.put(f"{url()}?wait=10s&accept={CODE}", manifest(**TIMERS)).status_code == 201
    relist(live_cluster)
    assert edits(api, {"connectTime": "9s"}) == [(200, [True])] * 2
    other = {"holdTime": "40s", "keepaliveTime": "40s"}
    assert edits(api, other) == [(422, [False])] * 2
    assert edits(api, other, f"&accept={CODE}") == [(200, [False])] * 2
    assert api.patch(f"{url()}?wait=10s", {"spec": {"connectTime": "9s"}}).status_code == 200


def test_a_rule_that_was_overridden_is_not_asked_about_again_but_one_that_others_broke_is(
    as_role: Callable[[str], APIClient], live_cluster: Cluster, kube: Kube
) -> None:
    editor, admin = as_role("editor"), as_role("admin")
    kube.call(kube.server.store.add, manifest(bfdProfile="fast"), "kubectl-edit")
    relist(live_cluster)
    assert editor.patch(f"{url()}?dry_run=true", {"spec": {"connectTime": "9s"}}).status_code == 422
    over = "wait=10s&override=bfd-profile-missing&reason=it%20comes"
    assert admin.patch(f"{url()}?{over}", {"spec": {"connectTime": "9s"}}).status_code == 200
    assert editor.patch(f"{url()}?wait=10s", {"spec": {"connectTime": "8s"}}).status_code == 200
    assert kube.get("bgppeers", "peer")["spec"]["connectTime"] == "8s"
    assert editor.patch(url(), {"spec": {"bfdProfile": "other"}}).status_code == 422


def test_what_was_overridden_for_an_object_does_not_count_for_another_of_its_name(
    as_role: Callable[[str], APIClient], live_cluster: Cluster, kube: Kube
) -> None:
    kube.call(kube.server.store.add, manifest(bfdProfile="fast"), "kubectl-edit")
    relist(live_cluster)
    over = "wait=10s&override=bfd-profile-missing&reason=it%20comes"
    assert as_role("admin").patch(f"{url()}?{over}", {"spec": {"connectTime": "9s"}}).status_code == 200
    editor = as_role("editor")
    assert editor.patch(f"{url()}?dry_run=true", {"spec": {"connectTime": "8s"}}).status_code == 200
    kube.call(kube.server.store.delete, "bgppeers", NAMESPACE, "peer")
    relist(live_cluster)
    kube.call(kube.server.store.add, manifest(bfdProfile="fast"), "kubectl-edit")
    relist(live_cluster)
    assert editor.patch(f"{url()}?dry_run=true", {"spec": {"connectTime": "8s"}}).status_code == 422


def test_a_rule_that_was_overridden_for_some_nodes_is_asked_about_again_for_more(
    as_role: Callable[[str], APIClient], live_cluster: Cluster, kube: Kube
) -> None:
    """A speaker that misses the profile keeps its old configuration (MetalLB, internal/config), on every node it is."""
    one = [{"matchLabels": {"rack": "a"}}]
    kube.call(kube.server.store.add, manifest(bfdProfile="fast", nodeSelectors=one), "kubectl-edit")
    relist(live_cluster)
    for name, rack in (("node-0", "a"), ("node-1", "b")):
        Node.objects.create(cluster=live_cluster, name=name, uid=name, labels={"rack": rack})
    over = "wait=10s&override=bfd-profile-missing&reason=it%20comes"
    assert as_role("admin").patch(f"{url()}?{over}", {"spec": {"connectTime": "9s"}}).status_code == 200
    editor = as_role("editor")
    assert editor.patch(f"{url()}?dry_run=true", {"spec": {"connectTime": "8s"}}).status_code == 200
    assert editor.patch(f"{url()}?dry_run=true", {"spec": {"nodeSelectors": []}}).status_code == 422


def test_what_another_edit_of_the_same_change_set_breaks_did_not_stand(
    as_role: Callable[[str], APIClient], live_cluster: Cluster, kube: Kube
) -> None:
    peer, profile = manifest(bfdProfile="fast"), {"apiVersion": "metallb.io/v1beta1", "kind": "BFDProfile", "spec": {}}
    kube.call(kube.server.store.add, peer, "kubectl-edit")
    relist(live_cluster)
    over = "wait=10s&override=bfd-profile-missing&reason=it%20comes"
    assert as_role("admin").patch(f"{url()}?{over}", {"spec": {"connectTime": "9s"}}).status_code == 200
    there = {**profile, "metadata": {"name": "fast", "namespace": NAMESPACE}}
    kube.call(kube.server.store.add, there, "kubectl-edit")
    relist(live_cluster)
    gone = {"delete": {"kind": "BFDProfile", "name": "fast"}}
    together = [{"manifest": manifest(bfdProfile="fast", connectTime="8s")}, gone]
    answer = as_role("editor").post(f"{CHANGESETS}?dry_run=true", together)
    told = [(one["code"], one["objects"][0]["name"]) for one in answer.json()["findings"]]
    assert (answer.status_code, sorted(told)) == (422, [("bfd-profile-missing", "peer"), ("profile-in-use", "fast")])
