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
from clusters.models import ChangeSet, Cluster
from clusters.sync.facts import discover
from clusters.sync.relist import relist
from dashboard.guided import workload
from tests.clusters.cluster import RunningCluster
from tests.clusters.sets import carry
from tests.documented import ANSWERS, MANIFESTS, WORKLOAD
from tests.pages.conftest import Browser
from tests.pages.forms import fields, post
from tests.pages.test_resources import text

WANTED = {"from": "guided", "cluster": "lab", **ANSWERS["vrf"], "workload": "1"}
APPLY = "/changes/sets/new/"
PLURALS = {"Namespace": "namespaces", "Deployment": "deployments", "Service": "services"}


@pytest.fixture
def opted(live_cluster: Cluster, settings: Any) -> Cluster:
    """A cluster whose settings allow workloads for a test, and which allows bgpui to make them."""
    settings.BGPUI_TEST_WORKLOADS = frozenset({"lab"})
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
