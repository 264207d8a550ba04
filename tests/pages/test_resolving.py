"""A conflict settled field by field in a browser without scripts: keep mine, take theirs, or merge in the form."""

from __future__ import annotations

import pytest
from django.test import Client

from clusters.models import Cluster
from tests.clusters.cluster import RunningCluster
from tests.pages.forms import PEER, Work, fields, post
from tests.pages.rows import EXAMPLE, manifest
from tests.pages.test_resources import text

RESOLVE, EDIT = f"{PEER}resolve/", f"{PEER}edit/"


@pytest.fixture
def conflict(editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work) -> str:
    """The page of a conflict in holdTime; the edit set connectTime, others a VRF."""
    kube.add(manifest("doc-example-peer", {**EXAMPLE, "holdTime": "33s"}))
    work(live_cluster)
    form = {**fields(editor.get(EDIT).text), "holdTime": "50s", "connectTime": "20s"}
    review = post(editor, EDIT, "review", form)
    kube.patch_peer("doc-example-peer", {"holdTime": "99s", "vrf": "red"})
    assert post(editor, EDIT, "apply", fields(review.text)).status_code == 302
    work(live_cluster)
    assert f'href="{RESOLVE}"' in editor.get(PEER).text
    return editor.get(RESOLVE).text


def _sides(page: str) -> dict[str, str]:
    """The form of the sides, as a browser would send it."""
    form = page[page.index('<form method="post" action="' + EDIT) :]
    return fields('<main id="main"' + form[: form.index("</form>") + 7])


def _settled(editor: Client, cluster: Cluster, work: Work, review: str) -> None:
    assert post(editor, EDIT, "apply", fields(review)).status_code == 302
    work(cluster)


def test_every_field_says_what_was_what_mine_is_and_what_theirs(conflict: str) -> None:
    said = text(conflict)
    assert "spec.holdTime both changed it 33s 50s 99s" in said
    assert "spec.connectTime only your edit changed it not set 20s not set" in said
    assert "spec.vrf only others changed it not set not set red" in said


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        ({}, {"holdTime": "50s", "connectTime": "20s", "vrf": "red"}),
        ({"take.spec.holdTime": "theirs"}, {"holdTime": "99s", "connectTime": "20s", "vrf": "red"}),
        ({"take.spec.connectTime": "theirs", "take.spec.vrf": "mine"}, {"holdTime": "50s"}),
    ],
)
def test_each_field_gets_what_is_chosen(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work, conflict: str,
    chosen: dict[str, str], left: dict[str, str],
) -> None:  # fmt: skip
    review = post(editor, EDIT, "review", {**_sides(conflict), **chosen})
    assert review.status_code == 200
    _settled(editor, live_cluster, work, review.text)
    assert kube.spec("doc-example-peer") == {**EXAMPLE, **left}


def test_it_is_merged_in_the_form(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work, conflict: str
) -> None:
    form = post(editor, EDIT, "form", {**_sides(conflict), "take.spec.holdTime": "theirs"})
    assert 'name="holdTime" value="99s"' in form.text
    review = post(editor, EDIT, "review", {**fields(form.text), "holdTime": "66s"})
    _settled(editor, live_cluster, work, review.text)
    assert kube.spec("doc-example-peer") == {**EXAMPLE, "holdTime": "66s", "connectTime": "20s", "vrf": "red"}


def test_an_edit_that_was_overtaken_while_typed_is_asked_the_same(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    kube.add(manifest("doc-example-peer", {**EXAMPLE, "holdTime": "33s"}))
    work(live_cluster)
    form = {**fields(editor.get(EDIT).text), "holdTime": "50s", "connectTime": "20s"}
    kube.patch_peer("doc-example-peer", {"holdTime": "99s"})
    work(live_cluster)
    review = post(editor, EDIT, "review", form)
    assert "spec.holdTime both changed it 33s 50s 99s" in text(review.text)
    again = post(editor, EDIT, "review", {**_sides(review.text), "take.spec.holdTime": "theirs"})
    assert "both changed it" not in again.text
    _settled(editor, live_cluster, work, again.text)
    assert kube.spec("doc-example-peer") == {**EXAMPLE, "holdTime": "99s", "connectTime": "20s"}


def test_what_the_api_server_fills_in_is_said_where_a_field_is_not_set(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    kube.add(manifest("doc-example-peer", EXAMPLE))
    work(live_cluster)
    review = post(editor, EDIT, "review", {**fields(editor.get(EDIT).text), "peerPort": "1790"})
    assert "spec.peerPort not set (179 by default) 1790" in text(review.text)
    kube.patch_peer("doc-example-peer", {"peerPort": 1791})
    assert post(editor, EDIT, "apply", fields(review.text)).status_code == 302
    work(live_cluster)
    assert "spec.peerPort both changed it not set (179 by default) 1790 1791" in text(editor.get(RESOLVE).text)
    assert "spec.peerPort not set (179 by default) 1790 1791" in text(editor.get(PEER).text)


def test_without_a_conflict_the_page_leads_back(
    editor: Client, viewer: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    kube.add(manifest("doc-example-peer", EXAMPLE))
    work(live_cluster)
    assert editor.get(RESOLVE)["Location"] == PEER
    assert viewer.get(RESOLVE).status_code == 403


def test_the_page_and_the_list_show_what_the_cluster_holds(editor: Client, conflict: str) -> None:
    page = editor.get(PEER).text
    spec = text(page).partition("As the cluster holds it.")[2].partition("As YAML")[0]
    assert "holdTime 99s" in spec
    assert "50s" not in spec
    assert "99s" in page.partition('id="yaml"')[2].partition("</pre>")[0]
    assert "doc-example-peer" in text(editor.get("/peers/?vrf=red").text)
    assert "No peer" in text(editor.get("/peers/?vrf=default").text)


def test_a_deletion_that_met_a_change_is_reviewed_again_and_reverts_nothing(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    kube.add(manifest("doc-example-peer", {**EXAMPLE, "holdTime": "33s"}))
    work(live_cluster)
    deletion = fields(editor.get(f"{PEER}delete/").text)
    kube.patch_peer("doc-example-peer", {"holdTime": "99s"})
    assert editor.post(f"{PEER}delete/", deletion).status_code == 302
    work(live_cluster)
    page = editor.get(PEER).text
    assert "It was to be deleted, and was not. Review the deletion against what stands now, or drop it." in text(page)
    assert (RESOLVE in page, 'name="manifest"' in page, f'href="{PEER}delete/"' in page) == (False, False, True)
    assert editor.get(RESOLVE)["Location"] == PEER
    assert 'name="holdTime" value="99s"' in editor.get(EDIT).text
    again = editor.get(f"{PEER}delete/").text
    assert "holdTime: 99s" in text(again)
    assert editor.post(f"{PEER}delete/", fields(again)).status_code == 302
    work(live_cluster)
    assert kube.peers() == []
