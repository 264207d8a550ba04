"""A pinned baseline over REST: pinned from manifests or a moment, drift per field, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from clusters import clock
from clusters.baseline.pin import MOST, baseline_pin, baseline_unpin
from clusters.models import Baseline, BaselineObject, Change, Cluster
from clusters.sync.findings import findings_write
from clusters.sync.relist import relist
from intent.findings import ObjectRef
from tests.api.conftest import Kube
from tests.api.manifests import NAMESPACE, manifest, send

pytestmark = pytest.mark.usefixtures("worker")
BASELINE, DRIFT = "/api/v1/clusters/lab/baseline/", "/api/v1/clusters/lab/drift/"
BACK = f"{DRIFT}put-back/"
POOL = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "IPAddressPool",
    "metadata": {"name": "blue", "namespace": NAMESPACE},
    "spec": {"addresses": ["203.0.113.0/28"]},
}


def other(name: str, number: int, **spec: Any) -> dict[str, Any]:
    return manifest(name, peerAddress=f"192.0.2.{number}", **spec)


PINNED = [manifest(holdTime="90s", password="hunter2-pinned"), other("gone", 2), POOL]


@pytest.fixture
def drifted(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    """A peer that was changed, one that is missing, one that is extra; the pool is as it is pinned."""
    for one in (manifest(holdTime="60s", vrf="red", password="hunter2-there"), other("more", 3), POOL):
        kube.call(kube.server.store.add, one, "kubectl-create")
    relist(live_cluster)
    assert pin(api, PINNED).status_code == 200


def pin(api: APIClient, documents: list[Any], query: str = "?note=design") -> Any:
    return send(api, "put", f"{BASELINE}{query}", yaml.safe_dump_all(documents), "application/yaml")


def pending(api: APIClient) -> dict[str, bool]:
    return {one["name"]: one["pending"] for one in api.get(DRIFT).json()["results"]}


def states(api: APIClient, query: str = "") -> dict[str, str]:
    return {one["name"]: one["state"] for one in api.get(f"{DRIFT}{query}").json()["results"]}


@pytest.mark.usefixtures("drifted")
def test_drift_is_told_per_field_without_secrets(api: APIClient) -> None:
    told = api.get(BASELINE).json()
    assert (told["source"], told["note"], told["pinnedBy"], told["objects"]) == ("manifests", "design", "a-editor", 3)
    assert told["drift"] == {"missing": 1, "extra": 1, "changed": 1}
    answer = api.get(DRIFT)
    found = {one["name"]: one for one in answer.json()["results"]}
    assert {name: one["state"] for name, one in found.items()} == {
        "gone": "missing",
        "more": "extra",
        "peer": "changed",
    }
    assert found["peer"]["fields"] == [
        {"path": "spec.vrf", "pinned": None, "cluster": "red", "default": None},
        {"path": "spec.holdTime", "pinned": "90s", "cluster": "60s", "default": None},
    ]
    assert found["more"]["pinned"] is None
    assert "hunter2" not in answer.text + str(list(BaselineObject.objects.values("manifest", "diff")))


@pytest.mark.usefixtures("drifted")
def test_drift_is_narrowed_and_paged(api: APIClient) -> None:
    assert states(api, "?state=missing") == {"gone": "missing"}
    assert states(api, "?kind=IPAddressPool") == {}
    assert states(api, f"?namespace={NAMESPACE}&name=more") == {"more": "extra"}
    page = api.get(f"{DRIFT}?page_size=2&page=2").json()
    assert (page["count"], len(page["results"])) == (3, 1)
    for query in ("?state=lost", "?knd=BGPPeer", "?kind=Foo"):
        assert api.get(f"{DRIFT}{query}").status_code == 400
        assert api.post(f"{BACK}{query}").status_code == 400


@pytest.mark.usefixtures("drifted")
def test_it_follows_what_happens_in_the_cluster(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    store = kube.server.store
    kube.call(store.patch, "bgppeers", NAMESPACE, "peer", {"spec": {"holdTime": "90s", "vrf": None}}, "kubectl-edit")
    kube.call(store.delete, "bgppeers", NAMESPACE, "more")
    kube.call(store.delete, "ipaddresspools", NAMESPACE, "blue")
    live_cluster.refresh_from_db()
    relist(live_cluster)
    assert states(api) == {"gone": "missing", "blue": "missing"}
    assert Baseline.objects.get().drifted == 2


@pytest.mark.usefixtures("drifted")
def test_it_is_put_back_as_a_change_set(
    api: APIClient, live_cluster: Cluster, kube: Kube, work: Callable[[], None]
) -> None:
    trial = api.post(f"{BACK}?dry_run=true").json()
    assert [one["action"] for one in trial["objects"]] == ["create", "update", "delete"]
    assert api.post(f"{BACK}?state=missing&wait=10s").json()["state"] == "applied"
    assert kube.get("bgppeers", "gone") is not None
    assert pending(api) == {"more": False, "peer": False}
    assert api.post(f"{BACK}?message=night").json()["state"] == "pending"
    assert set(pending(api).values()) == {True}, "it is on its way"
    assert api.get("/api/v1/changesets/?state=pending").json()["count"] == 1
    work()
    assert (states(api), api.post(BACK).status_code) == ({}, 204), "it is in force: no look is waited for"
    assert api.get(BASELINE).json()["drift"] == {"missing": 0, "extra": 0, "changed": 0}
    assert findings_write(live_cluster) >= 0
    assert states(api) == {}
    assert kube.get("bgppeers", "more") is None
    spec = kube.get("bgppeers", "peer")["spec"]
    assert (spec["holdTime"], spec.get("vrf"), spec["password"]) == ("90s", None, "hunter2-there")
    assert {change.message.split()[0] for change in Change.objects.exclude(kind="Cluster")} == {"Back", "night"}


def test_a_moment_of_the_history_is_pinned(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    api.post("/api/v1/bgppeers/?wait=10s", manifest(holdTime="90s"))
    api.post("/api/v1/bgppeers/?wait=10s", other("gone", 2))
    moment = clock.now().isoformat().replace("+00:00", "Z")
    api.patch(f"/api/v1/bgppeers/lab/{NAMESPACE}/peer/?wait=10s", {"spec": {"holdTime": "60s"}})
    api.delete(f"/api/v1/bgppeers/lab/{NAMESPACE}/gone/?wait=10s")
    api.post("/api/v1/bgppeers/?wait=10s", other("more", 3))
    answer = api.put(f"{BASELINE}?at={moment}")
    assert (answer.status_code, answer.json()["source"], answer.json()["objects"]) == (200, "moment", 2)
    assert states(api) == {"peer": "changed", "gone": "missing", "more": "extra"}
    assert api.put(f"{BASELINE}?at=2999-01-01T00:00:00Z").status_code == 422
    assert api.put(f"{BASELINE}?at=yesterday").status_code == 400


@pytest.mark.parametrize(
    ("at", "status", "words"),
    [
        ("0001-01-01T00:00:00%2B14:00", 400, "years 1 to 9999 UTC"),
        ("2020-01-01T00:00:00Z", 422, "kept for 100 days (BGPUI_CHANGE_DAYS). Choose a moment after"),
        ("2999-01-01T00:00:00Z", 422, "still to come. Choose one that has passed"),
    ],
)
def test_a_moment_that_the_history_does_not_tell_of_is_refused(
    api: APIClient, live_cluster: Cluster, kube: Kube, settings: Settings, at: str, status: int, words: str
) -> None:
    settings.BGPUI_CHANGE_DAYS = 100
    kube.call(kube.server.store.add, POOL, "kubectl-create")
    relist(live_cluster)
    answer = api.put(f"{BASELINE}?at={at}")
    (finding,) = answer.json()["findings"]
    assert (answer.status_code, finding["field"], finding["value"]) == (status, "at", at.replace("%2B", "+"))
    assert words in finding["message"]
    assert not Baseline.objects.exists()


def test_a_moment_with_too_many_changes_since_is_refused(api: APIClient, live_cluster: Cluster) -> None:
    moment = clock.now().isoformat().replace("+00:00", "Z")
    rows = (Change(cluster=live_cluster, kind="BGPPeer", name=f"p-{n}", before=POOL) for n in range(MOST + 1))
    Change.objects.bulk_create(rows)
    answer = api.put(f"{BASELINE}?at={moment}")
    assert (answer.status_code, "More than 10,000 objects changed since" in answer.json()["detail"]) == (422, True)


def test_what_is_no_baseline_is_refused_and_the_old_one_stays(
    api: APIClient, as_role: Callable[[str], APIClient], live_cluster: Cluster
) -> None:
    assert api.get(BASELINE).status_code == 404
    assert api.post(BACK).status_code == 404
    assert pin(api, PINNED).status_code == 200
    broken = pin(api, [manifest(), {"kind": "Gadget", "apiVersion": "v1"}])
    assert (broken.status_code, "document 2" in broken.json()["detail"].lower()) == (422, True)
    assert pin(api, [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}]).status_code == 422
    assert Baseline.objects.get().objects_pinned.count() == 3
    viewer = as_role("viewer")
    assert (viewer.get(BASELINE).status_code, viewer.get(DRIFT).status_code) == (200, 200)
    assert [pin(viewer, PINNED).status_code, viewer.delete(BASELINE).status_code, viewer.post(BACK).status_code] == [
        403
    ] * 3
    assert api.delete(BASELINE).status_code == 204
    assert not BaselineObject.objects.exists()


def test_who_pinned_what_and_gave_it_up_is_in_the_history(api: APIClient, live_cluster: Cluster) -> None:
    pin(api, PINNED)
    pin(api, [POOL], "")
    for _ in range(2):
        api.delete(BASELINE)
    told = Change.objects.filter(kind="Cluster", name="lab", source="api", actor__username="a-editor").order_by("pk")
    assert list(told.values_list("message", flat=True)) == [
        "Baseline pinned: 3 objects from manifests. design",
        "Baseline pinned: 1 object from manifests (was: 3 objects from manifests).",
        "Baseline given up (was: 1 object from manifests).",
    ]


def test_whoever_pins_or_gives_up_waits_for_others_at_the_cluster(live_cluster: Cluster) -> None:
    asked: dict[str, Any] = {"cluster": live_cluster, "actor": None, "source": "api"}
    lock = " FOR NO KEY UPDATE" if connection.features.has_select_for_update else ""
    for done in (
        lambda: baseline_pin(objects={ObjectRef("IPAddressPool", NAMESPACE, "blue"): POOL}, **asked),
        lambda: baseline_unpin(**asked),
    ):
        with CaptureQueriesContext(connection) as seen:
            done()
        first = next(one["sql"] for one in seen if "SAVEPOINT" not in one["sql"] and one["sql"] != "BEGIN")
        assert ('FROM "clusters_cluster"' in first, first.endswith(lock)) == (True, True), first


def test_marks_of_an_owner_are_no_drift(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    owned = manifest()
    owned["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "net:metallb.io/BGPPeer:x/peer"}
    kube.call(kube.server.store.add, owned, "argocd-controller")
    relist(live_cluster)
    pin(api, [manifest()])
    assert states(api) == {}


def test_a_page_of_drift_costs_the_same_whatever_it_holds(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    costs = []
    for number in (2, 40):
        pin(api, [other(f"p-{index}", index + 1) for index in range(number)])
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert api.get(DRIFT).json()["count"] == number
        costs.append(len(seen))
    assert costs[0] == costs[1]


def test_where_a_field_is_not_set_its_default_is_told(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    kube.call(kube.server.store.add, manifest(peerPort=1790), "kubectl-create")
    relist(live_cluster)
    pin(api, [manifest()])
    (found,) = api.get(DRIFT).json()["results"]
    assert found["fields"] == [{"path": "spec.peerPort", "pinned": None, "cluster": 1790, "default": 179}]
