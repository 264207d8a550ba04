"""The documentation's test workload: who may have it, what it is, and how it goes again; on pages and over REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from bgpui.env import ClusterSetting, SettingError, known_names
from bgpui.models import token_create
from clusters.doors import door_of
from clusters.models import ChangeSet, Cluster, Service
from clusters.sync.facts import discover
from clusters.sync.relist import relist
from dashboard.guided import workload
from tests.clusters.cluster import RunningCluster, node
from tests.clusters.sets import carry
from tests.documented import ANSWERS, MANIFESTS, THROUGH_VRF, WORKLOAD
from tests.kinds import saved
from tests.pages.conftest import Browser
from tests.pages.forms import fields, post
from tests.pages.test_resources import text

WANTED = {"from": "guided", "cluster": "lab", **ANSWERS["vrf"], "workload": "1"}
APPLY = "/changes/sets/new/"
PLURALS = {"Namespace": "namespaces", "Deployment": "deployments", "Service": "services"}


@pytest.fixture
def opted(live_cluster: Cluster, kube: RunningCluster, settings: Any) -> Cluster:
    """A cluster whose settings allow workloads for a test, and which allows bgpui to make them."""
    settings.BGPUI_TEST_WORKLOADS = frozenset({"lab"})
    kube.add(*(node(f"node-{number}") for number in range(3)))
    relist(live_cluster)
    live_cluster.refresh_from_db()
    return live_cluster


def found(kube: RunningCluster, kind: str, name: str) -> Any:
    place = "" if kind == "Namespace" else "test"
    return kube.call(kube.server.store.get, PLURALS[kind], place, name)


def rest(browser: Browser, role: str) -> APIClient:
    """A client of the API with the rights of a role."""
    browser(role)
    _, key = token_create(user=User.objects.get(username=f"a-{role}"), name=role)
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")


def test_it_is_what_the_documentation_says() -> None:
    made = {(one["kind"], one["metadata"]["name"]): one for one in workload.manifests()}
    assert made == {pair: MANIFESTS[pair] for pair in WORKLOAD}


def test_an_administrator_makes_it_with_the_rest_and_removes_it_again(
    browser: Browser, opted: Cluster, kube: RunningCluster
) -> None:
    admin = browser("admin")
    review = post(admin, "/guided/vrf/", "review", WANTED)
    assert "6 objects in cluster lab" in text(review.text)
    assert "image: registry.redhat.io/ubi9/ubi" in review.text
    assert admin.post(APPLY, {**fields(review.text), "step": "apply"}).status_code == 302
    assert carry(ChangeSet.objects.get()) == "applied"
    for pair in WORKLOAD:
        live = found(kube, *pair)
        assert live is not None, pair
        assert live["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "bgpui"
    removal = admin.get("/guided/lab/remove-test/")
    assert "3 objects in cluster lab" in text(removal.text)
    assert found(kube, "Service", "server1") is not None
    assert admin.post(APPLY, {**fields(removal.text), "step": "apply"}).status_code == 302
    assert carry(ChangeSet.objects.latest("pk")) == "applied"
    assert [found(kube, *pair) for pair in WORKLOAD] == [None, None, None]


def test_review_says_what_the_test_service_would_get_and_the_cluster_gives_just_that(
    browser: Browser, opted: Cluster, kube: RunningCluster
) -> None:
    admin = browser("admin")
    review = post(admin, "/guided/vrf/", "review", WANTED)
    said = text(review.text)
    assert "What the new service would get Service Pool Addresses Announced as To By test/server1 first-pool" in said
    assert "192.169.10.0 192.169.10.0/32 frrviavrf 3 nodes" in said
    assert "1 prefix will be announced" in said
    body = [{"manifest": MANIFESTS[pair]} for pair in (*WORKLOAD, *THROUGH_VRF)]
    told = rest(browser, "admin").post("/api/v1/changesets/?cluster=lab&dry_run=true", body, format="json").json()
    (found,) = told["assigned"]
    assert found["prospects"] == [
        {"pool": "first-pool", "addresses": ["192.169.10.0"], "prefixes": ["192.169.10.0/32"],
         "peers": ["frrviavrf"], "nodes": 3, "layer2": 0}
    ]  # fmt: skip
    assert [one["prefix"] for one in told["announcements"]["routes"]] == ["192.169.10.0/32"]
    admin.post(APPLY, {**fields(review.text), "step": "apply"})
    carry(ChangeSet.objects.get())
    status = {"loadBalancer": {"ingress": [{"ip": "192.169.10.0"}]}}
    kube.call(kube.server.store.patch_status, "services", "test", "server1", status)
    relist(opted)
    Service.objects.update(endpoint_nodes=["node-1"])
    removal = text(admin.get("/guided/lab/remove-test/").text)
    assert "1 prefix will be withdrawn" in removal
    assert "1 service will be announced by nobody" in removal


def test_beside_other_pools_the_service_asks_for_its_own(
    browser: Browser, opted: Cluster, kube: RunningCluster
) -> None:
    saved(opted, "IPAddressPool", name="another", spec={"addresses": ["198.51.100.0/24"]})
    admin = browser("admin")
    review = post(admin, "/guided/vrf/", "review", WANTED)
    assert "metallb.io/address-pool: first-pool" in review.text
    body = [{"manifest": MANIFESTS[pair]} for pair in (*WORKLOAD, *THROUGH_VRF)]
    told = rest(browser, "admin").post("/api/v1/preview/?cluster=lab", body, format="json").json()
    assert [one["pool"] for one in told["assigned"][0]["prospects"]] == ["another", "first-pool"]
    assert told["announcements"]["routes"] == []  # nobody knows which


def test_the_checks_live_as_long_as_anything_of_the_change_does(
    browser: Browser, opted: Cluster, kube: RunningCluster
) -> None:
    admin = browser("admin")
    review = post(admin, "/guided/vrf/", "review", WANTED)
    admin.post(APPLY, {**fields(review.text), "step": "apply"})
    made = ChangeSet.objects.get()
    assert carry(made) == "applied"
    relist(opted)
    checks = "/guided/checks/lab/metallb-system/frrviavrf/"
    assert f"?set={made.pk}" in admin.get(checks).text
    kube.call(kube.server.store.delete, "bgppeers.metallb.io", "metallb-system", "frrviavrf")
    relist(opted)
    gone = admin.get(checks)
    assert gone.status_code == 200
    said = text(gone.text)
    assert "There is no BGPPeer frrviavrf any more" in said
    for name in ("first-pool", "first-adv", "server1"):
        assert name in said
    assert 'href="/guided/lab/remove-test/"' in gone.text
    assert f'href="/changes/revert/?set={made.pk}"' in gone.text
    assert "Only administrators make test workloads." in text(browser("editor").get(checks).text)
    back = admin.post("/changes/revert/", {"set": str(made.pk)})
    assert "5 objects in cluster lab" in text(back.text)
    assert admin.post(APPLY, {**fields(back.text), "step": "apply"}).status_code == 302
    assert carry(ChangeSet.objects.latest("pk")) == "applied"
    relist(opted)
    assert [found(kube, *pair) for pair in WORKLOAD] == [None, None, None]
    assert "Nothing of it is there any more." in text(admin.get(checks).text)
    assert admin.get(checks.replace("frrviavrf", "another")).status_code == 404


def test_rest_takes_the_test_back_with_the_rest_for_who_may(browser: Browser, opted: Cluster) -> None:
    admin = browser("admin")
    review = post(admin, "/guided/vrf/", "review", WANTED)
    admin.post(APPLY, {**fields(review.text), "step": "apply"})
    made = ChangeSet.objects.get()
    carry(made)
    relist(opted)
    where = f"/api/v1/changes/revert/?set={made.pk}&dry_run=true"
    kinds = {
        role: [one["kind"] for one in rest(browser, role).post(where).json()["objects"]] for role in ("admin", "editor")
    }
    assert sorted(kinds["editor"]) == ["BGPAdvertisement", "BGPPeer", "IPAddressPool"]
    assert sorted(kinds["admin"]) == sorted([*kinds["editor"], "Deployment", "Namespace", "Service"])


def test_what_is_not_there_is_not_offered_for_removal(browser: Browser, opted: Cluster) -> None:
    opted.namespaces.all().delete()  # another test may have left its namespace behind
    answer = browser("admin").get("/guided/lab/remove-test/", follow=True)
    assert answer.redirect_chain == [("/guided/", 302)]
    assert "There is no test workload that bgpui made in cluster lab." in answer.text


def test_an_editor_sees_why_not_and_gets_none(browser: Browser, opted: Cluster) -> None:
    editor = browser("editor")
    assert "Only administrators make test workloads." in editor.get("/guided/vrf/").text
    assert "3 objects in cluster lab" in text(post(editor, "/guided/vrf/", "review", WANTED).text)
    assert editor.get("/guided/lab/remove-test/").status_code == 403


def test_a_cluster_that_did_not_opt_in_has_none(browser: Browser, live_cluster: Cluster) -> None:
    assert "BGPUI_TEST_WORKLOADS does not name it" in browser("admin").get("/guided/vrf/").text
    assert browser("admin").get("/guided/lab/remove-test/").status_code == 403


@pytest.mark.parametrize(("role", "status"), [("editor", 403), ("admin", 200)])
def test_the_same_holds_for_change_sets_over_rest(browser: Browser, opted: Cluster, role: str, status: int) -> None:
    body = [{"manifest": one} for one in workload.manifests()]
    answer = rest(browser, role).post("/api/v1/changesets/?cluster=lab&dry_run=true", body, format="json")
    assert answer.status_code == status, answer.content
    if status == 403:
        assert "Only administrators make test workloads." in answer.content.decode()


def test_what_it_takes_is_asked_for_only_where_it_is_wanted(
    browser: Browser, live_cluster: Cluster, kube: RunningCluster, settings: Any
) -> None:
    def asked() -> set[tuple[str, str]]:
        live_cluster.permissions_at = None
        permissions = discover(live_cluster, door_of(live_cluster))["permissions"]
        return {(one["verb"], one["resource"]) for one in permissions}

    wanted = {(verb, plural) for verb in ("get", "create", "delete") for plural in PLURALS.values()}
    assert not wanted & asked()
    settings.BGPUI_TEST_WORKLOADS = frozenset({"lab"})
    assert wanted <= asked()
    live_cluster.permissions = [{"verb": "get", "group": "", "resource": "namespaces", "allowed": True}]
    live_cluster.save()
    assert "The cluster does not allow bgpui to create namespaces" in browser("admin").get("/guided/vrf/").text


def test_a_typo_in_the_setting_stops_the_start() -> None:
    clusters = (ClusterSetting("lab", "", ""),)
    assert known_names(["lab", ""], clusters) == {"lab"}
    with pytest.raises(SettingError, match="prod is not in BGPUI_CLUSTERS"):
        known_names(["lab", "prod"], clusters)


def test_a_viewer_cannot_ask_for_the_removal(viewer: Client, opted: Cluster) -> None:
    assert viewer.get("/guided/lab/remove-test/").status_code == 403
