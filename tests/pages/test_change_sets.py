"""Review of several objects, the report of what became of them, and disabling BFD by making the peer anew."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.test.client import RequestFactory

from clusters import clock
from clusters.changesets.drafts import SetDraft, packed
from clusters.changesets.save import changeset_save
from clusters.changesets.wanted import Wanted
from clusters.models import ChangeSet, Cluster
from clusters.sync.relist import relist
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster
from tests.clusters.sets import carry, gone, holds, refuse, some_peer, wanted
from tests.intent.manifests import profile
from tests.pages.forms import fields
from tests.pages.test_resources import text

NEW = "/changes/sets/new/"


def sent(cluster: Cluster, *edits: Wanted, **more: Any) -> dict[str, Any]:
    """What a page that puts edits together sends."""
    return {"cluster": cluster.name, "edits": packed(edits), "title": "A rack", "back": "/peers/", **more}


def test_the_review_tells_order_differences_and_verdicts_and_applies(
    editor: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    kube.add(some_peer(2))
    relist(live_cluster)
    edits = wanted(some_peer(1, bfdProfile="fast")), wanted(profile()), gone("tor-2")
    page = editor.post(NEW, sent(live_cluster, *edits))
    said = text(page.text)
    assert page.status_code == 200
    assert "A rack 3 objects in cluster lab, applied as one" in said
    order = [
        said.index(words) for words in ("1. create BFDProfile fast", "2. create BGPPeer tor-1", "3. delete BGPPeer")
    ]
    assert order == sorted(order)
    assert said.count("accepted by the API server") == 3
    assert "Apply all 3" in said
    answer = editor.post(NEW, {**fields(page.text), "note": "rack 7", "step": "apply"})
    change_set = ChangeSet.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/changes/sets/{change_set.pk}/")
    assert text(editor.get(answer["Location"]).text).count("waiting") == 3
    assert carry(change_set) == "applied"
    report = editor.get(answer["Location"]).text
    assert "rack 7" in report
    assert f'href="/peers/lab/{NAMESPACE}/tor-1/"' in report
    assert f'href="/peers/lab/{NAMESPACE}/tor-2/"' not in report
    assert 'hx-trigger="sse:resources' in report
    assert f'href="/changes/sets/{change_set.pk}/"' in editor.get("/changes/sets/").text


def test_what_is_told_beside_an_object_is_not_told_again(editor: Client, live_cluster: Cluster) -> None:
    spec = {"addresses": ["198.51.100.0/24"]}
    metadata = {"name": "blue", "namespace": NAMESPACE}
    pool = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": metadata, "spec": spec}
    page = editor.post(NEW, sent(live_cluster, wanted(profile()), wanted(pool)))
    assert text(page.text).count("pool-not-advertised") == 1


def test_what_the_rules_refuse_stops_all_and_is_told_beside_its_object(editor: Client, cluster: Cluster) -> None:
    page = editor.post(NEW, sent(cluster, wanted(profile()), wanted(some_peer(1, peerASN=0)), step="apply"))
    said = text(page.text)
    assert page.status_code == 422
    assert "1 problem to solve" in said
    assert "Apply" not in said
    assert not ChangeSet.objects.exists()


def test_documented_rules_are_acknowledged_on_the_page(editor: Client, live_cluster: Cluster) -> None:
    page = editor.post(
        NEW, sent(live_cluster, wanted(profile()), wanted(some_peer(1, holdTime="9s", keepaliveTime="9s")))
    )
    assert "I know, do it anyway" in page.text
    assert "Apply all" not in page.text
    again = editor.post(NEW, {**fields(page.text), "accept": ["keepalive-not-below-hold"], "step": "review"})
    assert "Apply all 2" in again.text


def test_what_the_cluster_refuses_is_told_with_the_way_back(
    editor: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    edits = [wanted(some_peer(1)), wanted(some_peer(2))]
    change_set = changeset_save(cluster=live_cluster, edits=edits, actor=None, source="browser")
    assert change_set is not None
    refuse(kube, 3, verb="create", resource="bgppeers", words="<b>no</b>")
    assert carry(change_set) == "rolled_back"
    page = editor.get(change_set.get_absolute_url()).text
    assert "Nothing of it is in force, the cluster is as before." in text(page)
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert holds(kube) == {}


def test_somebody_was_faster(editor: Client, live_cluster: Cluster, kube: RunningCluster) -> None:
    kube.add(some_peer(1))
    relist(live_cluster)
    page = editor.post(NEW, sent(live_cluster, wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2))))
    kube.patch_peer("tor-1", {"holdTime": "30s"})
    relist(live_cluster)
    answer = editor.post(NEW, {**fields(page.text), "step": "apply"})
    assert answer.status_code == 409
    assert "Somebody changed one of these objects" in answer.text
    assert "spec.holdTime" in answer.text
    assert editor.post(NEW, {**fields(answer.text), "step": "apply"}).status_code == 302


def test_it_can_be_given_up(editor: Client, cluster: Cluster) -> None:
    edits = [wanted(some_peer(1)), wanted(some_peer(2))]
    change_set = changeset_save(cluster=cluster, edits=edits, actor=None, source="browser")
    assert change_set is not None
    assert "Give it up" in editor.get(change_set.get_absolute_url()).text
    editor.post(f"{change_set.get_absolute_url()}give-up/")
    change_set.refresh_from_db()
    assert change_set.state == "rolling_back"
    page = editor.post(f"{change_set.get_absolute_url()}give-up/", follow=True).text
    assert "It had its outcome already." in page


@pytest.mark.parametrize(
    "post",
    [{}, {"cluster": "lab"}, {"cluster": "lab", "edits": "[1]"}, {"cluster": "lab", "edits": '[{"entry": 1}]'},
     {"cluster": "elsewhere", "edits": "[]"}, {"cluster": "lab", "edits": "[]"}],
)  # fmt: skip
def test_what_is_no_list_of_edits_is_refused(editor: Client, cluster: Cluster, post: dict[str, str]) -> None:
    assert editor.post(NEW, post).status_code == 400


def test_cancel_leads_nowhere_else(editor: Client, live_cluster: Cluster) -> None:
    page = editor.post(NEW, sent(live_cluster, wanted(profile()), back="https://evil.example/"))
    assert "evil.example" not in page.text


def test_a_viewer_sees_reports_and_makes_none(viewer: Client, browser: Any, cluster: Cluster) -> None:
    edits = [wanted(some_peer(1)), wanted(some_peer(2))]
    change_set = changeset_save(cluster=cluster, edits=edits, actor=None, source="browser")
    assert change_set is not None
    page = viewer.get(change_set.get_absolute_url())
    assert (page.status_code, "Give it up" in page.text) == (200, False)
    assert viewer.post(f"{change_set.get_absolute_url()}give-up/").status_code == 403
    assert viewer.post(NEW, sent(cluster, wanted(profile()))).status_code == 403
    assert browser("").get("/changes/sets/").status_code == 403


def test_a_password_never_gets_into_a_page(editor: Client, cluster: Cluster) -> None:
    with pytest.raises(ValueError, match="cannot be part of a page"):
        packed([wanted(some_peer(1, password="hunter2-canary"))])
    from clusters.changesets.pages import set_review

    request: Any = RequestFactory().get("/")
    request.user, request.htmx = editor.get("/").wsgi_request.user, None
    draft = SetDraft(cluster=cluster, wanted=[wanted(some_peer(1, password="hunter2-canary"))], title="x")
    page = set_review(request, draft).content
    assert b"password-in-list" in page
    assert b"canary" not in page


def test_disabling_bfd_is_offered_and_makes_the_peer_anew(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenShift documentation, BZ#2050824: without its profile a peer keeps BFD until it is made anew."""
    monkeypatch.setattr("clusters.sync.changesets.carry.GONE_FOR", 0.0)
    kube.add(profile(), some_peer(1, bfdProfile="fast"))
    relist(live_cluster)
    uid = kube.peer("tor-1")["metadata"]["uid"]
    address = f"/peers/lab/{NAMESPACE}/tor-1/"
    assert f'href="{address}recreate/?without=bfdProfile"' in editor.get(address).text
    form = fields(editor.get(f"{address}edit/").text)
    review = editor.post(f"{address}edit/", {**form, "bfdProfile": "", "step": "review"})
    assert "bfd-stays-on" in review.text
    assert "Disable BFD: delete and recreate" in review.text
    page = editor.post(f"{address}edit/", {**fields(review.text), "step": "recreate"})
    assert "1. delete and recreate BGPPeer tor-1" in text(page.text)
    assert "bfd-stays-on" not in page.text
    same = editor.get(f"{address}recreate/?without=bfdProfile")
    assert fields(same.text)["edits"] == fields(page.text)["edits"]
    assert editor.post(NEW, {**fields(page.text), "step": "apply"}).status_code == 302
    assert carry(ChangeSet.objects.get()) == "applied"
    found = kube.peer("tor-1")
    assert found["metadata"]["uid"] != uid
    assert "bfdProfile" not in found["spec"]
    row = BGPPeer.objects.get()
    assert (row.sync_state, row.bfd_profile, row.uid) == ("in_sync", None, found["metadata"]["uid"])


