"""From the form over Review into the cluster: apply, conflict, deletion, and passwords on their way."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.sessions.models import Session as LoginSession
from django.test import Client

from clusters import services
from clusters.models import Cluster
from peers.models import BGPPeer
from tests.clusters.cluster import RunningCluster
from tests.pages.forms import FORM, NEW, PEER, Work, fields, post
from tests.pages.rows import EXAMPLE, a_peer, manifest


def test_the_documented_peer_goes_through_the_form_into_the_cluster(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    typed = {**FORM, **{name: str(value) for name, value in EXAMPLE.items()}}
    review = post(editor, NEW, "review", typed)
    assert review.status_code == 200
    assert "spec.peerASN" in review.text
    assert "The API server and its webhooks accept this" in review.text
    assert not BGPPeer.objects.exists()
    applied = post(editor, NEW, "apply", fields(review.text))
    assert (applied.status_code, applied["Location"]) == (302, PEER)
    page = editor.get(PEER).text
    assert "pending" in page
    assert "doc-example-peer is saved; whether the cluster takes it shows below." in page
    work(live_cluster)
    assert kube.spec("doc-example-peer") == EXAMPLE
    assert "in sync" in editor.get(PEER).text


def test_a_typed_password_becomes_a_secret_and_is_readable_nowhere(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    secret = "k3y-of-the-t0wer"
    typed = {**FORM, **{name: str(value) for name, value in EXAMPLE.items()}, "password": secret}
    review = post(editor, NEW, "review", typed)
    assert review.status_code == 200
    assert secret not in review.text
    kept = "".join(str(login.get_decoded()) for login in LoginSession.objects.all())
    assert secret not in kept
    form = post(editor, NEW, "form", fields(review.text))
    assert secret not in form.text
    assert post(editor, NEW, "apply", fields(review.text)).status_code == 302
    work(live_cluster)
    live = kube.peer("doc-example-peer")
    assert live["spec"]["passwordSecret"]["name"] == "doc-example-peer-bgp-password"
    assert "password" not in live["spec"]
    assert secret not in editor.get(PEER).text
    row = BGPPeer.objects.get()
    assert secret not in json.dumps([row.live, row.base, row.manifest])
    late = post(editor, NEW, "apply", fields(review.text))
    assert "The password is not known any more" in late.text


def test_a_change_by_somebody_else_after_review_is_shown_before_anything_is_overwritten(
    editor: Client, cluster: Cluster
) -> None:
    row = a_peer(cluster, "doc-example-peer")
    form = fields(editor.get(f"{PEER}edit/").text)
    review = post(editor, f"{PEER}edit/", "review", {**form, "peerASN": "64777"})
    BGPPeer.objects.filter(pk=row.pk).update(revision=5, applied_revision=5, hold_time="30s")
    response = post(editor, f"{PEER}edit/", "apply", fields(review.text))
    assert response.status_code == 409
    assert "Somebody changed this peer" in response.text
    assert BGPPeer.objects.get().peer_asn == EXAMPLE["peerASN"]
    assert post(editor, f"{PEER}edit/", "apply", fields(response.text)).status_code == 302
    assert BGPPeer.objects.get().peer_asn == 64777


def test_what_the_cluster_refuses_cannot_be_applied(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    kube.add(manifest("doc-example-peer", {**EXAMPLE, "enableGracefulRestart": True}))
    work(live_cluster)
    form = fields(editor.get(f"{PEER}edit/").text)
    form["base"] = [form["base"][0].replace("true", "false")]
    form.pop("enableGracefulRestart")
    response = post(editor, f"{PEER}edit/", "review", form)
    assert "cannot be changed" in unescape(response.text)
    assert 'value="apply"' not in response.text


def test_deleting_is_reviewed_first(editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work) -> None:
    kube.add(manifest("doc-example-peer", EXAMPLE))
    work(live_cluster)
    BGPPeer.objects.update(sessions_intended=3, sessions_up=2)
    review = editor.get(f"{PEER}delete/")
    assert "3 sessions will close, 2 of them up now" in review.text
    assert kube.peers() == ["doc-example-peer"]
    assert editor.post(f"{PEER}delete/", fields(review.text)).status_code == 302
    work(live_cluster)
    assert "doc-example-peer" not in kube.peers()
    assert not BGPPeer.objects.exists()


def test_a_conflict_shows_three_sides_and_two_ways_out(editor: Client, cluster: Cluster) -> None:
    row = a_peer(cluster, "doc-example-peer")
    row.base, row.live = row.live, manifest("doc-example-peer", {**EXAMPLE, "peerASN": 64999})
    row.hold_time, row.sync_state, row.revision, row.applied_revision = "30s", "conflict", 3, 3
    row.sync_message = "spec.peerASN was changed by kubectl-edit"
    row.save()
    page = editor.get(PEER).text
    table = page.partition('aria-label="Conflict"')[2].partition("</table>")[0]
    rows = [re.findall(r">([^<>]+)</(?:code|td|span)>", row) for row in table.split("<tr>")[2:]]
    assert rows == [
        ["spec.peerASN", "64501", "64501", "64999"],
        ["spec.holdTime", "not set", "30s", "not set"],
    ]
    review = post(editor, f"{PEER}edit/", "review", _form_of(page, f"{PEER}edit/"))
    assert _changes(review.text) == ["spec.holdTime"]
    assert "Others changed spec.peerASN meanwhile; your edit leaves that as they made it." in review.text
    assert _changes(post(editor, f"{PEER}edit/", "review", fields(editor.get(f"{PEER}edit/").text)).text) == [
        "spec.holdTime"
    ]
    assert editor.post(f"{PEER}discard/", {"revision": "3"}).status_code == 302
    left = BGPPeer.objects.get()
    assert (left.sync_state, left.peer_asn, left.hold_time) == ("in_sync", 64999, None)


def test_a_field_that_the_user_did_not_touch_keeps_what_others_set_between_review_and_apply(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    kube.add(manifest("doc-example-peer", {**EXAMPLE, "holdTime": "33s"}))
    work(live_cluster)
    form = fields(editor.get(f"{PEER}edit/").text)
    review = post(editor, f"{PEER}edit/", "review", {**form, "connectTime": "20s"})
    kube.patch_peer("doc-example-peer", {"holdTime": "99s"})
    assert post(editor, f"{PEER}edit/", "apply", fields(review.text)).status_code == 302
    work(live_cluster)
    page = editor.get(PEER).text
    assert "Somebody else changed it too" in page
    again = post(editor, f"{PEER}edit/", "review", _form_of(page, f"{PEER}edit/"))
    assert _changes(again.text) == ["spec.connectTime"]
    assert post(editor, f"{PEER}edit/", "apply", fields(again.text)).status_code == 302
    work(live_cluster)
    assert kube.spec("doc-example-peer") == {**EXAMPLE, "holdTime": "99s", "connectTime": "20s"}


def test_the_same_when_bgpui_has_seen_it_before_apply(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    kube.add(manifest("doc-example-peer", {**EXAMPLE, "holdTime": "33s"}))
    work(live_cluster)
    form = {**fields(editor.get(f"{PEER}edit/").text), "connectTime": "20s"}
    review = post(editor, f"{PEER}edit/", "review", form)
    kube.patch_peer("doc-example-peer", {"holdTime": "99s"})
    work(live_cluster)
    stale = post(editor, f"{PEER}edit/", "apply", fields(review.text))
    assert (stale.status_code, _changes(stale.text)) == (409, ["spec.connectTime"])
    assert _changes(post(editor, f"{PEER}edit/", "review", form).text) == ["spec.connectTime"]
    yaml = post(editor, f"{PEER}edit/", "yaml", form).text
    assert _changes(post(editor, f"{PEER}edit/", "review", fields(yaml)).text) == ["spec.connectTime"]


def test_a_field_that_both_changed_is_a_question(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    kube.add(manifest("doc-example-peer", {**EXAMPLE, "holdTime": "33s"}))
    work(live_cluster)
    form = {**fields(editor.get(f"{PEER}edit/").text), "holdTime": "50s"}
    kube.patch_peer("doc-example-peer", {"holdTime": "99s"})
    work(live_cluster)
    review = post(editor, f"{PEER}edit/", "review", form)
    told = "spec.holdTime was changed by others too: it was 33s, it is 99s now, and you want 50s."
    assert told in " ".join(review.text.split())
    assert post(editor, f"{PEER}edit/", "apply", fields(review.text)).status_code == 302
    work(live_cluster)
    assert kube.spec("doc-example-peer")["holdTime"] == "50s"


def _form_of(page: str, action: str) -> dict[str, str]:
    """The hidden inputs of the form that posts there."""
    form = page.partition(f'action="{action}"')[2].partition("</form>")[0]
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


def _changes(page: str) -> list[str]:
    table = page.partition('id="diff-head"')[2].partition("</section>")[0]
    return re.findall(r"<code>([\w.]+)</code></th>", table)


def test_a_field_that_others_set_while_apply_is_judged_is_not_written_over_by_the_next_apply(
    editor: Client, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = a_peer(cluster, "doc-example-peer")
    form = fields(editor.get(f"{PEER}edit/").text)
    review = post(editor, f"{PEER}edit/", "review", {**form, "connectTime": "20s"})
    real = services.resource_save

    def late(**edit: Any) -> Any:
        monkeypatch.setattr(services, "resource_save", real)
        BGPPeer.objects.filter(pk=row.pk).update(revision=5, applied_revision=5, hold_time="30s")
        return real(**edit)

    monkeypatch.setattr(services, "resource_save", late)
    response = post(editor, f"{PEER}edit/", "apply", fields(review.text))
    assert response.status_code == 409
    assert post(editor, f"{PEER}edit/", "apply", fields(response.text)).status_code == 302
    saved = BGPPeer.objects.get()
    assert (saved.connect_time, saved.hold_time) == ("20s", "30s")


@pytest.mark.parametrize(
    ("state", "words", "colour"),
    [("conflict", "is saved here only: somebody else changed it too.", "warning"),
     ("rejected", "is saved here only: the cluster refused the edit.", "error"),
     ("in_sync", "is saved, and the cluster has it.", "up")],
)  # fmt: skip
def test_what_is_said_of_a_saved_edit_is_so_when_the_page_is_shown(
    editor: Client, live_cluster: Cluster, state: str, words: str, colour: str
) -> None:
    review = post(editor, NEW, "review", {**FORM, **{name: str(value) for name, value in EXAMPLE.items()}})
    assert post(editor, NEW, "apply", fields(review.text)).status_code == 302
    BGPPeer.objects.update(sync_state=state)
    editor.get(PEER, headers={"HX-Request": "true"})  # a part of the page takes no message away
    assert f'data-h="{colour}">doc-example-peer {words}' in editor.get(PEER).text
    assert words not in editor.get(PEER).text
