"""The history: every change by anybody, found by filters, and the way back to any point of it through Review."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from clusters import clock
from clusters.changesets.save import changeset_save
from clusters.edits.dryrun import DryRun
from clusters.edits.trials import sealed
from clusters.models import Change, ChangeSet, Cluster
from clusters.services import resource_delete, resource_save
from clusters.sync.relist import relist
from intent.findings import ObjectRef
from peers.models import BFDProfile, BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster
from tests.clusters.sets import carry, gone, some_peer, wanted
from tests.intent.manifests import profile
from tests.pages.forms import Work, fields
from tests.pages.test_resources import text

PAGE = "/changes/"
EDIT = f"/peers/lab/{NAMESPACE}/tor-1/edit/"


def change(cluster: Cluster, name: str = "tor-1", **more: Any) -> Change:
    """An entry as a service writes it."""
    values = {"kind": "BGPPeer", "namespace": NAMESPACE, "action": "update", "source": "api"}
    return Change.objects.create(cluster=cluster, name=name, **{**values, **more})


def save(cluster: Cluster, manifest: dict[str, Any]) -> None:
    where = {"namespace": NAMESPACE, "name": manifest["metadata"]["name"], "kind": manifest["kind"]}
    resource_save(cluster=cluster, manifest=manifest, actor=None, source="api", **where)


def shown(client: Client, query: str) -> set[int]:
    """The changes that the page lists."""
    return {int(found) for found in re.findall(r'id="change-(\d+)"', client.get(f"{PAGE}?{query}").text)}


def reverted(client: Client, path: str, data: dict[str, Any]) -> ChangeSet:
    """Ask for Review, and apply what it shows."""
    review = client.post(path, data)
    assert review.status_code == 200, review.text[-3000:]
    answer = client.post("/changes/sets/new/", {**fields(review.text), "step": "apply"})
    assert answer.status_code == 302, text(answer.text)
    return ChangeSet.objects.latest("pk")


def asn(kube: RunningCluster, name: str = "tor-1") -> int:
    return int(kube.spec(name)["peerASN"])


def test_each_filter_narrows_the_list_and_the_links_of_a_row_lead_to_it(viewer: Client, cluster: Cluster) -> None:
    other = Cluster.objects.create(name="other")
    actor = User.objects.create_user("alice")
    ours = change(cluster, actor=actor, token="nightly", message="rack 7", source="api", action="create")
    theirs = change(cluster, "tor-2", source="cluster", manager="kubectl-edit", kind="BFDProfile", namespace="else")
    old = change(other, "tor-3", action="delete", source="browser", before=some_peer(3, peerAddress="198.51.100.9"))
    Change.objects.filter(pk=old.pk).update(at="2026-01-02T03:04:05Z")
    everything = {ours.pk, theirs.pk, old.pk}
    for query, found in {
        "": everything,
        "cluster=other": {old.pk},
        "kind=BFDProfile": {theirs.pk},
        "namespace=else": {theirs.pk},
        "name=tor-1": {ours.pk},
        "actor=alice": {ours.pk},
        "token=nightly": {ours.pk},
        "manager=kubectl-edit": {theirs.pk},
        "source=browser": {old.pk},
        "action=create": {ours.pk},
        "since=2026-01-03T00:00": {ours.pk, theirs.pk},
        "until=2026-01-02T03:05": {old.pk},
        "q=RACK": {ours.pk},
        "q=198.51.100.9": {old.pk},
        "kind=BGPPeer&action=delete&name=": {old.pk},
    }.items():
        assert shown(viewer, query) == found, query
    page = viewer.get(f"{PAGE}?since=yesterday&token=nightly")
    assert "The filter since is not understood" in text(page.text)
    assert 'href="?since=yesterday"' in page.text, "the chip takes its filter away"
    assert f'href="/changes/{ours.pk}/"' in page.text
    assert "No change matches" in text(viewer.get(f"{PAGE}?name=nobody").text)


def test_the_number_of_queries_does_not_depend_on_how_many_there_are(
    viewer: Client, cluster: Cluster, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def fill(number: int) -> None:
        user = User.objects.get()
        after = some_peer(1, peerASN=number)
        values = {"kind": "BGPPeer", "namespace": NAMESPACE, "action": "update", "source": "browser"}
        Change.objects.bulk_create(
            Change(cluster=cluster, name="tor-1", actor=user, before=some_peer(1), after=after, **values)
            for _ in range(number)
        )

    fill(10)
    viewer.get(PAGE)
    with django_assert_num_queries(10):
        assert len(shown(viewer, "q=tor")) == 10
    fill(1990)
    with django_assert_num_queries(10):
        assert len(shown(viewer, "q=tor")) == 50
    page = viewer.get(f"{PAGE}?page=40&q=tor")
    assert "1,951 to 2,000 of 2,000" in text(page.text)
    assert "page=39" in page.text


def test_a_change_tells_who_when_from_where_why_what_and_what_was_said(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work, settings: Settings
) -> None:
    settings.BGPUI_CHANGE_ADDRESS = True
    kube.add(some_peer(1))
    relist(live_cluster)
    form = fields(editor.get(EDIT).text)
    form |= {"holdTime": "9s", "keepaliveTime": "9s", "accept": "keepalive-not-below-hold", "step": "review"}
    review = editor.post(EDIT, form)
    assert "Why" in text(review.text)
    assert editor.post(EDIT, {**fields(review.text), "note": "ticket 7", "step": "apply"}).status_code == 302
    made = Change.objects.latest("pk")
    assert (made.message, made.dry_run, made.address, made.token) == ("ticket 7", "accepted", "127.0.0.1", "")
    said = text(editor.get(f"/changes/{made.pk}/").text)
    for words in (
        "Update of BGPPeer tor-1",
        "ticket 7",
        "a-editor",
        "the browser",
        "127.0.0.1",
        "accepted by the API server",
        "keepalive-not-below-hold",
        "spec.holdTime not set 9s",
        "The manifest before",
    ):
        assert words in said, words
    work(live_cluster)
    kube.kubectl("patch", "bgppeer", "tor-1", "--type=merge", "-p", '{"spec":{"peerASN":64999}}')
    relist(live_cluster)
    theirs = text(editor.get(f"/changes/{Change.objects.latest('pk').pk}/").text)
    assert "Field manager kubectl-patch" in theirs
    assert "spec.peerASN 64600 64999" in theirs
    detail = editor.get(f"/peers/lab/{NAMESPACE}/tor-1/").text
    assert f"/changes/?cluster=lab&amp;kind=BGPPeer&amp;namespace={NAMESPACE}&amp;name=tor-1" in detail
    assert f'href="/changes/{made.pk}/"' in detail


def test_what_a_page_says_of_a_trial_counts_only_under_our_signature(editor: Client, live_cluster: Cluster) -> None:
    form = {"from": "form", "cluster": "lab", "name": "tor-1", "namespace": NAMESPACE, "myASN": "64512"}
    form |= {"peerASN": "64600", "peerAddress": "192.0.2.1"}
    sent = fields(editor.post("/peers/new/", {**form, "step": "review"}).text)
    elsewhere = sent["manifest"][0].replace("192.0.2.1", "192.0.2.9").replace("tor-1", "tor-9")
    editor.post("/peers/new/", {**sent, "manifest": elsewhere, "step": "apply"})
    editor.post("/peers/new/", {**sent, "tried": "x" + sent["tried"][0], "step": "apply"})
    assert dict(Change.objects.values_list("name", "dry_run")) == {"tor-9": "", "tor-1": ""}


@pytest.mark.parametrize("same", [True, False])
def test_and_for_the_cluster_that_said_it(editor: Client, live_cluster: Cluster, same: bool) -> None:
    form = {"from": "form", "cluster": "lab", "name": "tor-1", "namespace": NAMESPACE, "myASN": "64512"}
    form |= {"peerASN": "64600", "peerAddress": "192.0.2.1"}
    sent = fields(editor.post("/peers/new/", {**form, "step": "review"}).text)
    by = live_cluster if same else Cluster.objects.create(name="west")
    trial = DryRun(accepted=True, message="")
    told = sealed(by, [(ObjectRef("BGPPeer", NAMESPACE, "tor-1"), json.loads(sent["manifest"][0]), trial)])
    editor.post("/peers/new/", {**sent, "tried": told, "step": "apply"})
    assert Change.objects.get().dry_run == ("accepted" if same else "")


def test_no_way_leads_back_to_an_edit_that_was_refused(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    kube.add(some_peer(1))
    relist(live_cluster)
    save(live_cluster, some_peer(1, peerASN=64700))
    kube.patch_peer("tor-1", {"peerASN": 64601})
    work(live_cluster)
    theirs = Change.objects.latest("pk")
    assert "spec.peerASN 64600 64601" in text(editor.get(f"/changes/{theirs.pk}/").text)
    save(live_cluster, some_peer(1, peerASN=64800))
    work(live_cluster)
    made = Change.objects.latest("pk")
    assert "spec.peerASN 64601 64800" in text(editor.get(f"/changes/{made.pk}/").text)
    carry(reverted(editor, "/changes/revert/", {"change": made.pk}))
    assert asn(kube) == 64601


def test_a_client_address_is_kept_only_if_the_settings_say_so(editor: Client, live_cluster: Cluster) -> None:
    kind = f"/bfd-profiles/lab/{NAMESPACE}/fast/"
    save(live_cluster, profile())
    editor.post(f"{kind}delete/", {"revision": "1", "note": "not needed"})
    made = Change.objects.latest("pk")
    assert (made.action, made.message, made.address) == ("delete", "not needed", None)


def test_an_object_goes_back_to_any_of_its_states(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    save(live_cluster, some_peer(1, peerASN=64601))
    work(live_cluster)
    first = Change.objects.latest("pk")
    save(live_cluster, some_peer(1, peerASN=64602, holdTime="90s", keepaliveTime="30s"))
    work(live_cluster)
    kube.kubectl("patch", "bgppeer", "tor-1", "--type=merge", "-p", '{"spec":{"peerASN":64999}}')
    relist(live_cluster)
    assert [one.source for one in Change.objects.order_by("pk")] == ["api", "api", "cluster"]
    page = editor.post(f"/changes/{first.pk}/revert/", {"to": "after"})
    said = text(page.text)
    assert "spec.peerASN 64999 64601" in said
    assert "spec.holdTime 1m30s not set" in said or "spec.holdTime 90s not set" in said
    assert "Passwords are not kept in the history" in said
    made = reverted(editor, f"/changes/{first.pk}/revert/", {"to": "after"})
    assert carry(made) == "applied"
    assert (asn(kube), "holdTime" in kube.spec("tor-1")) == (64601, False)
    latest = Change.objects.latest("pk")
    assert (latest.message, latest.change_set) == (
        f"Back to after change {first.pk}.",
        made,
    )
    assert f"Back to after change {first.pk}. in change set {made.pk}" in text(editor.get("/changes/").text)
    again = editor.post(f"/changes/{first.pk}/revert/", {"to": "after"})
    assert "Nothing would change" in text(again.text)


def test_a_deletion_is_taken_back_by_making_the_object_anew_and_a_creation_by_deleting_it(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    save(live_cluster, some_peer(1, peerASN=64601))
    work(live_cluster)
    creation = Change.objects.latest("pk")
    resource_delete(row=BGPPeer.objects.get(), actor=None, source="api")
    work(live_cluster)
    deletion = Change.objects.latest("pk")
    assert kube.peers() == []
    nothing = editor.post(f"/changes/{creation.pk}/revert/", {"to": "before"}, follow=True)
    assert "there is nothing to put back" in text(nothing.text)
    assert carry(reverted(editor, f"/changes/{deletion.pk}/revert/", {"to": "before"})) == "applied"
    assert asn(kube) == 64601
    assert carry(reverted(editor, f"/changes/{creation.pk}/revert/", {"to": "before"})) == "applied"
    assert kube.peers() == []


def test_a_change_set_is_taken_back_as_one(editor: Client, live_cluster: Cluster, kube: RunningCluster) -> None:
    kube.add(some_peer(1), some_peer(2))
    relist(live_cluster)
    edits = [wanted(profile()), wanted(some_peer(1, bfdProfile="fast", peerASN=64700)), gone("tor-2")]
    made = changeset_save(cluster=live_cluster, edits=edits, actor=None, source="api")
    assert made is not None
    assert carry(made) == "applied"
    assert set(made.changes.values_list("dry_run", flat=True)) == {"accepted"}, "a set is tried before it is applied"
    report = editor.get(f"/changes/sets/{made.pk}/").text
    assert f'href="/changes/revert/?set={made.pk}"' in report
    page = editor.get(f"/changes/revert/?set={made.pk}")
    back = reverted(editor, "/changes/revert/", fields(page.text))
    assert carry(back) == "applied"
    assert (asn(kube), kube.peers()) == (64600, ["tor-1", "tor-2"])
    assert not BFDProfile.objects.exists()


def test_a_whole_cluster_goes_back_to_a_moment_and_what_did_not_change_since_stays(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    kube.add(some_peer(1), some_peer(2), some_peer(3))
    relist(live_cluster)
    save(live_cluster, some_peer(3, peerASN=64703))
    work(live_cluster)
    moment = clock.now()
    save(live_cluster, some_peer(1, peerASN=64701))
    work(live_cluster)
    kube.kubectl("delete", "bgppeer", "tor-2")
    kube.kubectl("patch", "bgppeer", "tor-1", "--type=merge", "-p", '{"spec":{"peerASN":64999}}')
    save(live_cluster, some_peer(4))
    work(live_cluster)
    since = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
    back = reverted(editor, "/changes/revert/", {"cluster": "lab", "since": since})
    assert carry(back) == "applied"
    assert kube.peers() == ["tor-1", "tor-2", "tor-3"]
    assert [asn(kube, name) for name in kube.peers()] == [64600, 64600, 64703]
    assert {item.name for item in back.items.all()} == {"tor-1", "tor-2", "tor-4"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "since must say to when"),
        ({"since": "yesterday"}, "since must be a time"),
        ({"since": "9999-12-31T23:00:00-14:00"}, "since must be a time in the years 1 to 9999 UTC"),
        ({"since": "2020-01-01T00:00"}, "older than the history, which is kept for"),
        ({"since": "2026-01-01T00:00", "cluster": "nowhere"}, "cluster must be one of lab"),
        ({"since": "2026-01-01T00:00", "kind": "Secret"}, "kind must be one of"),
        ({"change": "999"}, "change must be the number"),
        ({"set": "999"}, "set must be the number"),
        ({"set": "1", "change": "1"}, "since must say to when"),
    ],
)
def test_a_point_that_is_none_is_told(editor: Client, cluster: Cluster, asked: dict[str, str], words: str) -> None:
    answer = editor.post("/changes/revert/", asked)
    assert (answer.status_code, words in text(answer.text)) == (422, True), text(answer.text)


def test_more_objects_than_a_change_set_takes_are_told(editor: Client, cluster: Cluster) -> None:
    values = {"kind": "BGPPeer", "namespace": NAMESPACE, "action": "update", "source": "api"}
    Change.objects.bulk_create(Change(cluster=cluster, name=f"tor-{number}", **values) for number in range(1001))
    answer = editor.post("/changes/revert/", {"since": "2026-01-01T00:00"})
    assert "More than 1,000 objects changed since" in text(answer.text)


def test_a_viewer_sees_and_does_not_put_back(viewer: Client, browser: Any, cluster: Cluster) -> None:
    made = change(cluster)
    for path in (PAGE, f"/changes/{made.pk}/"):
        page = viewer.get(path)
        assert page.status_code == 200
        assert "revert" not in page.text
    assert viewer.get("/changes/revert/").status_code == 403
    assert viewer.post("/changes/revert/", {"change": made.pk}).status_code == 403
    assert viewer.post(f"/changes/{made.pk}/revert/", {"to": "before"}).status_code == 403
    for path in (PAGE, f"/changes/{made.pk}/", "/changes/export/"):
        assert browser("").get(path).status_code == 403


def test_hostile_words_are_escaped_and_bounded(viewer: Client, cluster: Cluster) -> None:
    made = change(cluster, source="cluster", manager="<script>x</script>" * 14, message="<b>" * 160)
    for path in (PAGE, f"/changes/{made.pk}/"):
        page = viewer.get(path).text
        assert "<script>x" not in page
        assert "<b><b>" not in page
