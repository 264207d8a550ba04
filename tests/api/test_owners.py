"""Objects that tools look after, over REST: whose they are, patches to take there, and take-overs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from clusters.models import Change, Cluster
from clusters.sync.relist import relist
from tests.api.conftest import Kube
from tests.api.manifests import manifest, url

pytestmark = pytest.mark.usefixtures("worker")
TAKE, PATCH = f"{url()}take-over/", f"{url()}export-patch/"
BODY = {"name": "peer", "reason": "an emergency"}


@pytest.fixture(autouse=True)
def _owned(live_cluster: Cluster, kube: Kube) -> None:
    """A peer of a Helm release."""
    owned = manifest(password="hunter2-inline")
    owned["metadata"] |= {
        "labels": {"app.kubernetes.io/managed-by": "Helm", "team": "net"},
        "annotations": {"meta.helm.sh/release-name": "net", "meta.helm.sh/release-namespace": "metallb-system"},
    }
    kube.call(kube.server.store.add, owned, "helm")
    relist(live_cluster)


def test_the_object_says_whose_it_is(api: APIClient) -> None:
    owner = api.get(url()).json()["owner"]
    assert (owner["tool"], owner["item"], owner["takenOver"]) == ("Helm", "release metallb-system/net", None)
    assert owner["command"] == "helm get values -n metallb-system net"
    assert owner["managers"] == [{"name": "helm", "operation": "Update", "moves": True}]
    assert "next upgrade" in owner["ifTakenOver"]
    assert api.get(url().replace("/peer/", "/none/")).status_code == 404


def test_a_patch_is_judged_and_written_out_and_nothing_is_saved(api: APIClient, kube: Kube) -> None:
    before = kube.get("bgppeers", "peer")
    answer = api.post(PATCH, {"spec": {"peerASN": 64700}})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["dryRun"]["ok"], told["owner"]["tool"]) == (True, "Helm")
    assert set(told["patch"]) == {"manifest", "merge", "kustomize", "diff"}
    assert "+  peerASN: 64700" in told["patch"]["diff"]
    assert "hunter2" not in answer.text
    assert api.post(PATCH, {"spec": {"holdTime": "1s"}}).status_code == 422
    assert (kube.get("bgppeers", "peer"), Change.objects.exists()) == (before, False)


def test_an_administrator_takes_it_over(
    as_role: Callable[[str], APIClient], api: APIClient, kube: Kube, live_cluster: Cluster
) -> None:
    assert api.post(TAKE, BODY).status_code == 403
    admin = as_role("admin")
    for body in ({"name": "peer"}, {**BODY, "name": "pear"}, {**BODY, "reason": ""}, {**BODY, "force": True}):
        assert admin.post(TAKE, body).status_code == 400
    assert api.patch(url(), {"spec": {"peerASN": 64700}}).status_code == 422
    answer = admin.post(f"{TAKE}?wait=10s", BODY)
    assert (answer.status_code, answer.json()["sync"]["state"]) == (200, "in_sync")
    managers = [entry["manager"] for entry in kube.get("bgppeers", "peer")["metadata"]["managedFields"]]
    assert managers[0] == "bgpui"
    taken = api.get(url()).json()["owner"]["takenOver"]
    assert (taken["by"], taken["reason"], taken["from"]) == (
        "a-admin",
        "an emergency",
        "Helm (release metallb-system/net)",
    )
    assert api.patch(f"{url()}?wait=10s", {"spec": {"peerASN": 64700}}).json()["sync"]["state"] == "in_sync"
    spec = kube.get("bgppeers", "peer")["spec"]
    assert (spec["peerASN"], spec["password"]) == (64700, "hunter2-inline")
    assert admin.post(TAKE, BODY).status_code == 422
