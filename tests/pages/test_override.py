"""An administrator applies over a rule that only bgpui has, in form, YAML tab and change set, without any script."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.changesets.drafts import packed
from clusters.models import Change, ChangeSet, Cluster
from clusters.sync.relist import relist
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.sets import carry, wanted
from tests.documented import ANSWERS
from tests.kinds import example
from tests.pages.conftest import Browser
from tests.pages.forms import FORM, NEW, fields, post
from tests.pages.test_resources import text

CODE = "bfd-profile-missing"
TYPED = {**FORM, "myASN": "64512", "peerASN": "64600", "peerAddress": "192.0.2.1", "bfdProfile": "fast"}
OVER: dict[str, Any] = {"override": [CODE], "reason": "the profile comes later"}


@pytest.fixture
def admin(browser: Browser) -> Client:
    return browser("admin")


@pytest.mark.parametrize("tab", ["form", "yaml"])
def test_a_rule_is_overridden_with_a_reason(
    admin: Client, live_cluster: Cluster, kube: RunningCluster, tab: str
) -> None:
    typed = TYPED if tab == "form" else fields(post(admin, NEW, "yaml", TYPED).text)
    refused = post(admin, NEW, "review", typed)
    assert refused.status_code == 422
    assert f"Override {CODE}" in text(refused.text)
    form = fields(refused.text)
    silent = post(admin, NEW, "review", {**form, "override": [CODE]})
    assert silent.status_code == 422
    assert "Say why: without a reason no rule is overridden." in silent.text
    review = post(admin, NEW, "review", {**form, **OVER})
    assert review.status_code == 200
    assert f"Applied over the objection of {CODE} , because: the profile comes later" in text(review.text)
    assert post(admin, NEW, "apply", fields(review.text)).status_code == 302
    change = Change.objects.get()
    assert (change.overridden, change.override_reason, change.dry_run) == ([CODE], OVER["reason"], "accepted")
    page = text(admin.get(change.get_absolute_url()).text)
    assert f"Overridden {CODE} because: the profile comes later" in page
    assert "overrode 1 rule: the profile" in text(admin.get("/changes/").text)


def test_an_editor_is_offered_no_override_and_cannot_send_one(editor: Client, live_cluster: Cluster) -> None:
    refused = post(editor, NEW, "review", {**TYPED, **OVER})
    assert (refused.status_code, "Override" in text(refused.text)) == (422, False)
    assert post(editor, NEW, "apply", {**TYPED, **OVER}).status_code == 422
    assert not BGPPeer.objects.exists()


def test_a_change_set_is_overridden_at_its_review(admin: Client, live_cluster: Cluster, kube: RunningCluster) -> None:
    edits = packed([wanted(peer(bfdProfile="fast"))])
    page = admin.post("/changes/sets/new/", {"cluster": "lab", "edits": edits, "title": "A rack"})
    assert 'value="apply"' not in page.text
    looked = post(admin, "/changes/sets/new/", "review", {**fields(page.text), **OVER})
    assert post(admin, "/changes/sets/new/", "apply", fields(looked.text)).status_code == 302
    assert carry(ChangeSet.objects.get()) == "applied"
    assert (kube.spec("tor-1")["bfdProfile"], Change.objects.get().overridden) == ("fast", [CODE])


# No webhook protects the aliases of a Community (MetalLB's webhooks, internal/k8s/webhooks)
def test_a_deletion_is_overridden_with_a_reason(
    admin: Client, browser: Browser, live_cluster: Cluster, kube: RunningCluster
) -> None:
    community = example("Community", "names", communities=[{"name": "blue", "value": "65000:1"}])
    kube.add(community, example("BGPAdvertisement", "adv", communities=["blue"]))
    relist(live_cluster)
    path = f"/communities/lab/{NAMESPACE}/names/delete/"
    assert "Override as administrator" not in browser("editor").get(path).text
    page = admin.get(path)
    assert "Override alias-in-use" in text(page.text)
    sent = fields(page.text)
    silent = admin.post(path, {**sent, "override": ["alias-in-use"]})
    assert (silent.status_code, "Say why: without a reason" in text(silent.text)) == (409, True)
    assert admin.post(path, sent).status_code == 409
    over = {"override": ["alias-in-use"], "reason": "the advertisement follows"}
    assert admin.post(path, {**sent, **over}).status_code == 302
    change = Change.objects.get()
    assert (change.action, change.overridden, change.override_reason) == ("delete", ["alias-in-use"], over["reason"])


def test_a_guided_way_is_overridden_with_a_reason(admin: Client, live_cluster: Cluster, kube: RunningCluster) -> None:
    answers = {
        "from": "guided",
        "cluster": "lab",
        **ANSWERS["nodes"],
        "nodes": ["node-0"],
        "peer.passwordSecret.name": "later",
    }
    over = {"override": ["secret-missing"], "reason": "the Secret comes later"}
    refused = post(admin, "/guided/nodes/", "review", answers)
    assert (refused.status_code, "Override secret-missing" in text(refused.text)) == (422, True)
    review = post(admin, "/guided/nodes/", "review", {**fields(refused.text), **over})
    assert (review.status_code, ">Apply</button>" in review.text) == (200, True), text(review.text)
    assert post(admin, "/changes/sets/new/", "apply", fields(review.text)).status_code == 302
    assert carry(ChangeSet.objects.get()) == "applied"
    assert Change.objects.get().overridden == ["secret-missing"]


def test_what_the_cluster_refuses_or_cannot_say_is_not_offered(
    admin: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    edits = {"cluster": "lab", "edits": packed([wanted(peer(bfdProfile="fast"))])}
    guided = {"from": "guided", "cluster": "lab", **ANSWERS["nodes"], "peer.passwordSecret.name": "later"}
    guided |= {"nodes": ["node-0"]}
    pages = ((NEW, TYPED), ("/changes/sets/new/", edits), ("/guided/nodes/", guided))
    for code in (422, 503):
        kube.call(kube.server.faults.add, Fault(verb="create", resource="bgppeers", code=code, count=99))
        for path, sent in pages:
            assert "Override as administrator" not in post(admin, path, "review", sent).text, (path, code)
        kube.call(kube.server.faults.clear)
    for path, sent in pages:
        assert "Override as administrator" in post(admin, path, "review", sent).text, path
