"""An administrator applies over a rule that only bgpui has, over REST: with a reason, and only what the cluster takes.

A missing BFDProfile is such a rule: MetalLB's webhook lets it pass (internal/k8s/webhooks), the speaker does not.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from clusters.history.selectors import change_json
from clusters.models import Change, Cluster
from clusters.sync.findings import findings_write
from clusters.sync.relist import relist
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.api.conftest import Kube
from tests.api.manifests import LIST, manifest, url

pytestmark = pytest.mark.usefixtures("worker")
CODE, REASON = "bfd-profile-missing", "another team makes the profile"
OVER = f"wait=10s&override={CODE}&reason={REASON}"
MISSING = manifest(bfdProfile="fast")


@pytest.fixture
def admin(as_role: Callable[[str], APIClient]) -> APIClient:
    return as_role("admin")


def codes(answer: object) -> list[str]:
    return [finding["code"] for finding in answer.json()["findings"]]  # type: ignore[attr-defined]


def test_an_administrator_applies_with_a_reason_that_history_and_export_tell(
    admin: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    assert codes(admin.put(url(), MISSING)) == [CODE]
    trial = admin.put(f"{url()}?{OVER}&dry_run=true", MISSING)
    assert (trial.status_code, codes(trial), trial.json()["dryRun"]["ok"]) == (200, [CODE], True)
    assert admin.put(f"{url()}?{OVER}", MISSING).status_code == 201
    assert kube.get("bgppeers", "peer")["spec"]["bfdProfile"] == "fast"
    (told,) = admin.get("/api/v1/changes/").json()["results"]
    assert (told["overridden"], told["overrideReason"], told["actor"]) == ([CODE], REASON, "a-admin")
    assert told["dryRun"] == {"ok": True, "message": ""}
    assert change_json(Change.objects.get())["overrideReason"] == REASON  # a line of the export
    relist(live_cluster)
    findings_write(live_cluster)  # the rule was overridden, and goes on to say so
    assert [found["code"] for found in BGPPeer.objects.get().findings] == [CODE]


def test_what_the_cluster_refuses_or_cannot_say_is_not_overridden(
    admin: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    kube.call(kube.server.faults.add, Fault(verb="create", resource="bgppeers", code=422))
    refused = admin.put(f"{url()}?{OVER}", MISSING)
    assert (refused.status_code, codes(refused)) == (422, ["override-refused"])
    kube.call(kube.server.faults.clear)
    kube.call(kube.server.faults.add, Fault(verb="create", resource="bgppeers", code=503, count=9))
    assert admin.put(f"{url()}?{OVER}", MISSING).status_code == 503
    kube.call(kube.server.faults.clear)
    schema = admin.put(f"{url()}?wait=10s&override=out-of-range&reason=x", manifest(peerASN=-1))
    assert schema.status_code == 422
    assert not BGPPeer.objects.exists()


def test_only_administrators_override_and_only_with_a_reason(
    admin: APIClient, api: APIClient, live_cluster: Cluster
) -> None:
    assert api.put(f"{url()}?{OVER}", MISSING).status_code == 403
    for query in (f"override={CODE}", "reason=x", f"override={CODE}&reason=%20"):
        assert admin.put(f"{url()}?{query}", MISSING).status_code == 400
    assert codes(admin.put(f"{url()}?override=another-rule&reason=x", MISSING)) == [CODE]
    assert not Change.objects.exists()


def test_what_bgpui_cannot_do_is_not_overridden(admin: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    owned = manifest()
    owned["metadata"]["labels"] = {"kustomize.toolkit.fluxcd.io/name": "net"}
    kube.call(kube.server.store.add, owned, "kustomize-controller")
    relist(live_cluster)
    answer = admin.patch(f"{url()}?override=managed-elsewhere&reason=x", {"spec": {"holdTime": "90s"}})
    assert (answer.status_code, codes(answer)) == (422, ["managed-elsewhere"])


@pytest.mark.parametrize("way", ["changesets", "import", "list"])
def test_a_change_set_is_overridden_as_one(admin: APIClient, live_cluster: Cluster, kube: Kube, way: str) -> None:
    other = manifest("other", peerAddress="192.0.2.9")
    path, body = {
        "changesets": ("/api/v1/changesets/", [{"manifest": MISSING}, {"manifest": other}]),
        "import": ("/api/v1/import/", [MISSING, other]),
        "list": (LIST, [MISSING, other]),
    }[way]
    assert admin.post(path, body).status_code == 422
    assert admin.post(f"{path}?{OVER}&dry_run=true", body).status_code == 200
    assert admin.post(f"{path}?{OVER}", body).status_code in (200, 201)
    assert kube.get("bgppeers", "peer")["spec"]["bfdProfile"] == "fast"
    told = {change.name: (change.overridden, change.override_reason) for change in Change.objects.all()}
    assert told == {"peer": ([CODE], REASON), "other": ([], "")}


def test_a_change_set_that_the_cluster_refuses_is_not_overridden(
    admin: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    kube.call(kube.server.faults.add, Fault(verb="create", resource="bgppeers", code=422))
    answer = admin.post(f"/api/v1/changesets/?{OVER}", [{"manifest": MISSING}])
    assert (answer.status_code, codes(answer)) == (422, ["override-refused"])
    assert not Change.objects.exists()


@pytest.mark.parametrize("way", ["object", "changesets"])
def test_a_refusal_names_the_rules_that_may_be_overridden_if_the_cluster_takes_it(
    admin: APIClient, live_cluster: Cluster, kube: Kube, way: str
) -> None:
    def told() -> list[str]:
        listed = admin.post("/api/v1/changesets/?dry_run=true", [{"manifest": MISSING}])
        answer = admin.put(f"{url()}?dry_run=true", MISSING) if way == "object" else listed
        assert (answer.status_code, codes(answer)) == (422, [CODE])
        found: list[str] = answer.json()["overridable"]
        return found

    assert told() == [CODE]
    kube.call(kube.server.faults.add, Fault(verb="create", resource="bgppeers", code=422, count=9))
    assert told() == []
