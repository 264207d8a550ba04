"""What a way back does to passwords, and to objects that a tool looks after, over REST."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from clusters.models import Change, Cluster, TakeOver
from clusters.sync.relist import relist
from tests.api.conftest import Kube
from tests.api.manifests import LIST, NAMESPACE, manifest, url

pytestmark = pytest.mark.usefixtures("worker")
CHANGES = "/api/v1/changes/"
SECRET = "peer-bgp-password"  # its name


def test_what_becomes_of_a_typed_password_and_its_secret_is_told(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    api.post(f"{LIST}?wait=10s", manifest())
    api.patch(f"{url()}?wait=10s", {"spec": {"password": "hunter2-typed"}})
    typed = Change.objects.latest("pk")
    assert kube.get("bgppeers", "peer")["spec"]["passwordSecret"] == {"name": SECRET}
    path = f"{CHANGES}{typed.pk}/revert/?to=before"
    (trial,) = api.post(f"{path}&dry_run=true").json()["objects"]
    (told,) = [one for one in trial["findings"] if one["code"] == "secret-stays"]
    assert "is taken off, so the session has no password any more" in told["message"]
    assert f"Secret {SECRET} with the password stays in {NAMESPACE}, and no peer refers to it" in told["message"]
    assert f"oc delete secret -n {NAMESPACE} {SECRET}" in told["hint"]
    assert api.post(f"{path}&wait=10s").json()["state"] == "applied"
    assert "passwordSecret" not in kube.get("bgppeers", "peer")["spec"]
    assert kube.get("secrets", SECRET) is not None
    kube.call(kube.server.store.delete, "secrets", NAMESPACE, SECRET)
    refused = api.post(f"{CHANGES}{typed.pk}/revert/?to=after")
    assert refused.status_code == 422
    assert "secret-missing" in {one["code"] for one in refused.json()["findings"]}


ARGO = {"argocd.argoproj.io/tracking-id": "net:metallb.io/BGPPeer:metallb-system/owned"}


def owned(**spec: Any) -> dict[str, Any]:
    """A peer that Argo CD looks after."""
    found = manifest("owned", peerAddress="192.0.2.9", **spec)
    found["metadata"]["annotations"] = dict(ARGO)
    return found


@pytest.fixture
def moved(api: APIClient, live_cluster: Cluster, kube: Kube) -> str:
    """One peer of ours and one of Argo CD's, both changed since; the point to go back to, as a query."""
    store = kube.server.store
    kube.call(store.add, owned(), "argocd-controller")
    api.post(f"{LIST}?wait=10s", manifest())
    relist(live_cluster)
    since = Change.objects.latest("pk").pk
    api.patch(f"{url()}?wait=10s", {"spec": {"peerPort": 1790}})
    kube.call(store.patch, "bgppeers", NAMESPACE, "owned", {"spec": {"peerPort": 1791}}, "argocd-controller")
    live_cluster.refresh_from_db()
    relist(live_cluster)
    return f"revert/?change={since + 1}"


def test_what_a_tool_looks_after_is_left_out_if_asked_for(api: APIClient, kube: Kube, moved: str) -> None:
    refused = api.post(f"{CHANGES}{moved}")
    assert (refused.status_code, "managed-elsewhere" in refused.text) == (422, True)
    out = [{"kind": "BGPPeer", "namespace": NAMESPACE, "name": "owned", "owner": "Argo CD (application net)"}]
    trial = api.post(f"{CHANGES}{moved}&leave_out=owned&dry_run=true").json()
    assert ([one["name"] for one in trial["objects"]], trial["leftOut"]) == (["peer"], out)
    unknown = api.post(f"{CHANGES}{moved}&leave_out=BGPPeer/{NAMESPACE}/ownd")
    assert (unknown.status_code, f"BGPPeer/{NAMESPACE}/owned" in unknown.json()["detail"]) == (400, True)
    done = api.post(f"{CHANGES}{moved}&leave_out=BGPPeer/{NAMESPACE}/owned&wait=10s").json()
    assert (done["state"], done["leftOut"], "1 object left out." in done["note"]) == ("applied", out, True)
    assert kube.get("bgppeers", "peer")["spec"]["peerPort"] == 179
    assert kube.get("bgppeers", "owned")["spec"]["peerPort"] == 1791
    assert api.post(f"{CHANGES}{moved}&leave_out=owned&leave_out=BGPPeer/{NAMESPACE}/peer").status_code == 204


# What tools write by themselves: Argo CD's label tracking, Helm 3's setMetadataVisitor, Flux's kustomize-controller
MARKED: dict[str, dict[str, dict[str, str]]] = {
    "Argo CD by label": {"labels": {"app.kubernetes.io/instance": "net"}},
    "Argo CD": {"annotations": {"argocd.argoproj.io/tracking-id": "net:metallb.io/BGPPeer:metallb-system/peer"}},
    "Flux": {"labels": {"kustomize.toolkit.fluxcd.io/name": "n", "kustomize.toolkit.fluxcd.io/namespace": "f"}},
    "Helm": {
        "labels": {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "net-1"},
        "annotations": {"meta.helm.sh/release-name": "net", "meta.helm.sh/release-namespace": "metallb-system"},
    },
    "kubectl": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
}


@pytest.mark.parametrize("marks", MARKED.values(), ids=MARKED.keys())
def test_marks_of_tools_are_no_drift_and_stay_when_an_object_is_put_back(
    api: APIClient, live_cluster: Cluster, kube: Kube, marks: dict[str, dict[str, str]]
) -> None:
    there = manifest(peerPort=1790)
    there["metadata"] |= {room: {**found, "team": "net"} for room, found in marks.items()}
    kube.call(kube.server.store.add, there, "kubectl-create")
    relist(live_cluster)
    pinned = manifest()
    api.put("/api/v1/clusters/lab/baseline/", [pinned], format="json")
    (drifted,) = api.get("/api/v1/clusters/lab/drift/").json()["results"]
    paths = {one["path"] for one in drifted["fields"]}
    assert paths == {"spec.peerPort", *(f"metadata.{room}.team" for room in marks)}
    uid = kube.get("bgppeers", "peer")["metadata"]["uid"]
    TakeOver.objects.create(cluster=live_cluster, kind="BGPPeer", namespace=NAMESPACE, name="peer", uid=uid)
    answer = api.post("/api/v1/clusters/lab/drift/put-back/?wait=10s")
    assert answer.json().get("state") == "applied", answer.text
    left = kube.get("bgppeers", "peer")
    assert left["spec"]["peerPort"] == 179
    assert {room: left["metadata"].get(room) for room in marks} == marks
