"""What others change in the cluster while somebody writes over REST: seen, and never undone by the way."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from clusters.models import Change, Cluster
from clusters.sync.relist import relist
from lab.apiserver import Fault
from tests.api.conftest import Kube
from tests.api.manifests import NAMESPACE, manifest, url

pytestmark = pytest.mark.usefixtures("worker")
WAIT = "?wait=10s"


def others(kube: Kube, spec: dict[str, Any]) -> None:
    """What `kubectl patch` does."""
    kube.call(kube.server.store.patch, "bgppeers", NAMESPACE, "peer", {"spec": spec}, "kubectl-patch")


def held(kube: Kube, *names: str) -> dict[str, Any]:
    spec = kube.get("bgppeers", "peer")["spec"]
    return {name: spec.get(name) for name in names}


def test_a_patch_that_is_repeated_after_a_conflict_keeps_what_others_set(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    api.put(f"{url()}{WAIT}", manifest())
    others(kube, {"holdTime": "78s"})
    mine = {"spec": {"connectTime": "20s"}}
    refused = api.patch(f"{url()}{WAIT}", mine)
    assert (refused.status_code, refused.json()["sync"]["state"]) == (409, "conflict")
    again = api.patch(f"{url()}{WAIT}", mine)
    assert (again.status_code, again.json()["sync"]["state"]) == (200, "in_sync")
    assert held(kube, "holdTime", "connectTime") == {"holdTime": "78s", "connectTime": "20s"}


def test_a_patch_of_something_else_leaves_a_field_that_both_changed_as_a_question(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    api.put(f"{url()}{WAIT}", manifest(holdTime="90s"))
    others(kube, {"holdTime": "78s"})
    assert api.patch(f"{url()}{WAIT}", {"spec": {"holdTime": "60s"}}).status_code == 409
    unsaid = api.patch(f"{url()}{WAIT}", {"spec": {"connectTime": "20s"}})
    assert (unsaid.status_code, "spec.holdTime" in unsaid.json()["detail"]) == (409, True)
    assert [finding["field"] for finding in unsaid.json()["findings"]] == ["spec.holdTime"]
    said = api.patch(f"{url()}{WAIT}", {"spec": {"connectTime": "20s", "holdTime": "60s"}})
    assert said.status_code == 200
    assert held(kube, "holdTime", "connectTime") == {"holdTime": "60s", "connectTime": "20s"}


def test_a_patch_of_what_others_deleted_makes_nothing_anew(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    api.put(f"{url()}{WAIT}", manifest())
    kube.call(kube.server.store.delete, "bgppeers", NAMESPACE, "peer")
    mine = {"spec": {"connectTime": "20s"}}
    answers = [api.patch(f"{url()}{WAIT}", mine) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert "PUT" in answers[1].json()["detail"]
    assert kube.get("bgppeers", "peer") is None


def test_a_patch_after_a_refusal_builds_on_the_refused_edit(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    api.put(f"{url()}{WAIT}", manifest())
    kube.call(kube.server.faults.add, Fault(verb="patch", resource="bgppeers", code=422))
    assert api.patch(f"{url()}{WAIT}", {"spec": {"connectTime": "20s"}}).status_code == 422
    kube.call(kube.server.faults.clear)
    others(kube, {"holdTime": "78s"})
    relist(live_cluster)
    assert api.patch(f"{url()}{WAIT}", {"spec": {"vrf": "red"}}).status_code == 200
    assert held(kube, "holdTime", "connectTime", "vrf") == {"holdTime": "78s", "connectTime": "20s", "vrf": "red"}


def test_what_equals_an_old_look_is_compared_with_the_cluster_first(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    api.put(f"{url()}{WAIT}", manifest())
    others(kube, {"holdTime": "77s"})
    again = api.put(f"{url()}{WAIT}", manifest())
    assert (again.status_code, again.json()["sync"]["state"]) == (409, "conflict")
    assert "spec.holdTime" in again.json()["detail"]
    assert held(kube, "holdTime") == {"holdTime": "77s"}


def test_what_equals_an_old_look_is_pending_while_the_cluster_is_away(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    api.put(f"{url()}{WAIT}", manifest())
    version = kube.get("bgppeers", "peer")["metadata"]["resourceVersion"]
    kube.call(kube.server.faults.add, Fault(verb="get", resource="bgppeers", code=503, count=99))
    assert api.put(f"{url()}?wait=200ms", manifest()).status_code == 202
    kube.call(kube.server.faults.clear)
    assert api.put(f"{url()}{WAIT}", manifest()).json()["sync"]["state"] == "in_sync"
    assert kube.get("bgppeers", "peer")["metadata"]["resourceVersion"] == version
    changes = Change.objects.count()
    assert api.put(f"{url()}{WAIT}", manifest()).status_code == 200
    assert Change.objects.count() == changes


def test_a_new_password_beside_a_conflict_writes_nothing_of_others_over(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    api.put(f"{url()}{WAIT}", manifest(holdTime="90s"))
    others(kube, {"holdTime": "78s"})
    assert api.patch(f"{url()}{WAIT}", {"spec": {"holdTime": "60s"}}).status_code == 409
    answer = api.post(f"{url()}password/{WAIT}", {"password": "some-password"})
    assert (answer.status_code, "spec.holdTime" in answer.json()["detail"]) == (409, True)
    assert held(kube, "holdTime", "passwordSecret") == {"holdTime": "78s", "passwordSecret": None}


def test_a_new_password_goes_where_the_cluster_takes_it_from_whatever_a_refused_edit_says(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    for name in ("old", "new"):
        secret = {"metadata": {"name": name, "namespace": NAMESPACE}, "type": "kubernetes.io/basic-auth"}
        kube.call(kube.server.store.create, "secrets", secret | {"data": {"password": "b2xk"}})
    api.put(f"{url()}{WAIT}", manifest(passwordSecret={"name": "old"}))
    kube.call(kube.server.faults.add, Fault(verb="patch", resource="bgppeers", code=422))
    assert api.patch(f"{url()}{WAIT}", {"spec": {"passwordSecret": {"name": "new"}}}).status_code == 422
    kube.call(kube.server.faults.clear)
    assert api.post(f"{url()}password/", {"password": "renewed"}).json()["secret"] == "old"
    assert [kube.get("secrets", name)["data"]["password"] for name in ("old", "new")] == ["cmVuZXdlZA==", "b2xk"]
