"""Passwords on pages: a new one, one that stands in the object, Secrets to choose from, and what is left over."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from clusters.models import Change, Cluster, Node, SyncState
from clusters.secrets import leftover
from clusters.sync.relist import relist
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.pages.forms import post
from tests.pages.test_access import _INLINE

CANARY = "canary-pages-canary"
PAGE = "/peers/lab/metallb-system/tor-1/"
KEY = {"passwordSecret": {"name": "shared"}}


def _secret(name: str, *, kind: str = "kubernetes.io/basic-auth", key: str = "password") -> dict[str, Any]:
    head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}, "type": kind}
    return head | {"data": {key: base64.b64encode(b"old").decode()}}


def _password(kube: RunningCluster, name: str) -> str:
    found = kube.call(kube.server.store.get, "secrets", NAMESPACE, name)
    assert found is not None
    return base64.b64decode(found["data"]["password"]).decode()


@pytest.fixture
def shared(live_cluster: Cluster, kube: RunningCluster) -> Cluster:
    """Two peers with one Secret."""
    kube.add(_secret("shared"), peer("tor-1", **KEY), peer("tor-2", peerAddress="192.0.2.2", **KEY))
    relist(live_cluster)
    BGPPeer.objects.update(sessions_intended=3)
    return live_cluster


def test_a_new_password_says_whom_it_touches_and_goes_into_the_secret(
    editor: Client, shared: Cluster, kube: RunningCluster
) -> None:
    assert f"{PAGE}password/" in editor.get(PAGE).text
    page = editor.get(f"{PAGE}password/").text
    assert "6 sessions will be reset" in page
    assert "1 other peer takes its password from the same Secret" in page
    assert "tor-2" in page
    assert not _INLINE.search(page)
    done = editor.post(f"{PAGE}password/", {"password": CANARY}, follow=True)
    assert "Secret shared has a new password, for 2 peers." in done.text
    assert "New password in Secret shared" in done.text
    told = editor.get("/changes/").text
    assert (told.count("password rotated"), "no field differs" in told) == (2, False)
    page_of_change = editor.get(Change.objects.latest("pk").get_absolute_url()).text
    assert ("The password was rotated" in page_of_change, "No field differs." in page_of_change) == (True, False)
    assert _password(kube, "shared") == CANARY
    assert CANARY not in page + done.text + str(list(Change.objects.values()))


def test_who_uses_a_secret_until_a_refused_edit_is_taken_is_named(editor: Client, shared: Cluster) -> None:
    other = BGPPeer.objects.get(name="tor-2")
    other.spec = {**other.spec, "passwordSecret": {"name": "another"}}
    other.sync_state, other.revision, other.applied_revision = SyncState.REJECTED, 2, 2
    other.save()
    assert "6 sessions will be reset" in editor.get(f"{PAGE}password/").text
    named = {row.name: leftover(row) for row in BGPPeer.objects.all()}
    assert named == {"tor-1": None, "tor-2": None}, "the other object has it, or an edit that may come again wants it"
    BGPPeer.objects.get(name="tor-1").delete()
    left = leftover(BGPPeer.objects.get(name="tor-2"))
    assert left is not None
    assert left.name == "shared"


def test_what_frr_does_not_take_is_said_there(editor: Client, shared: Cluster, kube: RunningCluster) -> None:
    answer = editor.post(f"{PAGE}password/", {"password": f"{CANARY} {CANARY}"})
    assert answer.status_code == 422
    assert "FRR takes a password of one word" in answer.text
    assert CANARY not in answer.text
    assert _password(kube, "shared") == "old"


def test_an_inline_password_is_moved_by_one_review(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Any
) -> None:
    kube.kubectl("apply", manifest=peer("tor-1", password=CANARY))
    relist(live_cluster)
    page = editor.get(PAGE).text
    assert "Move the password to a Secret" in page
    form = editor.get(f"{PAGE}password/").text
    assert "tor-1-bgp-password" in form
    fields = dict(re.findall(r'<input type="hidden" name="(from|revision)" value="([^"]*)"', form))
    (action,) = re.findall(r'<form class="form" method="post" action="([^"]*)"', form)
    review = editor.post(action, {**fields, "password": CANARY, "step": "review"}).text
    assert "The password that the object carries now is removed from it." in review
    assert "The new password is written to a Secret" in review
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', review.partition("<main")[2]))
    hidden["manifest"] = hidden["manifest"].replace("&quot;", '"')
    done = editor.post(action, {**hidden, "step": "apply"}, follow=True)
    assert "is saved" in done.text
    work(live_cluster)
    assert kube.spec("tor-1") == peer(passwordSecret={"name": "tor-1-bgp-password"})["spec"]
    assert _password(kube, "tor-1-bgp-password") == CANARY
    assert CANARY not in page + form + review + done.text
    assert "Move the password" not in editor.get(PAGE).text


def test_an_empty_password_is_not_moved(editor: Client, live_cluster: Cluster, kube: RunningCluster) -> None:
    kube.add(peer("tor-1", password=CANARY))
    relist(live_cluster)
    answer = editor.post(f"{PAGE}edit/", {"from": "move", "revision": "1", "step": "review", "password": ""})
    assert answer.status_code == 422
    assert "There is no password" in answer.text


def test_the_form_offers_secrets_that_are_fit_and_judges_others_beside_the_field(
    editor: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    kube.add(_secret("fit"), _secret("keyless", key="username"), _secret("opaque", kind="Opaque"))
    relist(live_cluster)
    page = editor.get("/peers/new/").text
    assert '<option value="fit"' in page
    assert '<option value="keyless"' not in page
    assert '<option value="opaque"' not in page
    data = {"name": "tor-1", "myASN": "64512", "peerASN": "64600", "peerAddress": "192.0.2.1"}
    for name, words in (("keyless", "has no key"), ("opaque", "must be of type"), ("none", "does not exist in")):
        answer = post(editor, "/peers/new/", "check", {**data, "passwordSecret.name": name})
        beside = answer.text.partition('id="p-f-passwordSecret-name"')[2].partition('id="p-f-')[0]
        assert words in beside
    fine = post(editor, "/peers/new/", "check", {**data, "passwordSecret.name": "fit"})
    assert 'data-h="error"' not in fine.text


def test_the_secret_that_a_deletion_leaves_is_told_with_its_command(
    editor: Client, shared: Cluster, kube: RunningCluster
) -> None:
    assert "oc delete secret" not in editor.get(f"{PAGE}delete/").text  # tor-2 needs it
    BGPPeer.objects.filter(name="tor-2").delete()
    assert "oc delete secret -n metallb-system shared" in editor.get(f"{PAGE}delete/").text


def test_a_name_that_is_no_word_of_a_shell_is_in_no_command(
    editor: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    kube.add(peer("tor-1", passwordSecret={"name": "x; reboot"}))
    relist(live_cluster)
    page = editor.get(f"{PAGE}delete/").text
    assert "oc delete secret" not in page


def test_who_may_not_change_peers_has_no_such_page(viewer: Client, shared: Cluster) -> None:
    assert viewer.get(f"{PAGE}password/").status_code == 403
    assert f"{PAGE}password/" not in viewer.get(PAGE).text


def test_what_it_resets_is_ticked_first(
    editor: Client, shared: Cluster, kube: RunningCluster, settings: Settings
) -> None:
    settings.BGPUI_CONFIRM_SESSIONS = 25.0
    Node.objects.create(cluster=shared, name="node-0", uid="0")
    page = editor.get(f"{PAGE}password/").text
    (code,) = re.findall(r'name="accept" value="(sessions-reset:[0-9]+-of-[0-9]+)"', page)
    answer = editor.post(f"{PAGE}password/", {"password": CANARY})
    assert answer.status_code == 422
    assert "Nothing was written: tick below that this is meant." in answer.text
    assert _password(kube, "shared") == "old"
    assert CANARY not in answer.text
    editor.post(f"{PAGE}password/", {"password": CANARY, "accept": code})
    assert _password(kube, "shared") == CANARY
