"""Clusters in the browser: added in steps, given other credentials, renamed, switched off, removed."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.db.models.signals import post_save
from django.test import Client
from pytest_django import Settings

from bgpui.env import ClusterSetting
from bgpui.roles import role_give
from clusters.connecting.sealing import access_of
from clusters.models import Change, Cluster, Credential
from clusters.sync.relist import relist
from peers.models import BGPPeer
from tests.clusters.cluster import TOKEN, RunningCluster
from tests.pages.conftest import Browser
from tests.pages.forms import fields

NEW = "/clusters/new/"


@pytest.fixture
def admin(browser: Browser) -> Client:
    return browser("admin")


@pytest.fixture
def _key(settings: Settings) -> None:
    settings.BGPUI_CREDENTIAL_KEYS = (Fernet.generate_key().decode(),)


def several(kube: RunningCluster) -> str:
    """The lab's context, one that would run a program, and one with another token."""
    document = yaml.safe_load(kube.kubeconfig.read_text())
    where = document["contexts"][0]["context"]["cluster"]
    for name, user in (("eks", {"exec": {"command": "aws"}}), ("look", {"token": "look-token"})):
        document["contexts"].append({"name": name, "context": {"cluster": where, "user": name}})
        document["users"].append({"name": name, "user": user})
    return yaml.safe_dump(document)


def sent(admin: Client, path: str, **more: Any) -> str:
    answer = admin.post(path, {"step": "read", "from": "kubeconfig", **more})
    assert answer.status_code == 200, answer.text
    assert TOKEN not in answer.text
    return answer.text


@pytest.mark.usefixtures("_key")
def test_a_cluster_is_added_in_steps(admin: Client, kube: RunningCluster) -> None:
    assert "Add a cluster" in admin.get("/clusters/").text
    choose = sent(admin, NEW, name="east", label="East coast", kubeconfig=several(kube))
    assert "runs a program to log in" in choose
    assert "look-token" not in choose
    assert 'value="lab" checked' in choose
    tried = admin.post(NEW, {**fields(choose), "context": "lab"})
    assert "East coast answers" in tried.text
    assert "system:serviceaccount:bgpui:bgpui" in tried.text
    assert not Cluster.objects.exists()
    saved = admin.post(NEW, {**fields(tried.text), "note": "For the new site"}, follow=True)
    assert "Cluster East coast is added." in saved.text
    assert kube.server.url in saved.text
    assert "an administrator, here" in saved.text
    cluster = Cluster.objects.get()
    assert (cluster.name, cluster.label, cluster.source) == ("east", "East coast", "added")
    assert access_of(Credential.objects.get()).token == TOKEN
    history = admin.get("/changes/?cluster=east").text
    assert "For the new site" in history
    assert TOKEN not in saved.text + history
    assert "East coast" in admin.get("/clusters/").text


@pytest.mark.usefixtures("_key")
def test_one_context_needs_no_choice_and_a_file_does_as_well(admin: Client, kube: RunningCluster) -> None:
    file = SimpleUploadedFile("config", kube.kubeconfig.read_bytes())
    assert "east answers" in sent(admin, NEW, name="east", file=file)


@pytest.mark.usefixtures("_key")
@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"name": "East"}, "lower case letters"),
        ({"name": "east", "kubeconfig": ""}, "There is no kubeconfig"),
        ({"name": "east", "kubeconfig": "a: ["}, "no YAML that is taken"),
        ({"name": "east", "step": "try", "context": "lab"}, "There is no kubeconfig"),
        ({"name": "east", "sealed": "x", "context": "lab"}, "not to be had any more"),
        ({"name": "east", "from": "in-cluster"}, "service account"),
    ],
)
def test_what_is_refused_says_why_and_keeps_what_was_typed(admin: Client, form: dict[str, str], told: str) -> None:
    answer = admin.post(NEW, {"step": "read", "from": "kubeconfig", "label": "The east", **form})
    assert answer.status_code == 422
    assert told in answer.text
    assert 'value="The east"' in answer.text
    assert not Cluster.objects.exists()