def test_a_field_that_cannot_change_is_changed_by_making_the_object_anew(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CRD's own rule: enableGracefulRestart cannot be changed after creation."""
    monkeypatch.setattr("clusters.sync.changesets.carry.GONE_FOR", 0.0)
    kube.add(some_peer(1, enableGracefulRestart=False))
    relist(live_cluster)
    address = f"/peers/lab/{NAMESPACE}/tor-1/edit/"
    form = {**fields(editor.get(address).text), "enableGracefulRestart": "true"}
    refused = editor.post(address, {**form, "step": "review"})
    assert refused.status_code == 422
    assert 'value="recreate">Delete and recreate' in refused.text
    page = editor.post(address, {**form, "step": "recreate"})
    assert ">Apply</button>" in page.text
    assert editor.post(NEW, {**fields(page.text), "step": "apply"}).status_code == 302
    assert carry(ChangeSet.objects.get()) == "applied"
    assert kube.spec("tor-1")["enableGracefulRestart"] is True


def test_a_recreation_whose_second_half_is_refused_brings_the_object_back(
    live_cluster: Cluster, kube: RunningCluster
) -> None:
    kube.add(profile(), some_peer(1, bfdProfile="fast"))
    relist(live_cluster)
    before = holds(kube)
    edits = [wanted(some_peer(1), recreate=True)]
    change_set = changeset_save(cluster=live_cluster, edits=edits, actor=None, source="browser")
    assert change_set is not None
    refuse(kube, 0, verb="create", resource="bgppeers")
    assert carry(change_set) == "rolled_back"
    assert "not on a Friday" in change_set.message
    assert holds(kube) == before
    assert BGPPeer.objects.get().spec["bfdProfile"] == "fast"


def test_a_recreation_gives_the_speakers_time_to_see_that_the_object_is_gone(
    live_cluster: Cluster, kube: RunningCluster
) -> None:
    """MetalLB collects changes for 3 seconds before it acts (--bgp-debounce-timeout)."""

    from clusters.sync.changesets.carry import apply_set

    kube.add(some_peer(1, bfdProfile="fast"))
    relist(live_cluster)
    edits = [wanted(some_peer(1), recreate=True)]
    change_set = changeset_save(cluster=live_cluster, edits=edits, actor=None, source="browser")
    assert change_set is not None
    apply_set(change_set.pk)
    change_set.refresh_from_db()
    assert kube.peers() == []
    assert change_set.retry_at is not None
    assert (change_set.retry_at - clock.now()).total_seconds() > 4
    assert not apply_set(change_set.pk)
    relist(live_cluster)
    assert carry(change_set) == "applied"
    assert kube.peers() == ["tor-1"]


def test_a_peer_with_a_password_of_its_own_is_not_made_anew_without_it(
    editor: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    kube.add(some_peer(1, bfdProfile="fast", password="hunter2-canary"))
    relist(live_cluster)
    page = editor.get(f"/peers/lab/{NAMESPACE}/tor-1/recreate/?without=bfdProfile")
    assert "Move the password to a Secret first." in page.text
    assert ">Apply</button>" not in page.text
    assert "canary" not in page.text


def test_a_password_that_was_typed_is_not_dropped_in_silence(
    editor: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    kube.add(some_peer(1, enableGracefulRestart=False))
    relist(live_cluster)
    address = f"/peers/lab/{NAMESPACE}/tor-1/edit/"
    form = {**fields(editor.get(address).text), "enableGracefulRestart": "true", "password": "hunter2-canary"}
    page = editor.post(address, {**form, "step": "recreate"}).text
    assert "password-in-list" in page
    assert "canary" not in page
    assert ">Apply</button>" not in page