@pytest.mark.usefixtures("_key")
def test_a_cluster_of_the_settings_is_not_added_again(
    admin: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    relist(live_cluster)
    data = {"step": "read", "from": "kubeconfig", "name": "again", "kubeconfig": kube.kubeconfig.read_text()}
    answer = admin.post(NEW, data)
    assert answer.status_code == 422
    assert "this is cluster lab, by the uid of its namespace kube-system" in answer.text
    assert "two of the same would do everything twice" in answer.text


@pytest.mark.usefixtures("_key")
def test_what_one_user_sent_is_not_for_another(admin: Client, kube: RunningCluster) -> None:
    choose = sent(admin, NEW, name="east", kubeconfig=several(kube))
    user, other = User.objects.create_user("another-admin"), Client()
    role_give(user=user, role="admin")
    other.force_login(user)
    answer = other.post(NEW, {**fields(choose), "context": "lab"})
    assert "not to be had any more" in answer.text


def test_without_a_key_the_page_says_how_to_make_one(admin: Client) -> None:
    assert "rotate_keys --new" in admin.get(NEW).text


@pytest.mark.usefixtures("_key")
def test_credentials_are_replaced_and_the_rest_is_changed(admin: Client, kube: RunningCluster) -> None:
    tried = sent(admin, NEW, name="east", kubeconfig=kube.kubeconfig.read_text())
    admin.post(NEW, fields(tried))
    path = "/clusters/east/credentials/"
    assert "Replace the credentials of east" in admin.get(path).text
    tried = sent(admin, path, kubeconfig=kube.kubeconfig_of("look-token").read_text())
    assert "kind: Role" in tried
    assert "permissions missing" in tried
    done = admin.post(path, fields(tried), follow=True)
    assert "connected with the new credentials" in done.text
    assert access_of(Credential.objects.get()).token == "look-token"

    assert "The far east" in admin.post("/clusters/east/set/", {"label": "The far east"}, follow=True).text
    off = admin.post("/clusters/east/set/", {"switch": "off"}, follow=True).text
    assert "not looked after" in off
    assert "not looked after" in admin.get("/clusters/").text
    assert "Switch off" in admin.post("/clusters/east/set/", {"switch": "on"}, follow=True).text

    page = admin.get("/clusters/east/remove/").text
    assert "Nothing changes in the cluster itself" in page
    removed = admin.post("/clusters/east/remove/", {"note": "Gone"}, follow=True).text
    assert "Its history stays" in removed
    assert admin.get("/clusters/east/").status_code == 404
    assert Change.objects.filter(action="delete", message__endswith="Gone").exists()


def test_clusters_of_the_settings_are_marked_and_not_changed(
    admin: Client, cluster: Cluster, settings: Settings
) -> None:
    page = admin.get("/clusters/lab/").text
    assert "the settings (<code>BGPUI_CLUSTERS</code>)" in page
    assert "Replace credentials" not in page
    for path in ("credentials", "remove"):
        assert "BGPUI_CLUSTERS" in admin.get(f"/clusters/lab/{path}/", follow=True).text
    assert "BGPUI_CLUSTERS" in admin.post("/clusters/lab/set/", {"label": "x"}, follow=True).text
    assert admin.post("/clusters/lab/remove/", follow=True).status_code == 200
    assert Cluster.objects.filter(label="", removed_at=None).exists()
    settings.BGPUI_CLUSTERS = (ClusterSetting("other", "/nonexistent", ""),)
    assert "but not any more" in admin.get("/clusters/lab/").text
    assert "is removed" in admin.post("/clusters/lab/remove/", follow=True).text


def test_the_own_cluster_is_added_once(admin: Client) -> None:
    Cluster.objects.create(name="own", source="added")
    answer = admin.post(NEW, {"step": "read", "from": "in-cluster", "name": "here"})
    assert (answer.status_code, "cluster own is the one that bgpui runs in already" in answer.text) == (422, True)


def test_a_removal_while_somebody_edits_is_told_on_the_page(admin: Client) -> None:
    cluster = Cluster.objects.create(name="east", source="added")
    for name in ("tor-1", "tor-2"):
        BGPPeer.objects.create(cluster=cluster, namespace="metallb-system", name=name, revision=2)

    def edit_others(**_: Any) -> None:
        BGPPeer.objects.update(revision=F("revision") + 1)

    post_save.connect(edit_others, sender=Change)
    try:
        answer = admin.post("/clusters/east/remove/", follow=True)
    finally:
        post_save.disconnect(edit_others, sender=Change)
    assert "nothing was removed" in answer.text
    assert Cluster.objects.filter(name="east", removed_at=None).exists()


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_admins_see_and_use_these_pages(browser: Browser, cluster: Cluster, role: str) -> None:
    client = browser(role)
    assert "Add a cluster" not in client.get("/clusters/").text
    for path in (NEW, "/clusters/lab/credentials/", "/clusters/lab/remove/"):
        assert client.get(path).status_code == 403
    assert client.post("/clusters/lab/set/", {"label": "x"}).status_code == 403
